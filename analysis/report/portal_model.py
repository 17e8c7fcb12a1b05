"""The start page as plain data: all cohorts in one table, a card for each report, and what the page is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from babel import Locale

from analysis.files import read_json
from analysis.grade import UNGRADED
from analysis.outcomes import load_outcomes
from analysis.report import blocks
from analysis.report.book import Book, Ref, Row, read_book
from analysis.report.cost_compared import portal_costs
from analysis.report.language import nice_ticks
from analysis.report.model import numbered
from analysis.report.pooled import pooled_blocks
from analysis.report.writer import capital
from analysis.tables import COMPARISON_REPORT, REPORT_KINDS, page_name

# Reasons of an empty cell that have words of their own.
EMPTY = ("hidden", "no_figures", "described", "exposures_only", "benchmarks_only", "several_tables_fit")
# Forms of a report for readers.
FORMS = tuple(kind for kind in REPORT_KINDS if kind != "json")
# Marker shapes: drawn by lot, adjusted comparison; 2 where there is no comparison group.
STYLES = {"randomised": 0, "did_checked": 1, "adjusted": 1}


def build_portal(
    comparison: pd.DataFrame,
    pairs: pd.DataFrame,
    reports: Iterable[str],
    strings: str | Path,
    *,
    code: str = "nb",
    languages: Sequence[str] = ("nb",),
    synthesis: pd.DataFrame | None = None,
    costs: Mapping[str, pd.DataFrame] | None = None,
) -> dict[str, Any]:
    """Model of the start page in language `code` from the treated comparison and the finished reports (in every
    form, of which those in that language are used), with links to the page in each of `languages`.

    `synthesis`: comparable cohorts put together (`analysis.pooling`), None for no such table. `costs`: the table of
    costs of each cohort, None for no such tables.
    """
    book = read_book(code, strings)
    paths = [path for path in map(Path, reports) if path.suffixes[-2:-1] == [f".{code}"]]
    found = {path.parent.name: read_json(path) for path in paths if path.suffix == ".json"}
    compared = found.pop(COMPARISON_REPORT, None)
    models = found
    words = book.catalogue["portal"]
    synthetic = [model for model in models.values() if model["data_kind"] == "synthetic"]
    made_up = comparison["data_kind"] == "synthetic"
    return {
        "lang": code,
        "languages": [] if len(languages) < 2 else [_language(book, each, code) for each in languages],
        "compared": None if compared is None else _compared(book, compared, paths),
        **{name: words[name] for name in ("title", "lead", "brand", "brand_note")},
        "date_text": max(models.values(), key=lambda model: model["date"])["date_text"],
        "labels": _labels(book, len(models), len(synthetic)),
        "banner": book.catalogue["banner"] if synthetic and len(synthetic) == len(models) else None,
        "table": _table(book, comparison[~made_up], models),
        "cards": _cards(book, comparison[~made_up], models, paths),
        "demonstration": _demonstration(book, _cards(book, comparison[made_up], models, paths)),
        "designs": [
            {"key": design, "label": capital(book.word(f"designs.{design}"))}
            for design in comparison["design"].unique()
        ],
        "sections": numbered(
            [*_costs(book, comparison[~made_up], costs, models), *_sections(book, pairs, synthesis, models)]
        ),
    }


def _costs(
    book: Book, comparison: pd.DataFrame, costs: Mapping[str, pd.DataFrame] | None, models: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """What the cohorts of the table cost, where any of them says so."""
    titles = {cohort: model["short_title"] for cohort, model in models.items()}
    table = None if costs is None else portal_costs(book, comparison, costs, titles, "tab-kostnad")
    if table is not None:
        yield blocks.section("kostnad", book.word("cost.compare.heading"), [table])


def _cards(book: Book, rows: pd.DataFrame, models: dict[str, Any], paths: list[Path]) -> list[dict[str, Any]]:
    return [_card(book, row, models[row["cohort"]], paths) for _, row in rows.iterrows()]


def _language(book: Book, code: str, own: str) -> dict[str, Any]:
    """The page in another language, under its own name."""
    return {
        "code": code,
        "label": book.catalogue["languages"].get(code) or capital(Locale.parse(code).display_name),
        "href": page_name(code),
        "here": code == own,
    }


def _compared(book: Book, model: dict[str, Any], paths: list[Path]) -> dict[str, Any]:
    """The report that sets all cohorts side by side, with its links."""
    links = [{**link, "hidden": ""} for link in _links(book, COMPARISON_REPORT, model["lang"], paths)]
    return {"title": model["title"], "text": book.word("portal.compared"), "links": links}


def _demonstration(book: Book, cards: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The chapter of made-up data, with its banner; nothing of it stands anywhere else on the page."""
    if not cards:
        return None
    words = book.catalogue["portal"]["demonstration"]
    return {
        "id": "metodedemonstrasjon",
        "title": words["title"],
        "text": words["text"],
        "banner": book.catalogue["banner"],
        "cards": cards,
    }


