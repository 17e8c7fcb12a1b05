"""Names and times that a card or a source has as plain text, and that reports print."""


def plain_names(card, figures):
    """When a source measured, the parts of its groups, and the groups of effects that were put in."""
    yield from (fact["time"] for fact in figures.get("facts", []) if fact["time"])
    yield from (part["name"] for breakdown in _breakdowns(figures) for part in breakdown["parts"])
    if card.synthetic is not None:
        yield from (effect.group for effect in card.synthetic.effects if effect.group)


def _breakdowns(value):
    if isinstance(value, dict):
        yield from value.get("breakdowns") or []
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _breakdowns(part)
