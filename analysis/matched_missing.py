"""What those whose outcome is not known could have made of a matched difference: Lee's bounds and the worst case.

Persons without the main outcome at the base and the main horizon were left out before anybody was matched, and others
of those who were matched are lost later. Both count as not known here. Nobody knows whom the first would have been
matched to: they are given the weight that makes the known share of each group, by weight, the share that was measured.
"""

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.event_values import EventValues, has_a_change
from analysis.matched_effects import Sample
from analysis.missing_outcomes import bound_rows
from analysis.outcomes import load_outcomes
from analysis.tables import MISSING

MEASURED = "measured"


def matched_missing(card: Card, values: EventValues, sample: Sample | None, attrition: pd.DataFrame) -> pd.DataFrame:
    """Bounds of the main difference at each horizon (contract MISSING), by set, or by office where that is the cluster.

    A change of a share lies between 0 and 1 less what it was at the base, or −1 and 1 where that is not known. No rows
    without a main sample, for amounts, or at a horizon where nobody is missing.
    """
    if sample is None or load_outcomes()[card.outcomes.primary].kind != "share":
        return pd.DataFrame(columns=list(MISSING))
    lost = _lost_shares(card, attrition)
    rows = [row for horizon in card.horizons for row in _rows(card, values, sample, horizon, lost)]
    return pd.DataFrame(rows, columns=list(MISSING))


def _lost_shares(card: Card, attrition: pd.DataFrame) -> dict[bool, tuple[int, int]]:
    """By treated or not: persons left out because the outcome was not measured, and those that were measured."""
    found = {}
    for role in ("treated", "comparison"):
        own = attrition[attrition["arm"].eq(card.arm(role).id)].sort_values("step")
        kept = own.loc[own["reason"].eq(MEASURED), "persons"]
        before = own.loc[own["step"] < own.loc[own["reason"].eq(MEASURED), "step"].min(), "persons"]
        known = len(kept) > 0 and len(before) > 0
        found[role == "treated"] = (int(before.iloc[-1] - kept.iloc[0]), int(kept.iloc[0])) if known else (0, 1)
    return found


def _rows(card: Card, values: EventValues, sample: Sample, horizon: int, lost: dict) -> list[dict]:
    outcome, used = card.outcomes.primary, sample.weight > 0
    people, treated, weight = sample.people[used], sample.treated[used], sample.weight[used]
    after = values.at(people, outcome, horizon)
    changes = has_a_change(outcome)
    base = values.at(people, outcome, values.base) if changes else np.zeros(len(people))
    marks = [np.full(lost[arm][0], arm) for arm in (True, False)]
    extra = [np.full(lost[arm][0], weight[treated == arm].sum() / lost[arm][1]) for arm in (True, False)]
    unknown = np.full(sum(map(len, marks)), np.nan)
    first = np.concatenate([np.nan_to_num(-base, nan=-1.0), np.full(len(unknown), -1.0 if changes else 0.0)])
    last = np.concatenate([np.nan_to_num(1 - base, nan=1.0), np.ones(len(unknown))])
    return bound_rows(
        horizon,
        np.concatenate([after - base, unknown]),
        np.concatenate([treated, *marks]).astype(bool),
        clusters=_clusters(card, sample, used, len(unknown)),
        weights=np.concatenate([weight, *extra]),
        smallest=first,
        largest=last,
        level=card.inference.level,
    )


def _clusters(card: Card, sample: Sample, used: np.ndarray, lost: int) -> np.ndarray:
    """Offices or sets; whoever is in no set, or is not known, stands alone."""
    if card.inference.cluster == "office":
        own = pd.factorize(sample.people["office_id"][used])[0]
    else:
        own = sample.sets[used].astype("int64")
    alone = own < 0
    own = np.where(alone, own.max(initial=0) + 1 + np.cumsum(alone), own)
    return np.concatenate([own, own.max(initial=0) + 1 + np.arange(lost)])
