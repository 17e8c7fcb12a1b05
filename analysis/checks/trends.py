"""Parallel trends of staggered adoption: a joint test with its power, what trends may do to the finding, and a dip.

All read the event study in periods (`analysis.staggered.event_periods`), whose reference is the last period before
adoption and whose target is the mean effect over the periods after.
"""

from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import scipy

from analysis.cards import Card
from analysis.checks import Check, verdict
from analysis.problems import ProblemsFound
from analysis.sensitivity.honest_did.event_study import EventStudy
from analysis.sensitivity.honest_did.intervals import breakdown, robust_interval
from analysis.sensitivity.pretrend_power import Pretest, detectable
from analysis.staggered.event_periods import study_of
from analysis.staggered.inference import wald_p
from analysis.tables import HONEST, RELATIVE, SMOOTH


def trends(card: Card, events: pd.DataFrame, honest: pd.DataFrame, placebo: Check | None) -> list[Check]:
    """Test, dip and robustness; noted as impossible where the months have no covariance by office.

    What the placebo has taken a step for is not counted again: the test and the dip then take none.
    """
    study = study_or_none(events)
    if study is None:
        return [Check(name="honest_did", verdict="noted", text_id="check.honest_did.impossible")]
    found = [pre_trend_test(card, events, study), last_before(card, events, study)]
    if placebo is not None and not placebo.passed:
        found = [replace(check, downgrade=0) for check in found]
    return [*found, honest_did(card, study, honest)]


def study_or_none(events: pd.DataFrame) -> EventStudy | None:
    """The event study, or None where there is none or its covariance has not full rank."""
    if events.empty:
        return None
    try:
        return study_of(events)
    except ProblemsFound:
        return None


def pre_trend_test(card: Card, events: pd.DataFrame, study: EventStudy) -> Check:
    """F(P, G − 1) of the P periods before; failed when the p-value is below 1 − level.

    Told with it: the straight trend that it would have shown with chance `pre_trend_power`, and how much of the mean
    effect after the start a trend that steep would be. The text is another where that is the whole finding or more.
    """
    offices, level = int(events["offices"].iloc[0]), card.inference.level
    p, q = study.n_before, card.checks.pre_trend_power
    value = wald_p(study.before, study.covariance[:p, :p], n_clusters=offices)[0]
    seen = detectable(study, share=q, pretest=Pretest(kind="joint", level=level, df=offices - 1))
    missed = float(study.target @ seen.after)
    word = verdict(value >= 1 - level)
    weak = word == "passed" and missed >= abs(study.estimate)
    return Check(
        name="pre_trends",
        verdict=word,
        text_id=f"check.pre_trend_test.{'weak' if weak else word}",
        value=value,
        threshold=1 - level,
        downgrade=1,
        values={"periods": p, "width": card.checks.period_months, "power": q, "slope": seen.size, "missed": missed}
        | {"estimate": study.estimate},
        table=_periods_before(study, df=offices - 1, level=level),
    )


def _periods_before(study: EventStudy, *, df: int, level: float) -> list[dict[str, float]]:
    """Each period before against the last one (number 0), with its own interval, t(df)."""
    p, quantile = study.n_before, float(scipy.stats.t.ppf((1 + level) / 2, df))
    reaches = quantile * np.sqrt(np.diag(study.covariance)[:p])
    return [
        {"period": k - p, "estimate": float(x), "conf_low": float(x - reach), "conf_high": float(x + reach)}
        for k, (x, reach) in enumerate(zip(study.before, reaches, strict=True))
    ]


def last_before(card: Card, events: pd.DataFrame, study: EventStudy) -> Check:
    """The last period before the start less the mean of those earlier: a dip (Ashenfelter 1978) or a rise beforehand.

    Failed when its interval, t(G − 1), excludes zero. Source: Review of Economics and Statistics 60(1).
    """
    p, offices = study.n_before, int(events["offices"].iloc[0])
    mean = np.full(p, 1 / p)
    value = -float(mean @ study.before)
    error = float(np.sqrt(mean @ study.covariance[:p, :p] @ mean))
    reach = float(scipy.stats.t.ppf((1 + card.inference.level) / 2, offices - 1)) * error
    quiet = abs(value) <= reach
    return Check(
        name="last_before",
        verdict=verdict(quiet),
        text_id=f"check.last_before.{'passed' if quiet else 'dip' if value < 0 else 'rise'}",
        value=value,
        threshold=0.0,
        downgrade=1,
        values={"conf_low": value - reach, "conf_high": value + reach, "width": card.checks.period_months}
        | {"earlier": p * card.checks.period_months},
    )


def honest_table(card: Card, events: pd.DataFrame) -> pd.DataFrame:
    """Robust intervals of the mean effect after the start, by restriction and bound (contract HONEST).

    Relative magnitudes at 0 and the card's bounds; smoothness at 0, a straight trend carried on. No rows where nothing
    can be reckoned.
    """
    study, level = study_or_none(events), card.inference.level
    if study is None:
        return pd.DataFrame(columns=list(HONEST))
    rows = []
    for restriction, bounds in ((RELATIVE, _bounds(card)), (SMOOTH, (0.0,))):
        limit = _breakdown(study, restriction, level)
        found = [robust_interval(study, bound, restriction=restriction, level=level) for bound in bounds]
        rows += [{**asdict(one), "estimate": study.estimate, "breakdown": limit} for one in found]
    return pd.DataFrame(rows)[list(HONEST)]


def _bounds(card: Card) -> list[float]:
    return sorted({0.0, card.checks.honest_limit, *card.checks.honest_bounds})


def _breakdown(study: EventStudy, restriction: str, level: float) -> float:
    """Infinite where no bound brings zero in, the periods before being without any movement."""
    try:
        return breakdown(study, restriction=restriction, level=level)
    except ValueError:
        return float("inf")


def honest_did(card: Card, study: EventStudy, honest: pd.DataFrame) -> Check:
    """The breakdown value of relative magnitudes against the card's `honest_limit`. No step down by itself: it says how
    much is assumed, and with few offices chance alone makes it small. `pre_trends` takes the step for trends that show.

    Noted where zero is inside even with parallel trends: then there is no finding to lose. Source: Rambachan and Roth
    (2023), Review of Economic Studies 90(5), who take 1 as the natural measure: trends part no more than before.
    """
    own = honest[honest["restriction"].eq(RELATIVE)].set_index("bound")
    limit, wanted = float(own["breakdown"].iloc[0]), card.checks.honest_limit
    straight = honest[honest["restriction"].eq(SMOOTH)].iloc[0]
    one = own.loc[wanted]
    nothing = bool(own.loc[0.0, "conf_low"] <= 0 <= own.loc[0.0, "conf_high"])
    word = verdict(limit >= wanted)
    return Check(
        name="honest_did",
        verdict="noted" if nothing else word,
        text_id=f"check.honest_did.{'nothing' if nothing else word}",
        value=None if np.isinf(limit) else limit,
        threshold=wanted,
        values={"estimate": study.estimate, "bound": wanted}
        | {"conf_low": float(one["conf_low"]), "conf_high": float(one["conf_high"])}
        | {"line_low": float(straight["conf_low"]), "line_high": float(straight["conf_high"])},
        table=honest.astype(object).where(honest.notna(), None).to_dict("records"),
    )
