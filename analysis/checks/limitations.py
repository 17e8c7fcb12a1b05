"""What the card says that the design or the source cannot carry."""

from analysis.cards import Card
from analysis.checks import Check


def limitations(card: Card) -> list[Check]:
    """One check per limitation of the card; those with a downgrade count as failed."""
    return [
        Check(
            name=f"limitation_{item.id}",
            verdict="failed" if item.downgrade else "noted",
            text_id="check.limitation",
            downgrade=item.downgrade,
            values={"id": item.id},
        )
        for item in card.limitations
    ]
