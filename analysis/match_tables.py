"""What is told of one way to match: who counts, how alike the groups became, and by which conventions."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.attrition import attrition_rows
from analysis.balance import balance_table, effective_sample_size, overlap_table, support
from analysis.balance_clusters import across_clusters, cluster_balance
from analysis.balance_summary import profile_table
from analysis.card_matching import Matching, uses
from analysis.match_methods import People, score_of
from analysis.matching import Match
from analysis.matching.cardinality import TREATED_NOT_CHOSEN
from analysis.matching.found import NO_PARTNER_IN_STRATUM, NO_PARTNER_NEAR, OUTSIDE_SUPPORT, PARTNERS_TAKEN
from analysis.matching.line_full import NO_TREATED_NEAR
from analysis.matching.sets import NO_TREATED_IN_STRATUM
from analysis.scores import Scores
from analysis.tables import BALANCE, CLUSTER_BALANCE, MATCHING, PROFILE, RELEASED
from analysis.weighting import OUTSIDE_LIMITS

# Whose spread differences of means are divided by: that of the group the estimand is about.
DENOMINATORS = {"att": "treated", "atc": "comparison", "ate": "pooled", "ato": "weighted", "atm": "weighted"}
# Reasons that have a step of their own in the attrition table, in the order in which persons are left out. Comparison
# persons whom nobody chose leave in the last step, «matched».
REASONS = (
    OUTSIDE_SUPPORT,
    OUTSIDE_LIMITS,
    NO_PARTNER_IN_STRATUM,
    NO_TREATED_IN_STRATUM,
    NO_PARTNER_NEAR,
    NO_TREATED_NEAR,
    PARTNERS_TAKEN,
    TREATED_NOT_CHOSEN,
)


def balance_rows(spec: Matching, people: People, found: Match) -> pd.DataFrame:
    """Columns of BALANCE but `spec`: a row per covariate and sample."""
    pairs = found.pairs if len(found.pairs) else None
    return balance_table(
        people.covariates,
        people.treated,
        found.weights,
        s_d_denominator=DENOMINATORS[spec.estimand],
        pairs=pairs,
        subclass=found.subclass if pairs is None else None,
        overlap=True,
    )[[name for name in BALANCE if name != "spec"]]


def summary_row(
    spec: Matching, people: People, scores: Scores | None, found: Match, sets: np.ndarray, balance: pd.DataFrame
) -> dict[str, Any]:
    """A row of MATCHING but its spec, status and reason."""
    sizes = effective_sample_size(found.weights, people.treated).set_index("arm")
    adjusted = balance[balance["sample"] == "adjusted"]
    worst = adjusted.loc[adjusted["smd"].abs().idxmax()]
    outside = None if scores is None else support(scores.probability, people.treated)["share_treated_outside"]
    return {
        "n_treated": sizes.loc["treated", "n"],
        "n_treated_matched": sizes.loc["treated", "n_used"],
        "n_comparison": sizes.loc["comparison", "n"],
        "n_comparison_matched": sizes.loc["comparison", "n_used"],
        "ess_treated": sizes.loc["treated", "ess"],
        "ess_comparison": sizes.loc["comparison", "ess"],
        "share_treated_outside": outside,
        "share_treated_lost": 1 - sizes.loc["treated", "n_used"] / sizes.loc["treated", "n"],
        "max_abs_smd": abs(worst["smd"]),
        "worst_covariate": worst["covariate"],
        "n_sets": len(np.unique(sets[sets >= 0])) or None,
        "caliper_width": found.caliper_width,
        "share_tied": None if scores is None else share_tied(score_of(spec, scores)[~people.treated]),
        **used_keys(spec),
        "conventions": conventions(spec),
    }


def used_keys(spec: Matching) -> dict[str, Any]:
    """The keys of the card that have a column in MATCHING, missing where the method does not use them."""
    names = ("method", "estimand", "link", "caliper", "replace", "order", "ratio", "discard", "seed")
    found = {name: getattr(spec, name) if name in uses(spec.method) else None for name in names}
    return found | {"within": spec.within and f"{spec.within.unit}:{spec.within.how}"}


def share_tied(score: np.ndarray) -> float:
    """Share of persons whose score someone else has too."""
    _, group, count = np.unique(score, return_inverse=True, return_counts=True)
    return float((count[group] > 1).mean())


def conventions(spec: Matching) -> str:
    """The choices behind the numbers that no key of the card makes, in words for the sidecar and the table."""
    keys, told = uses(spec.method), []
    if "link" in keys:
        told.append("score: " + {"logit": "probability", "linear_logit": "logit of the probability"}[spec.link])
    if "caliper" in keys and spec.caliper is not None:
        unit = "units of the score" if spec.caliper_unit == "raw" else "sd of the score, ddof 1, both groups"
        told.append(f"caliper: {spec.caliper:g} {unit}")
    if spec.method in ("nearest", "mahalanobis"):
        told.append("ties: fewest places away on the sorted line, then the left; equal scores by person_id")
    if spec.method in ("optimal", "full"):
        told.append("least total distance; equal totals by person_id")
    if spec.method in ("ipw", "entropy"):
        told.append("weights by estimand, not truncated")
    told.append(f"standardised by: {DENOMINATORS[spec.estimand]}")
    return "; ".join(told)


def attrition_after(attrition: pd.DataFrame, people: People, found: Match, arms: list[str]) -> pd.DataFrame:
    """`attrition` with a step per reason that left somebody out, and the step «matched» last."""
    reason = pd.Series("", index=range(len(people.treated)))
    reason.iloc[found.dropped["row"].to_numpy()] = found.dropped["reason"].astype(str).to_numpy()
    step, left = int(attrition["step"].max()), people.frame
    rows = [attrition]
    for told in [name for name in REASONS if reason.eq(name).any()]:
        step, left = step + 1, left[reason[left.index] != told]
        rows.append(attrition_rows(step, told, left, arms))
    rows.append(attrition_rows(step + 1, "matched", people.frame[found.weights > 0], arms))
    return pd.concat(rows, ignore_index=True)


def overlap_rows(people: People, scores: Scores | None, found: Match) -> pd.DataFrame:
    """Histogram of the score in each group before and after; no rows where there is no score."""
    if scores is None:
        return pd.DataFrame(columns=list(RELEASED["overlap"]))
    return overlap_table(scores.probability, people.treated, found.weights)


def across_offices(spec: Matching, people: People, found: Match) -> pd.DataFrame:
    """Columns of CLUSTER_BALANCE: absolute standardised differences over the offices with both groups."""
    empty = pd.DataFrame(columns=list(CLUSTER_BALANCE)).astype(CLUSTER_BALANCE)
    if "office" not in people.places:
        return empty
    options = {"s_d_denominator": DENOMINATORS[spec.estimand]}
    rows = cluster_balance(people.covariates, people.treated, found.weights, people.places["office"], **options)
    if rows.empty:
        return empty
    across = across_clusters(rows)
    names = {"min": "minimum", "max": "maximum", "n_clusters": "n_offices"}
    own = across[across["measure"] == "smd"].rename(columns=names)
    return own[list(CLUSTER_BALANCE)].astype(CLUSTER_BALANCE).reset_index(drop=True)


def who_is_left(people: People, found: Match) -> pd.DataFrame:
    """Columns of PROFILE: the treated who are in the estimate against all of them."""
    names = {"n_left": "n_kept", "mean_all": "mean_all_treated", "mean_left": "mean_kept"}
    found = profile_table(people.covariates, people.treated, found.weights).rename(columns=names)
    return found[list(PROFILE)].astype(PROFILE)


def summary_table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """MATCHING from its rows."""
    return pd.DataFrame(rows, columns=list(MATCHING)).astype(MATCHING)
