"""What a reader gets: cells as sums of atoms, numbers as equations, and bounds the same as over the full table."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from analysis.disclosure import cliques
from analysis.disclosure.cliques import layout
from analysis.disclosure.declared import (
    COUNT,
    SHARE,
    Cell,
    Classification,
    Declared,
    Dimension,
    Group,
    Measure,
    Number,
    Place,
    cell,
)
from analysis.disclosure.equations import equations
from analysis.disclosure.interval import Reader, whole
from analysis.disclosure.shown import (
    Shown,
    count_bounds,
    derived,
    exact,
    hidden,
    numerator_bounds,
    rounded,
    value_bounds,
)
from analysis.disclosure.targets import Target, crossed_cells, difference, nested
from analysis.enumeration import count_range
from analysis.problems import ProblemsFound
from tests.disclosure_releases import CLASSIFICATION, count, mean, release, share

SMALL = Classification(tuple(Dimension(name, ("a", "b", "c")) for name in "xyz"))
boxes = st.dictionaries(
    st.sampled_from("xyz"), st.sets(st.sampled_from("abc"), min_size=1, max_size=2), min_size=0, max_size=2
).map(lambda parts: SMALL.canonical(cell(parts)))


def members(box: Cell) -> np.ndarray:
    """Which of the 27 atoms of the full table are in a box."""
    parts = dict(box.parts)
    return (
        np.array(
            [
                all(category in parts.get(name, "abc") for name, category in zip("xyz", atom, strict=True))
                for atom in itertools.product("abc", repeat=3)
            ]
        )
        * 1.0
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(boxes, min_size=2, max_size=7, unique=True), st.lists(st.integers(0, 6), min_size=27, max_size=27))
def test_bounds_over_cliques_are_those_over_the_full_table(cells, counts):
    asked, *printed = cells
    full = np.array([members(box) for box in printed])
    one = release(
        "R",
        *(count("R", box, int(members(box) @ counts), row=str(place)) for place, box in enumerate(printed)),
        count("R", asked, 0, hidden(), row="skjult"),
        classification=SMALL,
    )
    system = equations(one)
    assert system.layout.size <= 27
    reader, row = Reader(system), system.row([asked])
    for sign, found in ((1, reader.least(row)), (-1, reader.greatest(row))):
        answer = linprog(sign * members(asked), A_eq=full, b_eq=full @ counts, method="highs")
        expected = np.inf if answer.status == 3 else sign * answer.fun
        assert found.value == pytest.approx(expected, abs=1e-6)


def test_dimensions_that_no_cell_crosses_are_not_crossed():
    many = Classification(tuple(Dimension(f"utfall {number}", ("ja", "nei")) for number in range(40)))
    cells = [cell({f"utfall {number}": "ja", f"utfall {number + 1}": "nei"}) for number in range(0, 40, 2)]
    found = layout(many, cells)
    assert found.size == 20 * 4
    assert found.agreement.shape[0] == 19
    assert {len(clique) for clique in found.cliques} == {2}


def test_categories_that_no_cell_tells_apart_are_one():
    found = layout(CLASSIFICATION, [CLASSIFICATION.canonical(cell(kontor=("A", "B")))])
    assert found.categories == {"kontor": (("A", "B"), ("C", "D"))}
    assert [str(found.cell_of(place)) for place in range(2)] == ["kontor = A eller B", "kontor = C eller D"]


def test_too_many_crossings_are_told_of(monkeypatch):
    monkeypatch.setattr(cliques, "MOST_ATOMS", 20)
    crossed = cell(x="a", y="b", z="c")
    assert layout(SMALL, [crossed]).size == 8
    with pytest.raises(ProblemsFound, match="kan ikke prøves") as refused:
        layout(SMALL, [cell(x=one, y=one, z=one) for one in "abc"])
    assert "x, y, z" in str(refused.value)


def test_complements_and_differences_follow_from_the_equations():
    numbers = [count("R", cell(kontor="A"), 34), count("R", cell(kontor="A", matchet="ja"), 31)]
    system = equations(release("R", *numbers))
    reader, row = Reader(system), system.row([cell(kontor="A", matchet="nei")])
    assert (reader.least(row).value, reader.greatest(row).value) == pytest.approx((3, 3))
    assert system.behind(reader.least(row).rows) == {0, 1}


@pytest.mark.parametrize("decimals", [0, 1])
@pytest.mark.parametrize("base", [1, 7, 34, 120])
def test_the_rows_of_a_share_hold_for_the_counts_that_print_so_and_no_others(base, decimals):
    inner, outer = cell(matchet="ja", kontor="A"), cell(kontor="A")
    for k in range(0, base + 1, max(base // 6, 1)):
        text = f"{100 * k / base + 1e-9:.{decimals}f}"
        system = equations(release("R", share("R", inner, outer, (k, base), text)))
        inside, all_of_them = system.row([inner]), system.row([outer])
        # One solution per count: so many in the cell, the rest of the base outside it.
        first, second = np.flatnonzero(inside)[0], np.flatnonzero(all_of_them - inside)[0]
        fits = [other for other in range(base + 1) if _holds(system, {first: other, second: base - other})]
        low, high = count_range(base, text)
        assert fits == list(range(low, high + 1))
        assert numerator_bounds(exact(text, scale=100), exact(base)) == (low, high)


def _holds(system, counts):
    x = np.zeros(system.matrix.shape[1])
    x[list(counts)] = list(counts.values())
    values = system.matrix @ x
    return bool(((values >= system.low - 1e-9) & (values <= system.high + 1e-9)).all())


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 80), st.data(), st.booleans(), st.integers(0, 1))
def test_the_truth_always_fits_what_is_printed_of_rounded_counts(base, data, nearest, decimals):
    k = data.draw(st.integers(0, base))
    shown = [rounded((value + 1) // 3 * 3, 3, nearest=nearest) for value in (k, base)]
    if not shown[1].units or shown[0].units > shown[1].units:
        return
    inner, outer = cell(matchet="ja", kontor="A"), cell(kontor="A")
    text = f"{100 * shown[0].units / shown[1].units + 1e-9:.{decimals}f}"
    of_rounded = rounded(text, 3, nearest=nearest, scale=100)
    numbers = [count("R", outer, base, shown[1]), share("R", inner, outer, (k, base), None, shown=of_rounded)]
    system = equations(release("R", *numbers))
    row = system.row([inner])
    reader = Reader(system)
    low, high = whole(reader.least(row).value, reader.greatest(row).value)
    assert low <= k <= high
    assert high - low + 1 >= 3 or nearest or k == 0


def test_a_share_of_true_counts_allows_every_base_that_rounds_so():
    low, high = numerator_bounds(exact("5.9", scale=100), rounded(33, 3))
    assert (low, high) == (2, 2)
    assert numerator_bounds(exact("50", scale=100), rounded(9, 3)) == (4, 5)


def test_a_mean_is_a_sum_over_persons_and_amounts_stay_within_their_limits():
    months = Classification(CLASSIFICATION.dimensions, (Measure("lønn", 0.0, 12.0),))
    numbers = [count("R", cell(arm="tiltak"), 40), mean("R", cell(arm="tiltak"), 480, 40, "12.0")]
    part = replace(count("R", cell(arm="tiltak", matchet="ja"), 10), shown=exact(10))
    system = equations(release("R", *numbers, part, classification=months))
    reader, row = Reader(system), system.row([cell(arm="tiltak", matchet="ja")], "lønn")
    # Everybody has the greatest amount, so that each part has it too, within the rounding of the mean.
    assert reader.greatest(row).value == pytest.approx(120)
    assert reader.least(row).value == pytest.approx(120 - 40 * 0.05)


def test_nothing_is_learnt_from_hidden_and_derived_numbers():
    inner, outer = cell(matchet="ja", kontor="A"), cell(kontor="A")
    silent = [
        count("R", inner, 3, hidden()),
        share("R", inner, outer, (3, 34), None, shown=derived("8.8", scale=100)),
        share("R", inner, outer, (3, 34), None, shown=hidden(), column="skjult"),
    ]
    system = equations(release("R", *silent))
    assert system.behind(np.arange(system.matrix.shape[0])) <= {0, 1, 2}
    assert Reader(system).greatest(system.row([inner])).value == np.inf


def test_a_sign_that_means_one_to_three_says_so():
    assert count_bounds(hidden(least=1, most=3)) == (1, 3)
    assert count_bounds(hidden()) == (0, np.inf)


def test_what_lies_behind_a_rounded_number():
    assert count_bounds(rounded(3, 3)) == (1, 5)
    assert count_bounds(rounded(0, 3)) == (0, 2)
    assert count_bounds(rounded(10, 5, nearest=True)) == (8, 12)
    assert [float(end) for end in value_bounds(exact("6,1", scale=100))] == pytest.approx([0.0605, 0.0615])
    assert [float(end) for end in value_bounds(exact("−2"))] == [-2.5, -1.5]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Shown("exact"),
        lambda: Shown("hidden", "3"),
        lambda: exact("3.1.2"),
        lambda: Shown("exact", "3", multiple=3),
        lambda: Dimension("x", ("a", "a")),
        lambda: cell(x=()),
        lambda: Place("R", "T", medium="tavle"),
        lambda: Number(Place("R", "T"), COUNT, Group((cell(),)), exact(1), measure="lønn"),
        lambda: Number(Place("R", "T"), SHARE, Group((cell(),)), exact("1")),
        lambda: release("R", count("R", cell(), 3), count("R", cell(), 3)),
        lambda: release("R", count("S", cell(), 3)),
        lambda: release("R", count("R", cell(kontor="Q"), 3)),
        lambda: equations(release("R"), Declared("k", "S", 1, SMALL, ())),
    ],
)
def test_what_cannot_be_meant_is_an_error(wrong):
    with pytest.raises(ValueError, match="[a-z]"):
        wrong()


def test_a_difference_in_one_dimension_is_a_box():
    larger, smaller = cell(kontor=("A", "B")), cell(kontor=("A", "B"), matchet="ja")
    assert difference(CLASSIFICATION, larger, smaller) == Target(cell(kontor=("A", "B"), matchet="nei"))
    both = cell(kontor="A", matchet="ja")
    assert difference(CLASSIFICATION, larger, both) == Target(larger, both)
    assert set(nested(CLASSIFICATION, [larger, smaller, both])) == {(larger, smaller), (larger, both), (smaller, both)}


def test_cells_that_are_not_printed_are_crossed():
    cells = [CLASSIFICATION.canonical(cell(kontor=office, matchet="ja")) for office in "AB"]
    found = set(map(str, crossed_cells(CLASSIFICATION, cells, layout(CLASSIFICATION, cells))))
    assert found == {
        f"kontor = {office}, matchet = {yes}" for office in ("A", "B", "C eller D") for yes in ("ja", "nei")
    }
