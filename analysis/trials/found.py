"""What every inference of a trial answers with."""

from dataclasses import dataclass

import numpy as np
import scipy

NAN = float("nan")


@dataclass(frozen=True)
class Found:
    """One number under one inference. Shares 0–1; nan where an inference does not have the quantity.

    `inference` names it in the estimates table, `convention` says which variant it is, `df` are the degrees of freedom
    of the t distribution (inf: normal), `clusters` is how many clusters it rests on.
    """

    estimate: float
    inference: str
    convention: str
    std_error: float = NAN
    df: float = NAN
    statistic: float = NAN
    p_value: float = NAN
    low: float = NAN
    high: float = NAN
    clusters: int = 0


def t_found(
    estimate: float, std_error: float, df: float, *, inference: str, convention: str, clusters: int, level: float
) -> Found:
    """An estimate with its t test against zero and symmetric interval, t(df); normal where df is inf."""
    statistic = estimate / std_error
    distance = scipy.stats.t.ppf(0.5 + level / 2, df) * std_error
    return Found(
        estimate=float(estimate),
        inference=inference,
        convention=convention,
        std_error=float(std_error),
        df=float(df),
        statistic=float(statistic),
        p_value=float(2 * scipy.stats.t.sf(np.abs(statistic), df)),
        low=float(estimate - distance),
        high=float(estimate + distance),
        clusters=clusters,
    )
