"""What a researcher takes out of a report for other uses: tables, figures and released numbers, in one archive."""

import csv
import datetime as dt
import io
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from analysis.report import figures
from analysis.report.blocks import Block
from analysis.report.data_columns import labels, plain
from analysis.report.latex import latex_table
from analysis.report.sheets import caption, provenance, tables, warning
from analysis.report.stata import stata_bytes
from analysis.zips import archive


def render(report: dict[str, Any], released: Mapping[str, pd.DataFrame]) -> bytes:
    """Return the archive, the same bytes for the same report and tables.

    `released`: the released tables behind the report by name; those without rows are left out. It holds a text that
    explains, ``tables/<id>.csv`` and ``.tex`` as printed, ``figures/<id>.svg`` and ``.png``, and ``data/<table>.dta``.
    """
    members = dict([*_tables(report), *_figures(report), *_data(report, released)])
    words = report["files"]
    return archive({**members, words["kit_name"]: _explanation(report).encode()})


def _tables(report: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    words = report["files"]
    for held in tables(report):
        name = f"tables/{held.block['id']}"
        yield f"{name}.csv", _csv(held.table, words)
        yield f"{name}.tex", latex_table(held, words).encode()


def _csv(table: dict[str, Any], words: dict[str, Any]) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(labels(table, words))
    writer.writerows([plain(cell) for cell in row] for row in table["rows"])
    return stream.getvalue().encode()


def _figures(report: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    mark = report["banner"]["heading"] if report["banner"] else None
    for block in _drawn(report):
        name = f"figures/{block['id']}"
        yield f"{name}.svg", figures.draw(block["kind"], block["data"], mark=mark)
        yield f"{name}.png", figures.draw_png(block["kind"], block["data"], mark=mark)


def _drawn(report: dict[str, Any]) -> list[Block]:
    return [block for section in report["sections"] for block in section["blocks"] if block["type"] == "figure"]


def _data(report: dict[str, Any], released: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, bytes]]:
    words, date = report["files"], dt.date.fromisoformat(report["date"])
    heading = f"{report['banner']['heading']}: " if report["banner"] else ""
    for name, table in released.items():
        if not table.empty:
            label = f"{heading}{report['report']}, {name}"
            yield f"data/{name}.dta", stata_bytes(table, label=label, date=date, no_yes=(words["no"], words["yes"]))


def _explanation(report: dict[str, Any]) -> str:
    """What the archive holds, on which terms, and how to cite it."""
    words = report["files"]
    _, sentences, pairs = provenance(report)
    kinds = ("kit_tables_csv", "kit_tables_tex", "kit_figures", "kit_data")
    names = [f"- {block['id']}: {caption(block, report)}" for block in _named(report)]
    citation = words["kit_citation"].format(author=report["author"], title=report["title"], **_edition(report))
    parts = [
        [warning(report)],
        [words["kit_about"].format(title=report["title"])],
        [words["kit_contents"], *(f"- {words[kind]}" for kind in kinds)],
        [words["kit_names"], *names],
        [words["kit_terms"], *sentences, *(f"- {term}: {text}" for term, text in pairs)],
        [words["kit_cite"], citation],
    ]
    return "\n\n".join("\n".join(part) for part in parts if any(part)) + "\n"


def _edition(report: dict[str, Any]) -> dict[str, str]:
    return {"version": report["version"], "date": report["date_text"]}


def _named(report: dict[str, Any]) -> list[Block]:
    """Every table and figure as they stand."""
    blocks = [block for section in report["sections"] for block in section["blocks"]]
    return [block for block in blocks if block["type"] in ("table", "figure")]
