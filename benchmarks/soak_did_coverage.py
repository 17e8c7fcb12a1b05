"""How often the intervals of the difference-in-differences hold the truth, with offices as few as they are here.

    python benchmarks/soak_did_coverage.py [draws]

Offices are drawn, not persons: an office's own level moves as an autoregression (0.95 from month to month) that makes
up the ICC; given it the outcomes of 30 to 90 persons are independent, 0 or 1. Known effects are added to the shares.
The default interval (the jackknife below 50 offices, else clustered with G/(G − 1) and t(G − 1)) has bounds: coverage
93.5–96.5 % and bias within 3.5 simulation errors. Everything else is tabulated without a bound. Exit code 1 outside.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.staggered.aggregate import Recipe, aggregate, averages
from analysis.staggered.bootstrap import multiplier_bands, sign_flip
from analysis.staggered.cell_arrays import CellArrays
from analysis.staggered.cell_effects import CellEffects, checked_plan, effects_of_plan, leave_one_out
from analysis.staggered.design import NEVER, Design, Plan
from analysis.staggered.inference import Uncertainty, clustered, few_offices, jackknife
from analysis.staggered.permutation import permutation
from analysis.staggered.regressions import convention_rows, static_effect, wild_p

DRAWS, OTHER_DRAWS, TEST_DRAWS = 10_000, 2_000, 500
COVERAGE, BIAS = (0.935, 0.965), 3.5
OFFICES = (18, 24, 100)
START, BASE, TREND, ICC, KEPT = 24_000, 0.35, 0.002, 0.03, 0.95
RESAMPLED = 999
DESIGN = Design(control="not_yet", aggregates=("simple",))


@dataclass(frozen=True)
class Case:
    """`cohorts` (C,): adoption counted from the first month, the last one never; `parts` (C,): their parts of the
    offices, unless `treated_offices` says how many the first has. `apart`: calendar months between one month and the
    next. `bounded`: whether the default interval has bounds here."""

    name: str
    cohorts: tuple[int, ...]
    parts: tuple[float, ...]
    months: int
    apart: int = 1
    treated_offices: int | None = None
    bounded: bool = True

    def members(self, offices: int) -> np.ndarray:
        """Number of the cohort of each office (O,)."""
        counts = np.round(np.array(self.parts) * offices).astype(int)
        if self.treated_offices is not None:
            counts[0] = self.treated_offices
        counts[-1] = offices - counts[:-1].sum()
        return np.repeat(np.arange(len(counts)), counts)

    @property
    def labels(self) -> np.ndarray:
        """Adoption months (C,)."""
        return np.array([*(START + month for month in self.cohorts[:-1]), NEVER])

    def truth(self, cohort: np.ndarray, month: np.ndarray) -> np.ndarray:
        """Effect in shares: 8 points in one step; staggered, 2 points more each month up to 12, half in group 2."""
        since = month - self.labels[cohort]
        if len(self.cohorts) == 2:
            return np.where(since >= 0, 0.08, 0.0)
        grown = np.minimum(0.02 * (since + 1), 0.12) * np.where(cohort == 0, 1.0, 0.5)
        return np.where((since >= 0) & (cohort < len(self.cohorts) - 1), grown, 0.0)


STAGGERED = Case("staggered, two groups and never", (5, 10, -1), (1 / 3, 1 / 3, 1 / 3), 20)
TWO_BY_TWO = Case("2x2, half of the offices, 12 months", (1, -1), (0.5, 0.5), 2, apart=12)
FEW = Case("2x2, six treated offices", (1, -1), (0, 0), 2, apart=12, treated_offices=6, bounded=False)
CASES = (STAGGERED, TWO_BY_TWO, FEW)


@dataclass(frozen=True)
class Estimate:
    """The simple aggregate of one draw, with what its inferences are made of."""

    found: CellEffects
    recipe: Recipe
    value: np.ndarray
    sums: np.ndarray
    left_out: np.ndarray

    def inference(self, name: str) -> Uncertainty:
        if name == "jackknife":
            return jackknife(self.value, self.left_out)
        return clustered(self.value, self.sums, corrected=name == "cluster")


def drawn(case: Case, offices: int, rng: np.random.Generator, *, effect: bool = True) -> CellArrays:
    """Cells of one draw. The numbers of persons are the same in all draws of a case, so the truth is too."""
    cohort, t = case.members(offices), np.arange(case.months)
    persons = np.random.default_rng(offices).integers(30, 91, offices)
    share = BASE + TREND * case.apart * t + _levels(offices, case, rng)
    if effect:
        share = share + case.truth(cohort[:, None], START + t[None, :])
    worked = rng.binomial(persons[:, None], np.clip(share, 0, 1))
    n, wy = (np.zeros((offices, len(case.cohorts), case.months)) for _ in range(2))
    n[np.arange(offices), cohort] = persons[:, None]
    wy[np.arange(offices), cohort] = worked - BASE * persons[:, None]
    return CellArrays(np.arange(offices), case.labels, START + t, n, n, wy, BASE, n.sum(axis=2))


def _levels(offices: int, case: Case, rng: np.random.Generator) -> np.ndarray:
    """Offices' own levels (O, T): the same spread every month, correlated `KEPT` between neighbouring months."""
    kept = KEPT**case.apart
    level = np.empty((offices, case.months))
    level[:, 0] = rng.normal(size=offices)
    for t in range(1, case.months):
        level[:, t] = kept * level[:, t - 1] + np.sqrt(1 - kept**2) * rng.normal(size=offices)
    return np.sqrt(ICC * BASE * (1 - BASE)) * level


