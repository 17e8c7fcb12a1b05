"""How often the default interval of each estimator of staggered adoption holds the truth, and how far off it is.

    python benchmarks/soak_did_family.py [draws]

Offices and effects as in soak_did_coverage.py. Each estimator is held against its own truth: the effects that were put
in, weighed as it weighs them. Default intervals of those that are unbiased in this design have bounds: coverage
93.5–96.5 % and bias within 3.5 simulation errors. Not the logit, whose trends are parallel in log odds while these are
in shares, and not placebo ranks, which are tabulated as tests. Exit code 1 outside.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from analysis.card_staggered import Staggered
from analysis.family_estimators import FROM_CELLS, Given
from analysis.staggered.cell_arrays import CellArrays
from analysis.staggered.design import Design
from analysis.staggered.estimated import EFFECT, Estimated, as_result
from analysis.staggered.synthetic_control import synthetic_control
from analysis.staggered.synthetic_did import synthetic_did
from analysis.staggered.synthetic_fit import GATE, Choices
from analysis.staggered.triple_differences import Subgroups, triple_differences
from analysis.staggered.unit_panel import unit_panel
from benchmarks.soak_did_coverage import ICC, OFFICES, STAGGERED, Case, cover_text, drawn

DRAWS, SYNTHETIC_DRAWS = 10_000, 1_000
COVERAGE, BIAS = (0.935, 0.965), 3.5
DESIGN = Design(control="not_yet", base="universal", aggregates=("simple",))
CHOSEN = Staggered(stacked_window=[5, 8])
TRIPLE = "triple_differences"
UNBOUNDED = ("etwfe_logit",)
NAMES = (*FROM_CELLS, TRIPLE)
# One office that starts after twelve of twenty months.
ONE = Case("one office, 12 months before", (12, -1), (0, 0), 20, treated_offices=1, bounded=False)
LEVEL = 0.10
# No fit is refused: what the gate does is told apart.
ALL = Choices(gate=np.inf)


@dataclass(frozen=True)
class Held:
    """Of all draws (N,): errors, standard errors, and whether the default interval held the truth."""

    error: np.ndarray
    std_error: np.ndarray
    covered: np.ndarray
    inference: str

    @property
    def bias(self) -> tuple[float, float]:
        """Mean error, and in simulation errors."""
        mean = float(self.error.mean())
        return mean, mean / float(self.error.std(ddof=1) / np.sqrt(len(self.error)))

    def holds(self) -> bool:
        """Whether the bounds are kept."""
        return bool(COVERAGE[0] <= self.covered.mean() <= COVERAGE[1] and abs(self.bias[1]) <= BIAS)


def truth_of(found: Estimated, case: Case) -> float:
    """The effects that were put in, weighed as the estimator weighs them."""
    rows = found.weights[found.weights["kind"].eq(EFFECT)]
    group, month = (rows[name].to_numpy(dtype=np.int64) for name in ("group", "month"))
    return float(rows["weight"].to_numpy() @ case.truth(np.searchsorted(case.labels, group), month))


def recovered(name: str, case: Case, offices: int, draws: int, seed: int = 4) -> Held:
    """Errors and coverage of an estimator with its default interval."""
    rng = np.random.default_rng([seed, offices, NAMES.index(name)])
    estimate = _triple if name == TRIPLE else _of_cells(name)
    error, std_error, covered = (np.empty(draws) for _ in range(3))
    for draw in range(draws):
        found = estimate(case, offices, rng)
        result = as_result(found, outcome="y")
        simple = int(np.flatnonzero(found.table["term"].eq("simple"))[0])
        told, truth = result.uncertainty(), truth_of(found, case)
        error[draw], std_error[draw] = found.overall() - truth, told.std_error[simple]
        covered[draw] = told.conf_low[simple] <= truth <= told.conf_high[simple]
    return Held(error, std_error, covered, result.headline)


def _of_cells(name: str) -> Callable[[Case, int, np.random.Generator], Estimated]:
    return lambda case, offices, rng: FROM_CELLS[name](Given(drawn(case, offices, rng), DESIGN, CHOSEN))


def _triple(case: Case, offices: int, rng: np.random.Generator) -> Estimated:
    """Affected and unaffected persons of the same offices: each adoption group has a trend of its own in both."""
    moved = 0.004 * np.arange(len(case.cohorts))[:, None] * np.arange(case.months)
    affected, other = (drawn(case, offices, rng, effect=effect) for effect in (True, False))
    return triple_differences(Subgroups(*(_moved(part, moved) for part in (affected, other))), DESIGN)


def _moved(arrays: CellArrays, by: np.ndarray) -> CellArrays:
    return replace(arrays, wy=arrays.wy + arrays.w * by)


def placed(name: str, offices: int, draws: int, seed: int = 5) -> dict[str, np.ndarray]:
    """Synthetic control or DiD of one treated office, with no effect and with one of 8 points: by name (N,).

    fits: whether the months before are followed well enough to be used. Of all draws, also those that are not: error of
    the estimate; far: with no effect, whether the rank is among the `LEVEL` furthest; floor: the least share it can be.
    """
    rng = np.random.default_rng([seed, offices])
    estimate = {"synthetic_control": synthetic_control, "synthetic_did": synthetic_did}[name]
    rows = []
    for _ in range(draws):
        null, moved = (estimate(_panel(offices, rng, effect), DESIGN, ALL) for effect in (False, True))
        fit = moved.fit.iloc[0]
        fits = fit["rmspe_before"] <= GATE * fit["spread"]
        rows.append((fits, moved.estimated.overall() - 0.08, null.rank.share[0] <= LEVEL + 1e-9, 1 / null.rank.n))
    return dict(zip(("fits", "error", "far", "floor"), np.array(rows, dtype="float64").T, strict=True))


def _panel(offices: int, rng: np.random.Generator, effect: bool):
    return unit_panel(drawn(ONE, offices, rng, effect=effect), DESIGN)[0]


def report(draws: int) -> bool:
    """Every estimator that is made from cells; whether all bounds hold."""
    print(f"{STAGGERED.name}; {draws} draws each; ICC {ICC}, 95 % default intervals")
    print(f"{'estimator':22}{'G':>4} {'inference':10}{'bias pp':>8}{'sim.err':>8}{'se/sd':>7}{'coverage %':>15}  bound")
    kept = True
    for name in NAMES:
        for offices in OFFICES:
            found = recovered(name, STAGGERED, offices, draws)
            mean, errors = found.bias
            bounded, good = name not in UNBOUNDED, found.holds()
            ratio = np.nanmean(found.std_error) / found.error.std(ddof=1)
            verdict = ("holds" if good else "BROKEN") if bounded else "none"
            figures = f"{100 * mean:>8.3f}{errors:>8.2f}{ratio:>7.3f}{cover_text(found.covered):>15}"
            print(f"{name:22}{offices:>4} {found.inference:10}{figures}  {verdict}", flush=True)
            kept &= good or not bounded
    print(f"all bounds hold: {kept} (coverage {COVERAGE[0]:.1%}-{COVERAGE[1]:.1%}, bias within {BIAS} sim. errors)")
    return kept


def report_synthetic(draws: int) -> None:
    """One treated office: how often there is a usable fit, how far off, and how often no effect ranks far."""
    print(f"\n{ONE.name}; {draws} draws each; no bound")
    head = f"{'estimator':22}{'G':>4}{'fits %':>8}{'bias pp':>9}{'sd pp':>7}"
    print(f"{head}  far at {LEVEL:.0%}, %   least share")
    for name in ("synthetic_control", "synthetic_did"):
        for offices in OFFICES:
            found = placed(name, offices, draws if offices < 50 else max(draws // 10, 50))
            error, far = found["error"], found["far"]
            figures = f"{100 * found['fits'].mean():>8.1f}{100 * error.mean():>9.3f}{100 * error.std(ddof=1):>7.2f}"
            ranks = f"{cover_text(far):>15}   {np.nanmin(found['floor']):.4f}"
            print(f"{name:22}{offices:>4}{figures}{ranks}", flush=True)


def main(draws: int) -> int:
    kept = report(draws)
    report_synthetic(min(draws, SYNTHETIC_DRAWS))
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else DRAWS))
