"""What tells a row of a released table from all others, whatever its numbers are and wherever it stands."""

import pandas as pd

from analysis.results import IDENTITY

WHOLE = r"^(-?\d+)\.0$"
ROW_KEYS: dict[str, tuple[str, ...]] = {
    "estimates": IDENTITY,
    "planned": IDENTITY,
    "attrition": ("reason", "arm"),
    "scenarios": ("scope", "table", "month", "inference", "icc", "size_cv", "offices"),
    "ranges": ("scope", "month", "inference", "icc", "size_cv", "quantity", "offices"),
    "moderators": ("unit", "moderator", "category"),
    "cells": ("sample", "arm", "month", "event_time", "outcome"),
    "balance": ("spec", "covariate", "sample"),
    "overlap": ("sample", "arm", "bin_low"),
    "matching": ("spec",),
    "cluster_balance": ("covariate", "sample"),
    "profile": ("covariate",),
    "office_cells": ("outcome", "horizon_months", "office_id", "county", "adoption_month", "month"),
    "series": ("unit", "month"),
    "funnel": ("kind", "unit", "month", "level", "n"),
    "permutation": ("outcome", "horizon_months", "bin_low"),
    "office_sizes": ("arm",),
    "family": ("estimator", "spec"),
    "family_weights": ("estimator", "spec", "group", "month", "event_time", "kind"),
    "bacon": ("kind", "group", "compared"),
    "synthetic_paths": ("estimator", "spec", "unit", "month"),
    "donors": ("estimator", "spec", "unit", "donor"),
    "synthetic_fit": ("estimator", "spec", "unit", "group"),
    "honest": ("restriction", "method", "bound"),
    "specifications": ("spec", "choices"),
    "specification_tests": ("statistic",),
    "subgroups": ("name", "kind", "group"),
    "certificate": ("analysis", "effect"),
    "findings": ("rule", "place", "column", "what"),
    "cost": ("quantity", "group", "account", "variant", "assumption", "bound"),
    "comparison": ("cohort",),
    "horizons": ("cohort", "months"),
    "pairs": ("cohort_a", "cohort_b"),
    "synthesis": ("data_kind", "intervention", "outcome", "horizon_months", "measure", "kind", "cohort", "method"),
}


def row_names(table: str, rows: pd.DataFrame) -> pd.Series:
    """A name per row, of the texts of its keys (a table of texts); rows with the same keys are numbered in order."""
    texts = [rows[key].fillna("").astype("str") for key in ROW_KEYS[table] if key in rows.columns]
    if not texts:
        return pd.Series(dtype="str")
    # A count is written 18.0 where another row of its column has none.
    first, *others = (text.str.replace(WHOLE, r"\1", regex=True) for text in texts)
    names = first.str.cat(others, sep="\x1f")
    again = names.groupby(names).cumcount()
    return names.where(again.eq(0), names + "\x1f#" + (again + 1).astype("str"))