def estimated(arrays: CellArrays, plan: Plan) -> Estimate:
    found = effects_of_plan(arrays, plan, ledger=None)
    one = aggregate(found.group_time, "simple")
    sums = one.influence(found.group_time)[:, :1]
    left_out = averages(one.recipe, *leave_one_out(arrays, plan))[:, :1]
    return Estimate(found, one.recipe, one.estimate[:1], sums, left_out)


def target(case: Case, first: Estimate) -> float:
    """The simple aggregate of the true effects."""
    group_time = first.found.group_time
    effect = case.truth(np.searchsorted(case.labels, group_time.table["group"]), group_time.table["month"].to_numpy())
    return float(averages(first.recipe, effect, np.array(list(group_time.groups.values())))[0])


def default_name(case: Case, offices: int) -> str:
    """What `StaggeredResult.headline` quotes; every office stands on one side of the comparison or both."""
    treated = int((case.labels[case.members(offices)] < NEVER).sum())
    return "jackknife" if few_offices(offices, treated, offices - treated) else "cluster"


@dataclass(frozen=True)
class Coverage:
    """Estimates of all draws as errors (N,); `covered` by inference: whether each interval held the truth."""

    error: np.ndarray
    std_error: np.ndarray
    covered: dict[str, np.ndarray]

    @property
    def bias(self) -> tuple[float, float]:
        """Mean error, and in simulation errors."""
        mean = float(self.error.mean())
        return mean, mean / float(self.error.std(ddof=1) / np.sqrt(len(self.error)))


def coverage(case: Case, offices: int, draws: int, seed: int = 1) -> Coverage:
    """The group-time estimate with its default interval, and clustered ones and the jackknife beside."""
    rng = np.random.default_rng([seed, offices])
    plan = checked_plan(drawn(case, offices, rng), DESIGN)
    truth, error, width = None, np.empty(draws), np.empty(draws)
    covered = {name: np.empty(draws, dtype=bool) for name in ("jackknife", "cluster", "cluster_r_did")}
    for draw in range(draws):
        one = estimated(drawn(case, offices, rng), plan)
        truth = target(case, one) if truth is None else truth
        error[draw] = one.value[0] - truth
        for name, held in covered.items():
            found = one.inference(name)
            held[draw] = found.conf_low[0] <= truth <= found.conf_high[0]
            if name == default_name(case, offices):
                width[draw] = found.std_error[0]
    return Coverage(error, width, covered)


def fixed_effects(case: Case, offices: int, draws: int, seed: int = 2) -> Coverage:
    """Two-way fixed effects, static, under every convention, held against the same truth."""
    rng = np.random.default_rng([seed, offices])
    first = drawn(case, offices, rng)
    truth = target(case, estimated(first, checked_plan(first, DESIGN)))
    error, found = np.empty(draws), []
    for draw in range(draws):
        rows = convention_rows(static_effect(drawn(case, offices, rng), DESIGN))
        error[draw] = rows["estimate"].iloc[0] - truth
        found.append(((rows["conf_low"] <= truth) & (truth <= rows["conf_high"])).to_numpy())
    held = dict(zip(rows["inference"], np.array(found).T, strict=True))
    return Coverage(error, np.full(draws, np.nan), held)


def not_rejected(case: Case, offices: int, draws: int, seed: int = 3) -> dict[str, np.ndarray]:
    """Without any effect: whether each test at 5 % and the band let a zero stand, by name (N,)."""
    rng = np.random.default_rng([seed, offices])
    plan = checked_plan(drawn(case, offices, rng), DESIGN)
    found = [dict(_tests(drawn(case, offices, rng, effect=False), plan, draw)) for draw in range(draws)]
    return {name: np.array([one[name] for one in found]) for name in found[0]}


