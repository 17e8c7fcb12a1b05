"""The contracts of the tables that are released: names of columns, their types, and names that several stages share.

Light on purpose: the workflow and the reports read it without loading an estimator, so that editing an estimator does
not look like a reason to write every report again.
"""

TEXT, NUMBER, COUNT = "str", "float64", "Int64"

MAIN = "main"
# Rows of the estimators beside the headline.
FAMILY_SPEC = "family"
# Estimand of rows: effects weigh as in the headline's average, or otherwise; and the regression beside.
ATT, REWEIGHTED = "att", "att_reweighted"
STATIC = "twfe_static"
# Reason of a row without a p-value: too few treated offices for an asymptotic one.
FEW_OFFICES = "few_treated_offices"
# Term of a negative control's row.
NEGATIVE_CONTROL = "negative_control"
# Term and specification of the row that holds untreated near the intervention against untreated far away.
SPILL_OVER = "spill_over"
# Estimator of what was to be expected from having been chosen at a low or high point.
TO_THE_MEAN = "regression_to_the_mean"
# What trends may do to the finding: no more than they did before adoption, or no sudden turn.
RELATIVE, SMOOTH = "relative_magnitudes", "smoothness"
# Reasons of rows that are not estimated: the outcome is known of one group only, or has no value before the start.
ONE_GROUP = "measured_in_one_group"
NO_CHANGE = "no_value_before_start"

# Rows of the locked plan where the card has changed since, and the reasons of one that was not run.
PLANNED = "planned"
OTHER_DELIVERY = "delivery_read_otherwise"
NOT_A_CARD = "plan_no_longer_valid"
DESCRIBES = "plan_describes"

# Convention of a share whose count is the sum of several counts.
ADDED = "counts added, nobody counted twice"