def _labels(book: Book, count: int, made_up: int) -> dict[str, str]:
    """Words of the page; the script puts the number of cards that are shown in the place of {shown}."""
    labels = dict(book.catalogue["labels"])
    counts = {"{n}": book.language.number(count), "{m}": book.language.number(made_up)}
    labels["count_all"] = labels["count_made_up" if made_up else "count_all"]
    for name in ("count_all", "count_some"):
        for mark, number in counts.items():
            labels[name] = labels[name].replace(mark, number)
    return labels


def _table(book: Book, comparison: pd.DataFrame, models: dict[str, Any]) -> dict[str, Any]:
    names = book.catalogue["portal"]["columns"]
    drawn = comparison[comparison["scale"].eq("difference") & comparison["status"].eq("estimated")]
    ticks = (
        nice_ticks(min(drawn["conf_low"].min(), 0) * 100, max(drawn["conf_high"].max(), 0) * 100)
        if len(drawn)
        else [-10, 10]
    )
    axis = {"low": ticks[0] / 100, "high": ticks[-1] / 100}
    number = book.language.number
    axis["label"] = book.word("portal.axis", low=number(ticks[0]), high=number(ticks[-1], sign=True))
    return {
        "caption": book.word("portal.caption"),
        "columns": [
            {"label": label, "align": "right" if name in ("estimate", "interval") else "left"}
            for name, label in names.items()
        ],
        "axis": axis,
        "rows": [_row(book, row, models[row["cohort"]]) for _, row in comparison.iterrows()],
        "note": book.runs(book.word("portal.order")),
    }


def _drawn(row: pd.Series) -> dict[str, Any]:
    ends = {"low": row["conf_low"], "high": row["conf_high"]}
    return {"estimate": row["estimate"], **ends, "style": STYLES.get(row["verbs"], 2)}


def _row(book: Book, row: pd.Series, model: dict[str, Any]) -> dict[str, Any]:
    refs = Row("comparison", row["cohort"], row)
    missing = row["reason"] if row["reason"] in EMPTY else "not_estimated"
    estimate, interval, graphic = book.word(f"portal.{missing}"), "–", None
    if row["status"] == "estimated" and row["scale"] == "difference":
        estimate = book.points(refs.estimate, sign=True)
        # One treated unit has an estimate and no interval.
        if pd.notna(row["conf_low"]):
            interval, graphic = book.points_interval(refs), _drawn(row)
        if refs.assumed_icc:
            interval = book.word("portal.interval_icc", interval=interval, icc=refs.assumed_icc)
    elif row["status"] == "estimated" and row["scale"] == "change":
        estimate = book.word("portal.change_only", change=refs)
    elif row["status"] == "estimated":
        estimate = book.word("portal.share_only", share=refs)
        interval = book.word("portal.share_interval", share=refs)
    cells = [
        model["short_title"],
        capital(book.word(f"designs.{row['design']}")),
        capital(book.word(f"data_kinds.{row['data_kind']}")),
        _measure(book, row),
        estimate,
        interval,
        capital(book.word(f"grades.{row['grade']}")),
    ]
    return {"id": row["cohort"], "cells": [book.runs(cell) for cell in cells], "graphic": graphic}


