"""Reports with every verdict of the checks beside the main ones: trends, one office, who is missing, hidden bias."""

from dataclasses import replace
from functools import cache

import matched_starts
import numpy as np
import pandas as pd
import staggered_reports
import trial_reports

from analysis.cards import Card
from analysis.checks import Check, hidden_bias, missing
from analysis.checks.before import months_before
from analysis.checks.followed import horizon_reached, small_counts
from analysis.checks.influence import one_office
from analysis.checks.nearest import nearest_placebo
from analysis.checks.trends import honest_table, trends
from analysis.grade import grade
from analysis.report.material import Material
from analysis.staggered.event_periods import COLUMNS
from analysis.tables import MISSING

PERIODS = np.array([-4, -3, -2, -1, 1, 2, 3, 4])
BOUNDS = {"low": 0.02, "high": 0.12, "conf_low": -0.01, "conf_high": 0.15}


def events(slope: float = 0.0, *, noise: float = 0.01, effect: float = 0.1, offices: int = 20) -> pd.DataFrame:
    """An event study in eight quarters with errors alike, a straight trend and a constant effect."""
    estimates, covariance = slope * PERIODS + effect * (PERIODS > 0), noise**2 * (np.eye(8) + 0.5)
    rows = [
        (one, other, 3 * one - 3, 3 * one - 1, estimates[i], covariance[i, j], offices, "jackknife")
        for i, one in enumerate(PERIODS)
        for j, other in enumerate(PERIODS)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def quick(card: Card) -> Card:
    """The card with the fewest robust intervals."""
    return card.model_copy(update={"checks": card.checks.model_copy(update={"honest_bounds": []})})


def trend_checks(card: Card, table: pd.DataFrame, placebo: Check | None = None) -> list[Check]:
    return trends(quick(card), table, honest_table(quick(card), table), placebo)


def without(*estimates: float) -> pd.DataFrame:
    """The headline without each of as many offices."""
    return pd.DataFrame({"office_id": [f"k{one}" for one in range(len(estimates))], "estimate": estimates})


def headline(estimate: float = 0.2, reach: float = 0.1, **changes: object) -> pd.DataFrame:
    """The one row that most checks read."""
    row = {"role": "primary", "status": "estimated", "estimate": estimate, "base_rate": 0.3, "spec": "main"}
    row |= {"conf_low": estimate - reach, "conf_high": estimate + reach, "cluster_level": "office"}
    row |= {"scale": "difference", "n_treated": 200, "n_comparison": 200, **changes}
    return pd.DataFrame([row])


def sets(only_treated: int, only_other: int) -> pd.DataFrame:
    """Pairs in which one of the two had the outcome."""
    names = ["n_treated", "n_comparison", "hits_treated", "hits_comparison", "sets"]
    return pd.DataFrame([[1, 1, 1, 0, only_treated], [1, 1, 0, 1, only_other]], columns=names).query("sets > 0")


def lost(low: float) -> pd.DataFrame:
    """Bounds of which the worst case begins at `low`."""
    rows = [{"method": "lee", **BOUNDS}, {"method": "worst_case", **BOUNDS, "low": low}]
    about = {"horizon_months": 24, "level": 0.95, "observed_treated": 0.9, "observed_control": 0.95, "trimmed": 0.05}
    return pd.DataFrame([{**about, **row} for row in rows])[list(MISSING)]


@cache
def turns() -> dict[str, Material]:
    """Every sentence of these checks."""
    team, county = (staggered_reports.material(kind) for kind in staggered_reports.SHAPES)
    starts, trial = matched_starts.plain(), next(iter(trial_reports.turns().values()))
    shapes = {
        "parallel": events(),
        "weak": events(noise=0.04),
        "rising": events(0.04),
        "falling": events(-0.04),
        "no finding": events(effect=0.0),
        "impossible": events().iloc[:0],
    }
    found = {f"trends: {name}": with_checks(team, trend_checks(team.card, table)) for name, table in shapes.items()}
    for name, left in (("stays", without(0.1, 0.3, 0.2)), ("turns", without(0.1, -0.3, 0.2))):
        found[f"one office {name}"] = with_checks(team, [one_office(headline(), left)])
        found[f"one county {name}"] = with_checks(county, [one_office(headline(cluster_level="county"), left)])
    found["missing: holds"] = with_checks(trial, [missing.bounds(lost(0.01))])
    found["missing: open"] = with_checks(trial, [missing.bounds(lost(-0.01))])
    return found | _matched(starts)


def _matched(starts: Material) -> dict[str, Material]:
    card = starts.card
    asked = {"outcome": card.outcomes.primary, "spec": "main", "horizon_months": card.horizons[0]}
    main, patterns = headline(**asked), {"noted": sets(40, 10), "nothing": sets(11, 10)}
    found = {
        f"hidden bias: {name}": with_checks(
            starts, [hidden_bias.rosenbaum_bounds(card, main, table), hidden_bias.e_value(card, main)]
        )
        for name, table in patterns.items()
    }
    for name, months, size in (("enough", 24, 200), ("too few", 6, 20)):
        few = headline(**asked, n_treated=size, n_comparison=size)
        found[name] = with_checks(starts, [months_before(card, months), small_counts(card, few)])
    blank = main.assign(status="not_estimated", horizon_months=24, role="secondary")
    for name, rows in (("followed", [main]), ("not followed", [main, blank])):
        found[name] = with_checks(starts, [horizon_reached(card, pd.concat(rows, ignore_index=True))])
    for name, estimate in (("quiet", 0.0), ("dip", -0.2), ("rise", 0.2)):
        far = headline(0.0, **{**asked, "spec": "placebo_-12", "term": "placebo"})
        near = headline(estimate, **{**asked, "spec": "placebo_-6", "term": "placebo"})
        found[f"just before: {name}"] = with_checks(starts, [nearest_placebo(card, pd.concat([far, near]), None)])
    return found


def with_checks(material: Material, checks: list[Check | None]) -> Material:
    """The report with these checks beside its own, and the grade that follows."""
    found = [*material.checks, *(check for check in checks if check is not None)]
    return replace(material, checks=found, grade=grade(material.card, found).record())
