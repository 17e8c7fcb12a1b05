"""Everything that a report prints, with where it stands: as runs, and as plain strings."""

from collections.abc import Iterator
from typing import Any

Runs = list[dict[str, Any]]


def block_runs(block: dict[str, Any]) -> Iterator[Runs]:
    """Every list of runs in a block."""
    kind = block["type"]
    if kind in ("paragraph", "callout"):
        yield block["runs"]
    elif kind == "list":
        yield from block["items"]
    elif kind == "definitions":
        for item in block["items"]:
            yield from (item["term"], item["text"])
    elif kind == "keyfigures":
        for item in block["items"]:
            yield from ([item["value"]], item["text"])
    elif kind in ("table", "figure"):
        yield block["caption"]
        yield from [block["alt"]] if kind == "figure" else []
        yield from [block["note"]] if block.get("note") else []
        table = block if kind == "table" else block["table"]
        yield from (cell for row in table["rows"] for cell in row)


def section_runs(section: dict[str, Any]) -> Iterator[Runs]:
    for block in section["blocks"]:
        yield from block_runs(block)


def all_runs(report: dict[str, Any]) -> Iterator[Runs]:
    for section in report["sections"]:
        yield from section_runs(section)


def text(runs: Runs) -> str:
    return "".join(run["text"] for run in runs)


def section(report: dict[str, Any], name: str) -> dict[str, Any]:
    return next(section for section in report["sections"] if section["id"] == name)


def blocks_of(report: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The blocks of a kind in the whole report, by their ids."""
    return {
        block["id"]: block for section in report["sections"] for block in section["blocks"] if block["type"] == kind
    }


def rows_of(report: dict[str, Any], name: str) -> list[list[str]]:
    """The words of a table's cells, row by row."""
    return [[text(cell) for cell in row] for row in blocks_of(report, "table")[name]["rows"]]


def section_text(report: dict[str, Any], *names: str) -> str:
    """The words of these sections, a line per list of runs, callout titles included."""
    lines = []
    for name in names:
        for block in section(report, name)["blocks"]:
            lines += [block["title"]] if block["type"] == "callout" else []
            lines += [text(runs) for runs in block_runs(block)]
    return "\n".join(lines)


def whole_text(report: dict[str, Any]) -> str:
    return "\n".join(text(runs) for runs in all_runs(report))


def labels(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Printed strings that are not runs: headings, callout titles, column heads, equations and words in figures."""
    yield "title", report["title"]
    yield "subtitle", report["subtitle"]
    for pair in report["meta"]:
        yield from (("meta", pair["term"]), ("meta", pair["text"]))
    for part in report["sections"]:
        yield "heading", part["title"]
        for block in part["blocks"]:
            yield from block_labels(block)


def block_labels(block: dict[str, Any]) -> Iterator[tuple[str, str]]:
    kind = block["type"]
    if kind == "callout":
        yield "callout", block["title"]
    elif kind == "equation":
        yield "equation", block["alt"]
    elif kind == "keyfigures":
        yield from (("unit", item["unit"]) for item in block["items"])
    elif kind in ("table", "figure"):
        columns = (block if kind == "table" else block["table"])["columns"]
        yield from (("column", column["label"]) for column in columns)
        if kind == "figure":
            yield from figure_words(block["data"])


def figure_words(data: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every string of a figure's data; tick labels and boxes of the flow are told apart."""
    if isinstance(data, str):
        yield f"figure.{key}", data
    elif isinstance(data, dict):
        for name, value in data.items():
            yield from figure_words(value, "ticks" if key.endswith("ticks") else name)
    elif isinstance(data, list):
        for value in data:
            yield from figure_words(value, key)
