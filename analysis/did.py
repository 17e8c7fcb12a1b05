"""Differences between two groups: of levels, and of changes (two groups, two periods).

Person-level ordinary or weighted least squares, with the algebra on k × k matrices; k is two plus the number of
covariates, so a million persons cost a few passes over the data.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import scipy

from analysis.problems import Problem, ProblemsFound, stop_if_any
from analysis.scores import as_float64, dependent_columns, missing_values, treated_rows

INFERENCES = ("classical", "hc2", "cluster")
HEADING = "Forskjellen mellom gruppene kan ikke beregnes:"


@dataclass(frozen=True)
class Effect:
    """One estimate with its uncertainty, in the outcome's own unit (shares 0–1).

    `base_rate` is what the treated would have had at follow-up by this estimate: their mean minus the estimate.
    Without covariates a difference makes it the comparison group's mean. Persons of weight 0 are counted nowhere.
    `n_clusters` is None unless the inference is by cluster. When the outcome does not vary at all, the statistic,
    p-value and interval are missing (NaN), never a certainty.
    """

    estimate: float
    std_error: float
    df: float
    statistic: float
    p_value: float
    conf_low: float
    conf_high: float
    conf_level: float
    inference: str
    convention: str
    base_rate: float
    n_treated: int
    n_comparison: int
    n_clusters: int | None


@dataclass(frozen=True)
class _Fit:
    """Least squares in √w-scaled columns: `x` (n, k) with treatment second, `residual` (n,), `inverse` = (X′WX)⁻¹."""

    x: np.ndarray
    residual: np.ndarray
    inverse: np.ndarray
    estimate: float
    scale: float

    @property
    def spare(self) -> int:
        """Residual degrees of freedom n − k."""
        return self.x.shape[0] - self.x.shape[1]


def difference(
    y,
    treated,
    *,
    weights=None,
    covariates: pd.DataFrame | None = None,
    inference: str = "classical",
    clusters=None,
    level: float = 0.95,
) -> Effect:
    """Difference in mean `y` (n,) between treated and comparison persons, adjusted for `covariates` if given.

    The coefficient of treatment in least squares of y on a constant, treatment and covariates (n, numeric), with
    `weights` (n,) of 0 or more. `inference`:
    classical: s²(X′WX)⁻¹, t(n − k);
    hc2: residuals² / (1 − leverage), t(n − k) (MacKinnon and White 1985, J. Econometrics 29(3));
    cluster: CR1, factor G/(G − 1)·(n − 1)/(n − k), t(G − 1) (Liang and Zeger 1986; Cameron and Miller 2015, JHR
    50(2), section II.B), G the number of distinct `clusters` (n,).

    Raises `ProblemsFound` for an arm of fewer than two persons, one cluster, and missing or dependent covariates;
    ValueError for missing outcomes, which the caller has to leave out (or weight 0) and account for.
    """
    _refuse_options(inference, clusters, level)
    y, treated = _numbers(y), treated_rows(treated, len(y))
    w = _weights(weights, len(y))
    used = w > 0
    _refuse_missing(y[used])
    _stop_at_small_arm(treated[used])
    fit = _least_squares(y[used], treated[used], w[used], _covariates(covariates, used))
    groups = None if clusters is None else _cluster_numbers(clusters, used)
    treated_mean = float(np.average(y[used & treated], weights=w[used & treated]))
    return Effect(
        **_inference(fit, inference, groups, level),
        base_rate=treated_mean - fit.estimate,
        n_treated=int(treated[used].sum()),
        n_comparison=int((~treated[used]).sum()),
        n_clusters=None if groups is None else int(groups.max()) + 1,
    )


def did_2x2(y_pre, y_post, treated, *, weights=None, **options) -> Effect:
    """Difference-in-differences: the `difference` of the change `y_post` − `y_pre` between the groups.

    The effect on the treated if their mean would have changed as the comparison group's did. One row per person,
    all observed in both periods. `options` as for `difference`; `base_rate` refers to `y_post`.
    """
    before, after = _numbers(y_pre), _numbers(y_post)
    effect = difference(after - before, treated, weights=weights, **options)
    w = _weights(weights, len(after))
    own = treated_rows(treated, len(after)) & (w > 0)
    return replace(effect, base_rate=float(np.average(after[own], weights=w[own])) - effect.estimate)


def did_from_cells(
    cells: pd.DataFrame, *, pre, post, outcome: str, arm: str = "treated", time: str = "month", weighted: bool = True
) -> float:
    """The same point estimate from the sums of `analysis.cells`: (ȳ₁post − ȳ₁pre) − (ȳ₀post − ȳ₀pre).

    `pre` and `post` are values of the column `time`, `arm` names the column of 0 and 1; other keys (offices) are
    added up. Equal to `did_2x2` when the same persons are observed in both periods; otherwise it is the estimate
    for repeated cross-sections. Raises ValueError when one of the four means has no cell.
    """
    total, weight = ("sum_wy", "sum_w") if weighted else ("sum_y", "n")
    own = cells[cells["outcome"] == outcome]
    sums = own.groupby([own[arm].astype(bool), own[time]])[[total, weight]].sum()
    absent = [key for key in ((a, b) for a in (True, False) for b in (pre, post)) if key not in sums.index]
    if absent:
        raise ValueError(f"no cell for ({arm}, {time}): {absent}")
    mean = sums[total] / sums[weight]
    return float((mean[True, post] - mean[True, pre]) - (mean[False, post] - mean[False, pre]))


def _refuse_options(inference: str, clusters, level: float) -> None:
    if inference not in INFERENCES:
        raise ValueError(f"unknown inference {inference!r}; known: {', '.join(INFERENCES)}")
    if (inference == "cluster") != (clusters is not None):
        raise ValueError("clusters go with inference='cluster', and only with it")
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level!r}")


def _numbers(y) -> np.ndarray:
    return pd.Series(y).to_numpy(dtype="float64", na_value=np.nan)


def _refuse_missing(y: np.ndarray) -> None:
    if not np.isfinite(y).all():
        raise ValueError("the outcome holds missing or infinite values; leave these rows out and account for them")


def _weights(weights, n: int) -> np.ndarray:
    w = np.ones(n) if weights is None else np.asarray(weights, dtype="float64")
    if w.shape != (n,) or not np.isfinite(w).all() or (w < 0).any():
        raise ValueError("weights must be one finite number of 0 or more per row")
    return w


def _covariates(covariates: pd.DataFrame | None, used: np.ndarray) -> pd.DataFrame:
    if covariates is None:
        return pd.DataFrame(index=range(int(used.sum())))
    if len(covariates) != len(used):
        raise ValueError(f"covariates have {len(covariates)} rows, expected {len(used)}")
    table = as_float64(covariates.loc[used])
    text = [name for name in table.columns if not pd.api.types.is_float_dtype(table[name])]
    if text:
        raise ValueError(f"covariates must be numeric: {text}")
    stop_if_any(HEADING, missing_values(table))
    return table


def _cluster_numbers(clusters, used: np.ndarray) -> np.ndarray:
    """Number of the cluster of each row in use, 0 … G − 1."""
    labels = pd.Series(clusters)
    if len(labels) != len(used):
        raise ValueError(f"clusters have {len(labels)} rows, expected {len(used)}")
    numbers, names = pd.factorize(labels[used])
    if (numbers < 0).any():
        raise ValueError("clusters hold missing values")
    if len(names) < 2:
        raise ProblemsFound(
            HEADING, [Problem("klynger", "alle hører til samme kontor eller par.", "Velg usikkerhet uten klynger.")]
        )
    return numbers


def _stop_at_small_arm(treated: np.ndarray) -> None:
    sizes = (("tiltaksgruppen", int(treated.sum())), ("sammenligningsgruppen", int((~treated).sum())))
    mend = "Se hvilke steg i frafallstabellen som tømte gruppen."
    stop_if_any(HEADING, [Problem(name, "har færre enn to personer.", mend) for name, size in sizes if size < 2])


def _least_squares(y: np.ndarray, treated: np.ndarray, w: np.ndarray, covariates: pd.DataFrame) -> _Fit:
    """Weighted least squares with covariates centred and scaled, which leaves the treatment coefficient as it is."""
    values = covariates.to_numpy()
    table = np.column_stack([treated.astype("float64"), values])
    stop_if_any(HEADING, dependent_columns(table, w, ["tiltak", *map(str, covariates.columns)]))
    _stop_at_no_spare(len(y), table.shape[1] + 1)
    mean = w @ values / w.sum()
    centred = values - mean
    root = np.sqrt(w)
    x = np.column_stack([np.ones(len(y)), table[:, 0], centred / np.sqrt(w @ centred**2 / w.sum())]) * root[:, None]
    # Centring y too keeps digits when its level is large against its spread.
    level = float(w @ y / w.sum())
    target = (y - level) * root
    inverse = np.linalg.inv(x.T @ x)
    coefficients = inverse @ (x.T @ target)
    return _Fit(x, target - x @ coefficients, inverse, float(coefficients[1]), float(np.abs(y).max()))


def _stop_at_no_spare(n: int, k: int) -> None:
    if n <= k:
        raise ProblemsFound(
            HEADING, [Problem("utvalg", f"{n} personer er for få til {k} koeffisienter.", "Ta ut kovariater.")]
        )


def _uncertainty(fit: _Fit, inference: str, groups: np.ndarray | None) -> tuple[float, float, str]:
    """Standard error of the treatment coefficient, degrees of freedom, and the convention in words."""
    n, k = fit.x.shape
    if inference == "classical":
        variance = fit.inverse[1, 1] * (fit.residual @ fit.residual) / fit.spare
        return float(np.sqrt(variance)), float(fit.spare), "least squares, equal variances, t(n-k)"
    # The influence of each row on the treatment coefficient; everything below is sums of its squares.
    influence = fit.x @ fit.inverse[1] * fit.residual
    if inference == "hc2":
        spare_leverage = 1 - np.einsum("ij,ij->i", fit.x @ fit.inverse, fit.x)
        _stop_at_full_leverage(spare_leverage)
        return float(np.sqrt(influence @ (influence / spare_leverage))), float(fit.spare), "HC2, t(n-k)"
    sums = np.bincount(groups, weights=influence)
    g = len(sums)
    factor = g / (g - 1) * (n - 1) / (n - k)
    return float(np.sqrt(factor * (sums @ sums))), float(g - 1), f"CR1, G/(G-1)*(n-1)/(n-k), t(G-1), G={g}"


def _stop_at_full_leverage(spare_leverage: np.ndarray) -> None:
    if spare_leverage.min() < 1e-10:
        what = "en kovariat skiller ut én person alene, så HC2 er ikke definert."
        raise ProblemsFound(HEADING, [Problem("kovariater", what, "Slå sammen sjeldne kategorier.")])


def _inference(fit: _Fit, inference: str, groups: np.ndarray | None, level: float) -> dict[str, float | str]:
    """The fields of `Effect` from estimate to convention."""
    std_error, df, convention = _uncertainty(fit, inference, groups)
    found = {"estimate": fit.estimate, "std_error": std_error, "df": df, "conf_level": level}
    found |= {"inference": inference, "convention": convention}
    if std_error <= 1e-12 * fit.scale:
        return found | dict.fromkeys(("statistic", "p_value", "conf_low", "conf_high"), float("nan"))
    statistic = fit.estimate / std_error
    reach = float(scipy.stats.t.ppf((1 + level) / 2, df)) * std_error
    found |= {"statistic": statistic, "p_value": float(2 * scipy.stats.t.sf(abs(statistic), df))}
    return found | {"conf_low": fit.estimate - reach, "conf_high": fit.estimate + reach}
