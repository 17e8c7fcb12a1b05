"""Rules of the card about negative controls: they stand where they are read, and nothing they name could be moved.

See `card_rules` for how rules are written.
"""

from collections.abc import Callable, Iterator
from typing import Any

from analysis.card_library import known_outcomes
from analysis.card_parts import chosen_outcomes, mapping, mappings, text
from analysis.card_staggered import STAGGERED_DESIGNS
from analysis.card_trial import TRIAL_DESIGNS
from analysis.strict import Finding

DESIGNS = ("matched_did", *STAGGERED_DESIGNS, *TRIAL_DESIGNS)


def controls_stand_where_they_are_read(data: dict[str, Any]) -> Iterator[Finding]:
    """Only a comparison that is estimated from a delivery has something to be calibrated."""
    if not data.get("negative_controls") or data.get("design") is None:
        return
    published = data.get("data_kind") == "published"
    if published or data.get("analysis") == "describe" or data["design"] not in DESIGNS:
        mend = f"Fjern nøkkelen. Den brukes når en leveranse anslås med: {', '.join(DESIGNS)}."
        yield ("negative_controls",), "ingenting leser denne nøkkelen her.", mend


def controls_are_outcomes_that_were_not_moved(data: dict[str, Any]) -> Iterator[Finding]:
    """A control is known, measured at a time, in the main outcome's unit, and no outcome of the card since."""
    known, chosen = known_outcomes(), chosen_outcomes(data)
    main = known.get(text(mapping(data.get("outcomes")).get("primary")))
    seen: set[tuple[str, str]] = set()
    for place, control in enumerate(mappings(data.get("negative_controls"))):
        key, name = ("negative_controls", place, "outcome"), text(control.get("outcome"))
        period = text(control.get("period", "after"))
        found = known.get(name)
        if name and found is None:
            yield key, f"utfallet «{name}» finnes ikke.", f"Lovlig: {', '.join(sorted(known))}."
        if found is not None and found.timing != "point":
            yield key, f"«{name}» teller fra start og har ingen verdi før.", "Velg et utfall som måles på et tidspunkt."
        if found is not None and main is not None and (found.kind, found.unit) != (main.kind, main.unit):
            what = f"«{name}» måles ikke i samme enhet som hovedutfallet."
            yield key, what, "Kontrollene skal være andeler når hovedutfallet er det."
        if period == "after" and name in chosen:
            mend = "Skriv period: before, eller velg et utfall som tiltaket ikke kan endre."
            yield key, f"«{name}» er et av kortets utfall, og tiltaket skal kunne endre det.", mend
        if name and (name, period) in seen:
            yield key, f"«{name}» er brukt før for samme periode.", "Hver kontroll kan bare stå én gang."
        seen.add((name, period))


CONTROL_RULES: tuple[Callable[[dict[str, Any]], Iterator[Finding]], ...] = (
    controls_stand_where_they_are_read,
    controls_are_outcomes_that_were_not_moved,
)
