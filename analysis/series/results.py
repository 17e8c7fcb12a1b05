"""Everything beside the headline that a series of counts gives: rows of estimates, the series itself, and a funnel."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy

from analysis.card_series import Series
from analysis.cards import Card
from analysis.months import month_number, month_text
from analysis.series import interrupted, ranks
from analysis.series.composition import FLOWS, composition
from analysis.series.dates import date_rows
from analysis.series.funnel import WINSORISED, funnel
from analysis.series.noise import Noise, noise_of
from analysis.series.quasi_binomial import quasi_binomial
from analysis.series.to_the_mean import to_the_mean
from analysis.series.units import Units, office_units, units_of
from analysis.staggered.inference import FEW_TREATED
from analysis.tables import FEW_OFFICES, FUNNEL, MAIN, SERIES
from analysis.trials.found import Found

PREFERRED = interrupted.METHODS[0]
OFFICE = "office"
OUTSIDE = "outside_the_series"


@dataclass(frozen=True)
class SeriesResult:
    """`rows` of the table of estimates; `series` (SERIES) and `funnel` (FUNNEL), without rows where none was asked."""

    rows: list[dict[str, Any]]
    series: pd.DataFrame
    funnel: pd.DataFrame


def series_results(
    card: Card, cells: pd.DataFrame, aggregates: pd.DataFrame, offices: pd.DataFrame, *, outcome: str
) -> SeriesResult:
    """The analyses of the card's `series` from `cells` (OFFICE_CELLS), `aggregates` and `offices` of the delivery.

    Estimators: interrupted_series, quasi_binomial_did, unit_change, regression_to_the_mean, before_after, composition
    and funnel; the headline is another's. `group` is a unit's name, an arm or a month. Raises ProblemsFound where the
    series is too short or has holes.
    """
    if card.series is None:
        return SeriesResult([], _table([], SERIES), _table([], FUNNEL))
    whole = _Analysis.of(card, units_of(cells, outcome, unit=card.staggered.unit), MAIN, card.staggered.unit)
    rows, series = [*whole.rows(), *whole.beside()], [whole.series()]
    for asked in card.series.offices:
        own = _Analysis.of(card, office_units(cells, outcome, asked.office), f"{OFFICE}_{asked.office}", OFFICE)
        later = None if asked.month is None else own.units.at(month_number(asked.month))
        rows += own.rows(later=later)
        series.append(own.series())
    rows += [*date_rows(whole.units, card.series, level=card.inference.level), *_composition(card, aggregates, offices)]
    made, told = _funnel(cells[cells["outcome"].eq(outcome)], whole.chosen_month)
    few = {"role": "sensitivity", "scale": "difference", "estimand": "none", "spec": MAIN}
    few |= {"cluster_level": card.staggered.unit, "convention": "as counted"}
    return SeriesResult(
        [{**few, **row, "outcome": outcome} for row in [*rows, *told]], _table(series, SERIES), _table([made], FUNNEL)
    )


def _table(parts: list[pd.DataFrame], columns: dict[str, str]) -> pd.DataFrame:
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return frame.reindex(columns=list(columns)).astype(columns)


@dataclass(frozen=True)
class _Analysis:
    """Units that began something with those beside them, under the card's choices, and how such units move."""

    card: Card
    chosen: Series
    units: Units
    spec: str
    kind: str
    noise: Noise
    terms: pd.DataFrame

    @classmethod
    def of(cls, card: Card, units: Units, spec: str, kind: str) -> "_Analysis":
        terms = interrupted.terms(units.months, units.start, season=card.series.season)
        return cls(card, card.series, units, spec, kind, noise_of(units), terms)

    @property
    def level(self) -> float:
        return self.card.inference.level

    @property
    def chosen_month(self) -> int:
        """The month of choice: time zero, the last before anything can show unless the card says otherwise."""
        return month_number(self.card.time_zero.month)

    @property
    def base(self) -> int:
        """Index of the month that changes are counted from, that of the headline."""
        return self.units.start - 1 - self.card.staggered.anticipation

    @property
    def name(self) -> str:
        return ", ".join(self.units.names[self.units.treated])

    def common(self) -> dict[str, Any]:
        treated = int(self.units.treated.sum())
        counts = {"n_offices_treated": treated, "n_offices_comparison": len(self.units.names) - treated}
        return {"group": self.name, "spec": self.spec, "cluster_level": self.kind, **counts}

    def rows(self, later: int | None = None) -> Iterator[dict[str, Any]]:
        """The interrupted series under each inference, and the unit's own change with the interval of its rank.

        `later`: index of a month whose change is told too.
        """
        y, after = interrupted.difference(self.units), len(self.units.months) - self.units.start
        wanted = interrupted.changes(after, {})
        asked = {h: self.chosen_month + h - int(self.units.months[self.units.start]) for h in self.card.horizons}
        for method in interrupted.METHODS:
            fit = interrupted.fit(y, self.terms, method, lags=self.chosen.newey_west_lags)
            for term, weights in wanted.items():
                yield self._interrupted(fit.contrast(weights, level=self.level), term)
            for horizon, months in asked.items():
                if 0 <= months < after:
                    weights = {interrupted.LEVEL: 1.0, interrupted.SLOPE: float(months)}
                    yield self._interrupted(fit.contrast(weights, level=self.level), "after", horizon)
            if method == PREFERRED:
                yield from self._changes(fit.weights(self.terms, wanted["mean"]), "interrupted_series", "mean_rank")
        yield from self._changes(ranks.after_less_before(self.units, self.base), "unit_change", "rank")
        if later is not None:
            weights = np.eye(len(self.units.months))[later] - np.eye(len(self.units.months))[self.base]
            yield from self._changes(weights, "unit_change", "rank", horizon=later - self.base)

    def _interrupted(self, found: Found, term: str, horizon: int | None = None) -> dict[str, Any]:
        preferred = found.inference == PREFERRED and term == "mean"
        row = {"estimator": "interrupted_series", "estimand": "att", "term": term, "horizon_months": horizon}
        return {**self.common(), **row, **self._told(found), "role": "secondary" if preferred else "sensitivity"}

    def _told(self, found: Found) -> dict[str, Any]:
        """Columns of an inference over time; no p-value where few units are treated (design.md 4)."""
        row = {"estimate": found.estimate, "std_error": found.std_error, "df": found.df}
        row |= {"conf_low": found.low, "conf_high": found.high, "conf_level": self.level}
        row |= {"inference": found.inference, "convention": found.convention}
        if self.units.treated.sum() < FEW_TREATED:
            return row | {"reason": FEW_OFFICES}
        return row | {"statistic": found.statistic, "p_value": found.p_value}

    def _changes(
        self, weights: np.ndarray, estimator: str, term: str, *, horizon: int | None = None
    ) -> Iterator[dict[str, Any]]:
        """Each unit's change and the interval of its rank; of an office, and of a rank alone, the treated only."""
        found = ranks.unit_changes(self.units, self.noise, weights, level=self.level)
        reach = scipy.stats.norm.ppf(0.5 + self.level / 2) * np.sqrt(found.variance)
        alone = self.kind == OFFICE or estimator != "unit_change"
        for u in np.flatnonzero(self.units.treated) if alone else range(len(self.units.names)):
            row = {
                **self.common(),
                "group": str(self.units.names[u]),
                "estimator": estimator,
                "horizon_months": horizon,
            }
            row |= {"n_treated": int(self.units.n[u, self.base])} if estimator == "unit_change" else {}
            if estimator == "unit_change":
                yield row | {
                    "term": "change",
                    "estimate": found.change[u],
                    "std_error": np.sqrt(found.variance[u]),
                    "conf_low": found.change[u] - reach[u],
                    "conf_high": found.change[u] + reach[u],
                    "inference": "unit_noise",
                    "convention": _of_noise(self.noise),
                }
            yield row | self._rank(found.ranks, int(u), term)

    def _rank(self, found: ranks.RankIntervals, u: int, term: str) -> dict[str, Any]:
        count = len(self.units.names)
        return {
            "scale": "rank",
            "term": term,
            "estimate": float(found.rank[u]),
            "statistic": float(found.distinct[u]),
            "df": float(count),
            "conf_low": float(found.low[u]),
            "conf_high": float(found.high[u]),
            "conf_level": self.level,
            "inference": "rank_interval",
            "convention": f"largest fall is 1 of {count}; pairs by Bonferroni over {count - 1}",
        }

    def beside(self) -> Iterator[dict[str, Any]]:
        """Analyses of all units together: the over-dispersed binomial model and regression to the mean."""
        found = quasi_binomial(self.units, level=self.level)
        row = {**self.common(), "estimator": "quasi_binomial_did"}
        yield row | {"estimand": "att", "term": "mean", **self._told(found.effect)}
        for term, value in (("scale", found.scale), ("lag", found.lag)):
            yield row | {"scale": "ratio", "term": term, "estimate": value, "convention": found.effect.convention}
        chosen, months = self.units.at(self.chosen_month), len(self.units.months)
        later = {h: np.array([chosen + h]) for h in self.card.horizons} | {None: np.arange(self.units.start, months)}
        for horizon, places in later.items():
            yield from self._to_the_mean(chosen, horizon, places)

    def _to_the_mean(self, chosen: int, horizon: int | None, later: np.ndarray) -> Iterator[dict[str, Any]]:
        row = {**self.common(), "estimator": "regression_to_the_mean", "horizon_months": horizon}
        row |= {"convention": _of_noise(self.noise)}
        if later[-1] >= len(self.units.months):
            yield row | {"term": "rest", "status": "not_estimated", "reason": OUTSIDE}
            return
        found = to_the_mean(self.units, self.noise, chosen=chosen, later=later, level=self.level)
        for term in ("change", "elsewhere", "expected"):
            yield row | {"term": term, "estimate": getattr(found, term)}
        yield row | {
            "term": "rest",
            "estimate": found.rest,
            "std_error": found.std_error,
            "df": float(self.noise.units - 1),
            "conf_low": found.low,
            "conf_high": found.high,
            "conf_level": self.level,
            "inference": "prediction",
            "convention": _of_noise(self.noise),
        }
        if horizon is None:
            yield row | {"scale": "share", "term": "lasts", "estimate": found.lasts}

    def series(self) -> pd.DataFrame:
        """Columns of SERIES."""
        fit = interrupted.fit(interrupted.difference(self.units), self.terms, PREFERRED)
        fitted, unchanged = interrupted.without_change(fit, self.terms)
        own, others = (self.units.pooled(mask) for mask in (self.units.treated, ~self.units.treated))
        columns = {"month": self.units.months, "n": self.units.n[self.units.treated].sum(axis=0), "share": own}
        columns |= {"share_comparison": others, "difference": own - others, "fitted": fitted, "unchanged": unchanged}
        return pd.DataFrame({"unit": self.name, **columns})


