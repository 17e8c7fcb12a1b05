"""Rules of the card about trials: the key where it is read, lots that were drawn, and inference for few offices.

See `card_rules` for how rules are written.
"""

from collections.abc import Callable, Iterator
from typing import Any

from analysis.card_key_rules import is_estimated_as, stands_where_it_is_read
from analysis.card_parts import files_of, mapping, texts
from analysis.card_trial import MANY_OFFICES, TRIAL_DESIGNS, Trial
from analysis.strict import Finding

UNITS = {"cluster_randomised": "office", "individually_randomised": "person"}
# What is chosen about offices that were drawn; where persons were drawn, nothing reads it.
OFFICE_KEYS = ("interval", "average", "models", "allocations", "planned_icc", "delivery")
FEWEST = 2


def is_estimated(data: dict[str, Any]) -> bool:
    """Whether a trial is estimated from a delivery."""
    return is_estimated_as(data, TRIAL_DESIGNS)


def choices_stand_where_they_are_read(data: dict[str, Any]) -> Iterator[Finding]:
    """The key is needed where a trial is estimated, and refused where nothing reads it."""
    yield from stands_where_it_is_read(data, "trial", TRIAL_DESIGNS, "forskjellen skal anslås")


def the_unit_is_what_was_drawn(data: dict[str, Any]) -> Iterator[Finding]:
    """Offices are drawn in one design, persons in the other, and what is chosen about offices belongs to the first."""
    if not is_estimated(data):
        return
    wanted, unit = UNITS[data["design"]], mapping(data.get("assignment")).get("unit")
    if isinstance(unit, str) and unit != wanted:
        yield ("assignment", "unit"), f"designet {data['design']} trekker andre enheter.", f"Skriv unit: {wanted}."
    if mapping(data.get("assignment")).get("randomised") is False:
        yield ("assignment", "randomised"), "et forsøk er avgjort ved loddtrekning.", "Velg et annet design."
    for key, value in mapping(data.get("trial")).items():
        # A card that was written out in full holds the defaults too.
        chosen = key in OFFICE_KEYS and value != Trial.model_fields[key].get_default()
        if chosen and data["design"] == "individually_randomised":
            yield ("trial", key), "gjelder bare når kontorer er trukket.", "Fjern nøkkelen."


def each_group_has_offices(data: dict[str, Any]) -> Iterator[Finding]:
    """One office in a group cannot be told from the intervention: nothing shows how much offices differ anyway."""
    if not is_estimated(data) or data["design"] != "cluster_randomised":
        return
    for key in ("offices_treated", "offices_comparison"):
        number = mapping(data.get("assignment")).get(key)
        if isinstance(number, int) and number < FEWEST:
            what = "ett kontor i en gruppe: forskjellen kan ikke skilles fra forskjeller mellom kontorer."
            yield ("assignment", key), what, "Skriv analysis: describe."
    has_office = [name for name in ("persons", "memberships") if "office_id" in _columns(data, name)]
    if data.get("files") and not has_office:
        mend = "Koble office_id til en kolonne, med kontoret ved starttidspunktet."
        yield ("files",), "ingen fil sier hvilket kontor personene hørte til.", mend


def plain_errors_need_many_offices(data: dict[str, Any]) -> Iterator[Finding]:
    """CR1 with normal quantiles rejects up to 13 % of true null hypotheses with 18 offices (docs/methods.md)."""
    if mapping(data.get("trial")).get("interval") != "cr1_normal":
        return
    assigned = mapping(data.get("assignment"))
    numbers = [assigned.get(key) for key in ("offices_treated", "offices_comparison")]
    if all(isinstance(number, int) for number in numbers) and sum(numbers) < MANY_OFFICES:
        what = f"CR1 med normalfordeling holder ikke med {sum(numbers)} kontorer; grensen er {MANY_OFFICES}."
        yield ("trial", "interval"), what, "Velg en av: cr2, jackknife, wild_bootstrap."


def columns_are_delivered(data: dict[str, Any]) -> Iterator[Finding]:
    """What the trial names stands in the delivery: strata of offices, and who got the intervention."""
    if not is_estimated(data) or not data.get("files"):
        return
    chosen = mapping(data.get("trial"))
    strata_in = ("offices",) if data["design"] == "cluster_randomised" else ("persons", "memberships")
    for key, tables in (("strata", strata_in), ("delivery", ("persons",))):
        name = chosen.get(key)
        if isinstance(name, str) and not any(name in _columns(data, table) for table in tables):
            mend = f"Koble {name} til en kolonne i en fil med table: {tables[0]}."
            yield ("trial", key), f"leveransen har ikke kolonnen «{name}».", mend


def _columns(data: dict[str, Any], table: str) -> set[str]:
    return {name for _, file in files_of(data, table) for name in mapping(file.get("columns"))}


def models_stand_once(data: dict[str, Any]) -> Iterator[Finding]:
    """No model is listed twice."""
    models = texts(mapping(data.get("trial")).get("models"))
    if len(models) != len(set(models)):
        yield ("trial", "models"), "den samme modellen står to ganger.", "Behold én av dem."


def the_estimand_is_by_assignment(data: dict[str, Any]) -> Iterator[Finding]:
    """Groups are compared as they were drawn, as a difference."""
    estimand = mapping(data.get("estimand"))
    for key, allowed in (("quantity", "itt"), ("scale", "difference")):
        if is_estimated(data) and estimand.get(key) not in (None, allowed):
            yield ("estimand", key), f"designet {data['design']} gir {allowed}.", f"Skriv {key}: {allowed}."


TRIAL_RULES: tuple[Callable[[dict[str, Any]], Iterator[Finding]], ...] = (
    choices_stand_where_they_are_read,
    the_unit_is_what_was_drawn,
    each_group_has_offices,
    plain_errors_need_many_offices,
    columns_are_delivered,
    models_stand_once,
    the_estimand_is_by_assignment,
)
