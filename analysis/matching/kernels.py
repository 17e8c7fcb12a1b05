"""Loops of greedy matching on a line, one pass over the choosers per turn.

Every function takes columns (`compiled.column`) and changes `left`, `right`, `low`, `high` and `uses`. Two
union-find forests give the nearest free place to either side in O(α(n)); `low` and `high` bound the places that a
chooser has already looked at. Partners found are written to `own_out` and `partner_out`; their number is returned.

Tie rule: the nearer of left and right; at equal distance the one fewer places away, then the left.
"""

from heapq import heappop, heappush

from analysis.matching.compiled import compiled


@compiled
def root(parent, place):
    """Root of the tree that `place` stands in; every visited place is moved up to its grandparent."""
    while parent[place] != place:
        parent[place] = parent[parent[place]]
        place = parent[place]
    return place


@compiled
def take_nearest(score, left, right, place, low, high, wanted, turns, uses, limit, own_out, partner_out):
    """Each chooser's nearest free partner within `limit`, in order, everyone's first before anyone's second."""
    count = 0
    for turn in range(turns):
        for number in range(len(place)):
            if wanted[number] <= turn:
                continue
            own = place[number]
            left_place, right_place = root(left, low[number]), root(right, high[number])
            to_left, to_right = abs(score[own] - score[left_place]), abs(score[right_place] - score[own])
            go_left = to_left < to_right or (to_left == to_right and own - left_place <= right_place - own)
            if (to_left if go_left else to_right) > limit:
                continue
            partner = left_place if go_left else right_place
            if go_left:
                low[number] = partner - 1
            else:
                high[number] = partner + 1
            uses[partner] -= 1
            if uses[partner] == 0:
                left[partner], right[partner] = partner - 1, partner + 1
            own_out[count], partner_out[count] = own, partner
            count += 1
    return count


@compiled
def allowed(own, other, values, widths, codes):
    """Whether all covariates are within their widths and all codes differ."""
    for column in range(len(widths)):
        if abs(values[column][own] - values[column][other]) > widths[column]:
            return False
    for column in range(len(codes)):  # noqa: SIM110 - numba compiles no generators
        if codes[column][own] == codes[column][other]:
            return False
    return True


@compiled
def first_allowed(score, left, right, own, low, high, limit, values, widths, codes):
    """Places reached on either side, and where the first allowed partner stands: −1 left, 1 right, 0 nowhere.

    Partners are passed outwards from `own` in the order of the tie rule.
    """
    here = score[own]
    while True:
        low, high = root(left, low), root(right, high)
        to_left, to_right = abs(here - score[low]), abs(score[high] - here)
        go_left = to_left < to_right or (to_left == to_right and own - low <= high - own)
        if (to_left if go_left else to_right) > limit:
            return low, high, 0
        if allowed(own, low if go_left else high, values, widths, codes):
            return low, high, -1 if go_left else 1
        if go_left:
            low -= 1
        else:
            high += 1


@compiled
def take_allowed(
    score, left, right, place, low, high, wanted, turns, uses, limit, values, widths, codes, own_out, partner_out
):
    """As `take_nearest`, among partners that are allowed."""
    count = 0
    for turn in range(turns):
        for number in range(len(place)):
            if wanted[number] <= turn:
                continue
            own = place[number]
            at_left, at_right, side = first_allowed(
                score, left, right, own, low[number], high[number], limit, values, widths, codes
            )
            low[number], high[number] = at_left, at_right
            if side == 0:
                continue
            partner = at_left if side < 0 else at_right
            if side < 0:
                low[number] = partner - 1
            else:
                high[number] = partner + 1
            uses[partner] -= 1
            if uses[partner] == 0:
                left[partner], right[partner] = partner - 1, partner + 1
            own_out[count], partner_out[count] = own, partner
            count += 1
    return count


def take_closest(
    score, left, right, place, low, high, wanted, turns, uses, limit, values, widths, codes, own_out, partner_out
):
    """As `take_allowed`, but in each turn the nearest pair of all is matched first.

    The heap holds every chooser's nearest partner; one that has been taken meanwhile is looked up anew. Of pairs
    at equal distance those looked up anew come first, the latest of them before all, and then the choosers' order;
    so MatchIt 4.7 has it.
    """
    count = looked = 0
    for turn in range(turns):
        waiting, first = [number for number in range(len(place)) if wanted[number] > turn], True
        heap: list[tuple[float, int, int, int]] = []
        while waiting or heap:
            for number in waiting:
                own = place[number]
                low[number], high[number], side = first_allowed(
                    score, left, right, own, low[number], high[number], limit, values, widths, codes
                )
                looked += 1
                if side:
                    partner = low[number] if side < 0 else high[number]
                    turn_of = number if first else -looked
                    heappush(heap, (abs(score[own] - score[partner]), turn_of, number, partner))
            waiting, first = [], False
            if not heap:
                break
            _, _, number, partner = heappop(heap)
            if uses[partner] == 0:
                waiting = [number]
                continue
            own = place[number]
            if partner < own:
                low[number] = partner - 1
            else:
                high[number] = partner + 1
            uses[partner] -= 1
            if uses[partner] == 0:
                left[partner], right[partner] = partner - 1, partner + 1
            own_out[count], partner_out[count] = own, partner
            count += 1
    return count
