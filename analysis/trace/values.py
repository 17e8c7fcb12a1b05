"""From the source that a report gives of a number to its place in a JSON file: card, facts, checks, checklist."""

from collections.abc import Iterator, Mapping
from typing import Any

from analysis.trace.cells import Cell, is_table, table_cell, table_of
from analysis.trace.folder import Folder, same

# Of a check, beside what it calls values.
OWN = ("value", "threshold", "downgrade")


def cell(folder: Folder, cohort: str, number: Mapping[str, Any]) -> Cell:
    """The released cell behind a number of a report, with how it comes from its rows."""
    source, value = number["source"], number["value"]
    table, row, column = table_of(source), source["row"], source["column"]
    if is_table(table):
        return table_cell(folder, cohort, source, value)
    if table == "checks":
        return _check_cell(folder, cohort, row, column, value)
    if table == "provenance":
        name = f"{cohort}/provenance.json"
        return _found_below(name, folder.json(name), row, column, value)
    name = f"{cohort}/cohort.json"
    about = folder.json(name)
    if table == "facts":
        return _fact_cell(about["figures"]["facts"], name, row, value)
    if table == "checklist":
        return Cell(
            name, column, place=f"checklist.items ({row})", how=f"telt blant {len(about['checklist']['items'])} punkter"
        )
    return _found_below(name, about["card"], row, column, value, before="card.")


def _fact_cell(facts: list[dict[str, Any]], file: str, row: str, value: Any) -> Cell:
    """A published figure, or several added up or counted."""
    known = {fact["id"]: fact for fact in facts}
    own = tuple(known[name] for name in row.split("+") if name in known)
    if len(own) == 1:
        return Cell(file, "value", place=f"figures.facts, {row}", rows=own)
    if own:
        return Cell(file, "value", place=f"figures.facts, {row}", rows=own, how=f"summen av {len(own)} tall fra kilden")
    return Cell(file, "value", place="figures.facts", how=f"antall tall fra kilden ({value})")


def _check_cell(folder: Folder, cohort: str, row: str, column: str, value: Any) -> Cell:
    """A value of a check, or of a line in its table."""
    name, _, place = row.partition("/")
    file = f"{cohort}/checks.json"
    check = next((one for one in folder.json(file)["checks"] if one["name"] == name), None)
    if check is None:
        return Cell(file, column, place=name, how=None)
    top = {key: check[key] for key in OWN} | check["values"]
    if place.isdigit():
        own = check["table"][int(place)]
        return Cell(
            file, column, place=f"{name}.table[{place}]", rows=(own,), how="" if same(own[column], value) else None
        )
    if column in top and same(top[column], value):
        return Cell(file, column, place=f"{name}.{column if column in OWN else f'values.{column}'}", rows=(top,))
    rows = tuple(check["table"])
    held = [row for row in rows if same(row.get(column), value)]
    if held:
        return Cell(file, column, place=f"{name}.table", rows=tuple(held), how="står i kontrollens tabell")
    counts = {"linjer": len(rows), f"ulike {column}": len({row.get(column) for row in rows})}
    how = next((f"antall {what} i kontrollens tabell" for what, count in counts.items() if same(count, value)), None)
    return Cell(file, column, place=f"{name}.table", rows=rows, how=how)


def _found_below(file: str, top: Any, row: str, column: str, value: Any, before: str = "") -> Cell:
    """A value in plain data by the names on the way to it, or anywhere below them."""
    own, way = top, []
    for key in f"{row}.{column}".replace("/", ".").split("."):
        following = _below(own, key)
        if following is None:
            break
        own, way = following, [*way, key]
    place = before + ".".join(way)
    if same(own, value):
        return Cell(file, column, place=place)
    inside = next((path for path, one in _leaves(own) if same(one, value)), None)
    if inside is not None:
        return Cell(file, column, place=place + inside)
    parts = {key: one for key, one in own.items() if key.startswith(column)} if isinstance(own, Mapping) else {}
    if (
        len(parts) > 1
        and all(isinstance(one, int | float) for one in parts.values())
        and same(sum(parts.values()), value)
    ):
        return Cell(file, column, place=place, rows=(parts,), how="summen av " + " og ".join(parts))
    return Cell(file, column, place=f"{place}.{column}", how="valg som følger av kortet, og ikke er skrevet i det")


def _below(own: Any, key: str) -> Any:
    if isinstance(own, Mapping):
        return own.get(key)
    return own[int(key)] if isinstance(own, list) and key.isdigit() and int(key) < len(own) else None


def _leaves(own: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(own, Mapping):
        for key, value in own.items():
            yield from _leaves(value, f"{path}.{key}")
    elif isinstance(own, list):
        for place, value in enumerate(own):
            yield from _leaves(value, f"{path}[{place}]")
    else:
        yield path, own
