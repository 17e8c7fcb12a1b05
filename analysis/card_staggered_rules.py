"""Rules of the card about staggered adoption: the key stands where it is read, and what it needs is delivered.

See `card_rules` for how rules are written.
"""

from collections.abc import Callable, Iterator
from typing import Any

from analysis.card_parts import files_of, mapping
from analysis.card_staggered import STAGGERED_DESIGNS
from analysis.strict import Finding


def is_estimated(data: dict[str, Any]) -> bool:
    """Whether effects of staggered adoption are estimated from a delivery."""
    delivered = data.get("data_kind") != "published"
    return data.get("design") in STAGGERED_DESIGNS and data.get("analysis") != "describe" and delivered


def choices_stand_where_they_are_read(data: dict[str, Any]) -> Iterator[Finding]:
    """The key is needed where effects are estimated, and refused where nothing reads it."""
    if is_estimated(data):
        if data.get("staggered") is None:
            what = f"mangler, men designet {data['design']} bruker den når effekter skal anslås."
            yield ("staggered",), what, "Fyll inn staggered, eller skriv analysis: describe."
    elif data.get("staggered") is not None and data.get("design") is not None:
        mend = f"Fjern staggered, eller bruk analysis: estimate med ett av designene {', '.join(STAGGERED_DESIGNS)}."
        yield ("staggered",), "ingenting leser denne nøkkelen her.", mend


def covariates_have_a_method(data: dict[str, Any]) -> Iterator[Finding]:
    """A formula and a method go together, and counts have no persons to adjust for."""
    chosen = mapping(data.get("staggered"))
    method, formula = chosen.get("method", "none"), chosen.get("formula")
    if method in ("reg", "ipw", "dr") and formula is None:
        yield ("staggered", "formula"), f"mangler, men metoden {method} bruker den.", "Skriv kjennetegnene."
    if method == "none" and formula is not None:
        yield ("staggered", "formula"), "metoden none bruker ingen kjennetegn.", "Velg en av: reg, ipw, dr."
    if method != "none" and data.get("design") == "aggregated_series":
        yield ("staggered", "method"), "månedstall har ingen personer å justere for.", "Skriv method: none."


def adoption_is_delivered(data: dict[str, Any]) -> Iterator[Finding]:
    """Somebody tells when each office adopted, and in which county it lies when counties adopted."""
    if not is_estimated(data) or not data.get("files"):
        return
    offices = {name for _, file in files_of(data, "offices") for name in mapping(file.get("columns"))}
    persons = {name for _, file in files_of(data, "persons") for name in mapping(file.get("columns"))}
    if "adoption_month" not in offices | persons:
        mend = "Koble adoption_month til en kolonne i tabellen over kontorer."
        yield ("files",), "ingen fil sier når kontorene tok i bruk tiltaket.", mend
    if mapping(data.get("staggered")).get("unit") == "county" and "county" not in offices:
        mend = "Koble county til en kolonne i tabellen over kontorer."
        yield ("staggered", "unit"), "ingen fil sier hvilket fylke kontorene ligger i.", mend


def the_effect_is_on_the_treated(data: dict[str, Any]) -> Iterator[Finding]:
    """Group-time effects are effects on those who were treated, as differences."""
    estimand = mapping(data.get("estimand"))
    for key, allowed in (("quantity", "att"), ("scale", "difference")):
        if is_estimated(data) and estimand.get(key) not in (None, allowed):
            yield ("estimand", key), f"designet {data['design']} gir {allowed}.", f"Skriv {key}: {allowed}."


STAGGERED_RULES: tuple[Callable[[dict[str, Any]], Iterator[Finding]], ...] = (
    choices_stand_where_they_are_read,
    covariates_have_a_method,
    adoption_is_delivered,
    the_effect_is_on_the_treated,
)
