"""Rules of the card about the grid of analyses: choices that the design has, alternatives to what it has already
chosen, and no more combinations than can be read.

See `card_rules` for how rules are written.
"""

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

from analysis.card_grid import AXES, MOST, Grid, way_of
from analysis.card_library import known_outcomes
from analysis.card_matching import Matching
from analysis.card_parts import chosen_outcomes, mapping, text
from analysis.card_staggered import HEADLINE, Staggered
from analysis.card_trial import Trial
from analysis.strict import Finding

PARTS = {"matching": Matching, "staggered": Staggered, "trial": Trial}
# Where the card makes the choice that an axis has alternatives to.
OWN_PART = {
    **dict.fromkeys(("method", "caliper", "ratio", "replace"), "matching"),
    **dict.fromkeys(("control", "anticipation"), "staggered"),
    "average": "trial",
}


def grid_of(data: dict[str, Any]) -> dict[str, list[Any]]:
    """The axes that stand in the card: lists that are not empty."""
    found = mapping(data.get("grid"))
    return {key: found[key] for key in Grid.model_fields if isinstance(found.get(key), list) and found[key]}


def grids_belong_to_designs(data: dict[str, Any]) -> Iterator[Finding]:
    """A grid stands where something reads it, and holds choices of that design only."""
    if data.get("grid") is None:
        return
    way = way_of(data)
    if way is None:
        mend = "Fjern grid. Det gjelder matchede kohorter, trinnvis innføring og forsøk der kontorer er trukket."
        yield ("grid",), "ingenting leser denne nøkkelen her.", mend
        return
    axes = grid_of(data)
    if not axes and isinstance(data["grid"], dict):
        yield ("grid",), "har ingen alternativer.", f"Oppgi minst én av: {', '.join(AXES[way])}; eller fjern grid."
    for key in axes:
        if key not in AXES[way]:
            yield ("grid", key), f"designet {data['design']} har ikke dette valget.", f"Lovlig: {', '.join(AXES[way])}."


def alternatives_differ(data: dict[str, Any]) -> Iterator[Finding]:
    """No alternative stands twice, and none is what the card has chosen already."""
    for key, values in grid_of(data).items():
        names = [value.get("name") if isinstance(value, dict) else value for value in values]
        told = [_word(value) for value in names]
        for value in dict.fromkeys(told):
            if told.count(value) > 1:
                yield ("grid", key), f"{value} står flere ganger.", "La det stå én gang."
        own = _own(data, key)
        if own is not _UNKNOWN and any(_same(value, own) for value in names):
            what = f"{_word(own)} er alt valgt i kortet."
            yield ("grid", key), what, "Ta det ut. Det kortet har valgt, er alltid med."


_UNKNOWN = object()


def _own(data: dict[str, Any], key: str) -> Any:
    """What the card has chosen, or `_UNKNOWN` where it is told otherwise or elsewhere."""
    part = OWN_PART.get(key)
    if part is not None:
        return mapping(data.get(part)).get(key, PARTS[part].model_fields[key].get_default())
    if key == "within":
        return mapping(mapping(data.get("matching")).get("within")).get("unit", "none")
    if key == "outcome":
        return mapping(data.get("outcomes")).get("primary")
    if key == "horizon":
        horizons = data.get("horizons")
        return horizons[0] if isinstance(horizons, list) and horizons else _UNKNOWN
    return data.get(key, _UNKNOWN) if key in ("base_period", "base_month") else _UNKNOWN


def _same(value: Any, own: Any) -> bool:
    """Equal as YAML means it: 3 and 3.0 are one number, true and 1 are not."""
    return isinstance(value, bool) == isinstance(own, bool) and value == own


def _word(value: Any) -> str:
    """As it is written in the card."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if _number(value) else str(value)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def alternatives_exist(data: dict[str, Any]) -> Iterator[Finding]:
    """Outcomes and horizons are those of the card; what an alternative rests on is there."""
    axes = grid_of(data)
    yield from _outcomes_of_the_card(data, axes.get("outcome", []))
    horizons = data.get("horizons") if isinstance(data.get("horizons"), list) else []
    if any(_number(value) and value not in horizons for value in axes.get("horizon", [])):
        yield ("grid", "horizon"), "står ikke i horizons.", f"Lovlig: {', '.join(map(str, horizons))}."
    if "adjusted" in axes and mapping(data.get("trial")).get("adjustment") is None:
        yield ("grid", "adjusted"), "kortet har ingen kjennetegn å justere for.", "Oppgi trial.adjustment."
    for key, other in (("base_month", "base_period"), ("base_period", "base_month")):
        if key in axes and data.get(key) is None:
            yield ("grid", key), f"kortet har ikke {key}.", f"Skriv {other}, som kortet bruker."


def _outcomes_of_the_card(data: dict[str, Any], named: list[Any]) -> Iterator[Finding]:
    chosen, library = chosen_outcomes(data), known_outcomes()
    primary = text(mapping(data.get("outcomes")).get("primary"))
    for name in named:
        if name not in chosen:
            yield ("grid", "outcome"), f"{name} står ikke i outcomes.", f"Lovlig: {', '.join(map(str, chosen))}."
        elif {name, primary} <= library.keys() and library[name].kind != library[primary].kind:
            yield ("grid", "outcome"), f"{name} måles ikke i samme enhet som hovedutfallet.", "Ta det ut."


def staggered_grids_rest_on_cells(data: dict[str, Any]) -> Iterator[Finding]:
    """What is permuted are the dates of offices, on sums by office and month."""
    if data.get("grid") is None or way_of(data) != "staggered":
        return
    chosen = mapping(data.get("staggered"))
    for key, only in (("estimator", HEADLINE), ("method", "none"), ("missing", "drop_person")):
        if chosen.get(key, only) != only:
            yield ("grid",), f"staggered.{key}: {chosen[key]} kan ikke ha grid.", f"Fjern grid, eller skriv {only}."
    months_alone = data.get("design") == "aggregated_series" or chosen.get("sampling") == "panel"
    if "horizon" in grid_of(data) and months_alone:
        yield ("grid", "horizon"), "månedene er kalenderens, og det finnes ingen horisonter.", "Fjern nøkkelen."


def grids_can_be_read(data: dict[str, Any]) -> Iterator[Finding]:
    """Not more combinations than MOST."""
    axes = grid_of(data)
    number = prod(len(values) + 1 for values in axes.values())
    if number > MOST:
        sizes = ", ".join(f"{key} {len(values) + 1}" for key, values in axes.items())
        mend = f"Høyst {MOST} er lov. Ta ut valg eller alternativer som betyr minst ({sizes})."
        yield ("grid",), f"gir {number} kombinasjoner.", mend


GRID_RULES: tuple[Callable[[dict[str, Any]], Iterator[Finding]], ...] = (
    grids_belong_to_designs,
    alternatives_differ,
    alternatives_exist,
    staggered_grids_rest_on_cells,
    grids_can_be_read,
)
