"""The sheets of a report's workbook: one for each table, and one for the numbers behind each figure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from analysis.report.blocks import Block
from analysis.report.data_columns import Column, data_columns, plain

LETTERS = {"table": "T", "figure": "F"}
TRACE = "sporbarhet"
# The chapter of a report on several studies where made-up data stand; a box at its top says so.
DEMONSTRATION = "metodedemonstrasjon"


@dataclass(frozen=True)
class Sheet:
    """What stands on a sheet: ``T1`` or ``F1``, «Tabell 1. …», the columns, the note below a table, and the warning
    of made-up data."""

    name: str
    caption: str
    columns: list[Column]
    note: str
    warning: str

    @property
    def rows(self) -> int:
        """How many rows of data it has."""
        return len(self.columns[0].cells)


@dataclass(frozen=True)
class Held:
    """A table of the report, or a figure with the table of its numbers, and the warning that it must carry."""

    block: Block
    table: dict[str, Any]
    warning: str


def tables(report: dict[str, Any]) -> Iterator[Held]:
    """Every table of the report, and every figure whose numbers stand in a table, as they stand."""
    for section in report["sections"]:
        for block in section["blocks"]:
            table = block if block["type"] == "table" else block["table"] if block["type"] == "figure" else None
            if table is not None:
                yield Held(block, table, _warning(report, section))


def warning(report: dict[str, Any]) -> str:
    """What a report of made-up data must say wherever it is; of other data nothing."""
    banner = report["banner"]
    return f"{banner['heading']}. {banner['text']}" if banner else ""


def _warning(report: dict[str, Any], section: dict[str, Any]) -> str:
    if section["id"] != DEMONSTRATION:
        return warning(report)
    box = next(block for block in section["blocks"] if block["type"] == "callout")
    return f"{box['title']}. {plain(box['runs'])}"


def caption(block: Block, report: dict[str, Any]) -> str:
    """``Tabell 1. Hovedresultatet``."""
    return f"{report['labels'][block['type']]} {block['number']}. {plain(block['caption'])}"


def sheets(report: dict[str, Any]) -> list[Sheet]:
    """The sheets in the order of the report."""
    return [
        Sheet(
            f"{LETTERS[held.block['type']]}{held.block['number']}",
            caption(held.block, report),
            data_columns(held.table, report["numbers"], report["files"]),
            plain(held.block.get("note")),
            held.warning,
        )
        for held in tables(report)
    ]


def provenance(report: dict[str, Any]) -> tuple[str, list[str], list[tuple[str, str]]]:
    """Title, sentences and terms with texts of the section that says where the numbers come from."""
    section = next(section for section in report["sections"] if section["id"] == TRACE)
    sentences = [plain(block["runs"]) for block in section["blocks"] if block["type"] == "paragraph"]
    pairs = [
        (plain(item["term"]), plain(item["text"]))
        for block in section["blocks"]
        if block["type"] == "definitions"
        for item in block["items"]
    ]
    return section["title"], sentences, pairs
