"""The curve as tables: a row per analysis in rising order beside the band under no effect, and the joint tests."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.card_grid import FEWEST
from analysis.sensitivity.specification_curve import JointTest, SpecificationCurve, specification_curve
from analysis.specifications.ways import Found
from analysis.tables import MAIN, SPECIFICATION_TESTS, SPECIFICATIONS


@dataclass(frozen=True)
class CurveTables:
    """`specifications` (SPECIFICATIONS), those that could not be made last; `tests` (SPECIFICATION_TESTS), without rows
    where fewer than three analyses, or not the main one, could be made: then there is no band either."""

    specifications: pd.DataFrame
    tests: pd.DataFrame


def curve_tables(found: Found) -> CurveTables:
    """Both tables of what the ways of a card give."""
    enough = len(found.ways) >= FEWEST and MAIN in {way.name for way in found.ways}
    curve = specification_curve(range(len(found.ways)), found.estimates, found.permuted) if enough else None
    order = curve.names if curve else np.argsort(found.estimates, kind="stable").tolist()
    rows = [_row(found, place, rank, curve) for rank, place in enumerate(order)]
    gone = [{**_named(way), "status": "not_estimated", "reason": reason} for way, reason in found.left_out]
    tests = [] if curve is None else [_test(found, curve, "median"), _test(found, curve, "same_sign")]
    return CurveTables(_table([*rows, *gone], SPECIFICATIONS), _table(tests, SPECIFICATION_TESTS))


def _named(way: Any) -> dict[str, Any]:
    return {"spec": way.name, "choices": way.choices, "is_main": way.name == MAIN}


def _row(found: Found, place: int, rank: int, curve: SpecificationCurve | None) -> dict[str, Any]:
    row = {**_named(found.ways[place]), "rank": rank + 1, "estimate": found.estimates[place], "status": "estimated"}
    if curve is not None:
        row |= {
            name: limits[rank]
            for name, limits in zip(("band_low", "band_median", "band_high"), curve.band, strict=True)
        }
    return row


def _test(found: Found, curve: SpecificationCurve, name: str) -> dict[str, Any]:
    told: JointTest = getattr(curve, name)
    numbers = {"value": told.statistic, "p_value": told.p_value, "permutations": curve.permutations}
    return {"statistic": name, **numbers, "permuted": found.level}


def _table(rows: list[dict[str, Any]], columns: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)
