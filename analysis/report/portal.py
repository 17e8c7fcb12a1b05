"""The portal: all studies side by side in one table, a card for each, and the same blocks as a report below."""

import os
from collections.abc import Sequence

from markupsafe import Markup

from analysis.report import html

WIDTH, HEIGHT = 180.0, 22.0
MIDDLE = HEIGHT / 2
# One outline for each style, around the point: diamond, circle, square, as in the figures of the reports.
SHAPES = (
    '<path d="M{x} 4.5l6.5 6.5-6.5 6.5-6.5-6.5z"/>',
    '<circle cx="{x}" cy="11" r="5.5"/>',
    '<path d="M{x} 6h5v10h-10v-10z"/>',
)


def render(model: dict, *, css: str, js: str, fonts: dict[int, bytes], template_folder: str | os.PathLike) -> str:
    """Return the portal as a self-contained page that works from a file and without its script.

    `css` is report.css followed by portal.css, for the portal shows the blocks of a report too. Rows whose cells do
    not match the columns, and estimates outside the axis, raise ValueError, as do broken links.
    """
    if "</" in js:
        raise ValueError("a script must not close its element")
    style = html.stylesheet(css, fonts)
    page = (
        html.environment(template_folder, model)
        .get_template("portal.html.j2")
        .render(
            model=model,
            labels=model["labels"],
            outline=html.outline(model["sections"]),
            rows=_rows(model),
            style=style,
            script=Markup(js),
            policy=html.policy(style, js),
        )
    )
    html.stop_if_broken(page)
    return page


def _rows(model: dict) -> list[dict]:
    """Return the rows of the table with their graphics drawn and their first cells linked to the cards."""
    table = model["table"]
    cards = {card["id"] for card in model["cards"]}
    wrong = [row["id"] for row in table["rows"] if len(row["cells"]) != len(table["columns"])]
    if wrong:
        raise ValueError(f"these rows do not have a cell for each column: {wrong}")
    return [
        {
            "id": row["id"],
            "cells": [_linked(row["cells"][0], row["id"], cards), *row["cells"][1:]],
            "graphic": graphic(row["graphic"], table["axis"]),
        }
        for row in table["rows"]
    ]


def _linked(cell: Sequence[dict], target: str, cards: set[str]) -> list[dict]:
    """Link a cell to the card of its row, unless the model has a link there or no such card."""
    if target not in cards or any("href" in run for run in cell):
        return list(cell)
    return [{**run, "href": f"#{target}"} for run in cell]


def graphic(values: dict | None, axis: dict) -> Markup:
    """Return an estimate and its interval as a small drawing, hidden from screen readers: the cells hold the text."""
    if values is None:
        return Markup("")
    parts = [_upright(0.0, axis)] if axis["low"] <= 0 <= axis["high"] else []
    if values["low"] is not None and values["high"] is not None:
        low, high = _place(values["low"], axis), _place(values["high"], axis)
        parts.append(f'<path class="interval" d="M{low} {MIDDLE}H{high}M{low} 7v8M{high} 7v8"/>')
    parts.append(SHAPES[values["style"]].format(x=_place(values["estimate"], axis)))
    view = f'viewBox="-8 0 {WIDTH + 16:g} {HEIGHT:g}"'
    opening = f'<svg class="graphic style-{values["style"]:d}" {view} aria-hidden="true" focusable="false">'
    return Markup(opening + "".join(parts) + "</svg>")


def _upright(value: float, axis: dict) -> str:
    return f'<path class="zero" d="M{_place(value, axis)} 0V{HEIGHT:g}"/>'


def _place(value: float, axis: dict) -> float:
    if not axis["low"] <= value <= axis["high"]:
        raise ValueError(f"{value} is outside the axis from {axis['low']} to {axis['high']}")
    return round((value - axis["low"]) / (axis["high"] - axis["low"]) * WIDTH, 1)
