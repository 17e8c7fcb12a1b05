"""What holds of every estimator of staggered adoption that keeps the influence of offices: shared by its tests."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from staggered_cases import arrays_of, mpdta, staggered_panel

from analysis.staggered.cell_arrays import selected_offices
from analysis.staggered.design import Design
from analysis.staggered.estimated import EFFECT, UNTREATED, Estimated


def assert_an_office_left_out_is_not_there(estimator: Callable[..., Estimated], *, share: float) -> None:
    """What `left_out` holds equals estimating without the office; `share` of the panel's rows are kept."""
    panel = staggered_panel(5).sample(frac=share, random_state=1)
    arrays = arrays_of(panel, "y", weight="w")
    found = estimator(arrays, Design())
    weights = found.weights[found.weights["kind"] == EFFECT]
    for office in (0, 1, 2):
        again = estimator(selected_offices(arrays, np.arange(8) != office), Design())
        own = found.table["term"].isin(["att_gt", "group"]).to_numpy()
        assert found.left_out[office, own] == pytest.approx(again.table["estimate"].to_numpy()[own], abs=1e-10)
        # Averages keep the weights of all offices.
        effects = again.table[again.table["term"] == "att_gt"].merge(weights, on=["group", "month"])
        simple = int(np.flatnonzero(found.table["term"] == "simple")[0])
        expected = float(effects["weight"] @ effects["estimate"])
        assert found.left_out[office, simple] == pytest.approx(expected, abs=1e-10)


def assert_weights_give_the_overall_number(estimator: Callable[..., Estimated]) -> None:
    """The overall estimate is the weighted sum of mean outcomes by group and month."""
    arrays = arrays_of(mpdta(), "lemp")
    found = estimator(arrays, Design())
    mean = arrays.wy.sum(axis=0) / arrays.w.sum(axis=0)
    group = found.weights["group"].fillna(arrays.cohorts[-1]).to_numpy(dtype=np.int64)
    cell = mean[np.searchsorted(arrays.cohorts, group), found.weights["month"].to_numpy() - arrays.months[0]]
    assert float(found.weights["weight"] @ cell) == pytest.approx(found.overall(), abs=1e-12)
    assert found.weights.groupby("kind")["weight"].sum().to_dict() == pytest.approx({EFFECT: 1.0, UNTREATED: -1.0})


def assert_estimates_scale(found: Estimated, plain: Estimated, factor: float) -> None:
    """Estimates and their raw errors are `factor` times those of `plain`."""
    options = {"rel": 1e-7, "abs": 1e-8 * factor}
    assert found.table["estimate"].to_numpy() == pytest.approx(factor * plain.table["estimate"].to_numpy(), **options)
    spread, plain_spread = (np.sqrt((one.sums**2).sum(axis=0)) for one in (found, plain))
    assert spread == pytest.approx(factor * plain_spread, **options)


def renamed_offices(panel: pd.DataFrame, seed: int) -> dict[str, int]:
    """Another name for each of the eight offices."""
    return dict(zip(panel["office_id"].unique(), np.random.default_rng(seed).permutation(8), strict=True))
