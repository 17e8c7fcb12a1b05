"""How often subgroups are said to differ when they do not, and what is seen when they do.

    python benchmarks/soak_subgroups.py [draws]

Every draw is a new trial. Offices: half are treated; each has a level of its own (ICC 0.03 about a share of 24 %), and
in some cases one for each subgroup too; persons' outcomes are independent given those. The effect is the same in every
subgroup, or larger by `apart` in the last. The covariance between subgroups is the delete-one-office jackknife's and
the test F(K − 1, G − 1), as in `analysis.subgroups`; `tests/test_subgroups.py` holds the two equal. Persons: 268 drawn
within four offices, sizes as in KLAR.

Bounds: without a difference the test of the interaction rejects in 3-6.5 % of the draws. Exit code 1 outside.
Beside: how often the intervals of effects drawn towards the mean hold the true ones, and how far off they are.
"""

import sys
from dataclasses import dataclass

import numpy as np

from analysis.sensitivity.shrinkage import interaction_test, shrunk_subgroups
from analysis.subgroups.effects import GroupEffects, independent
from analysis.trials.stratified import stratified_difference

DRAWS, LEVEL, BOUNDS = 10_000, 0.05, (0.03, 0.065)
BASE, ICC, EFFECT = 0.24, 0.03, 0.06
STRATA = np.repeat([0, 1, 2, 3], [106, 73, 55, 34])
OFFERED = (66, 45, 35, 21)


@dataclass(frozen=True)
class Case:
    """`shares` of an office's persons in each subgroup; `own`: spread of levels by office and subgroup (of a share)."""

    name: str
    offices: int
    shares: tuple[float, ...] = (0.5, 0.5)
    own: float = 0.0
    apart: float = 0.0
    persons: int = 34


CASES = (
    Case("12 offices, halves", 12),
    Case("18 offices, halves", 18),
    Case("18 offices, 80 and 20 %", 18, (0.8, 0.2), own=0.05),
    Case("18 offices, three subgroups", 18, (0.5, 0.3, 0.2)),
    Case("50 offices, halves", 50, own=0.05),
    Case("18 offices, 15 points apart", 18, apart=0.15),
)


@dataclass(frozen=True)
class Trials:
    """`sums` (D, G, K) and `sizes` (G, K) by office and subgroup, `treated` (G,), `truth` (K,) of the effects."""

    sums: np.ndarray
    sizes: np.ndarray
    treated: np.ndarray
    truth: np.ndarray


def drawn(case: Case, draws: int, seed: int = 1) -> Trials:
    """New trials of a case."""
    rng = np.random.default_rng(seed)
    sizes = np.maximum(np.round(np.outer(case.persons * np.linspace(0.5, 1.5, case.offices), case.shares)), 2)
    treated = np.arange(case.offices) % 2 == 0
    truth = np.full(len(case.shares), EFFECT)
    truth[-1] += case.apart
    level = rng.normal(0, np.sqrt(ICC * BASE * (1 - BASE)), (draws, case.offices, 1))
    level = BASE + level + rng.normal(0, case.own, (draws, *sizes.shape)) + treated[:, None] * truth
    return Trials(rng.binomial(sizes.astype(int), np.clip(level, 0.01, 0.99)), sizes, treated, truth)


def effects(trials: Trials) -> tuple[np.ndarray, np.ndarray]:
    """Differences between the arms (D, K), and their covariance (D, K, K) by leaving out one office at a time."""
    differences, moved = [], []
    for arm in (trials.treated, ~trials.treated):
        sums, sizes = trials.sums * arm[:, None], trials.sizes * arm[:, None]
        total, persons = sums.sum(axis=1), sizes.sum(axis=0)
        differences.append(total / persons)
        moved.append((total[:, None] - sums) / (persons - sizes) - differences[-1][:, None])
    apart, g = moved[0] - moved[1], len(trials.treated)
    return differences[0] - differences[1], (g - 1) / g * np.einsum("dgi,dgj->dij", apart, apart)


