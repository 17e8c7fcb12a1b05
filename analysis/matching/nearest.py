"""Nearest neighbours on a score: from a task to rows of focal persons and of their partners.

Conventions are those of MatchIt 4.7 and are stated at each function; ties follow one documented rule
(`kernels`), so that a result can be repeated from the same scores pair by pair.
"""

import sys

import numpy as np

from analysis.matching import kernels
from analysis.matching.compiled import column
from analysis.matching.line import Line, sorted_line
from analysis.matching.neighbour_task import Rules, Task, joint
from analysis.matching.penalised import take_penalised

Rows = tuple[np.ndarray, np.ndarray]


def nearest_partners(task: Task) -> Rows:
    """Rows of focal persons and of partners, one entry per pair, in the order in which they were chosen."""
    choosers = choosing_order(task)
    wanted = wanted_partners(task, choosers)
    if task.cluster is None:
        return _on_one_line(task, choosers, wanted, uses_of(task), task.stratum, task.rules)
    if task.spec.within == "penalty":
        return _with_penalty(task, choosers, wanted)
    return inside_then_outside(task, choosers, wanted, _on_one_line)


def choosing_order(task: Task) -> np.ndarray:
    """Rows of the focal persons, first chooser first; equal scores keep row order whichever way the order runs.

    Unless the specification says otherwise the highest score chooses first for the ATT and the lowest for the ATC,
    since they have the fewest partners near them; without scores the first row does.
    """
    rows = np.flatnonzero(task.focal)
    order = task.spec.order or default_order(task)
    if order == "random":
        return np.random.default_rng(task.spec.seed).permutation(rows)
    if order in ("data", "closest"):
        return rows if order == "data" or task.score is None else rows[_by_score(task, rows, default_order(task))]
    return rows[_by_score(task, rows, order)]


def default_order(task: Task) -> str:
    if task.score is None:
        return "data"
    return "largest" if task.spec.estimand == "ATT" else "smallest"


def _by_score(task: Task, rows: np.ndarray, order: str) -> np.ndarray:
    signed = task.score[rows] if order == "smallest" else -task.score[rows]
    return np.argsort(signed, kind="stable") if task.label is None else np.lexsort((task.label[rows], signed))


def wanted_partners(task: Task, choosers: np.ndarray) -> np.ndarray:
    """Number of partners of each chooser.

    With a variable ratio the choosers with most partners near them (the last in the default order) get
    `max_controls`, the others `min_controls`, and one in between the rest, so that the mean is `ratio`: of the
    surplus (ratio − min) · choosers, as many full shares of max − min are given as there is room for.
    Source: Ming and Rosenbaum (2000), Biometrics 56(1), on ratios that vary; the split is that of MatchIt 4.7.
    """
    spec = task.spec
    if spec.max_controls is None:
        return np.full(len(choosers), spec.ratio, dtype=np.int64)
    wanted = np.full(len(choosers), spec.min_controls, dtype=np.int64)
    surplus = round(spec.ratio * len(choosers)) - spec.min_controls * len(choosers)
    share = spec.max_controls - spec.min_controls
    plenty = _by_score(task, choosers, default_order(task))[::-1]
    full, rest = divmod(surplus, share) if share else (0, 0)
    wanted[plenty[:full]] += share
    if rest:
        wanted[plenty[full]] += rest
    return wanted


def uses_of(task: Task) -> np.ndarray:
    """How many focal persons each person may still serve (n,)."""
    most = 1 if not task.spec.replace else (task.spec.reuse_max or len(task.focal) + 1)
    return np.where(task.partner, most, 0)


def inside_then_outside(task: Task, choosers: np.ndarray, wanted: np.ndarray, search) -> Rows:
    """`search` inside each cluster first; who lacks partners then looks outside the own cluster."""
    uses = uses_of(task)
    own, partner = search(task, choosers, wanted, uses, joint(task.stratum, task.cluster), task.rules)
    n = len(uses)
    left = wanted - np.bincount(own, minlength=n)[choosers]
    uses = uses - np.bincount(partner, minlength=n)
    more = search(task, choosers[left > 0], left[left > 0], uses, task.stratum, task.rules.differing(task.cluster))
    return np.concatenate([own, more[0]]), np.concatenate([partner, more[1]])


