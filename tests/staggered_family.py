"""Checks that every estimator from cells must pass, and persons for them."""

from dataclasses import replace

import numpy as np
from staggered_cases import START, staggered_panel

from analysis.staggered.cell_arrays import CellArrays, selected_offices


def binary_panel(seed, *, persons=30, offices=12, months=8):
    """The offices of `staggered_panel`, with a share: log odds by group and month, and an effect on them."""
    frame = staggered_panel(seed, persons=persons, offices=offices, months=months)
    rng = np.random.default_rng([seed, 1])
    group = frame["adoption_month"].fillna(START + 9) - START
    since = frame["month"] - frame["adoption_month"]
    odds = (
        -1.0 + 0.1 * group + 0.08 * (frame["month"] - START) + 0.6 * (since >= 0) + 0.1 * since.clip(lower=0).fillna(0)
    )
    frame["y"] = (rng.random(len(frame)) < 1 / (1 + np.exp(-odds))).astype("float64")
    return frame


def untreated_first(panel, rows=0.75, seed=0):
    """Part of the person-months, with persons of every office in every month, and weights."""
    return panel.sample(frac=rows, random_state=seed).reset_index(drop=True)


def scaled(arrays: CellArrays, office: int, factor: float) -> CellArrays:
    """The cells when every person of one office counts `factor` times."""
    by = np.where(np.arange(len(arrays.offices)) == office, factor, 1.0)[:, None]
    sums = {name: getattr(arrays, name) * by[:, :, None] for name in ("w", "wy")}
    return replace(arrays, **sums, sizes=arrays.sizes * by)


def slope(estimate, arrays, office, step=1e-5):
    """Derivative of all estimates by how much one office counts, which is its influence."""
    up, down = (estimate(scaled(arrays, office, 1 + way * step)).table["estimate"] for way in (1, -1))
    return ((up - down) / (2 * step)).to_numpy(dtype="float64")


def assert_influence_and_left_out(estimate, arrays, offices=(0, 3), abs_tol=2e-8, averages=True):
    """Influence is the derivative, and estimates without an office are those of the other offices' cells.

    Without `averages` those of groups and months only: of an estimator that holds the shares of groups fixed.
    """
    found = estimate(arrays)
    assert found.table["term"].eq("simple").sum() == 1
    assert len(found.table) == found.sums.shape[1] == found.left_out.shape[1]
    for o in offices:
        np.testing.assert_allclose(found.sums[o], slope(estimate, arrays, o), atol=abs_tol)
        again = estimate(selected_offices(arrays, np.arange(len(arrays.offices)) != o)).table
        keys = ["term", "group", "month", "event_time"]
        merged = found.table[keys].assign(left=found.left_out[o]).merge(again, on=keys, how="left")
        assert merged["estimate"].notna().mean() > 1 / 2
        both = merged[merged["estimate"].notna() & (averages | merged["term"].eq("att_gt"))]
        np.testing.assert_allclose(both["left"], both["estimate"].astype("float64"), atol=1e-10)


def of_term(found, term):
    return found.table[found.table["term"] == term].reset_index(drop=True)
