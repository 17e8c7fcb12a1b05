"""Two dates held against each other: the share at each, its change, and how far it moves if the dates are others."""

from collections.abc import Iterator
from typing import Any

from analysis.card_series import Series
from analysis.months import month_number, month_text
from analysis.proportions import newcombe, wilson
from analysis.series.units import Units

ESTIMATOR = "before_after"


def date_rows(units: Units, chosen: Series, *, level: float) -> Iterator[dict[str, Any]]:
    """Rows of the treated units together: `share` before and after with Wilson's interval (`spec` says which, `group`
    the month), and `change` with Newcombe's, as if other persons were counted at each date, which they are not.

    The change has one more row, `inference` dates: its bounds are the least and greatest over all pairs of months that
    the source's words allow.
    """
    own = units.treated
    places = {name: units.at(month_number(getattr(chosen, name).month)) for name in ("before", "after")}
    counts = {name: (_whole(units.y, own, at), _whole(units.n, own, at)) for name, at in places.items()}
    for name, (k, n) in counts.items():
        found = wilson(k, n, level=level)
        yield {
            "estimator": ESTIMATOR,
            "scale": "share",
            "spec": name,
            "group": month_text(int(units.months[places[name]])),
            "term": "share",
            "estimate": found.estimate,
            "conf_low": found.low,
            "conf_high": found.high,
            "conf_level": level,
            "inference": "wilson",
            "convention": "all persons of the units",
            "n_treated": n,
        }
    change = {"estimator": ESTIMATOR, "spec": "change", "term": "change", "convention": "all persons of the units"}
    found = newcombe(*counts["after"], *counts["before"], level=level)
    bounds = {"conf_low": found.low, "conf_high": found.high, "conf_level": level}
    yield change | {"estimate": found.estimate, "inference": "newcombe", **bounds}
    low, high = _over_dates(units, chosen)
    yield change | {"estimate": found.estimate, "inference": "dates", "conf_low": low, "conf_high": high}


def _whole(values: Any, own: Any, at: int) -> int:
    return round(float(values[own, at].sum()))


def _over_dates(units: Units, chosen: Series) -> tuple[float, float]:
    share = units.pooled(units.treated)
    spans = [[units.at(month_number(month)) for month in date.span()] for date in (chosen.before, chosen.after)]
    (first, last), (early, late) = spans
    found = [share[b] - share[a] for a in range(first, last + 1) for b in range(early, late + 1)]
    return float(min(found)), float(max(found))
