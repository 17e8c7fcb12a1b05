"""Rules about the registers behind a delivery: their months, the types of spells, and what outcomes read of them.

See `card_rules` for how rules are written.
"""

from collections.abc import Callable, Iterator
from typing import Any

from analysis.card_library import attribute_kinds, rules_of, sources
from analysis.card_parts import date, files_of, mapping, mappings, measured_outcomes, month, text, texts
from analysis.months import month_number, month_text
from analysis.spell_rules import AmountAboveG, needed_attributes, needed_types
from analysis.strict import Finding

Key = tuple[str | int, ...]


def reads_registers(data: dict[str, Any]) -> bool:
    """Whether outcomes are made from spells or amounts, as far as the card tells."""
    return data.get("registers") is not None or bool(files_of(data, "spells", "amounts"))


def registers_are_described(data: dict[str, Any]) -> Iterator[Finding]:
    """Spells, amounts and histories need the months of the registers, and the months need registers."""
    histories = [c for c in mappings(data.get("covariates")) if c.get("history") is not None]
    files = files_of(data, "spells", "amounts")
    if data.get("registers") is None and (files or histories):
        what = "mangler, men leveransen har perioder, beløp eller historikk."
        yield ("registers",), what, "Oppgi første og siste måned: first og last."
    if data.get("registers") is not None and not files:
        mend = "Legg til en fil med table: spells eller amounts, eller fjern registers."
        yield ("registers",), "ingen fil har perioder eller beløp.", mend


def register_dates_are_in_order(data: dict[str, Any]) -> Iterator[Finding]:
    """The first month is not after the last, and the registers were drawn after the panel begins."""
    registers = mapping(data.get("registers"))
    first, last = month(registers.get("first")), month(registers.get("last"))
    drawn, known = date(registers.get("drawn")), date(registers.get("known_from"))
    if first and last and first > last:
        yield ("registers", "last"), "er før first.", "Siste måned skal ikke være før den første."
    if first and drawn and drawn < f"{first}-01":
        yield ("registers", "drawn"), "er før første måned.", "Oppgi dagen registrene ble trukket ut."
    if known and drawn and known > drawn:
        yield ("registers", "known_from"), "er etter dagen registrene ble trukket ut.", "Rett known_from eller drawn."
    amounts = month(registers.get("amounts_from"))
    if amounts and last and amounts > last:
        yield ("registers", "amounts_from"), "er etter siste måned.", "Oppgi den første måneden beløpene dekker."


def months_lie_in_the_registers(data: dict[str, Any]) -> Iterator[Finding]:
    """Horizons and the month that changes are counted from lie within the months of the registers."""
    registers = mapping(data.get("registers"))
    first, last = month(registers.get("first")), month(registers.get("last"))
    if not first or not last or first > last:
        return
    window = f"Registrene dekker {first} til {last}."
    for key, wanted in [(("base_month",), month(data.get("base_month"))), *_covariate_months(data)]:
        if wanted and not first <= wanted <= last:
            yield key, f"{wanted} ligger utenfor registrene.", window
    yield from _horizons_outside(data, month_number(first), month_number(last), window)


def _covariate_months(data: dict[str, Any]) -> list[tuple[Key, str | None]]:
    covariates = enumerate(mappings(data.get("covariates")))
    return [(("covariates", place, "month"), month(covariate.get("month"))) for place, covariate in covariates]


def _horizons_outside(data: dict[str, Any], first: int, last: int, window: str) -> Iterator[Finding]:
    """Months counted from time zero. Where persons carry it, the window must at least have room for them."""
    zero = month(mapping(data.get("time_zero")).get("month"))
    latest, earliest = (month_number(zero), month_number(zero)) if zero else (first, last)
    horizons = data.get("horizons")
    for place, horizon in enumerate(horizons if isinstance(horizons, list) else []):
        if _is_whole(horizon) and latest + horizon > last:
            yield ("horizons", place), f"{horizon} måneder etter start ligger utenfor registrene.", window
    period = data.get("base_period")
    if _is_whole(period) and earliest + period < first:
        yield ("base_period",), f"{-period} måneder før start ligger utenfor registrene.", window


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def histories_lie_in_the_registers(data: dict[str, Any]) -> Iterator[Finding]:
    """A history does not reach further back than the extracts, where both ends are known."""
    known = date(mapping(data.get("registers")).get("known_from"))
    zero = month(mapping(data.get("time_zero")).get("month"))
    for place, covariate in enumerate(mappings(data.get("covariates"))):
        months = mapping(covariate.get("history")).get("months")
        # A count beyond the calendar is no month; whoever wrote it will be told of the far past all the same.
        if known and zero and _is_whole(months) and months > 0:
            begins = max(month_number(zero) - months, 0)
            if f"{month_text(begins)}-01" < known:
                what = f"historikken begynner {month_text(begins)}, men registrene dekker tiden fra {known}."
                yield ("covariates", place, "history", "months"), what, "Velg færre måneder."


