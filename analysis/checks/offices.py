"""Are there enough treated offices for the usual formulas?"""

from analysis.cards import Card
from analysis.checks import Check, verdict


def few_treated_offices(card: Card) -> Check | None:
    """Failed with fewer treated offices than the card's limit, when offices were what was assigned."""
    offices = card.assignment.offices_treated
    if card.assignment.unit != "office" or offices is None:
        return None
    enough = offices >= card.checks.few_treated_offices
    return Check(
        name="few_treated_offices",
        verdict=verdict(enough),
        text_id="check.few_treated_offices." + verdict(enough),
        value=float(offices),
        threshold=float(card.checks.few_treated_offices),
        downgrade=1,
        values={"offices": offices},
    )
