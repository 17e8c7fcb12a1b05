"""Does the design find something where there is nothing to find? Negative controls, and the answer they calibrate."""

import numpy as np
import pandas as pd
import scipy

from analysis.cards import Card
from analysis.checks import Check, verdict
from analysis.sensitivity.negative_controls import FEWEST, Calibrated, EmpiricalNull, calibrate, empirical_null
from analysis.tables import NEGATIVE_CONTROL

COLUMNS = ("spec", "outcome", "event_time", "estimate", "std_error", "conf_low", "conf_high")


def negative_controls(card: Card, estimates: pd.DataFrame) -> Check | None:
    """The card's controls (rows with the term `negative_control`), beside the headline.

    From ten on the headline is calibrated, with the errors of the empirical null's mean and t(k − 1). Failed when that
    mean is clearly off zero, or when the calibrated interval and the plain one do not agree on zero; one step. With
    fewer, or a headline without an error, the controls alone are told. None without controls that have an error.
    """
    rows = estimates[estimates["term"].eq(NEGATIVE_CONTROL) & estimates["status"].eq("estimated")]
    rows = rows[(rows["std_error"] > 0) & rows["conf_low"].notna()]
    main = estimates[estimates["role"].eq("primary") & estimates["status"].eq("estimated")]
    if rows.empty or main.empty:
        return None
    plain = main.iloc[0]
    known = bool(plain["std_error"] > 0 and np.isfinite(plain["conf_low"]))
    away = (rows["conf_low"] > 0) | (rows["conf_high"] < 0)
    values = {"controls": len(rows), "before": int(rows["event_time"].notna().sum()), "away": int(away.sum())}
    if len(rows) < FEWEST or not known:
        how = "few" if known else "no_error"
        return _check("noted", how, values | {"fewest": FEWEST}, rows)
    null = empirical_null(rows["estimate"], rows["std_error"])
    found = calibrate(plain["estimate"], plain["std_error"], null, level=card.inference.level, known_null=False)
    values |= _numbers(null, found, plain, card.inference.level)
    off = not values["mean_low"] <= 0 <= values["mean_high"]
    turned = (plain["conf_low"] <= 0 <= plain["conf_high"]) != (found.low <= 0 <= found.high)
    return _check(verdict(not (off or turned)), "off" if off else "turned" if turned else "passed", values, rows)


def _check(word: str, text: str, values: dict, rows: pd.DataFrame) -> Check:
    table = rows[list(COLUMNS)].astype(object)
    return Check(
        name="negative_controls",
        verdict=word,
        text_id=f"check.negative_controls.{text}",
        value=values.get("mean"),
        threshold=0.0,
        downgrade=1,
        values=values,
        table=table.where(table.notna(), None).to_dict("records"),
    )


def _numbers(null: EmpiricalNull, found: Calibrated, plain: pd.Series, level: float) -> dict[str, float]:
    """The null with the interval of its mean, t(k − 1), and the headline as it was and calibrated."""
    reach = float(scipy.stats.t.ppf(0.5 + level / 2, null.controls - 1)) * null.mean_se
    return {
        "mean": null.mean,
        "mean_low": null.mean - reach,
        "mean_high": null.mean + reach,
        "sd": null.sd,
        "estimate": float(plain["estimate"]),
        "conf_low": float(plain["conf_low"]),
        "conf_high": float(plain["conf_high"]),
        "calibrated": float(found.estimate),
        "calibrated_low": float(found.low),
        "calibrated_high": float(found.high),
        "calibrated_p": float(found.p_value),
        "level": level,
    }