def _tests(arrays: CellArrays, plan: Plan, seed: int) -> Iterator[tuple[str, bool]]:
    one = estimated(arrays, plan)

    def simple(effects: np.ndarray, shares: np.ndarray) -> np.ndarray:
        return averages(one.recipe, effects, shares)[..., :1]

    dates = permutation(arrays, plan, simple, randomised=True, seed=seed, draws=RESAMPLED, limit=RESAMPLED)
    yield "permutation of dates", dates.share[0] > 0.05
    yield "sign flips of scores", sign_flip(one.value, one.sums, seed=seed, draws=RESAMPLED).p_value[0] > 0.05
    wild = wild_p(arrays, DESIGN, seed=seed, draws=RESAMPLED)
    yield "wild, restricted (two-way fixed effects)", wild.p_value[0] > 0.05
    band = multiplier_bands(one.value, one.sums, seed=seed, draws=RESAMPLED)
    yield "multiplier bootstrap (Mammen)", band.conf_low[0] <= 0 <= band.conf_high[0]


def holds(found: Coverage, case: Case, offices: int) -> bool:
    """Whether the default interval keeps its bounds."""
    share = found.covered[default_name(case, offices)].mean()
    return bool(COVERAGE[0] <= share <= COVERAGE[1] and abs(found.bias[1]) <= BIAS)


def cover_text(held: np.ndarray) -> str:
    """Coverage in per cent with its simulation error."""
    share = held.mean()
    return f"{100 * share:6.2f} ({100 * np.sqrt(share * (1 - share) / len(held)):.2f})"


def report_default(draws: int) -> bool:
    """The default interval of every design and number of offices; whether all bounds hold."""
    print(f"default intervals, {draws} draws each; ICC {ICC}, 30-90 persons an office, 95 % intervals")
    print(f"{'design':38}{'G':>4} {'inference':10}{'bias pp':>8}{'sim.err':>8}{'se/sd':>7}{'coverage %':>15}  bound")
    kept, beside = True, []
    for case in CASES:
        for offices in OFFICES:
            found, name = coverage(case, offices, draws), default_name(case, offices)
            good, (mean, errors) = holds(found, case, offices), found.bias
            ratio = found.std_error.mean() / found.error.std(ddof=1)
            verdict = ("holds" if good else "BROKEN") if case.bounded else "none"
            figures = f"{100 * mean:>8.3f}{errors:>8.2f}{ratio:>7.3f}{cover_text(found.covered[name]):>15}"
            print(f"{case.name:38}{offices:>4} {name:10}{figures}  {verdict}", flush=True)
            kept &= good or not case.bounded
            beside += [(case.name, offices, other, held) for other, held in found.covered.items() if other != name]
    print(f"all bounds hold: {kept} (coverage {COVERAGE[0]:.1%}-{COVERAGE[1]:.1%}, bias within {BIAS} sim. errors)")
    print(f"\nother intervals of the same estimates and draws, no bound\n{'design':38}{'G':>4} inference")
    for name, offices, other, held in beside:
        print(f"{name:38}{offices:>4} {other:42}{cover_text(held):>15}")
    return kept


def report_fixed_effects(draws: int) -> bool:
    """Two-way fixed effects; whether they are biased where effects grow and differ, as they must be."""
    print(f"\ntwo-way fixed effects, static, {draws} draws each, against the same truth, no bound")
    print(f"{'design':38}{'G':>4}{'bias pp':>8}{'sim.err':>8}  coverage % by convention")
    biased = True
    for case in (STAGGERED, TWO_BY_TWO):
        for offices in OFFICES:
            found = fixed_effects(case, offices, draws)
            mean, errors = found.bias
            names = ", ".join(f"{name} {100 * held.mean():.1f}" for name, held in found.covered.items())
            print(f"{case.name:38}{offices:>4}{100 * mean:>8.3f}{errors:>8.1f}  {names}", flush=True)
            biased &= case is not STAGGERED or abs(errors) > BIAS
    print(f"biased where effects grow and differ between groups: {biased}")
    return biased


def report_tests(draws: int) -> None:
    """Tests and bands that are no interval, without an effect."""
    print(f"\nhow often no effect is left standing at 5 %, {draws} draws each without an effect, no bound")
    print(f"({RESAMPLED} resamplings; sign flips and wild: all {1 << 17} signs at 18 offices)")
    for case in CASES:
        for offices in OFFICES:
            for name, held in not_rejected(case, offices, draws).items():
                print(f"{case.name:38}{offices:>4} {name:42}{cover_text(held):>15}", flush=True)


def main(draws: int) -> int:
    kept = report_default(draws)
    biased = report_fixed_effects(min(draws, OTHER_DRAWS))
    report_tests(min(draws, TEST_DRAWS))
    return 0 if kept and biased else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else DRAWS))
