"""Rules of the card about subgroups: where they can be estimated, and groups that nobody can be in two of.

See `card_rules` for how rules are written.
"""

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

from analysis.card_parts import mapping, mappings
from analysis.card_single_arm_rules import is_matched
from analysis.card_staggered import HEADLINE
from analysis.card_trial_rules import is_estimated as is_trial
from analysis.strict import Finding

KEY = "subgroups"
FEWEST = 2


def subgroups_stand_where_they_are_read(data: dict[str, Any]) -> Iterator[Finding]:
    """Persons must be delivered, and the headline must be an estimator that can be asked of some of them."""
    if not data.get(KEY) or data.get("design") is None:
        return
    chosen = mapping(data.get("staggered"))
    persons = data["design"] == "staggered_did" and data.get("analysis") != "describe"
    if not (is_matched(data) or is_trial(data) or (persons and data.get("data_kind") != "published")):
        mend = "Fjern subgroups. Den brukes der effekter anslås for personer: matching, forsøk og staggered_did."
        yield (KEY,), "ingenting leser denne nøkkelen her.", mend
    elif persons and (chosen.get("estimator", HEADLINE) != HEADLINE or chosen.get("method", "none") != "none"):
        what = f"kan bare anslås med staggered.estimator: {HEADLINE} og method: none."
        yield (KEY,), what, "Fjern subgroups, eller la hovedtallet bruke de to."


def names_are_used_once(data: dict[str, Any]) -> Iterator[Finding]:
    """Every subgrouping and every group of one has a name of its own."""
    listed = mappings(data.get(KEY))
    for place in _repeated([item.get("name") for item in listed]):
        yield (KEY, place, "name"), f"«{listed[place]['name']}» er brukt før.", "Hvert navn kan bare stå én gang."
    for place, item in enumerate(listed):
        groups = mappings(item.get("groups"))
        for number in _repeated([group.get("id") for group in groups]):
            where = (KEY, place, "groups", number, "id")
            yield where, f"«{groups[number]['id']}» er brukt før.", "Hvert navn kan bare stå én gang."


def _repeated(names: list[Any]) -> list[int]:
    return [place for place, name in enumerate(names) if name is not None and name in names[:place]]


def what_divides_is_known_beforehand(data: dict[str, Any]) -> Iterator[Finding]:
    """Only a characteristic at time zero may divide: what came later can be a result of the intervention."""
    known = [item["name"] for item in mappings(data.get("covariates")) if isinstance(item.get("name"), str)]
    for place, item in enumerate(mappings(data.get(KEY))):
        by = item.get("by")
        if isinstance(by, str) and by not in known:
            allowed = f"Lovlig: {', '.join(known)}." if known else "Før kjennetegnet opp under covariates."
            yield (KEY, place, "by"), f"fant «{by}», som ikke står blant covariates.", allowed


def there_are_groups_to_compare(data: dict[str, Any]) -> Iterator[Finding]:
    """Two groups at least, and the expected one among them."""
    for place, item in enumerate(mappings(data.get(KEY))):
        groups = mappings(item.get("groups"))
        if isinstance(item.get("groups"), list) and len(groups) < FEWEST:
            what = f"fant {len(groups)}, men det trengs minst {FEWEST} grupper å sammenligne."
            yield (KEY, place, "groups"), what, "Legg til en gruppe."
        names = [group.get("id") for group in groups]
        direction = item.get("direction")
        if isinstance(direction, str) and names and direction not in names:
            allowed = ", ".join(str(name) for name in names)
            yield (KEY, place, "direction"), f"fant «{direction}», som ikke er en av gruppene.", f"Lovlig: {allowed}."


def groups_say_who_is_in_them(data: dict[str, Any]) -> Iterator[Finding]:
    """Values or bounds, the bounds in order."""
    for place, item in enumerate(mappings(data.get(KEY))):
        for number, group in enumerate(mappings(item.get("groups"))):
            where = (KEY, place, "groups", number)
            bounds = [group.get("at_least"), group.get("at_most")]
            bounded = any(bound is not None for bound in bounds)
            if bounded == (group.get("values") is not None):
                what = "skal ha enten values, eller at_least og at_most (en av dem er nok)."
                yield where, what, "Skriv hvem gruppen er, på én måte."
            elif all(map(_number, bounds)) and bounds[0] > bounds[1]:
                yield (*where, "at_least"), f"fant {bounds[0]}, som er over at_most ({bounds[1]}).", "Bytt om de to."


def nobody_is_in_two_groups(data: dict[str, Any]) -> Iterator[Finding]:
    """Groups of one subgrouping share no value."""
    for place, item in enumerate(mappings(data.get(KEY))):
        groups = enumerate(mappings(item.get("groups")))
        for (_, one), (number, other) in combinations(groups, 2):
            if _overlap(one, other):
                what = f"«{other.get('id')}» og «{one.get('id')}» kan ha de samme personene."
                yield (KEY, place, "groups", number), what, "Del slik at hver verdi hører til én gruppe."


def _overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    listed = [group.get("values") for group in (one, other)]
    if isinstance(listed[0], list) and isinstance(listed[1], list):
        return any(value in listed[1] for value in listed[0])
    for values, bounded in ((listed[0], other), (listed[1], one)):
        if isinstance(values, list):
            return any(_number(value) and _between(value, bounded) for value in values)
    ends = [group.get(key) for group in (one, other) for key in ("at_least", "at_most")]
    if not all(end is None or _number(end) for end in ends) or ends[:2] == [None, None] or ends[2:] == [None, None]:
        return False
    low = max((end for end in ends[::2] if end is not None), default=float("-inf"))
    return low <= min((end for end in ends[1::2] if end is not None), default=float("inf"))


def _between(value: float, bounds: dict[str, Any]) -> bool:
    low, high = bounds.get("at_least"), bounds.get("at_most")
    if not (_number(low) or _number(high)):
        return False
    return (not _number(low) or value >= low) and (not _number(high) or value <= high)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


SUBGROUP_RULES: tuple[Callable[[dict[str, Any]], Iterator[Finding]], ...] = (
    subgroups_stand_where_they_are_read,
    names_are_used_once,
    what_divides_is_known_beforehand,
    there_are_groups_to_compare,
    groups_say_who_is_in_them,
    nobody_is_in_two_groups,
)
