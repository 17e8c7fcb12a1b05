"""Every number that a report prints, with all the places where it stands."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Runs = list[dict[str, Any]]
# Words around a number in running text, in characters on each side.
AROUND = 34


@dataclass(frozen=True)
class Place:
    """Where a number stands: the section, and what it is part of (a table's cell, or the words around it)."""

    section: str
    part: str


@dataclass
class Printed:
    """A number of a report as it is printed, with the record that the report has of it and every place."""

    text: str
    record: Mapping[str, Any]
    places: list[Place] = field(default_factory=list)


def printed_numbers(report: Mapping[str, Any]) -> list[Printed]:
    """The numbers of a report in its order; those of the same cell that print alike are one."""
    found: dict[tuple[str, ...], Printed] = {}
    for name, place in _marked(report):
        record = report["numbers"][name]
        source = record["source"]
        # One language writes 6,1 and another 6.1; the plus is for tables.
        digits = re.sub(r"[^\d,]", "", record["text"].replace(".", ","))
        key = (source["table"], source["row"], source["column"], str(record["value"]), digits)
        own = found.setdefault(key, Printed(record["text"], record))
        if place not in own.places:
            own.places.append(place)
    return list(found.values())


def _marked(report: Mapping[str, Any]) -> Iterator[tuple[str, Place]]:
    """The name of each number that stands in a text, and where."""
    for section in report["sections"]:
        for block in section["blocks"]:
            for runs, where in _parts(block):
                for number, run in enumerate(runs):
                    if "number" in run:
                        yield run["number"], Place(section["title"], where or f"«{_around(runs, number)}»")


def _parts(block: Mapping[str, Any]) -> Iterator[tuple[Runs, str]]:
    """Lists of runs of a block; with what they are called where the words around do not tell."""
    kind = block["type"]
    if kind in ("paragraph", "callout"):
        yield block["runs"], ""
    elif kind == "list":
        yield from ((runs, "") for runs in block["items"])
    elif kind == "definitions":
        for item in block["items"]:
            yield from ((item["term"], ""), (item["text"], f"under «{_text(item['term'])}»"))
    elif kind == "keyfigures":
        for item in block["items"]:
            yield [item["value"]], f"nøkkeltallet «{_short(_text(item['text']))}»"
            yield item["text"], ""
    elif kind in ("table", "figure"):
        yield from _numbered(block)


def _numbered(block: Mapping[str, Any]) -> Iterator[tuple[Runs, str]]:
    figure = block["type"] == "figure"
    name = f"{'figur' if figure else 'tabell'} {block['number']}"
    yield block["caption"], f"overskriften til {name}"
    if figure:
        yield block["alt"], f"beskrivelsen av {name}"
    if block.get("note"):
        yield block["note"], f"merknaden til {name}"
    table = block["table"] if figure else block
    for row in table["rows"] if table else ():
        head = _short(_text(row[0]))
        for column, runs in zip(table["columns"], row, strict=True):
            label = column["label"].replace("\u00ad", "")
            yield runs, f"{name}, raden «{head}», kolonnen «{label}»"


def _text(runs: Runs) -> str:
    return "".join(run["text"] for run in runs)


def _short(text: str) -> str:
    return text if len(text) <= 2 * AROUND else text[: 2 * AROUND].rstrip() + " …"


def _around(runs: Runs, number: int) -> str:
    """The words on both sides of a number, cut between words."""
    before, after = _text(runs[:number]), _text(runs[number + 1 :])
    left, right = before[-AROUND:], after[:AROUND]
    left = "… " + left.partition(" ")[2] if len(before) > AROUND else left
    right = right.rpartition(" ")[0] + " …" if len(after) > AROUND else right
    return f"{left}{runs[number]['text']}{right}".strip()
