"""What nearest-neighbour matching has to solve: who may be whose partner, from scores, covariates and the spec."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.matching.spec import MatchingSpec
from analysis.problems import stop_if_any
from analysis.scores import as_float64, missing_values, stop_at_one_group, treated_rows

HEADING = "Matchingen ga ingen par:"
COVARIATES = "Kovariatene kan ikke brukes i matchingen:"


@dataclass(frozen=True)
class Rules:
    """Who may be together: `values` (m, n) at most `widths` (m,) apart, and each row of `codes` (q, n) different."""

    values: np.ndarray
    widths: np.ndarray
    codes: np.ndarray

    @property
    def any(self) -> bool:
        return len(self.widths) + len(self.codes) > 0

    def near(self, values: np.ndarray, width: float) -> "Rules":
        """These rules, and `values` (n,) at most `width` apart as well."""
        return Rules(np.vstack([self.values, values]), np.append(self.widths, width), self.codes)

    def differing(self, codes: np.ndarray) -> "Rules":
        """These rules, and `codes` (n,) must differ as well."""
        return Rules(self.values, self.widths, np.vstack([self.codes, codes]))


@dataclass(frozen=True)
class Task:
    """One matching, with all arrays of length n over all persons.

    `score` is None where only covariates count. `focal` get partners among `partner`; who is discarded is neither.
    `stratum`: partners must share it (None for one). `label`: who comes first among equal scores (None: row order).
    `order`: everyone's rows by score and label, None without scores. `width`: largest allowed distance in the
    score, None for no limit. `cluster`: codes of `within`.
    """

    spec: MatchingSpec
    treated: np.ndarray
    score: np.ndarray | None
    focal: np.ndarray
    partner: np.ndarray
    stratum: np.ndarray | None
    label: np.ndarray | None
    width: float | None
    rules: Rules
    cluster: np.ndarray | None
    covariates: pd.DataFrame | None
    order: np.ndarray | None

    @property
    def rows(self) -> np.ndarray:
        """Who is not discarded."""
        return np.flatnonzero(self.focal | self.partner)

    @property
    def by_score(self) -> np.ndarray:
        """Rows of those who are not discarded, by score; equal scores in the order of their labels."""
        return self.order[(self.focal | self.partner)[self.order]]

    @property
    def penalty(self) -> float:
        """The penalty of a partner outside the cluster, in units of the score."""
        return _width(self.spec.within_penalty, self.spec, self.score, self.focal | self.partner)


def prepared(
    distance, treated, spec: MatchingSpec, *, covariates=None, strata=None, within=None, discarded=None, labels=None
) -> Task:
    """The task of matching on `distance` (n,), None without scores; arguments as in `neighbours.match_distance`."""
    n = len(np.asarray(treated))
    treated = treated_rows(treated, n)
    stop_at_one_group(HEADING, treated)
    gone = np.zeros(n, dtype=bool) if discarded is None else _flags(discarded, n)
    score = _finite(distance, n, ~gone)
    _stop_at_missing_pieces(spec, score, covariates, within)
    if discarded is None:
        gone = _discarded(score, treated, spec.discard)
    kept = ~gone
    stop_at_one_group(HEADING, treated[kept])
    named = None if not spec.columns else _covariates(covariates, spec.columns, n)
    focal = treated if spec.estimand == "ATT" else ~treated
    label = None if labels is None else np.asarray(labels)
    return Task(
        spec=spec,
        treated=treated,
        score=score,
        focal=focal & kept,
        partner=~focal & kept,
        stratum=_joint_codes([named[name] for name in spec.exact] + ([] if strata is None else [strata]), n),
        label=label,
        width=_width(spec.caliper, spec, score, kept),
        rules=_rules(spec, named, kept),
        cluster=None if within is None else _joint_codes([within], n),
        covariates=named,
        order=None if score is None else _by_score(score, label),
    )


def common_support(distance, treated, discard: str) -> np.ndarray:
    """Who is outside the scores of the other group (n,), booleans.

    "treated": treated outside the range of the comparison persons; "comparison": the other way; "both": everyone
    outside [the larger of the minima, the smaller of the maxima]; "none": nobody.
    """
    distance = np.asarray(distance, dtype="float64")
    return _discarded(distance, treated_rows(treated, len(distance)), discard)


def joint(first: np.ndarray | None, second: np.ndarray) -> np.ndarray:
    """Number of the combination of two codes (n,)."""
    return _joint_codes([second] if first is None else [first, second], len(second))


def _by_score(score: np.ndarray, label: np.ndarray | None) -> np.ndarray:
    return np.argsort(score, kind="stable") if label is None else np.lexsort((label, score))


def _discarded(score: np.ndarray | None, treated: np.ndarray, discard: str) -> np.ndarray:
    if discard == "none":
        return np.zeros(len(treated), dtype=bool)
    low = {arm: score[treated == arm].min() for arm in (True, False)}
    high = {arm: score[treated == arm].max() for arm in (True, False)}
    outside = {arm: (score < low[not arm]) | (score > high[not arm]) for arm in (True, False)}
    if discard == "both":
        return outside[True] | outside[False]
    arm = discard == "treated"
    return outside[arm] & (treated == arm)


def _finite(distance, n: int, kept: np.ndarray) -> np.ndarray | None:
    if distance is None:
        return None
    score = np.asarray(distance, dtype="float64")
    if score.shape != (n,):
        raise ValueError(f"distance has shape {score.shape}, expected ({n},)")
    if not np.isfinite(score[kept]).all():
        raise ValueError("distance holds missing or infinite values")
    return score


def _flags(values, n: int) -> np.ndarray:
    flags = np.asarray(values)
    if flags.shape != (n,) or flags.dtype != bool:
        raise ValueError(f"discarded must hold {n} booleans")
    return flags


def _stop_at_missing_pieces(spec: MatchingSpec, score, covariates, within) -> None:
    """Options and arguments that need each other: a ValueError that names them."""
    needs_score = {
        "method 'nearest'": spec.method == "nearest",
        "caliper": spec.caliper is not None,
        "discard": spec.discard != "none",
        f"order {spec.order!r}": spec.order in ("largest", "smallest"),
    }
    without = [name for name, needed in needs_score.items() if needed]
    if score is None and without:
        raise ValueError(f"{', '.join(without)} needs scores")
    if spec.columns and covariates is None:
        raise ValueError(f"covariates is needed for {', '.join(spec.columns)}")
    if (spec.within is None) != (within is None):
        raise ValueError("within of the specification and the codes in within= need each other")


def _covariates(covariates: pd.DataFrame, columns: tuple[str, ...], n: int) -> pd.DataFrame:
    """The named columns, numbers as float64; ProblemsFound names those with missing values."""
    unknown = [name for name in columns if name not in covariates.columns]
    if unknown or len(covariates) != n:
        raise ValueError(f"covariates lacks {unknown}" if unknown else f"covariates has {len(covariates)} of {n} rows")
    named = as_float64(covariates[list(columns)])
    stop_if_any(COVARIATES, missing_values(named))
    return named


def _joint_codes(columns: list, n: int) -> np.ndarray | None:
    """One number per distinct combination of the columns' values (n,); None without columns."""
    codes = None
    for column in columns:
        values = np.asarray(column)
        if values.shape != (n,) or pd.isna(values).any():
            raise ValueError(f"strata and clusters need {n} values without missing ones")
        own = pd.factorize(values)[0].astype(np.int64)
        codes = own if codes is None else pd.factorize(codes * (own.max() + 1) + own)[0].astype(np.int64)
    return codes


def _width(deviations: float | None, spec: MatchingSpec, score: np.ndarray | None, kept: np.ndarray) -> float | None:
    """Caliper or penalty in units of the score."""
    if deviations is None:
        return None
    return deviations * float(np.std(score[kept], ddof=1)) if spec.caliper_unit == "sd" else float(deviations)


def _rules(spec: MatchingSpec, named: pd.DataFrame | None, kept: np.ndarray) -> Rules:
    n = len(kept)
    widths = dict(spec.covariate_calipers)
    for name, deviations in spec.covariate_calipers_sd.items():
        widths[name] = deviations * float(np.std(_numeric(named, name)[kept], ddof=1))
    values = [_numeric(named, name) for name in widths]
    codes = [_joint_codes([named[name]], n) for name in spec.antiexact]
    return Rules(
        np.array(values).reshape(-1, n),
        np.array(list(widths.values()), dtype="float64"),
        np.array(codes, dtype=np.int64).reshape(-1, n),
    )


def _numeric(named: pd.DataFrame, name: str) -> np.ndarray:
    if not pd.api.types.is_numeric_dtype(named[name]):
        raise ValueError(f"a caliper needs a numeric covariate, not {name!r}")
    return named[name].to_numpy(dtype="float64")
