"""What the form for risk of bias demands of the grade."""

from analysis.cards import Card
from analysis.checks import Check

# Steps down that the worst judgement demands. The start at low of those that were not drawn by lot has taken two for
# what ROBINS-I calls serious (Schünemann and others 2019, Journal of Clinical Epidemiology 111, 105–114).
DEMANDED = {"high": 1, "critical": 1}


def appraisal(card: Card, taken: int) -> Check | None:
    """The form's worst judgement; failed if it demands more steps for execution than the `taken` other ones."""
    if card.appraisal is None:
        return None
    overall = card.appraisal.overall()
    demanded = DEMANDED.get(overall, 0)
    word = "failed" if demanded > taken else "counted" if demanded else "passed"
    return Check(
        name="appraisal",
        verdict="failed" if demanded > taken else "noted" if demanded else "passed",
        text_id=f"check.appraisal.{word}",
        downgrade=max(0, demanded - taken),
        values={"tool": card.appraisal.tool, "overall": overall},
    )
