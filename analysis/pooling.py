"""Cohorts that the gate lets into one column, as one number: what each says, their mean, and how much they differ.

Only cohorts of the same intervention that answer alike to every question of `analysis.compare` are put together, and
only numbers of one measure. Nothing is said of how probable an effect is without a prior, which then stands beside.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy

from analysis.compare import MEASURES, CohortResult, comparison, gate_answers
from analysis.outcomes import load_outcomes
from analysis.synthesis import Study, Synthesis, synthesise
from analysis.tables import SYNTHESIS

LEVEL = 0.95
# The main test, and the one beside it that never makes the interval narrower than a t-interval.
TESTS = {"mean": "knha", "beside": "adhoc"}
FEWEST = 2
# Standard deviations to each side and points of the quadrature: beyond the first nothing of the prior is left.
REACH, POINTS = 10, 200_001


@dataclass(frozen=True)
class Prior:
    """What was believed of the effect beforehand: normal with `mean` and `sd`, in units of `measure`.

    `name` is what the page calls it.
    """

    name: str
    measure: str
    mean: float
    sd: float


def pooled(results: Mapping[str, CohortResult], *, priors: Iterable[Prior] = ()) -> pd.DataFrame:
    """The table SYNTHESIS: for each group of at least two comparable cohorts a row per study, their mean by Hartung
    and Knapp (`kind` mean), the same with a factor of at least one (`beside`), and for each prior of its measure the
    probability that the mean is above zero (`probability`). Empty when no two cohorts are comparable.

    `ratio`: a difference in shares as (base rate + difference)/base rate. `base_rate` stands in every study's row.
    """
    rows = [
        {"synthesis": number, **row}
        for number, (common, members) in enumerate(_groups(results), start=1)
        for row in _rows(common, members, tuple(priors))
    ]
    return pd.DataFrame(rows, columns=list(SYNTHESIS)).astype(SYNTHESIS)


def _groups(results: Mapping[str, CohortResult]) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """What each group has in common, and the headlines of its cohorts in the order of their names."""
    headlines = comparison(results).set_index("cohort")
    found: dict[tuple, list[str]] = {}
    for cohort in sorted(results):
        answers = gate_answers(results[cohort].card, headlines.loc[cohort])
        if None not in answers.values():
            key = (results[cohort].card.intervention, *answers.values())
            found.setdefault(key, []).append(cohort)
    for _, cohorts in sorted(found.items(), key=lambda item: item[1]):
        if len(cohorts) >= FEWEST:
            yield _common(headlines.loc[cohorts[0]]), headlines.loc[cohorts].reset_index()


def _common(headline: pd.Series) -> dict[str, Any]:
    names = ("data_kind", "intervention", "outcome", "horizon_months")
    return {**{name: headline[name] for name in names}, "measure": measure_of(headline)}


def measure_of(headline: pd.Series) -> str:
    """What the number measures, in the words of `analysis.synthesis`."""
    if headline["scale"] == "difference" and load_outcomes()[headline["outcome"]].kind != "share":
        return "mean_difference"
    return MEASURES[headline["scale"]]


def _rows(common: dict[str, Any], members: pd.DataFrame, priors: tuple[Prior, ...]) -> Iterator[dict[str, Any]]:
    known = members[members["std_error"].gt(0).fillna(False)]
    studies = [
        Study(row.cohort, float(row.estimate), float(row.std_error), common["measure"], _number(row.base_rate))
        for row in known.itertuples()
    ]
    if len(studies) < FEWEST:
        yield from (_study(common, row, None) for _, row in members.iterrows())
        yield {**common, "kind": "mean", "k": len(studies), "status": "not_estimated", "reason": "no_standard_error"}
        return
    found = {kind: synthesise(studies, test=test, level=LEVEL) for kind, test in TESTS.items()}
    weights = dict(zip(known["cohort"], found["mean"].weights, strict=True))
    yield from (_study(common, row, weights.get(row["cohort"])) for _, row in members.iterrows())
    for kind, synthesis in found.items():
        yield {**common, "kind": kind, **_mean(synthesis)}
    for prior in priors:
        if prior.measure == common["measure"]:
            yield {**common, "kind": "probability", **_probability(found["beside"], prior)}


def _number(value: Any) -> float:
    return float("nan") if pd.isna(value) else float(value)


def _study(common: dict[str, Any], row: pd.Series, weight: float | None) -> dict[str, Any]:
    """One cohort as it stands in the comparison; without a standard error it has no weight."""
    base, estimate = _number(row["base_rate"]), _number(row["estimate"])
    in_shares = common["measure"] == "risk_difference" and base > 0
    return {
        **common,
        "kind": "study",
        "cohort": row["cohort"],
        **{name: row[name] for name in ("estimate", "std_error", "conf_low", "conf_high")},
        "base_rate": base,
        "ratio": (base + estimate) / base if in_shares else None,
        "weight": weight,
        "status": "not_estimated" if weight is None else "estimated",
        "reason": "no_standard_error" if weight is None else None,
    }


def _mean(found: Synthesis) -> dict[str, Any]:
    same = ("method", "test", "k", "estimate", "std_error", "df", "p_value", "factor", "q", "q_df", "q_p_value")
    return {
        **{name: getattr(found, name) for name in (*same, "prediction_low", "prediction_high")},
        "conf_low": found.low,
        "conf_high": found.high,
        "conf_level": found.level,
        **{
            name: getattr(getattr(found, of), end)
            for of in ("tau2", "i2")
            for name, end in ((of, "value"), (f"{of}_low", "low"), (f"{of}_high", "high"))
        },
        "status": "estimated",
    }


def _probability(found: Synthesis, prior: Prior) -> dict[str, Any]:
    """P(μ > 0) with a normal prior and t(k − 1) about the mean for what the studies say.

    With the error that is never below the plain one: with few and like studies Hartung and Knapp's may be near zero,
    and the probability near certainty. By quadrature over both, each within `REACH` of its own errors.
    """
    width = REACH * max(found.std_error, prior.sd)
    grid = np.linspace(min(found.estimate, prior.mean) - width, max(found.estimate, prior.mean) + width, POINTS)
    logs = scipy.stats.t.logpdf(grid, found.df, found.estimate, found.std_error) + scipy.stats.norm.logpdf(
        grid, prior.mean, prior.sd
    )
    weight = np.exp(logs - logs.max())
    weight /= weight.sum()
    centre = float(weight @ grid)
    return {
        "k": found.k,
        "estimate": centre,
        "std_error": float(np.sqrt(weight @ (grid - centre) ** 2)),
        "probability": float(weight @ ((grid > 0) + 0.5 * (grid == 0))),
        "prior": prior.name,
        "prior_mean": prior.mean,
        "prior_sd": prior.sd,
        "status": "estimated",
    }
