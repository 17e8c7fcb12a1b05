"""Reports with every verdict of negative controls, placebo offices, spill-over and the return to the mean."""

from functools import cache

import beside_reports
import matched_starts
import numpy as np
import pandas as pd
import staggered_reports

from analysis.checks import missing
from analysis.checks.controls import negative_controls
from analysis.checks.placebo_offices import placebo_offices
from analysis.checks.spill_over import spill_over
from analysis.checks.to_the_mean import TERMS, regression_to_the_mean
from analysis.report.material import Material
from analysis.tables import NEGATIVE_CONTROL, SPILL_OVER, TO_THE_MEAN, control_spec

ERROR = 0.01


def controls(count: int = 12, *, off: float = 0.0, before: int = 2, error: float = ERROR) -> pd.DataFrame:
    """Rows of `count` controls spread evenly around `off`, of which `before` are of times before the start."""
    estimates = off + error * np.linspace(-1, 1, count)
    rows = [
        {
            "spec": control_spec(f"medicine_{place}", -18 if place < before else None),
            "outcome": "in_education_last_day",
            "event_time": -18.0 if place < before else np.nan,
            "estimate": estimate,
            "std_error": error,
            "conf_low": estimate - 2 * error,
            "conf_high": estimate + 2 * error,
            "term": NEGATIVE_CONTROL,
            "role": "sensitivity",
            "status": "estimated",
        }
        for place, estimate in enumerate(estimates)
    ]
    return pd.DataFrame(rows)


def with_headline(rows: pd.DataFrame, estimate: float = 0.2, error: float = 0.05) -> pd.DataFrame:
    """The rows below a headline with this error."""
    main = beside_reports.headline(estimate, 2 * error).assign(std_error=error, term="risk_difference")
    return pd.concat([main, rows], ignore_index=True)


def places(estimate: float, *, near: int = 12, far: int = 12, reach: float = 0.02) -> pd.DataFrame:
    """The row that holds untreated near the intervention against untreated far away."""
    row = {"term": SPILL_OVER, "status": "estimated", "estimate": estimate, "std_error": reach / 2}
    row |= {"conf_low": estimate - reach, "conf_high": estimate + reach, "cluster_level": "office"}
    return pd.DataFrame([{**row, "n_offices_treated": near, "n_offices_comparison": far}])


def returning(expected: float) -> pd.DataFrame:
    """The parts of a change of which `expected` was to be expected."""
    parts = {"change": 0.2, "elsewhere": -0.03, "expected": expected, "rest": 0.23 - expected, "left": 0.01}
    rows = [{"term": term, "estimate": parts[term], "std_error": 0.01} for term in TERMS]
    told = {"estimator": TO_THE_MEAN, "status": "estimated", "event_time": -1, "horizon_months": 12}
    return pd.DataFrame(rows).assign(**told, conf_low=0.0, conf_high=0.1)


def pretended(away: int, draws: int = 40) -> pd.DataFrame:
    """Draws of placebo offices of which `away` find something."""
    low = np.where(np.arange(draws) < away, 0.01, -0.1)
    return pd.DataFrame(
        {"estimate": low + 0.05, "conf_low": low, "conf_high": low + 0.2, "n_treated": 4, "n_comparison": 5}
    )


def one_sided(low: float) -> pd.DataFrame:
    """The worst case alone."""
    return beside_reports.lost(low).query("method == 'worst_case'")


@cache
def turns() -> dict[str, Material]:
    """Every sentence of these checks, several in a report."""
    starts, team = matched_starts.plain(), staggered_reports.material("team")
    county = staggered_reports.material("county")
    silent = with_headline(controls()).assign(std_error=lambda rows: rows["std_error"].where(rows.index > 0))
    none, some, few, blank = (places(0.0), places(0.1), places(0.1, near=3), places(0.1).assign(conf_low=np.nan))
    matched = {
        "quiet": (with_headline(controls()), none, 0.08),
        "loud": (with_headline(controls(off=0.05)), some, -0.02),
        "turned": (with_headline(controls(off=0.003, before=0), 0.2, 0.099), few, 0.08),
        "few": (with_headline(controls(4)), blank, 0.08),
        "no error": (silent, none, 0.08),
    }
    found = {}
    for name, (rows, held, expected) in matched.items():
        checks = [negative_controls(starts.card, rows), spill_over(starts.card, held)]
        checks.append(regression_to_the_mean(returning(expected)))
        found[f"controls {name}"] = beside_reports.with_checks(starts, checks)
    staggered = {"quiet": (none, 2, 0.01), "loud": (some, 20, -0.01), "few": (few, 2, 0.01), "blank": (blank, 2, 0.01)}
    for name, (held, away, low) in staggered.items():
        checks = [
            spill_over(team.card, held),
            placebo_offices(team.card, pretended(away)),
            missing.bounds(one_sided(low)),
        ]
        found[f"placebo offices {name}"] = beside_reports.with_checks(team, checks)
    for name, away in (("quiet", 2), ("loud", 20)):
        found[f"placebo counties {name}"] = beside_reports.with_checks(
            county, [placebo_offices(county.card, pretended(away))]
        )
    return found
