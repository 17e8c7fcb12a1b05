"""What notebooks show: tables and figures like those of the reports, with numbers as Norwegian readers write them.

Each function returns an object that Jupyter and the page of the notebook show as HTML.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup

from analysis.files import read_csv, read_json
from analysis.problems import Problem, ProblemsFound
from analysis.provenance import ROOT
from analysis.report.figures import accessible_svg, draw
from analysis.report.html import environment
from analysis.report.language import Language, nice_ticks
from analysis.web_templates import SHARED

NB = Language("nb", "nb_NO")
MADE_UP = "Syntetiske data"
NONE = "–"
Format = Callable[[Any], str]

whole = partial(NB.number)
percent = partial(NB.percent)
points = partial(NB.points, sign=True)
amount = partial(NB.number, sign=True)


def decimals(places: int, *, sign: bool = False) -> Format:
    """A format with this many decimals: ``0.0947`` → ``0,095``."""
    return partial(NB.number, decimals=places, sign=sign)


class Shown:
    """HTML that a notebook shows; `text` is what there is to read where HTML cannot be shown."""

    def __init__(self, html: str, text: str):
        self.html, self.text = html, text

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def released(cohort: str, name: str) -> Any:
    """A released file of a cohort: a CSV as data frame, a JSON as it stands. Raises ProblemsFound before `make`."""
    path = ROOT / "results" / "release" / cohort / name
    if not path.is_file():
        problem = Problem(f"results/release/{cohort}/{name}", "filen finnes ikke.", "Kjør make først.")
        raise ProblemsFound("Notatboken leser det som er sluppet ut.", [problem])
    return read_json(path) if path.suffix == ".json" else read_csv(path)


def table(frame: pd.DataFrame, caption: str, columns: Mapping[str, tuple[str, Format | None]]) -> Shown:
    """A table with a column for each key of `columns`: its heading, and the column of `frame` with its format (None
    for text). What is missing is a dash. Numbers stand to the right; the first column names the rows."""
    heads = [{"label": label, "align": "right" if form else "left"} for label, (_, form) in columns.items()]
    heads[0]["align"] = "left"
    cells = [[_cell(row[name], form) for name, form in columns.values()] for row in frame.to_dict("records")]
    rows = [[[{"text": text}] for text in row] for row in cells]
    html = _templates().from_string(
        '{% import "blocks.html.j2" as blocks with context %}{{ blocks.table(id, caption, columns, rows, none, {}) }}'
    )
    return Shown(html.render(id=_id(caption), caption=caption, columns=heads, rows=rows), caption)


def forest(
    rows: Iterable[tuple[str, float, float, float]], caption: str, alt: str, *, axis: str, form: Format, made_up: bool
) -> Shown:
    """Estimates with intervals, a row each: label, estimate, low, high. `form` writes the numbers of axis and rows."""
    given = [
        {"label": label, "group": "", "estimate": value, "low": low, "high": high, "style": 0}
        | {"text": f"{form(value)} ({form(low)} til {form(high)})"}
        for label, value, low, high in rows
    ]
    ends = [row[end] for row in given for end in ("low", "high")]
    data = {
        "header_left": "",
        "header_right": "Anslag (intervall)",
        "x_label": axis,
        "rows": given,
        "references": [{"value": 0, "label": ""}],
        "x_ticks": ticks(nice_ticks(min(0, *ends), max(0, *ends), 5), form),
    }
    return _figure("forest", data, caption, alt, made_up=made_up)


def lines(
    series: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    caption: str,
    alt: str,
    *,
    x: str,
    y: str,
    form: Format,
    x_form: Format = whole,
    zero: bool = True,
    made_up: bool,
) -> Shown:
    """At most three series by name, each (x, y), with labels of the axes; `zero` keeps zero on the y axis."""
    drawn = [
        {"label": label, "x": [float(value) for value in xs], "y": [float(value) for value in ys], "style": style}
        | dict.fromkeys(("low", "high"))
        for style, (label, (xs, ys)) in enumerate(series.items())
    ]
    across, up = ([value for one in drawn for value in one[key]] for key in ("x", "y"))
    up += [0.0] if zero else []
    data = {
        "series": drawn,
        "zero": None,
        "x_label": x,
        "y_label": y,
        "x_ticks": ticks(nice_ticks(min(across), max(across), 6), x_form),
        "y_ticks": ticks(nice_ticks(min(up), max(up), 5), form),
    }
    return _figure("time", data, caption, alt, made_up=made_up)


def ticks(values: Iterable[float], form: Format) -> list[dict[str, Any]]:
    """Marks of an axis."""
    return [{"value": value, "label": form(value)} for value in values]


def _figure(kind: str, data: dict[str, Any], caption: str, alt: str, *, made_up: bool) -> Shown:
    """A figure of the reports with caption and description; one of made-up numbers says so."""
    name = _id(caption)
    svg = accessible_svg(draw(kind, data, mark=MADE_UP if made_up else None), f"{name}-", caption, alt)
    html = Markup(
        '<figure id="{}"><div class="scroll" role="region" aria-label="{}" tabindex="0">{}</div>'
        "<figcaption>{}</figcaption></figure>"
    ).format(name, caption, Markup(svg), caption)
    return Shown(html, f"{caption}: {alt}")


def _cell(value: Any, form: Format | None) -> str:
    if pd.isna(value):
        return NONE
    return form(value) if form else str(value)


def _id(caption: str) -> str:
    """A name for links, from the letters of a caption."""
    return "".join(sign if sign.isalnum() else "-" for sign in caption.lower())[:60].strip("-")


@cache
def _templates() -> jinja2.Environment:
    return environment(SHARED, {"labels": {"formula": ""}})