ESTIMATES: dict[str, str] = {
    "cohort": TEXT,
    "data_kind": TEXT,
    "design": TEXT,
    "estimand": TEXT,
    "estimator": TEXT,
    "outcome": TEXT,
    "horizon_months": COUNT,
    "group": TEXT,
    "event_time": COUNT,
    "scale": TEXT,
    "term": TEXT,
    "estimate": NUMBER,
    "std_error": NUMBER,
    "df": NUMBER,
    "statistic": NUMBER,
    "p_value": NUMBER,
    "conf_low": NUMBER,
    "conf_high": NUMBER,
    "conf_level": NUMBER,
    "inference": TEXT,
    "cluster_level": TEXT,
    "convention": TEXT,
    "base_rate": NUMBER,
    "n_treated": COUNT,
    "n_comparison": COUNT,
    "n_offices_treated": COUNT,
    "n_offices_comparison": COUNT,
    "role": TEXT,
    "spec": TEXT,
    "status": TEXT,
    "reason": TEXT,
    "plan_hash": TEXT,
    "run_id": TEXT,
}
ATTRITION: dict[str, str] = {"step": "int64", "reason": TEXT, "arm": TEXT, "persons": COUNT, "offices": COUNT}
# What the checks of the delivery found (analysis/findings.py).
FINDINGS: dict[str, str] = {
    "rule": TEXT,
    "severity": TEXT,
    "place": TEXT,
    "column": TEXT,
    "count": COUNT,
    "rows": TEXT,
    "what": TEXT,
    "mend": TEXT,
    "accepted": TEXT,
}
# What each table of whole numbers that fits the print would give: a row per scope, table, month and inference.
SCENARIOS: dict[str, str] = {
    "scope": TEXT,
    "table": COUNT,
    "month": TEXT,
    "n_treated": COUNT,
    "n_comparison": COUNT,
    "k_treated": COUNT,
    "k_comparison": COUNT,
    "inference": TEXT,
    "icc": NUMBER,
    "size_cv": NUMBER,
    "estimate": NUMBER,
    "std_error": NUMBER,
    "df": NUMBER,
    "statistic": NUMBER,
    "p_value": NUMBER,
    "conf_low": NUMBER,
    "conf_high": NUMBER,
    "offices": COUNT,
}
# How far each quantity moves over those tables: `n_fitting` tables fit in all, and `listed` says whether all of them or
# only those at the ends are in `scenarios`. `offices` is an assumed number per group, where the source has none.
RANGES: dict[str, str] = {
    "scope": TEXT,
    "month": TEXT,
    "inference": TEXT,
    "icc": NUMBER,
    "size_cv": NUMBER,
    "quantity": TEXT,
    "minimum": NUMBER,
    "median": NUMBER,
    "maximum": NUMBER,
    "n_tables": COUNT,
    "share_below_05": NUMBER,
    "offices": COUNT,
    "n_fitting": NUMBER,
    "listed": TEXT,
}
# Units by characteristic and category, counted; a cohort's offices join it by column and category.
MODERATORS: dict[str, str] = {
    "unit": TEXT,
    "moderator": TEXT,
    "category": TEXT,
    "n_offices": COUNT,
    "low": NUMBER,
    "high": NUMBER,
    "source": TEXT,
    "certainty": TEXT,
}
BALANCE = (
    "spec",
    "covariate",
    "kind",
    "sample",
    "mean_treated",
    "mean_comparison",
    "smd",
    "variance_ratio",
    "ks",
    "pp_difference",
    "sd_treated",
    "sd_comparison",
    "ecdf_mean",
    "overlap_loss",
    "pair_distance",
)
# Absolute standardised differences of the main specification, office by office.
CLUSTER_BALANCE: dict[str, str] = {
    "covariate": TEXT,
    "sample": TEXT,
    "minimum": NUMBER,
    "mean": NUMBER,
    "maximum": NUMBER,
    "n_offices": COUNT,
}
# The treated who are in the main estimate against all of them; `smd` in standard deviations of all.
PROFILE: dict[str, str] = {
    "covariate": TEXT,
    "kind": TEXT,
    "n_all": COUNT,
    "n_kept": COUNT,
    "mean_all_treated": NUMBER,
    "mean_kept": NUMBER,
    "mean_lost": NUMBER,
    "smd": NUMBER,
    "pp_difference": NUMBER,
}
# One row per way to match: what it found, and the keys of the card that it used.
MATCHING: dict[str, str] = {
    "spec": TEXT,
    "status": TEXT,
    "reason": TEXT,
    "n_treated": COUNT,
    "n_treated_matched": COUNT,
    "n_comparison": COUNT,
    "n_comparison_matched": COUNT,
    "ess_comparison": NUMBER,
    "share_treated_outside": NUMBER,
    "share_treated_lost": NUMBER,
    "max_abs_smd": NUMBER,
    "worst_covariate": TEXT,
    "method": TEXT,
    "link": TEXT,
    "caliper": NUMBER,
    "replace": "boolean",
    "order": TEXT,
    "estimand": TEXT,
    "ratio": NUMBER,
    "within": TEXT,
    "discard": TEXT,
    "seed": COUNT,
    "caliper_width": NUMBER,
    "ess_treated": NUMBER,
    "n_sets": COUNT,
    "share_tied": NUMBER,
    "conventions": TEXT,
}
# Shares of a series month by month: of the treated and of those beside them, what the model fits to the difference, and
# what it would be had neither level nor trend changed. `unit` is what was treated: a county, several, or an office.
SERIES: dict[str, str] = {
    "unit": TEXT,
    "month": COUNT,
    "n": COUNT,
    "share": NUMBER,
    "share_comparison": NUMBER,
    "difference": NUMBER,
    "fitted": NUMBER,
    "unchanged": NUMBER,
}
# A funnel: each office in one month (`kind` office), and the limits by how many are behind (`kind` limit).
FUNNEL: dict[str, str] = {
    "kind": TEXT,
    "unit": TEXT,
    "county": TEXT,
    "arm": TEXT,
    "month": COUNT,
    "n": NUMBER,
    "share": NUMBER,
    "z": NUMBER,
    "z_over": NUMBER,
    "target": NUMBER,
    "level": NUMBER,
    "low": NUMBER,
    "high": NUMBER,
    "low_over": NUMBER,
    "high_over": NUMBER,
}
# The overall average by each estimator beside the headline: what it compares with and weighs are names of texts.
FAMILY: dict[str, str] = {
    "estimator": TEXT,
    "spec": TEXT,
    "estimand": TEXT,
    "estimate": NUMBER,
    "std_error": NUMBER,
    "df": NUMBER,
    "conf_low": NUMBER,
    "conf_high": NUMBER,
    "inference": TEXT,
    "rank": NUMBER,
    "assignments": NUMBER,
    "compares": TEXT,
    "weighs": TEXT,
    "n_offices_treated": COUNT,
    "n_offices_comparison": COUNT,
    "cluster_level": TEXT,
    "role": TEXT,
    "status": TEXT,
    "reason": TEXT,
}
# What each estimator weighs: effects of groups and months (kind effect), which add up to 1, and what is subtracted.
FAMILY_WEIGHTS: dict[str, str] = {
    "estimator": TEXT,
    "spec": TEXT,
    "group": TEXT,
    "month": TEXT,
    "event_time": COUNT,
    "weight": NUMBER,
    "kind": TEXT,
}
# Goodman-Bacon's decomposition: comparisons of two adoption groups that two-way fixed effects averages.
BACON: dict[str, str] = {
    "kind": TEXT,
    "group": TEXT,
    "compared": TEXT,
    "first": TEXT,
    "last": TEXT,
    "weight": NUMBER,
    "estimate": NUMBER,
}
# A treated unit (or several, named together) beside the weighted average of units that never adopted.
SYNTHETIC_PATHS: dict[str, str] = {
    "estimator": TEXT,
    "spec": TEXT,
    "unit": TEXT,
    "month": TEXT,
    "observed": NUMBER,
    "synthetic": NUMBER,
    "gap": NUMBER,
}
DONORS: dict[str, str] = {"estimator": TEXT, "spec": TEXT, "unit": TEXT, "donor": TEXT, "weight": NUMBER}
# How well the months before are fitted: root mean square gaps, and what they may be (`gate` times `spread`).
SYNTHETIC_FIT: dict[str, str] = {
    "estimator": TEXT,
    "spec": TEXT,
    "unit": TEXT,
    "group": TEXT,
    "months": COUNT,
    "donors": COUNT,
    "rmspe_before": NUMBER,
    "spread": NUMBER,
    "gate": NUMBER,
    "rmspe_after": NUMBER,
    "ratio": NUMBER,
    "reason": TEXT,
}
# Comparable cohorts put together (analysis/pooling.py): a row per study, their mean, the mean with a wider interval
# beside it, and with a prior the probability that the mean is above zero.
SYNTHESIS: dict[str, str] = {
    "synthesis": COUNT,
    "data_kind": TEXT,
    "intervention": TEXT,
    "outcome": TEXT,
    "horizon_months": COUNT,
    "measure": TEXT,
    "kind": TEXT,
    "cohort": TEXT,
    "method": TEXT,
    "test": TEXT,
    "k": COUNT,
    "estimate": NUMBER,
    "std_error": NUMBER,
    "df": NUMBER,
    "conf_low": NUMBER,
    "conf_high": NUMBER,
    "conf_level": NUMBER,
    "p_value": NUMBER,
    "factor": NUMBER,
    "prediction_low": NUMBER,
    "prediction_high": NUMBER,
    "tau2": NUMBER,
    "tau2_low": NUMBER,
    "tau2_high": NUMBER,
    "i2": NUMBER,
    "i2_low": NUMBER,
    "i2_high": NUMBER,
    "q": NUMBER,
    "q_df": COUNT,
    "q_p_value": NUMBER,
    "base_rate": NUMBER,
    "ratio": NUMBER,
    "weight": NUMBER,
    "probability": NUMBER,
    "prior": TEXT,
    "prior_mean": NUMBER,
    "prior_sd": NUMBER,
    "status": TEXT,
    "reason": TEXT,
}
SUMS = ("n", "sum_y", "sum_y2", "sum_w", "sum_wy", "sum_w2", "sum_w2y", "sum_w2y2")
# Of restricted cells, and never released: one or two persons stand out in the sum (analysis/disclosure/dominance.py).
DOMINATED = "dominated"
# How many allocations of offices by lot give a difference in each bin (analysis/permutation_bins.py).
PERMUTATION: dict[str, str] = {
    "outcome": TEXT,
    "horizon_months": COUNT,
    "bin_low": NUMBER,
    "bin_high": NUMBER,
    "count": COUNT,
    "as_far": "boolean",
}
# How large the offices of each group are, by persons at time zero.
OFFICE_SIZES: dict[str, str] = {
    "arm": TEXT,
    "offices": COUNT,
    "persons": COUNT,
    "smallest": COUNT,
    "mean": NUMBER,
    "largest": COUNT,
    "cv": NUMBER,
}
# What those who are not measured could have made of the main difference, by horizon: lee or worst_case.
MISSING: dict[str, str] = {
    "horizon_months": COUNT,
    "method": TEXT,
    "low": NUMBER,
    "high": NUMBER,
    "conf_low": NUMBER,
    "conf_high": NUMBER,
    "level": NUMBER,
    "observed_treated": NUMBER,
    "observed_control": NUMBER,
    "trimmed": NUMBER,
}
# Subgroups of the main outcome at the main horizon, by `name` of the subgrouping. `kind`: group (one of its groups, own
# and `shrunk` towards the mean with the `weight` left of its own), unplaced (persons in none), mean (of the groups, and
# the `spread` between them), difference (a group against the first) and interaction (all are one, F with `df_between`).
SUBGROUPS: dict[str, str] = {
    "name": TEXT,
    "kind": TEXT,
    "group": TEXT,
    "outcome": TEXT,
    "horizon_months": COUNT,
    "n_treated": COUNT,
    "n_comparison": COUNT,
    "n_offices_treated": COUNT,
    "n_offices_comparison": COUNT,
    "estimate": NUMBER,
    "std_error": NUMBER,
    "df": NUMBER,
    "df_between": NUMBER,
    "statistic": NUMBER,
    "p_value": NUMBER,
    "p_holm": NUMBER,
    "conf_low": NUMBER,
    "conf_high": NUMBER,
    "conf_level": NUMBER,
    "inference": TEXT,
    "convention": TEXT,
    "cluster_level": TEXT,
    "base_rate": NUMBER,
    "shrunk": NUMBER,
    "shrunk_low": NUMBER,
    "shrunk_high": NUMBER,
    "weight": NUMBER,
    "spread": NUMBER,
    "max_abs_smd": NUMBER,
    "worst_covariate": TEXT,
    "adoption_left_out": TEXT,
    "exploratory": "boolean",
    "status": TEXT,
    "reason": TEXT,
}
# Intervals that hold when trends are not parallel, of the mean effect over the periods after adoption.
HONEST: dict[str, str] = {
    "restriction": TEXT,
    "method": TEXT,
    "bound": NUMBER,
    "level": NUMBER,
    "estimate": NUMBER,
    "conf_low": NUMBER,
    "conf_high": NUMBER,
    "identified_low": NUMBER,
    "identified_high": NUMBER,
    "breakdown": NUMBER,
}
# The plan tried on made-up studies (analysis/certify): a row per analysis and effect put in, each figure with its Monte
# Carlo error. Rejections are power where the effect is not 0.
CERTIFICATE: dict[str, str] = {
    "analysis": TEXT,
    "effect": NUMBER,
    "studies": COUNT,
    "estimated": COUNT,
    "mean": NUMBER,
    "bias": NUMBER,
    "bias_mc": NUMBER,
    "sd": NUMBER,
    "coverage": NUMBER,
    "coverage_mc": NUMBER,
    "interval_rejections": NUMBER,
    "interval_rejections_mc": NUMBER,
    "test_rejections": NUMBER,
    "test_rejections_mc": NUMBER,
}
# Every analysis that the card declares, in rising order (`rank`), beside where the one of that rank lies in 95 % of the
# permutations (band). `choices`: axis=value, parted by semicolons. Those that could not be made stand last.
SPECIFICATIONS: dict[str, str] = {
    "rank": COUNT,
    "spec": TEXT,
    "choices": TEXT,
    "estimate": NUMBER,
    "band_low": NUMBER,
    "band_median": NUMBER,
    "band_high": NUMBER,
    "is_main": "boolean",
    "status": TEXT,
    "reason": TEXT,
}
# One test of all of them; `permuted`: persons, adoption_dates or offices.
SPECIFICATION_TESTS: dict[str, str] = {
    "statistic": TEXT,
    "value": NUMBER,
    "p_value": NUMBER,
    "permutations": COUNT,
    "permuted": TEXT,
}
# Sums per office, adoption month and month, from which the effects of staggered adoption can be worked out again.
# Months are numbers (year·12 + month − 1); `adoption_month` is the first that can show it, missing for never.
OFFICE_CELLS = ("office_id", "county", "adoption_month", "month", "outcome", "horizon_months", *SUMS)