def _on_one_line(
    task: Task, choosers: np.ndarray, wanted: np.ndarray, uses: np.ndarray, stratum: np.ndarray | None, rules: Rules
) -> Rows:
    line = sorted_line(task.by_score, task.score, task.partner & (uses > 0), stratum)
    limit = sys.float_info.max if task.width is None else task.width
    own = line.place[choosers]
    if task.spec.unlimited and not rules.any:
        places = _with_replacement(line, own, int(task.spec.ratio), limit)
    else:
        places = _greedily(task, line, own, wanted, uses, rules, limit)
    return line.row[places[0]], line.row[places[1]]


def _with_replacement(line: Line, own: np.ndarray, ratio: int, limit: float) -> Rows:
    """Two pointers per chooser move outwards, all choosers at once."""
    low, high = line.left[own], line.right[own]
    owners, partners = [], []
    for _ in range(ratio):
        to_left, to_right = np.abs(line.score[own] - line.score[low]), np.abs(line.score[high] - line.score[own])
        go_left = (to_left < to_right) | ((to_left == to_right) & (own - low <= high - own))
        near = np.where(go_left, to_left, to_right) <= limit
        owners.append(own[near])
        partners.append(np.where(go_left, low, high)[near])
        low = np.where(go_left & near, line.left[low - 1], low)
        high = np.where(go_left | ~near, high, line.right[np.minimum(high + 1, len(line.score) - 1)])
    return np.concatenate(owners), np.concatenate(partners)


def _greedily(
    task: Task, line: Line, own: np.ndarray, wanted: np.ndarray, uses: np.ndarray, rules: Rules, limit: float
) -> Rows:
    """Partners in the choosers' order, in turns: everyone's first partner before anyone's second."""
    most = int(wanted.sum())
    out = column(np.zeros(most, dtype=np.int64)), column(np.zeros(most, dtype=np.int64))
    columns = [column(values) for values in (line.score, line.left, line.right, own, own, own, wanted)]
    tail = [int(wanted.max(initial=0)), column(_on(line, uses)), limit]
    if rules.any or task.spec.order == "closest":
        take = kernels.take_closest if task.spec.order == "closest" else kernels.take_allowed
        count = take(*columns, *tail, *_rules_on(line, rules), *out)
    else:
        count = kernels.take_nearest(*columns, *tail, *out)
    return tuple(np.array(places[:count], dtype=np.int64) for places in out)


def _on(line: Line, values: np.ndarray) -> np.ndarray:
    """`values` (…, n) of persons by place on the line; stops get the last person's value and are never asked."""
    return values[..., line.row]


def _rules_on(line: Line, rules: Rules) -> tuple:
    return column(_on(line, rules.values)), column(rules.widths), column(_on(line, rules.codes))


def _with_penalty(task: Task, choosers: np.ndarray, wanted: np.ndarray) -> Rows:
    inside = sorted_line(task.by_score, task.score, task.partner, joint(task.stratum, task.cluster))
    outside = sorted_line(task.by_score, task.score, task.partner, task.stratum)
    sides = [
        tuple(column(values) for values in (line.score, line.left, line.right, line.place[choosers]))
        for line in (inside, outside)
    ]
    twins = column(outside.place[inside.row]), column(inside.place[outside.row])
    bounds = tuple(column(line.place[choosers]) for line in (inside, inside, outside, outside))
    rules = (*_rules_on(inside, task.rules), *_rules_on(outside, task.rules.differing(task.cluster)))
    most = int(wanted.sum())
    out = column(np.zeros(most, dtype=np.int64)), column(np.zeros(most, dtype=np.int64))
    count = take_penalised(
        *sides,
        twins,
        bounds,
        column(wanted),
        int(wanted.max(initial=0)),
        column(_on(outside, uses_of(task))),
        sys.float_info.max if task.width is None else task.width,
        task.penalty,
        rules,
        out,
    )
    own, partner = (np.array(places[:count], dtype=np.int64) for places in out)
    return outside.row[own], outside.row[partner]