def types_in(data: dict[str, Any]) -> set[str] | None:
    """Types of spells that the delivery covers: of its files, and of `covers`. None if only the files can tell."""
    found = set(texts(mapping(data.get("registers")).get("covers")))
    for _, file in files_of(data, "spells"):
        column = mapping(file.get("columns")).get("type")
        if column is None:
            continue  # told as a column that is missing
        if mapping(column).get("constant") is None and mapping(column).get("values") is None:
            return None
        found |= set(texts([mapping(column).get("constant"), *mapping(mapping(column).get("values")).values()]))
    return found


def types_are_delivered(data: dict[str, Any]) -> Iterator[Finding]:
    """Types that the card names are types that the delivery covers."""
    covered = types_in(data)
    if covered is None or not files_of(data, "spells"):
        return
    for key, name in _named_types(data):
        if name not in covered:
            yield key, f"typen «{name}» er ikke i leveransen.", f"Leveransen dekker: {', '.join(sorted(covered))}."


def _named_types(data: dict[str, Any]) -> Iterator[tuple[Key, str]]:
    registers = mapping(data.get("registers"))
    groups = [(("registers", "participation"), registers.get("participation"))]
    exclusive = registers.get("exclusive")
    for place, types in enumerate(exclusive if isinstance(exclusive, list) else []):
        groups.append((("registers", "exclusive", place), types))
    for place, link in enumerate(mappings(registers.get("links"))):
        groups += [(("registers", "links", place, part), link.get(part)) for part in ("types", "by")]
    for place, covariate in enumerate(mappings(data.get("covariates"))):
        groups.append((("covariates", place, "history", "types"), mapping(covariate.get("history")).get("types")))
    for key, types in groups:
        for place, name in enumerate(types if isinstance(types, list) else []):
            if isinstance(name, str):
                yield (*key, place), name


def outcomes_have_their_registers(data: dict[str, Any]) -> Iterator[Finding]:
    """Outcomes that are made from spells or amounts find the types, the attributes and the amounts that they read."""
    if not reads_registers(data) or data.get("design") == "aggregated_series":
        return
    covered, attributes = types_in(data), _attributes(data)
    for name, rule in rules_of(sources(measured_outcomes(data))).items():
        if isinstance(rule, AmountAboveG) and not files_of(data, "amounts"):
            yield ("files",), f"utfallet {name} leser beløp.", "Legg til en fil med table: amounts."
        types = sorted(needed_types({name: rule}) - covered) if covered is not None else []
        if types:
            mend = "Koble dem under columns.type, eller oppgi dem under registers.covers hvis ingen hadde dem."
            yield ("files",), f"utfallet {name} leser perioder av typen {', '.join(types)}.", mend
        for attribute in sorted(needed_attributes({name: rule}) - attributes):
            mend = f"Legg til {attribute} i filen med periodene, eller under registers.links."
            yield ("files",), f"utfallet {name} leser kolonnen {attribute}.", mend


def _attributes(data: dict[str, Any]) -> set[str]:
    links = mappings(mapping(data.get("registers")).get("links"))
    columns = [name for _, file in files_of(data, "spells") for name in mapping(file.get("columns"))]
    return {*texts(columns), *(text(link.get("attribute")) for link in links)}


def links_make_attributes_that_are_read(data: dict[str, Any]) -> Iterator[Finding]:
    """A link makes an attribute that is true or false, which no file has already."""
    own = {name for _, file in files_of(data, "spells") for name in texts(list(mapping(file.get("columns"))))}
    for place, link in enumerate(mappings(mapping(data.get("registers")).get("links"))):
        attribute = link.get("attribute")
        key = ("registers", "links", place, "attribute")
        if not isinstance(attribute, str):
            continue
        allowed = [name for name, kind in attribute_kinds().items() if kind == "boolean"]
        if attribute not in allowed:
            yield key, f"ingen utfall leser «{attribute}» som ja eller nei.", f"Lovlig: {', '.join(allowed)}."
        if attribute in own:
            yield key, f"{attribute} er alt koblet til en kolonne.", "Behold én av dem."


REGISTER_RULES: tuple[Callable[[dict[str, Any]], Iterator[Finding]], ...] = (
    registers_are_described,
    register_dates_are_in_order,
    months_lie_in_the_registers,
    histories_lie_in_the_registers,
    types_are_delivered,
    outcomes_have_their_registers,
    links_make_attributes_that_are_read,
)
