"""The certificate: a plan tried with no effect and with the planned one, and whether it holds what it promises."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.cards import Card
from analysis.certify.draws import Drawn, summarised
from analysis.plan import plan_hash

Study = Callable[[float, np.random.Generator], Drawn]
FAULTS = {
    "estimate": "anslaget lar seg sjelden regne ut",
    "bias": "anslaget bommer i snitt",
    "coverage": "intervallet dekker den sanne verdien for sjelden",
    "interval": "intervallet utelukker null for ofte når det ikke er noen effekt",
    "test": "testen slår ut for ofte når det ikke er noen effekt",
}


@dataclass(frozen=True)
class Certificate:
    """`results`: what `summarised` gives for effect 0 and for the planned one; `structure`: what was simulated from."""

    cohort: str
    design: str
    plan_hash: str
    seed: int
    level: float
    structure: dict[str, Any]
    results: list[dict[str, Any]]

    @property
    def faults(self) -> list[str]:
        """What is beyond the bounds at either effect."""
        return sorted({fault for result in self.results for fault in result["faults"]})

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            **{name: getattr(self, name) for name in ("cohort", "design", "plan_hash", "seed", "level", "structure")},
            "results": self.results,
            "faults": self.faults,
            "verdict": "failed" if self.faults else "passed",
        }


def certificate(
    card: Card, cohort: str, study: Study, structure: dict[str, Any], *, draws: int | None = None
) -> Certificate:
    """Draw `study(effect, rng)` the card's number of times at effect 0 and at the planned one.

    The seed is the card's, else the plan's own; study b has its own stream, the same at both effects.
    """
    seed = card.certify.seed if card.certify.seed is not None else int(plan_hash(card)[:8], 16)
    number, level = draws or card.certify.draws, card.inference.level
    results = []
    for effect in (0.0, card.certify.effect):
        streams = np.random.SeedSequence(seed).spawn(number)
        drawn = [study(effect, np.random.Generator(np.random.PCG64(stream))) for stream in streams]
        results.append(summarised(drawn, effect=effect, level=level))
    return Certificate(cohort, card.design, plan_hash(card), seed, level, structure, results)


def certificate_words(made: Certificate) -> list[str]:
    """The certificate in Norwegian, for the terminal."""
    lines = [
        f"{made.cohort}: {made.results[0]['studies']} oppdiktede undersøkelser for hver effekt (startverdi {made.seed})"
    ]
    for result in made.results:
        lines += _result_words(result, made.level)
    if made.faults:
        return [*lines, "Planen holder ikke: " + "; ".join(FAULTS[fault] for fault in made.faults) + "."]
    return [*lines, "Planen holder det den lover, så langt så mange undersøkelser kan vise."]


def _result_words(result: dict[str, Any], level: float) -> list[str]:
    lines = [f"  Sann effekt {_points(result['effect'])} prosentpoeng:"]
    if "bias" not in result:
        return [*lines, "    Anslaget lot seg ikke regne ut."]
    lines.append(f"    skjevhet {_points(result['bias'])} prosentpoeng (± {_points(2 * result['bias_mc'])})")
    for name, words in (
        ("coverage", f"intervallet (lovet {100 * level:.0f} prosent) dekker den sanne verdien"),
        ("interval_rejections", "intervallet utelukker null"),
        ("test_rejections", "testen slår ut"),
    ):
        if result[name] is not None:
            lines.append(f"    {words} i {_share(result[name])} prosent (± {_share(2 * result[name + '_mc'])})")
    if result["coverage"] is None:
        lines.append("    for få innførte tiltaket til at anslaget får et intervall")
    return lines


def _points(value: float) -> str:
    return f"{100 * value:.2f}".replace(".", ",").replace("-", "\u2212")


def _share(value: float) -> str:
    return f"{100 * value:.1f}".replace(".", ",")
