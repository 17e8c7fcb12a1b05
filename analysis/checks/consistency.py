"""Can the printed figures all be true at once?"""

from analysis.checks import Check
from analysis.consistency import Held, held_relations
from analysis.published import Figures


def consistency(figures: Figures) -> list[Check]:
    """One failed check for each relation that no numbers behind the print fulfil; one passed check if all hold.

    The table of a check has the ids of the figures. No check without relations.
    """
    found = held_relations(figures)
    broken = [_broken(held) for held in found if not held.holds]
    if broken or not found:
        return broken
    count = len(found)
    return [Check("consistency", "passed", "check.consistency.passed", value=float(count), values={"relations": count})]


def _broken(held: Held) -> Check:
    return Check(
        name=f"consistency_{held.relation}",
        verdict="failed",
        text_id=f"check.consistency.{held.kind}",
        value=held.found,
        threshold=held.allowed,
        downgrade=1,
        values={"relation": held.relation, "decimals": held.decimals},
        table=[{"fact": name} for name in held.facts],
    )
