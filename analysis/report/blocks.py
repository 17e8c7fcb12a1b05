"""The building blocks of the report model, as plain data for the renderers."""

from collections.abc import Iterable, Sequence
from typing import Any

Runs = list[dict[str, Any]]
Block = dict[str, Any]


def paragraph(runs: Runs, style: str | None = None) -> Block:
    """Running text; style None, "lead" or "note"."""
    return {"type": "paragraph", "style": style, "runs": runs}


def callout(title: str, runs: Runs) -> Block:
    """A boxed reading aid."""
    return {"type": "callout", "title": title, "runs": runs}


def bullets(items: Iterable[Runs], *, ordered: bool = False) -> Block:
    """A list."""
    return {"type": "list", "ordered": ordered, "items": list(items)}


def definitions(pairs: Iterable[tuple[Runs, Runs]]) -> Block:
    """Terms with their texts."""
    return {"type": "definitions", "items": [{"term": term, "text": text} for term, text in pairs]}


def keyfigures(items: Iterable[tuple[Runs, str, Runs]]) -> Block:
    """A few large numbers: value, unit and what it is."""
    return {"type": "keyfigures", "items": [{"value": v[0], "unit": unit, "text": text} for v, unit, text in items]}


def column(label: str, *, right: bool = False, width: float = 1.0) -> dict[str, Any]:
    """A column of a table; numbers stand to the right."""
    return {"label": label, "align": "right" if right else "left", "width": width}


def table(
    name: str, caption: Runs, columns: Sequence[dict], rows: Iterable[Sequence[Runs]], note: Runs | None = None
) -> Block:
    """A table whose first cell of each row is its header. `model` numbers it."""
    body = [list(row) for row in rows]
    return {"type": "table", "id": name, "caption": caption, "columns": list(columns), "rows": body, "note": note}


def figure(name: str, kind: str, caption: Runs, alt: Runs, data: dict[str, Any], source: Block | None) -> Block:
    """A figure with its alternative text and the table of its numbers. `model` numbers it."""
    numbers = None if source is None else {"columns": source["columns"], "rows": source["rows"]}
    return {"type": "figure", "id": name, "kind": kind, "caption": caption, "alt": alt, "data": data, "table": numbers}


def equation(typst: str, mathml: str, alt: str) -> Block:
    """A formula for both renderers, and in words."""
    return {"type": "equation", "typst": typst, "mathml": mathml, "alt": alt}


def section(name: str, title: str, blocks: Iterable[Block | None], level: int = 1) -> dict[str, Any]:
    """A section; blocks that do not apply are None and left out."""
    return {"id": name, "title": title, "level": level, "blocks": [block for block in blocks if block is not None]}
