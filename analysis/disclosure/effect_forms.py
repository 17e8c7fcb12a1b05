"""Which effects of a table are linear in published counts, and what a reader knows of the counts behind them.

An effect is linear where it is, to the last digit, the difference between the shares of two arms in one sample, or the
change of that difference since an earlier month: unadjusted differences, matching one to one or with equal weights, and
differences in differences of shares. Whatever an estimator is called, and whatever its inference, it is known by its
value, so that an adjusted effect that happens to be the plain one is judged as one. All others are judged by persons
and degrees of freedom alone, which is the rule of the field (ACRO, SDAP Handbook): a coefficient with covariates or
strata depends on how the persons divide in ways that are not printed.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.disclosure.effect_precision import Clue, Guarantee, Pair, effect_levels
from analysis.disclosure.profiles import Profile
from analysis.disclosure.published_counts import Counts

ROLES = ("treated", "comparison")
# A value is that of a form to this; an estimate found by search to `NEARLY`.
SAME, NEARLY = 1e-9, 1e-6
# Term of a change between two times before the intervention, which can be any.
PLACEBO = "placebo"


@dataclass(frozen=True)
class Form:
    """A difference between the shares of two arms at `time`; less that at `start`, where it is a change."""

    outcome: str
    sample: str
    time: int
    start: int | None = None

    @property
    def times(self) -> tuple[int, ...]:
        return (self.time,) if self.start is None else (self.time, self.start)


@dataclass(frozen=True)
class Told:
    """The cells of yes and no by (arm, outcome, sample, time): true size and number; the counts as published, by arm;
    treated and comparison arm; `tied`: sizes that both arms have by design (matching one to one); `start`: the time
    that changes count from."""

    cells: Mapping[tuple[str, str, str, int], tuple[int, int]]
    counts: Mapping[str, Counts]
    arms: tuple[str, ...]
    tied: frozenset[int] = frozenset()
    start: int = 0

    def effect(self, form: Form) -> float | None:
        """The effect by the true counts; None where a cell is missing or empty."""
        shares = []
        for time, arm in ((time, arm) for time in form.times for arm in self.arms):
            size, yes = self.cells.get((arm, form.outcome, form.sample, time), (0, 0))
            if not size:
                return None
            shares.append(yes / size)
        return shares[0] - shares[1] - (shares[2] - shares[3] if form.start is not None else 0.0)


def told(
    cells: pd.DataFrame, counts: Mapping[str, Counts], roles: Mapping[str, str], tied: frozenset[int], start: int
) -> Told:
    """Of the table of cells with its column `binary`."""
    own = cells[cells["binary"] & cells["event_time"].notna()]
    found = {
        (row.arm, row.outcome, row.sample, int(row.event_time)): (int(row.n), round(row.sum_y))
        for row in own.itertuples()
    }
    arms = tuple(roles[name] for name in ROLES) if all(name in roles for name in ROLES) else ()
    return Told(found, counts, arms, tied, start)


def form_of(row: Any, known: Told) -> Form | None:
    """The form that gives the estimate of a row (outcome, horizon_months or event_time, estimate), if one does."""
    time = time_of(row)
    if pd.isna(time) or pd.isna(row.estimate) or not known.arms:
        return None
    time, first = int(time), known.arms[0]
    mine = {(sample, month) for arm, outcome, sample, month in known.cells if (arm, outcome) == (first, row.outcome)}
    for sample in sorted({sample for sample, month in mine if month == time}):
        starts = [None, known.start]
        if getattr(row, "term", None) == PLACEBO:
            starts += sorted((month for own, month in mine if own == sample), key=abs)
        for form in (Form(row.outcome, sample, time, start) for start in starts if start != time):
            value = known.effect(form)
            if value is not None and abs(value - row.estimate) < (
                NEARLY if form.start in (None, known.start) else SAME
            ):
                return form
    return None


def time_of(row: Any) -> Any:
    """The horizon of a row, or its time since the start; missing where it has neither."""
    horizon = getattr(row, "horizon_months", pd.NA)
    return getattr(row, "event_time", pd.NA) if pd.isna(horizon) else horizon


def form_levels(rows: Sequence[tuple[Any, Form]], known: Told, profile: Profile) -> dict[Form, int | None]:
    """The decimals of each form (None: hidden) by everything printed together, the rows the most important first."""
    forms = list(dict.fromkeys(form for _, form in rows))
    if profile.method == "suppression" or not profile.base:
        # What is shown is exact: a reader can work the effect out.
        return dict.fromkeys(forms, 3)
    boxes = _boxes(known, profile)
    errors = {form: [row.std_error for row, own in rows if own == form] for form in forms}
    clues = [_clue(form, known, boxes, errors[form]) for form in forms]
    rule = Guarantee(profile.threshold, profile.base, 0 if profile.zeros_hidden else 1)
    return effect_levels(clues, boxes, list(_pairs(known, boxes, profile)), rule)


def size_name(arm: str, size: int, tied: frozenset[int] = frozenset()) -> str:
    """The variable of a size; sizes that a reader knows to be the same number are one."""
    return f"n|{size}" if size in tied else f"n|{arm}|{size}"


def yes_name(arm: str, outcome: str, sample: str, time: int) -> str:
    return f"y|{arm}|{outcome}|{sample}|{time}"


def _boxes(known: Told, profile: Profile) -> dict[str, np.ndarray]:
    """The whole numbers behind each published count."""
    found: dict[str, np.ndarray] = {}
    for arm, counts in known.counts.items():
        for size, value in counts.sizes.items():
            if not math.isnan(value):
                name, box = size_name(arm, size, known.tied), _box(value, profile)
                found[name] = np.intersect1d(found[name], box) if name in found else box
    for (arm, outcome, sample, time), (size, yes) in known.cells.items():
        value = known.counts[arm].yes(size, yes)
        if not math.isnan(value):
            found[yes_name(arm, outcome, sample, time)] = _box(value, profile)
    return found


def _box(value: float, profile: Profile) -> np.ndarray:
    low, high = profile.stands_for(int(value))
    return np.arange(low, int(high) + 1)


def _clue(form: Form, known: Told, boxes: Mapping[str, np.ndarray], errors: Sequence[float]) -> Clue:
    parts = []
    for time, arm in ((time, arm) for time in form.times for arm in known.arms):
        size, yes = known.cells[(arm, form.outcome, form.sample, time)]
        own = yes_name(arm, form.outcome, form.sample, time)
        parts.append((size_name(arm, size, known.tied), size, own, yes))
    names = tuple(dict.fromkeys([part[0] for part in parts] + [part[2] for part in parts]))
    wide = {
        name: boxes[name].reshape([-1 if place == own else 1 for own in range(len(names))]).astype("float64")
        for place, name in enumerate(names)
    }
    shares = [wide[yes] / np.maximum(wide[size], 1) for size, _, yes, _ in parts]
    values = shares[0] - shares[1] - (shares[2] - shares[3] if form.start is not None else 0)
    true = {size: count for size, count, _, _ in parts} | {yes: count for _, _, yes, count in parts}
    at = tuple(int(np.searchsorted(boxes[name], true[name])) for name in names)
    sizes = [wide[part[0]] for part in parts]
    others = _known_errors(shares, sizes, errors, at, values.shape) if form.start is None else None
    return Clue(form, names, np.broadcast_to(values, values.shape), at, others)


def _known_errors(
    shares: list[np.ndarray], sizes: list[np.ndarray], errors: Sequence[float], at: tuple[int, ...], shape: Any
) -> np.ndarray | None:
    """Standard errors that follow from the counts of two arms, with two digits, as a number for each combination."""
    found = np.zeros(shape, dtype="int64")
    for formula in _formulas(shares, sizes):
        value = np.broadcast_to(formula, shape)
        if any(abs(error - value[at]) < NEARLY for error in errors if pd.notna(error)):
            power = np.floor(np.log10(np.maximum(value, 1e-12))).astype("int64")
            digits = np.round(value / 10.0 ** (power - 1)).astype("int64")
            both = np.stack([found.ravel(), (digits + 1000 * power).ravel()])
            found = np.unique(both, axis=1, return_inverse=True)[1].reshape(shape)
    return found if found.any() else None


def _formulas(shares: list[np.ndarray], sizes: list[np.ndarray]) -> Iterator[np.ndarray]:
    """Standard errors of a difference of two shares: HC0, HC1, HC2, HC3, pooled for a test, and of least squares."""
    (one, other), (n, m) = (share * (1 - share) for share in shares[:2]), (np.maximum(size, 2) for size in sizes[:2])
    robust, total = one / n + other / m, n + m
    yield np.sqrt(np.maximum(robust, 0))
    yield np.sqrt(np.maximum(robust * total / (total - 2), 0))
    yield np.sqrt(np.maximum(one / (n - 1) + other / (m - 1), 0))
    yield np.sqrt(np.maximum(one * n / (n - 1) ** 2 + other * m / (m - 1) ** 2, 0))
    mean = (shares[0] * n + shares[1] * m) / total
    yield np.sqrt(np.maximum(mean * (1 - mean) * (1 / n + 1 / m), 0))
    yield np.sqrt(np.maximum((n * one + m * other) / (total - 2) * (1 / n + 1 / m), 0))


def _pairs(known: Told, boxes: Mapping[str, np.ndarray], profile: Profile) -> Iterator[Pair]:
    """Every two counts of an arm of which the difference is about persons and could be small."""
    for arm, counts in known.counts.items():
        shown = [(size_name(arm, size, known.tied), value) for size, value in counts.sizes.items() if value == value]
        yield from _near(shown, boxes, profile)
        own = {key[1:]: cell for key, cell in known.cells.items() if key[0] == arm}
        for time in sorted({key[2] for key in own}):
            here = {key: cell for key, cell in own.items() if key[2] == time}
            names = [(yes_name(arm, *key), counts.yes(*cell)) for key, cell in here.items()]
            yield from _near(names, boxes, profile)
            for key, (size, yes) in here.items():
                whole, part = size_name(arm, size, known.tied), yes_name(arm, *key)
                if {whole, part} <= boxes.keys():
                    least = 1 if counts.size(size) > counts.yes(size, yes) else 0
                    yield from (pair for pair in [Pair(whole, part, least)] if _may_be_near(pair, boxes, profile))


def _may_be_near(pair: Pair, boxes: Mapping[str, np.ndarray], profile: Profile) -> bool:
    first, second = boxes[pair.first], boxes[pair.second]
    return bool(first[0] - second[-1] < profile.threshold and second[0] - first[-1] < profile.threshold)


def _near(shown: Sequence[tuple[str, float]], boxes: Mapping[str, np.ndarray], profile: Profile) -> Iterator[Pair]:
    ordered = sorted((one for one in shown if one[0] in boxes), key=lambda one: -one[1])
    for place, (first, value) in enumerate(ordered):
        for second, other in ordered[place + 1 :]:
            pair = Pair(first, second, 1 if value > other else None)
            if first != second and _may_be_near(pair, boxes, profile):
                yield pair
