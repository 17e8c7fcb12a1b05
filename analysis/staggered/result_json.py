"""The result of a staggered analysis as JSON text and back, without the loss of a digit."""

import dataclasses
import json
from typing import Any

import numpy as np
import pandas as pd

from analysis.staggered.bootstrap import Bands, SignFlip
from analysis.staggered.design import Design
from analysis.staggered.permutation import Permutation
from analysis.staggered.result import StaggeredResult


def to_json(result: StaggeredResult) -> str:
    """The result as JSON text; missing numbers are null, and floats keep every digit."""
    return json.dumps(_plain(result), ensure_ascii=False, allow_nan=False)


def from_json(text: str) -> StaggeredResult:
    """The result that `to_json` wrote."""
    held = json.loads(text)
    held["design"] = Design(**{**held["design"], "aggregates": tuple(held["design"]["aggregates"])})
    for name in ("table", "ledger", "omitted"):
        held[name] = _frame(held[name])
    for name in ("sums", "left_out", "person_covariance"):
        held[name] = None if held[name] is None else np.array(held[name], dtype="float64")
    held["offices"] = np.array(held["offices"])
    for name, kind in (("permutation", Permutation), ("sign_flip", SignFlip), ("bands", Bands)):
        held[name] = None if held[name] is None else kind(**{k: _value(v) for k, v in held[name].items()})
    return StaggeredResult(**held)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, pd.DataFrame):
        types = {name: str(kind) for name, kind in value.dtypes.items()}
        return {"types": types, "values": {name: _plain(value[name].tolist()) for name in value.columns}}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _frame(held: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(values, dtype=held["types"][name]) for name, values in held["values"].items()})


def _value(value: Any) -> Any:
    return np.array(value, dtype="float64") if isinstance(value, list) else value
