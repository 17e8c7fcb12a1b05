"""The certificate: a plan tried with no effect and with the planned one, and whether it holds what it promises."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.certify.draws import Drawn, summarised
from analysis.plan import plan_hash, seed_of
from analysis.problems import ProblemsFound
from analysis.tables import CERTIFICATE, MAIN

NOT_MADE = "not_made"
# A study tried at each effect with the same stream: per effect the outcomes drawn for the same made-up persons.
Study = Callable[[tuple[float, ...], np.random.Generator], list[list[Drawn]]]
FAULTS = {
    "estimate": "anslaget lar seg sjelden regne ut",
    "bias": "anslaget bommer i snitt",
    "coverage": "intervallet dekker den sanne verdien for sjelden",
    "interval": "intervallet utelukker null for ofte når det ikke er noen effekt",
    "test": "testen slår ut for ofte når det ikke er noen effekt",
}


@dataclass(frozen=True)
class Certificate:
    """`results`: what `summarised` gives for effect 0 and for the planned one, per analysis, the planned one first;
    `structure`: what was simulated from. `reason`: why nothing was, in Norwegian; then there are no results."""

    cohort: str
    design: str
    plan_hash: str
    seed: int
    level: float
    structure: dict[str, Any]
    results: list[dict[str, Any]]
    reason: str | None = None

    @property
    def faults(self) -> list[str]:
        """What is beyond the bounds at either effect in the planned analysis."""
        planned = (result for result in self.results if result["analysis"] == MAIN)
        return sorted({fault for result in planned for fault in result["faults"]})

    @property
    def verdict(self) -> str:
        """`not_made` where the design or the outcome has no simulation."""
        if self.reason is not None:
            return NOT_MADE
        return "failed" if self.faults else "passed"

    def record(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            **{name: getattr(self, name) for name in ("cohort", "design", "plan_hash", "seed", "level", "structure")},
            "results": self.results,
            "faults": self.faults,
            "verdict": self.verdict,
            "reason": self.reason,
        }

    def table(self) -> pd.DataFrame:
        """A row per analysis and effect (columns CERTIFICATE)."""
        rows = [{name: result.get(name) for name in CERTIFICATE} for result in self.results]
        return pd.DataFrame(rows, columns=list(CERTIFICATE)).astype(CERTIFICATE)


def certificate(
    card: Card, cohort: str, study: Study, structure: dict[str, Any], *, draws: int | None = None, repeats: int = 1
) -> Certificate:
    """Draw studies at effect 0 and at the planned one, as many of each as the card says, `repeats` of the same persons.

    The seed is the card's, else the plan's own; study b has its own stream, the same at both effects.
    """
    seed = card.certify.seed if card.certify.seed is not None else seed_of(card)
    number, level = -(-(draws or card.certify.draws) // repeats), card.inference.level
    effects = (0.0, card.certify.effect)
    streams = np.random.SeedSequence(seed).spawn(max(number, 2))
    drawn = [study(effects, np.random.Generator(np.random.PCG64(stream))) for stream in streams]
    results = [
        _result(analysis, [of_one[place] for of_one in drawn], effect, level)
        for analysis in _analyses(drawn)
        for place, effect in enumerate(effects)
    ]
    return Certificate(cohort, card.design, plan_hash(card), seed, level, structure, results)


def not_made(card: Card, cohort: str, error: ProblemsFound) -> Certificate:
    """The certificate of a plan that cannot be simulated, with the reason."""
    reason = "; ".join(f"{problem.where}: {problem.what}" for problem in error.problems)
    return Certificate(cohort, card.design, plan_hash(card), 0, card.inference.level, {}, [], reason)


def one_at_a_time(study: Callable[[float, np.random.Generator], list[Drawn]]) -> Study:
    """`study` (effect, rng) tried at each effect with the same stream."""

    def tried(effects: tuple[float, ...], rng: np.random.Generator) -> list[list[Drawn]]:
        state, found = rng.bit_generator.state, []
        for effect in effects:
            rng.bit_generator.state = state
            found.append(study(effect, rng))
        return found

    return tried


def _analyses(drawn: list[list[list[Drawn]]]) -> list[str]:
    named = dict.fromkeys(one.analysis for of_one in drawn for of_effect in of_one for one in of_effect)
    return sorted(named, key=lambda name: name != MAIN)


def _result(analysis: str, by_set: list[list[Drawn]], effect: float, level: float) -> dict[str, Any]:
    """What the studies of one analysis at one effect say; a list per set of made-up persons."""
    own = [(number, one) for number, found in enumerate(by_set) for one in found if one.analysis == analysis]
    sets, drawn = [number for number, _ in own], [one for _, one in own]
    return {"analysis": analysis, **summarised(drawn, effect=effect, level=level, sets=sets)}


def certificate_words(made: Certificate) -> list[str]:
    """The certificate in Norwegian, for the terminal."""
    if made.reason is not None:
        return [f"{made.cohort}: planen kan ikke prøves. {made.reason}"]
    lines = [
        f"{made.cohort}: {made.results[0]['studies']} oppdiktede undersøkelser for hver effekt (startverdi {made.seed})"
    ]
    for result in made.results:
        lines += _result_words(result, made.level)
    if made.faults:
        return [*lines, "Planen holder ikke: " + "; ".join(FAULTS[fault] for fault in made.faults) + "."]
    return [*lines, "Planen holder det den lover, så langt så mange undersøkelser kan vise."]


def _result_words(result: dict[str, Any], level: float) -> list[str]:
    beside = "" if result["analysis"] == MAIN else " (med bakgrunn tatt med)"
    lines = [f"  Sann effekt {_points(result['effect'])} prosentpoeng{beside}:"]
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