def rejected(trials: Trials) -> float:
    """Share of the draws in which the subgroups are said to differ."""
    found, df = zip(*effects(trials), strict=True), len(trials.treated) - 1
    return float(np.mean([interaction_test(b, v, df_residual=df).p_value <= LEVEL for b, v in found]))


def shrunk(trials: Trials) -> tuple[float, float]:
    """How often shrunk intervals hold the truth, and their mean square error over that of the subgroups' own."""
    held, error, own = [], 0.0, 0.0
    for b, v in zip(*effects(trials), strict=True):
        names = [str(place) for place in range(len(b))]
        found = shrunk_subgroups(names, b, v, measure="risk_difference", df_residual=len(trials.treated) - 1)
        held += [one.low <= true <= one.high for one, true in zip(found.effects, trials.truth, strict=True)]
        error += sum((one.shrunk - true) ** 2 for one, true in zip(found.effects, trials.truth, strict=True))
        own += ((b - trials.truth) ** 2).sum()
    return float(np.mean(held)), float(error / own)


def of_persons(rng: np.random.Generator, apart: float = 0.0) -> GroupEffects:
    """One trial that drew persons, in two subgroups."""
    second = np.arange(len(STRATA)) % 2 == 1
    treated = np.zeros(len(STRATA), dtype=bool)
    for stratum, number in enumerate(OFFERED):
        treated[rng.choice(np.flatnonzero(stratum == STRATA), number, replace=False)] = True
    y = (rng.random(len(STRATA)) < BASE + 0.1 * second + treated * (EFFECT + apart * second)).astype(float)
    found = [stratified_difference(y[own], treated[own], STRATA[own]) for own in (~second, second)]
    rows = {
        str(place): {"estimate": one.estimate, "std_error": one.std_error, "df": one.df}
        for place, one in enumerate(found)
    }
    return independent(rows)


def persons_rejected(draws: int, apart: float = 0.0) -> float:
    """Share of trials of persons in which the subgroups are said to differ."""
    rng, count = np.random.default_rng(2), 0
    for _ in range(draws):
        found = of_persons(rng, apart)
        count += interaction_test(found.estimates, found.covariance, df_residual=found.df).p_value <= LEVEL
    return count / draws


def error(share: float, draws: int) -> float:
    """Simulation error of a share."""
    return float(np.sqrt(share * (1 - share) / draws))


def main(draws: int) -> int:
    few, kept = max(draws // 5, 1), True
    print(f"interaction between subgroups at 5 %, {draws} draws each; shrunk effects, {few} draws each")
    print(f"{'':32}{'rejected, % (sim. error)':>26}{'bound':>8}{'shrunk hold, %':>16}{'square error':>14}")
    for case in CASES:
        found, (held, ratio) = rejected(drawn(case, draws)), shrunk(drawn(case, few))
        holds = bool(case.apart) or BOUNDS[0] <= found <= BOUNDS[1]
        kept &= holds
        told = "power" if case.apart else "holds" if holds else "BROKEN"
        cell = f"{100 * found:.2f} ({100 * error(found, draws):.2f})"
        print(f"{case.name:32}{cell:>26}{told:>8}{100 * held:>16.1f}{ratio:>14.2f}", flush=True)
    for name, apart in (("268 persons in four strata", 0.0), ("the same, 25 points apart", 0.25)):
        found = persons_rejected(few, apart)
        holds = bool(apart) or BOUNDS[0] <= found <= BOUNDS[1]
        kept &= holds
        cell = f"{100 * found:.2f} ({100 * error(found, few):.2f})"
        print(f"{name:32}{cell:>26}{'power' if apart else 'holds' if holds else 'BROKEN':>8}")
    print(f"all bounds hold: {kept} (3-6.5 %; square error is that of the shrunk effects over the subgroups' own)")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else DRAWS))