# What it costs: made of released estimates and of the card's assumptions, after the treatment for disclosure
# (analysis/cost_table.py). A number is found by its quantity and the names that apply to it.
COST_TABLE = "cost"
COST: dict[str, str] = {
    "quantity": TEXT,
    "group": TEXT,
    "account": TEXT,
    "variant": TEXT,
    "assumption": TEXT,
    "bound": TEXT,
    "value": NUMBER,
    "conf_low": NUMBER,
    "conf_high": NUMBER,
    "unit": TEXT,
    "status": TEXT,
    "reason": TEXT,
}
COST_TEXTS = tuple(name for name, kind in COST.items() if kind == TEXT)

# The report that sets all cohorts side by side.
COMPARISON_REPORT = "sammenligning"

# What every cohort releases; a table that its design does not make is there with its header and no rows.
RELEASED: dict[str, tuple[str, ...]] = {
    "estimates": tuple(ESTIMATES),
    # The headline of the locked plan, where the card has changed since: `spec` planned.
    "planned": tuple(ESTIMATES),
    "attrition": tuple(ATTRITION),
    "scenarios": tuple(SCENARIOS),
    "ranges": tuple(RANGES),
    "moderators": tuple(MODERATORS),
    "cells": ("sample", "arm", "month", "event_time", "outcome", *SUMS),
    "balance": BALANCE,
    "overlap": ("bin_low", "bin_high", "arm", "sample", "n", "share"),
    "matching": tuple(MATCHING),
    "cluster_balance": tuple(CLUSTER_BALANCE),
    "profile": tuple(PROFILE),
    "office_cells": OFFICE_CELLS,
    "series": tuple(SERIES),
    "funnel": tuple(FUNNEL),
    "permutation": tuple(PERMUTATION),
    "office_sizes": tuple(OFFICE_SIZES),
    "family": tuple(FAMILY),
    "family_weights": tuple(FAMILY_WEIGHTS),
    "bacon": tuple(BACON),
    "synthetic_paths": tuple(SYNTHETIC_PATHS),
    "donors": tuple(DONORS),
    "synthetic_fit": tuple(SYNTHETIC_FIT),
    "honest": tuple(HONEST),
    "specifications": tuple(SPECIFICATIONS),
    "specification_tests": tuple(SPECIFICATION_TESTS),
    "subgroups": tuple(SUBGROUPS),
    "certificate": tuple(CERTIFICATE),
    # No row numbers, and no advice to whoever delivered: those lead to persons, or to nobody who reads this.
    "findings": tuple(column for column in FINDINGS if column not in ("rows", "mend")),
}
# The files of a cohort that leave together: those tables, the card, the checks and where the numbers come from.
REVIEW_FILES = (*(f"{table}.csv" for table in (*RELEASED, COST_TABLE)), "cohort.json", "checks.json", "provenance.json")
# Every form of a report.
REPORT_KINDS = ("json", "html", "pdf", "docx", "xlsx", "zip")


def band_spec(band: str, end: str) -> str:
    """Name of a row held against one end of a published band: ``benchmark=exits;end=low``."""
    return f"benchmark={band};end={end}"


def control_spec(outcome: str, time: int | None = None) -> str:
    """Name of a negative control's row: ``control=eczema``, with ``;time=-18`` before the start."""
    return f"control={outcome}" if time is None else f"control={outcome};time={time}"


def prior_spec(name: str) -> str:
    """Name of a row under one prior: ``prior=main``, or that of the band it is centred on."""
    return f"prior={name}"


def cluster_spec(icc: float, size_cv: float) -> str:
    """Name of a scenario with offices: ``icc=0.02;size_cv=0``."""
    return f"icc={icc:g};size_cv={size_cv:g}"


def page_name(code: str) -> str:
    """File name of the start page in a language; Bokmål is the one that opens first."""
    return "index.html" if code == "nb" else f"index.{code}.html"