def _measure(book: Book, row: pd.Series) -> str:
    """Outcome and horizon: two rows with different words here must not be held against each other."""
    if pd.isna(row["outcome"]):
        return "–"
    label = capital(book.in_language(load_outcomes()[row["outcome"]].label))
    if pd.isna(row["horizon_months"]):
        return book.word("portal.measure_no_time", label=label)
    months = Ref(int(row["horizon_months"]), "comparison", row["cohort"], "horizon_months")
    return book.word("portal.measure", label=label, months=months)


def _card(book: Book, row: pd.Series, model: dict[str, Any], paths: list[Path]) -> dict[str, Any]:
    lead = next(block for block in model["sections"][0]["blocks"] if block["type"] == "paragraph")
    cohort = row["cohort"]
    links = _links(book, cohort, model["lang"], paths)
    numbers = book.catalogue["portal"]["links"]
    described = row["grade"] == UNGRADED
    table = "cells" if row["reason"] == "described" else "estimates"
    links.append({"label": numbers["csv"], "href": f"{cohort}/{table}.csv", "size_text": "CSV"})
    links.append({"label": numbers["provenance"], "href": f"{cohort}/provenance.json", "size_text": "JSON"})
    hidden = book.word("portal.about_link", title=model["short_title"])
    tag = f"{capital(book.word('designs.' + row['design']))} · {book.word('data_kinds.' + row['data_kind'])}"
    if described:
        tag = book.word("portal.described_tag", tag=tag)
    if "corrected" in model:
        tag = book.word("portal.corrected_tag", tag=tag, version=model["corrected"])
    return {
        "id": cohort,
        "title": model["title"],
        "tag": tag,
        "design": row["design"],
        "sentence": [{key: run[key] for key in run if key != "number"} for run in lead["runs"]],
        "links": [{**link, "hidden": hidden} for link in links],
    }


def _links(book: Book, name: str, code: str, paths: list[Path]) -> list[dict[str, str]]:
    """Links to the forms of a report, with their sizes."""
    sizes = {path.suffix.lstrip("."): path.stat().st_size for path in paths if path.parent.name == name}
    words, stem = book.catalogue["portal"]["links"], f"reports/{name}/{name}.{code}"
    return [{"label": words[kind], "href": f"{stem}.{kind}", "size_text": _size(book, sizes[kind])} for kind in FORMS]


def _size(book: Book, count: int) -> str:
    return f"{book.language.number(max(1, round(count / 1000)))} kB"


def _sections(
    book: Book, pairs: pd.DataFrame, synthesis: pd.DataFrame | None, models: dict[str, Any]
) -> Iterable[dict[str, Any]]:
    """Why rows may not be held against each other, what the page is, and how accessible it is."""
    words = book.catalogue["portal"]
    yield blocks.section("sammenligning", words["gate_title"], _gate(book, pairs, models))
    if synthesis is not None:
        yield blocks.section("samlet", words["pooled"]["title"], pooled_blocks(book, synthesis, models))
    for name in ("about", "accessibility", "verify"):
        texts = words[name]
        yield blocks.section(name, texts["title"], [blocks.paragraph(book.runs(text)) for text in texts["text"]])


def _gate(book: Book, pairs: pd.DataFrame, models: dict[str, Any]) -> list[blocks.Block]:
    found = [blocks.paragraph(book.runs(book.word("portal.gate")))]
    items = []
    for a, b, reasons in real_pairs(book, pairs, models):
        if reasons is None:
            items.append(book.runs(book.word("portal.comparable", a=a, b=b)))
        else:
            items.append(book.runs(book.word("portal.not_comparable", a=a, b=b, reasons=reasons)))
    return [*found, blocks.bullets(items)] if items else found


def real_pairs(book: Book, pairs: pd.DataFrame, models: dict[str, Any]) -> Iterator[tuple[str, str, str | None]]:
    """Short titles of each pair of studies without made-up data, and what keeps them apart; None: nothing does."""
    for _, pair in pairs.iterrows():
        both = [models[pair[name]] for name in ("cohort_a", "cohort_b")]
        if "synthetic" in {model["data_kind"] for model in both}:
            continue
        apart = [] if pair["comparable"] else pair["reasons"].split(";")
        reasons = ", ".join(book.word(f"portal.gate_reasons.{reason}") for reason in apart)
        yield both[0]["short_title"], both[1]["short_title"], reasons or None
