"""What a staggered design compares with what: the specification, and the list of effects it asks for."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

CONTROLS = ("never", "not_yet")
BASES = ("varying", "universal")
AGGREGATES = ("simple", "group", "calendar", "dynamic")
SAMPLINGS = ("panel", "cross_section")
MISSING = ("drop_person", "pairwise")
# Later than any month: sorts last, and is never reached.
NEVER = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Design:
    """Choices of a Callaway–Sant'Anna analysis.

    control: never-treated only, or everyone not yet treated (nor anticipating) in the later of the two months.
    base: of the months before treatment; varying subtracts the month before, universal always the same base month.
    anticipation: months before adoption that may already be affected; the base month is group − anticipation − 1.
    aggregates: of `AGGREGATES`. balance: the dynamic aggregate from groups followed at least that many months only.
    weight: the column of sampling weights. sampling: the same persons every month, or new ones.
    missing: a person with a missing outcome is dropped, or counts in the months where it is known.
    """

    control: str = "never"
    base: str = "universal"
    anticipation: int = 0
    aggregates: tuple[str, ...] = AGGREGATES
    balance: int | None = None
    weight: str | None = None
    sampling: str = "panel"
    missing: str = "drop_person"

    def __post_init__(self) -> None:
        for name, allowed in (
            ("control", CONTROLS),
            ("base", BASES),
            ("sampling", SAMPLINGS),
            ("missing", MISSING),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {getattr(self, name)!r}")
        if unknown := set(self.aggregates) - set(AGGREGATES):
            raise ValueError(f"unknown aggregates: {sorted(unknown)}")
        if self.anticipation < 0 or (self.balance is not None and self.balance < 0):
            raise ValueError("anticipation and balance are numbers of months, 0 or more")


@dataclass(frozen=True)
class Plan:
    """The effects of a design, as indices into cohorts (C, adoption months in order, NEVER last) and months (T).

    `table`: group, month, base, event_time, a row per effect (K). `own`, `at`, `before` (K,): cohort, month and base
    month of each effect. The comparison persons are the cohorts from `start` (K,) on, without the own one where
    `own_inside` (K,). `omitted`: group, month, reason of effects that have nobody to be compared with.
    """

    table: pd.DataFrame
    own: np.ndarray
    at: np.ndarray
    before: np.ndarray
    start: np.ndarray
    own_inside: np.ndarray
    omitted: pd.DataFrame

    def comparison(self, n_cohorts: int) -> np.ndarray:
        """Mask (K, C) of the cohorts that each effect is compared with."""
        cohort = np.arange(n_cohorts)
        return (cohort >= self.start[:, None]) & ~(self.own_inside[:, None] & (cohort == self.own[:, None]))


def base_months(design: Design, groups, months) -> np.ndarray:
    """The month subtracted from `months` for `groups` (arrays that broadcast).

    group − anticipation − 1 from the first month that may be affected on, and before it with a universal base;
    otherwise the month before. Callaway and Sant'Anna (2021), theorem 1 and section 4.2.
    """
    groups, months = np.broadcast_arrays(np.asarray(groups), np.asarray(months))
    fixed = groups - design.anticipation - 1
    return fixed if design.base == "universal" else np.where(months > fixed, fixed, months - 1)


def comparison_starts(design: Design, cohorts, months, bases) -> np.ndarray:
    """Index of the first cohort that is clean in both months; `cohorts` (C,) are in order, NEVER last if anywhere.

    Equal to C where there is none. The own cohort may lie inside and has to be taken out.
    """
    cohorts = np.asarray(cohorts)
    if design.control == "never":
        return np.full(np.shape(months), np.searchsorted(cohorts, NEVER))
    later = np.maximum(months, bases) + design.anticipation
    return np.searchsorted(cohorts, later, side="right")


def effect_plan(design: Design, cohorts, months) -> Plan:
    """Every effect that `cohorts` (C,) and consecutive `months` (T,) give under the design.

    A group without its base month has no effect at all; with a varying base neither has the first month.
    """
    cohorts, months = np.asarray(cohorts, dtype=np.int64), np.asarray(months, dtype=np.int64)
    groups = cohorts[cohorts < NEVER]
    group, month = (part.ravel() for part in np.meshgrid(groups, months, indexing="ij"))
    base = base_months(design, group, month)
    inside = (group - design.anticipation - 1 >= months[0]) & (base >= months[0]) & (base <= months[-1])
    group, month, base = group[inside], month[inside], base[inside]
    own, start = np.searchsorted(cohorts, group), comparison_starts(design, cohorts, month, base)
    own_inside = own >= start
    some = len(cohorts) - start - own_inside > 0
    table = pd.DataFrame({"group": group, "month": month, "base": base, "event_time": month - group})
    omitted = table.loc[~some, ["group", "month"]].assign(reason="no_comparison").reset_index(drop=True)
    return Plan(
        table=table[some].reset_index(drop=True),
        own=own[some],
        at=month[some] - months[0],
        before=base[some] - months[0],
        start=start[some],
        own_inside=own_inside[some],
        omitted=omitted,
    )


def keep_effects(plan: Plan, keep: np.ndarray, reason: str) -> Plan:
    """The plan without the effects where `keep` (K,) is false; they join the omitted with `reason`."""
    if keep.all():
        return plan
    left_out = plan.table.loc[~keep, ["group", "month"]].assign(reason=reason)
    arrays = {name: getattr(plan, name)[keep] for name in ("own", "at", "before", "start", "own_inside")}
    omitted = pd.concat([plan.omitted, left_out], ignore_index=True)
    return Plan(table=plan.table[keep].reset_index(drop=True), omitted=omitted, **arrays)
