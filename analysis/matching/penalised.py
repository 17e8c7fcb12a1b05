"""Greedy matching where a partner outside one's own cluster costs a penalty on top of the distance."""

from analysis.matching.compiled import compiled
from analysis.matching.kernels import first_allowed


@compiled
def step_past(low, high, number, place, side):
    """The chooser will look beyond `place`, found on `side`, the next time."""
    if side < 0:
        low[number] = place - 1
    else:
        high[number] = place + 1


@compiled
def look(line, bounds, number, limit, rules):
    """Place, distance and side of a chooser's nearest allowed partner on a line; side 0 for nobody."""
    score, left, right, place = line
    own = place[number]
    low, high, side = first_allowed(
        score, left, right, own, bounds[0][number], bounds[1][number], limit, rules[0], rules[1], rules[2]
    )
    near = low if side < 0 else high
    return near, abs(score[own] - score[near]), side


@compiled
def take_penalised(inside, outside, twins, bounds, wanted, turns, uses, limit, penalty, rules, out):
    """As `kernels.take_allowed` on two lines at once: `inside` has a stratum per cluster, `outside` has not.

    `inside` and `outside`: (score, left, right, place of each chooser). `twins`: place outside of each place
    inside, and the other way. `bounds`: low and high of each chooser inside and outside. `uses` counts by place
    outside. `rules`: values, widths and codes inside, then outside, where the last code is the cluster.
    The partner inside is taken unless the one outside is nearer by more than `penalty`.
    """
    count = 0
    for turn in range(turns):
        for number in range(len(wanted)):
            if wanted[number] <= turn:
                continue
            near, gap, side = look(inside, bounds[:2], number, limit, rules[:3])
            # Nothing farther outside than this could win, so nothing farther is looked at.
            reach = limit if side == 0 else min(limit, gap - penalty)
            far, far_gap, far_side = near, gap, 0
            if reach >= 0:
                far, far_gap, far_side = look(outside, bounds[2:], number, reach, rules[3:])
            if far_side != 0 and (side == 0 or far_gap + penalty < gap):
                step_past(bounds[2], bounds[3], number, far, far_side)
                there, here = far, twins[1][far]
            elif side != 0:
                step_past(bounds[0], bounds[1], number, near, side)
                there, here = twins[0][near], near
            else:
                continue
            uses[there] -= 1
            if uses[there] == 0:
                outside[1][there], outside[2][there] = there - 1, there + 1
                inside[1][here], inside[2][here] = here - 1, here + 1
            out[0][count], out[1][count] = outside[3][number], there
            count += 1
    return count
