"""Rules of the card about staggered adoption: the key stands where it is read, and what it needs is delivered.

See `card_rules` for how rules are written.
"""

from collections.abc import Callable, Iterator
from typing import Any

from analysis.card_key_rules import is_estimated_as, stands_where_it_is_read
from analysis.card_parts import files_of, mapping, mappings, text, texts
from analysis.card_staggered import ESTIMATORS, HEADLINE, STAGGERED_DESIGNS, SYNTHETIC, TRIPLE
from analysis.strict import Finding

# Ways in which covariates enter, where they do.
METHODS = ("reg", "ipw", "dr", "dr_improved")


def is_estimated(data: dict[str, Any]) -> bool:
    """Whether effects of staggered adoption are estimated from a delivery."""
    return is_estimated_as(data, STAGGERED_DESIGNS)


def choices_stand_where_they_are_read(data: dict[str, Any]) -> Iterator[Finding]:
    """The key is needed where effects are estimated, and refused where nothing reads it."""
    yield from stands_where_it_is_read(data, "staggered", STAGGERED_DESIGNS, "effekter skal anslås")


def covariates_have_a_method(data: dict[str, Any]) -> Iterator[Finding]:
    """A formula and a method go together, and counts have no persons to adjust for."""
    chosen = mapping(data.get("staggered"))
    method, formula = chosen.get("method", "none"), chosen.get("formula")
    if method in METHODS and formula is None:
        yield ("staggered", "formula"), f"mangler, men metoden {method} bruker den.", "Skriv kjennetegnene."
    if method == "none" and formula is not None:
        yield ("staggered", "formula"), "metoden none bruker ingen kjennetegn.", f"Velg en av: {', '.join(METHODS)}."
    if method != "none" and data.get("design") == "aggregated_series":
        yield ("staggered", "method"), "månedstall har ingen personer å justere for.", "Skriv method: none."
    if method == "dr_improved" and chosen.get("sampling", "cross_section") != "panel":
        mend = "Skriv sampling: panel, eller velg method: dr."
        yield ("staggered", "method"), "dr_improved gjelder bare når de samme personene er målt hver måned.", mend


def persons_are_known_again(data: dict[str, Any]) -> Iterator[Finding]:
    """What only persons can give is not asked of counts, and what only a panel can give not of new persons."""
    chosen, counts = mapping(data.get("staggered")), data.get("design") == "aggregated_series"
    panel = chosen.get("sampling", "cross_section") == "panel"
    if counts and panel:
        yield ("staggered", "sampling"), "månedstall har ingen personer å følge.", "Fjern sampling."
    if not panel and chosen.get("missing", "drop_person") != "drop_person":
        mend = "Skriv sampling: panel, eller fjern missing."
        yield ("staggered", "missing"), "gjelder bare når de samme personene er målt hver måned.", mend
    weight = chosen.get("weight")
    if counts and weight is not None:
        yield ("staggered", "weight"), "månedstall har ingen personer å vekte.", "Fjern weight."
    elif weight is not None and weight not in {item.get("name") for item in mappings(data.get("covariates"))}:
        mend = "Før kolonnen med utvalgsvekter opp under covariates, og skriv navnet her."
        yield ("staggered", "weight"), f"{weight} står ikke blant covariates.", mend


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


def estimators_have_what_they_need(data: dict[str, Any]) -> Iterator[Finding]:
    """Estimators that are asked for by name have their keys and their data, and keys have an estimator."""
    chosen = mapping(data.get("staggered"))
    headline, listed = text(chosen.get("estimator", HEADLINE)), texts(chosen.get("estimators"))
    asked = {headline, *listed}
    if len(listed) != len(set(listed)):
        yield ("staggered", "estimators"), "samme estimator står to ganger.", "Skriv hver estimator én gang."
    if headline != HEADLINE and headline in ESTIMATORS and chosen.get("method", "none") != "none":
        mend = f"Skriv method: none, eller estimator: {HEADLINE}."
        yield ("staggered", "estimator"), f"{headline} justerer ikke for kjennetegn.", mend
    if TRIPLE in asked and chosen.get("triple") is None:
        mend = "Skriv subgroup, et kjennetegn under covariates, og affected, verdien for dem tiltaket gjelder."
        yield ("staggered", "triple"), f"mangler, men {TRIPLE} bruker den.", mend
    if chosen.get("triple") is not None and listed and TRIPLE not in asked:
        yield ("staggered", "triple"), "ingenting leser denne nøkkelen her.", f"Ta {TRIPLE} med i estimators."
    if chosen.get("synthetic") is not None and listed and not asked.intersection(SYNTHETIC):
        mend = f"Ta {' eller '.join(SYNTHETIC)} med i estimators."
        yield ("staggered", "synthetic"), "ingenting leser denne nøkkelen her.", mend


def subgroups_are_persons(data: dict[str, Any]) -> Iterator[Finding]:
    """Triple differences need persons, and a characteristic that the card names."""
    triple = mapping(data.get("staggered")).get("triple")
    if triple is None:
        return
    subgroup = text(mapping(triple).get("subgroup"))
    if data.get("design") == "aggregated_series":
        yield ("staggered", "triple"), "månedstall har ingen personer å dele i grupper.", "Fjern triple."
    elif subgroup and subgroup not in {item.get("name") for item in mappings(data.get("covariates"))}:
        mend = "Før kjennetegnet opp under covariates, og skriv navnet her."
        yield ("staggered", "triple", "subgroup"), f"{subgroup} står ikke blant covariates.", mend


def treatment_is_for_good(data: dict[str, Any]) -> Iterator[Finding]:
    """Effects by group and month, ATT(g, t), are of having adopted in month g and kept it: what was adopted neither
    ends nor has a size (Callaway and Sant'Anna 2021, assumption 1)."""
    chosen = mapping(data.get("staggered"))
    treatment = mapping(chosen.get("treatment"))
    kind, place = treatment.get("kind", "lasting"), ("staggered", "treatment")
    if kind == "dose":
        what = (
            "et tiltak med ulik styrke (for eksempel brukere per veileder) dekkes ikke: ATT(g, t) sammenligner å ha"
            " innført med å ikke ha gjort det, og kontorer med ulik styrke ville blandes i samme tall."
        )
        mend = "Skriv kind: lasting, og vis styrken som et kjennetegn ved kontorene (moderator)."
        yield (*place, "kind"), what, mend
    if kind == "switches" and treatment.get("assumption") is None:
        what = (
            "et tiltak som slås av igjen, dekkes ikke: ATT(g, t) gjelder kontorer som har tiltaket i alle måneder etter"
            " at de innførte det."
        )
        mend = "Skriv i assumption hvorfor det er nok å anslå hva det betyr å ha begynt, eller avgrens perioden."
        yield (*place, "kind"), what, mend
    elif kind == "switches" and chosen.get("control", "not_yet") != "not_yet":
        mend = "Skriv control: not_yet."
        yield ("staggered", "control"), "et tiltak som slås av igjen, holdes mot dem som ikke har begynt ennå.", mend
    if treatment.get("assumption") is not None and kind != "switches":
        yield (*place, "assumption"), "ingenting leser denne nøkkelen her.", "Fjern assumption."


STAGGERED_RULES: tuple[Callable[[dict[str, Any]], Iterator[Finding]], ...] = (
    choices_stand_where_they_are_read,
    covariates_have_a_method,
    persons_are_known_again,
    adoption_is_delivered,
    the_effect_is_on_the_treated,
    estimators_have_what_they_need,
    subgroups_are_persons,
    treatment_is_for_good,
)
