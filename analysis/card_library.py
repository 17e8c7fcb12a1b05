"""What the rules of a card ask the outcome library about. Unknown names are left out here, and told of elsewhere."""

from analysis import outcomes
from analysis.outcomes import Outcome, attribute_kinds, load_outcomes
from analysis.spell_rules import Rule

__all__ = ["attribute_kinds", "known_outcomes", "rules_of", "sources"]


def known_outcomes() -> dict[str, Outcome]:
    """Every outcome that a card can choose, by name."""
    return load_outcomes()


def sources(names: list[str]) -> list[str]:
    """The outcomes that all of `names` are made from, delivered or with a rule."""
    known = load_outcomes()
    return list(dict.fromkeys(known[name].source or name for name in names if name in known))


def rules_of(names: list[str]) -> dict[str, Rule]:
    """The rules of those among `names` that are made from spells or amounts."""
    return outcomes.rules_of(name for name in names if name in load_outcomes())
