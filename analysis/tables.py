"""The contracts of the tables that are released: names of columns, their types, and names that several stages share.

Light on purpose: the workflow and the reports read it without loading an estimator, so that editing an estimator does
not look like a reason to write every report again.
"""

TEXT, NUMBER, COUNT = "str", "float64", "Int64"

MAIN = "main"
# Reason of a row without a p-value: too few treated offices for an asymptotic one.
FEW_OFFICES = "few_treated_offices"
# Reasons of rows that are not estimated: the outcome is known of one group only, or has no value before the start.
ONE_GROUP = "measured_in_one_group"
NO_CHANGE = "no_value_before_start"

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
}
# How far each quantity moves over those tables.
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
SUMS = ("n", "sum_y", "sum_y2", "sum_w", "sum_wy", "sum_w2", "sum_w2y", "sum_w2y2")
# Sums per office, adoption month and month, from which the effects of staggered adoption can be worked out again.
# Months are numbers (year·12 + month − 1); `adoption_month` is the first that can show it, missing for never.
OFFICE_CELLS = ("office_id", "county", "adoption_month", "month", "outcome", "horizon_months", *SUMS)

# What every cohort releases; a table that its design does not make is there with its header and no rows.
RELEASED: dict[str, tuple[str, ...]] = {
    "estimates": tuple(ESTIMATES),
    "attrition": tuple(ATTRITION),
    "scenarios": tuple(SCENARIOS),
    "ranges": tuple(RANGES),
    "cells": ("sample", "arm", "month", "event_time", "outcome", *SUMS),
    "balance": BALANCE,
    "overlap": ("bin_low", "bin_high", "arm", "sample", "n", "share"),
    "matching": tuple(MATCHING),
    "cluster_balance": tuple(CLUSTER_BALANCE),
    "profile": tuple(PROFILE),
    "office_cells": OFFICE_CELLS,
    # No row numbers, and no advice to whoever delivered: those lead to persons, or to nobody who reads this.
    "findings": tuple(column for column in FINDINGS if column not in ("rows", "mend")),
}


def cluster_spec(icc: float, size_cv: float) -> str:
    """Name of a scenario with offices: ``icc=0.02;size_cv=0``."""
    return f"icc={icc:g};size_cv={size_cv:g}"