def _of_noise(noise: Noise) -> str:
    spread = f"lasting sd={noise.lasting**0.5:.4f}, slow sd={noise.slow**0.5:.4f}, rho={noise.rho:.4f}"
    return f"{spread}, from {noise.units} units, {noise.months} months before"


def _composition(card: Card, aggregates: pd.DataFrame, offices: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Entry, exit and those who stayed, in each arm between the card's two dates; nothing without flows."""
    if not set(FLOWS) <= set(aggregates.columns) or aggregates[list(FLOWS)].isna().all(axis=None):
        return
    own = aggregates[aggregates["unit_type"].eq("office") & aggregates["outcome"].eq(card.outcomes.primary)]
    roles = {arm.id: arm.role for arm in card.arms}
    groups = own["unit_id"].map(offices.set_index("office_id")["arm"]).map(roles)
    first, last = (month_number(date.month) for date in (card.series.before, card.series.after))
    found = composition(own.assign(group=groups), first=first, last=last)
    row = {"estimator": "composition", "convention": f"{month_text(first)} to {month_text(last)}, month by month"}
    for group, parts in found.parts.iterrows():
        yield from (row | {"group": group, "term": term, "estimate": value} for term, value in parts.items())
        for term, name in (("entered", "entries"), ("left", "exits")):
            count = found.flows.loc[group, name]
            yield row | {"group": group, "scale": "count", "term": term, "estimate": float(count)}


def _funnel(cells: pd.DataFrame, month: int) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The offices in the month of choice, with limits, and what the funnel says of all of them."""
    own = cells[cells["month"].eq(month)].sort_values("office_id")
    found = funnel(own["n"].to_numpy("float64"), own["sum_y"].to_numpy("float64"))
    names = {"unit": own["office_id"].to_numpy(), "county": own["county"].to_numpy()}
    arm = np.where(own["adoption_month"].notna(), "treated", "comparison")
    units = found.units.assign(kind="office", arm=arm, **names)
    table = pd.concat([units, found.limits.assign(kind="limit")], ignore_index=True)
    outside = {"outside": "z", "outside_over": "z_over"}
    counts = {term: float((found.units[z].abs() > scipy.stats.norm.ppf(0.975)).sum()) for term, z in outside.items()}
    told = {"scale": found.scale, "spread": found.spread, **counts}
    scales = {"scale": "ratio", "spread": "share", "outside": "count", "outside_over": "count"}
    row = {"estimator": "funnel", "group": month_text(month), "cluster_level": OFFICE}
    row |= {"convention": f"z winsorised at {WINSORISED:g}", "n_offices_treated": int((arm == "treated").sum())}
    row["n_offices_comparison"] = int((arm == "comparison").sum())
    rows = [row | {"scale": scales[term], "term": term, "estimate": value} for term, value in told.items()]
    return table.assign(month=month, target=found.target), rows
