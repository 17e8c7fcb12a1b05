"""Each kind of leak is planted and found, with the numbers that give it away; clean releases pass."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.disclosure.attacker import exact_count, knowledge, rounded_count, whole_bounds
from analysis.disclosure.declared import (
    MAXIMUM,
    SUM,
    Classification,
    Declared,
    Dimension,
    Group,
    Number,
    Place,
    Truth,
    cell,
)
from analysis.disclosure.equations import equations
from analysis.disclosure.irreducible import irreducible
from analysis.disclosure.joined import joined
from analysis.disclosure.joint_audit import Finding, audit, joint_audit
from analysis.disclosure.profiles import PROFILES_FILE, read_profiles
from analysis.disclosure.redaction import redact_and_round
from analysis.disclosure.rounding import round_table
from analysis.disclosure.shown import derived, exact, hidden, rounded
from analysis.disclosure.suppression import suppress_table
from analysis.problems import ProblemsFound
from tests.disclosure_releases import (
    ARMS,
    CLASSIFICATION,
    FOLLOWED,
    HIDES,
    LOST,
    NO,
    OFFICES,
    ROUNDS,
    YES,
    Rule,
    by_office,
    count,
    effect,
    mean,
    office_cell,
    release,
    share,
    to_base,
    two_reports,
)

PROFILES = Path(__file__).parents[1] / PROFILES_FILE


def found(*releases, rule=HIDES):
    """What is found in the last release, as sets of (row, column) with the words."""
    answer = audit(releases[:-1], releases[-1], rule)
    return [({(place.report, place.row, place.column) for place in one.places}, one.what) for one in answer.findings]


def only(*releases, rule=HIDES):
    (one,) = found(*releases, rule=rule)
    return one


# The example of two reports.


def test_two_reports_give_away_how_many_dropped_out_per_office():
    first, second = two_reports()
    leaks = found(first, second)
    assert [places for places, _ in leaks] == [
        {("Rapport 1", office, "alle"), ("Rapport 2", office, "fulgt")} for office in ("A", "C")
    ]
    assert all(f"arbeid 24 = ukjent, kontor = {office}" in what for office, (_, what) in zip("AC", leaks, strict=True))


def test_each_of_the_two_reports_passes_alone():
    first, second = two_reports()
    assert found(first) == found(second) == []


def test_the_same_two_reports_rounded_to_base_pass():
    assert found(*two_reports(to_base), rule=ROUNDS) == []


def test_the_refusal_names_report_table_row_and_column_in_norwegian_and_no_value():
    first, second = two_reports()
    with pytest.raises(ProblemsFound) as refused:
        joint_audit([first], second, HIDES)
    text = str(refused.value)
    assert "rapport «Rapport 1», tabell «Tabell», rad «A», kolonne «alle»" in text
    assert "rapport «Rapport 2», tabell «Tabell», rad «A», kolonne «fulgt»" in text
    assert "arbeid 24 = ukjent" in text
    assert set(re.findall(r"\d+", text.replace("arbeid 24", ""))) == {"1", "2"}  # of the reports' own names


def test_zero_is_a_small_count_where_the_profile_hides_zeros():
    first, second = two_reports()
    assert len(found(first, second, rule=replace(HIDES, zeros_hidden=True))) == 3


# Kinds of leaks within a report.


def test_what_is_left_of_a_base_is_counted():
    numbers = [count("R", office_cell("A"), 34), count("R", office_cell("A", {"arbeid 24": YES}), 31)]
    places, what = only(release("R", *numbers))
    assert len(places) == 2
    assert "arbeid 24 = nei eller ukjent" in what


def test_a_total_minus_the_matched_is_counted():
    numbers = [count("R", cell(arm="tiltak"), 90), count("R", cell(arm="tiltak", matchet=YES), 88)]
    assert "matchet = nei" in only(release("R", *numbers))[1]


def test_a_hidden_cell_is_worked_out_from_its_margins_through_other_tables():
    """Primary suppression alone: one hidden cell in a row with a total, the total in another table."""
    numbers = [
        count("R", office_cell("A", {"arm": "tiltak"}), 3, hidden(), column="tiltak"),
        count("R", office_cell("A", {"arm": "sammenligning"}), 20, column="sammenligning"),
    ]
    total = count("R", office_cell("A"), 23, table="Frafall", medium="attrition", column="i alt")
    places, _ = only(release("R", *numbers, total))
    assert places == {("R", "kontor = A", "i alt"), ("R", "arm = sammenligning, kontor = A", "sammenligning")}


def test_a_category_that_is_not_printed_is_counted_by_the_others():
    parts = [count("R", office_cell(office), value) for office, value in zip("ABC", (30, 40, 20), strict=True)]
    places, what = only(release("R", *parts, count("R", cell(), 92)))
    assert "kontor = D" in what
    assert len(places) == 4


def test_a_figure_point_a_margin_and_an_alternative_text_count_like_a_table():
    numbers = [
        count("R", cell(arm="tiltak"), 50, medium="figure"),
        count("R", cell(arm="sammenligning"), 47, medium="alt"),
        count("R", cell(arm=ARMS, matchet=YES), 95, medium="sheet"),
    ]
    (finding,) = audit([], release("R", *numbers), HIDES).findings
    text = str(finding.problem())
    assert all(word in text for word in ("figur «", "alternativ tekst «", "ark «"))


def test_a_percentage_beside_its_base_gives_the_count_away():
    inner, outer = office_cell("A", {"arbeid 24": YES}), office_cell("A", {"arbeid 24": FOLLOWED})
    numbers = [count("R", outer, 34), share("R", inner, outer, (31, 34), "91.2")]
    leaks = found(release("R", *numbers))
    assert any("arbeid 24 = nei, kontor = A" in what and len(places) == 2 for places, what in leaks)


def test_a_percentage_in_another_report_gives_the_count_away_too():
    inner, outer = office_cell("A", {"arbeid 24": YES}), office_cell("A", {"arbeid 24": FOLLOWED})
    number = share("Ny", inner, outer, (3, 34), "8.8")
    assert found(release("Før", count("Før", outer, 34)), release("Ny", number))


def test_a_percentage_of_rounded_counts_tells_no_more_than_they_do():
    inner, outer = office_cell("A", {"arbeid 24": YES}), office_cell("A", {"arbeid 24": FOLLOWED})
    numbers = [
        count("R", outer, 34, to_base(34)),
        count("R", inner, 4, rounded(3, 3)),
        share("R", inner, outer, (4, 34), None, shown=derived("9.1", scale=100)),
    ]
    assert found(release("R", *numbers), rule=ROUNDS) == []


def test_a_percentage_of_true_counts_beside_rounded_ones_gives_them_away():
    inner, outer = office_cell("A", {"arbeid 24": YES}), office_cell("A", {"arbeid 24": FOLLOWED})
    numbers = [count("R", outer, 34, to_base(34)), share("R", inner, outer, (2, 34), "5.9")]
    assert found(release("R", *numbers), rule=ROUNDS)


def test_a_derived_percentage_must_come_from_the_counts_beside_it():
    inner, outer = office_cell("A", {"arbeid 24": YES}), office_cell("A", {"arbeid 24": FOLLOWED})
    counts = [count("R", outer, 34, to_base(34)), count("R", inner, 4, rounded(3, 3))]
    number = share("R", inner, outer, (4, 34), None, shown=derived("11.8", scale=100))
    assert "ikke regnet ut av de publiserte" in only(release("R", *counts, number), rule=ROUNDS)[1]
    assert "står ikke i rapporten" in only(release("R", counts[0], number), rule=ROUNDS)[1]


@pytest.mark.parametrize("value", [0, 34])
def test_nobody_and_everybody_tell_the_outcome_of_each(value):
    followed, inner = office_cell("A", {"arbeid 24": FOLLOWED}), office_cell("A", {"arbeid 24": YES})
    numbers = [count("R", followed, 34), count("R", inner, value)]
    assert "samme utfall" in only(release("R", *numbers))[1]


def test_nobody_in_work_is_no_secret_where_nobody_could_be():
    followed, inner = office_cell("A", {"arbeid 24": FOLLOWED}), office_cell("A", {"arbeid 24": YES})
    known = replace(CLASSIFICATION, impossible=(cell({"arbeid 24": YES}),))
    numbers = [count("R", followed, 34), count("R", inner, 0)]
    # Who is followed is then not in work, and how many are not followed is not told.
    assert found(release("R", *numbers, classification=known)) == []


def test_an_empty_category_tells_the_outcome_of_every_group_that_it_is_the_rest_of():
    """Nobody is known not to be in work: all who are followed are, and all who are not are lost."""
    parts = {YES: (YES,), "alle fulgte": FOLLOWED, "ikke i arbeid": (NO, LOST)}
    values = zip(parts.items(), (34, 34, 20), strict=True)
    numbers = [count("R", office_cell("A", {"arbeid 24": what}), value, column=name) for (name, what), value in values]
    leaks = {what.split("«")[1].split("»")[0] for _, what in found(release("R", *numbers))}
    assert leaks == {"arbeid 24 = ja eller nei, kontor = A", "arbeid 24 = nei eller ukjent, kontor = A"}


def test_a_rounded_zero_does_not_tell_the_outcome_of_anybody():
    followed, inner = office_cell("A", {"arbeid 24": FOLLOWED}), office_cell("A", {"arbeid 24": YES})
    numbers = [count("R", followed, 34, to_base(34)), count("R", inner, 0, to_base(0))]
    assert found(release("R", *numbers), rule=ROUNDS) == []


def test_an_effect_tells_a_count_when_all_others_behind_it_are_known():
    """Three counts of four are printed, and the effect gives the fourth."""
    numbers = [
        count("R", cell({"arm": arm, "arbeid 24": FOLLOWED}), base) for arm, base in zip(ARMS, (40, 50), strict=True)
    ]
    known = count("R", cell({"arm": "sammenligning", "arbeid 24": YES}), 20)
    hiding = count("R", cell({"arm": "tiltak", "arbeid 24": YES}), 3, hidden())
    shown = replace(effect("R", (40, 50)), shown=exact("-32.5", scale=100))
    shown = replace(shown, truth=Truth(value=3, base=40, minus_value=20, minus_base=50))
    assert found(release("R", *numbers, known, hiding)) == []
    assert found(release("R", *numbers, known, hiding, shown))


def test_a_mean_and_a_mean_without_a_few_tell_what_the_few_have():
    """Counts are rounded, so that nobody knows how many were left out, but not the means."""
    everybody, matched = cell(arm="tiltak"), cell(arm="tiltak", matchet=YES)
    # Bases are printed exactly in one report only; the sums differ by the 900 000 of two persons.
    numbers = [
        Number(Place("R", "Lønn", row), SUM, Group((item,)), exact(total), measure="lønn", truth=truth)
        for row, item, total, truth in (
            ("alle", everybody, 40_000_000, Truth(value=40_000_000, base=100, dominated=False)),
            ("matchet", matched, 39_100_000, Truth(value=39_100_000, base=98, dominated=False)),
        )
    ]
    counts = [count("R", everybody, 100, to_base(100)), count("R", matched, 98, to_base(98))]
    assert found(release("R", *counts), rule=ROUNDS) == []
    places, what = only(release("R", *counts, *numbers), rule=ROUNDS)
    assert places == {("R", "alle", ""), ("R", "matchet", "")}
    assert "lønn for «arm = tiltak, matchet = nei»" in what


def test_means_of_large_groups_pass():
    numbers = [
        mean("R", cell(arm=arm), 400_000 * persons, persons, "400000", row=arm)
        for arm, persons in zip(ARMS, (100, 60), strict=True)
    ]
    counts = [count("R", cell(arm=arm), persons) for arm, persons in zip(ARMS, (100, 60), strict=True)]
    assert found(release("R", *numbers, *counts)) == []


# Rules about single numbers.


def test_rules_about_single_numbers():
    largest = Number(Place("R", "Lønn", "størst"), MAXIMUM, Group((cell(),)), exact(812), measure="lønn")
    few, many = (replace(largest, truth=Truth(at_extreme=persons)) for persons in (1, 40))
    told = {
        "verdien til én": release("R", few),
        "ikke oppgitt": release("R", largest),
        "én eller to": release("R", mean("R", cell(), 900_000, 50, "18000", dominated=True)),
        "for få personer.": release("R", mean("R", cell(arm="tiltak"), 900_000, 3, "300000")),
        "i en av gruppene": release("R", effect("R", (40, 9))),
        "frihetsgrader": release("R", effect("R", (40, 40), df=4)),
    }
    for words, one in told.items():
        assert any(words in what for _, what in found(one, rule=replace(HIDES, residual_df=10))), words
    assert found(release("R", many)) == found(release("R", effect("R", (40, 40), df=12))) == []


def test_a_profile_that_changes_nothing_asks_for_nothing():
    first, second = two_reports()
    assert found(first, second, rule=Rule("none", threshold=1)) == []


# The set of numbers is as small as it can be, and the new release is what is judged.


def test_none_of_the_numbers_named_can_be_left_out():
    first, second = two_reports()
    more = release("Rapport 3", *by_office("Rapport 3", (20, 22, 18, 19), column="menn", matchet=YES))
    for finding in audit([first, more], second, HIDES).findings:
        for place in finding.places:
            left = [
                replace(one, numbers=tuple(number for number in one.numbers if number.place != place))
                for one in (first, more, second)
            ]
            assert finding.what not in [other.what for other in audit(left[:-1], left[-1], HIDES).findings]


def test_a_long_list_of_numbers_is_reduced_to_those_that_matter():
    first, second = two_reports()
    system = equations(*joined([first, second]))
    row = system.row([cell({"kontor": "C", "arbeid 24": LOST})])
    kept = irreducible(system, set(range(8)), lambda reader: reader.greatest(row).value < 5)
    assert {(number.place.row, number.place.column) for number in (system.numbers[place] for place in kept)} == {
        ("C", "alle"),
        ("C", "fulgt"),
    }
    # What the search starts from does not suffice: then all numbers are tried.
    assert irreducible(system, {0, 4}, lambda reader: reader.greatest(row).value < 5) == kept


def test_a_leak_that_is_out_already_is_told_of_and_does_not_stop_what_adds_nothing():
    first, second = two_reports()
    third = release("Rapport 3", count("Rapport 3", cell(arm="tiltak"), 70))
    answer = joint_audit([first, second], third, HIDES)
    assert [finding.older for finding in answer.findings] == [True, True]


def test_a_new_version_of_a_report_is_audited_against_the_old_one():
    first = release("R", *by_office("R", (34, 41, 28, 37), column="alle"))
    second = release("R", *by_office("R", (31, 41, 28, 37), column="alle", matchet=YES), version=2)
    places, what = only(first, second)
    assert places == {("R", "A", "alle"), ("R, versjon 2", "A", "alle")}
    assert "matchet = nei" in what


def test_a_dimension_that_means_something_else_is_refused():
    first, _ = two_reports()
    other = Classification((Dimension("kontor", ("A", "B", "E")),))
    with pytest.raises(ProblemsFound, match="kan ikke leses sammen") as refused:
        audit([first], release("Ny", count("Ny", cell(kontor="E"), 40), classification=other), HIDES)
    assert "«kontor»: betyr noe annet i rapport «Ny»" in str(refused.value)


def test_numbers_that_cannot_all_be_true_are_refused():
    first = release("R", count("R", cell(), 30))
    second = release("S", count("S", cell(arm="tiltak"), 31))
    with pytest.raises(ProblemsFound, match="kan ikke prøves"):
        audit([first], second, HIDES)


def test_another_cohort_and_the_same_report_twice_are_refused():
    first, _ = two_reports()
    with pytest.raises(ProblemsFound) as refused:
        audit([first], replace(first, cohort="en annen"), HIDES)
    assert "flere kohorter" in str(refused.value)
    assert "finnes to ganger" in str(refused.value)


# Order, labels, and an independent attacker.


def relabelled(one: Declared, new: dict[str, str]) -> Declared:
    def cells(group):
        return tuple(
            cell({name: [new.get(what, what) for what in whats] for name, whats in item.parts}) for item in group
        )

    dimensions = tuple(
        replace(part, categories=tuple(new.get(what, what) for what in part.categories))
        for part in one.classification.dimensions
    )
    numbers = (replace(number, of=Group(cells(number.of.cells), cells(number.of.base))) for number in one.numbers)
    return replace(one, classification=replace(one.classification, dimensions=dimensions), numbers=tuple(numbers))


@settings(max_examples=4, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_audit_does_not_depend_on_order_or_labels(random):
    first, second = two_reports()
    shuffled = [
        replace(
            one,
            numbers=tuple(random.sample(one.numbers, len(one.numbers))),
            classification=replace(one.classification, dimensions=tuple(random.sample(CLASSIFICATION.dimensions, 4))),
        )
        for one in (first, second)
    ]
    assert audit(shuffled[:1], shuffled[1], HIDES) == audit([first], second, HIDES)
    assert audit(shuffled[1:], shuffled[0], HIDES).groups == audit([first], second, HIDES).groups
    new = dict(zip(OFFICES, random.sample(("X", "Y", "Z", "W"), 4), strict=True))
    leaks = audit([relabelled(first, new)], relabelled(second, new), HIDES).findings
    assert {one.places for one in leaks} == {one.places for one in audit([first], second, HIDES).findings}


def table_release(counts, shown, name="R"):
    """A two-way table with margins, totals last; `shown` gives a cell's way of standing by its place and count."""
    rows, columns = counts.shape
    known = Classification(
        (Dimension("i", tuple(map(str, range(rows)))), Dimension("j", tuple(map(str, range(columns)))))
    )
    padded = np.pad(counts, ((0, 1), (0, 1)))
    padded[:, -1], padded[-1] = padded.sum(axis=1), padded.sum(axis=0)
    padded[-1, -1] = counts.sum()
    numbers = [
        count(
            name,
            cell({"i": str(i)} if i < rows else {}, **({"j": str(j)} if j < columns else {})),
            int(value),
            shown((i, j), int(value)),
            row=str(i),
            column=str(j),
        )
        for (i, j), value in np.ndenumerate(padded)
    ]
    return release(name, *numbers, classification=known)


def members(place, shape):
    grid = np.arange(shape[0] * shape[1]).reshape(shape)
    return grid[
        slice(None) if place[0] == shape[0] else place[0], slice(None) if place[1] == shape[1] else place[1]
    ].ravel()


small_tables = st.tuples(st.integers(2, 3), st.integers(2, 3)).flatmap(
    lambda shape: st.lists(st.integers(0, 7), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]).map(
        lambda values: np.array(values).reshape(shape)
    )
)
BELOW_FOUR = Rule(threshold=4)


def attacked(one, counts, threshold, clue):
    """What the independent attacker finds, in whole persons, of every cell and margin from 1 to threshold − 1."""
    clues = [
        clue(members((int(number.place.row), int(number.place.column)), counts.shape), number.shown.units)
        for number in one.numbers
        if number.shown.text is not None
    ]
    targets = [members(place, counts.shape) for place in np.ndindex(counts.shape[0] + 1, counts.shape[1] + 1)]
    small = [target for target in targets if 0 < counts.ravel()[target].sum() < threshold]
    true = np.array([counts.ravel()[target].sum() for target in small])
    return true, whole_bounds(knowledge(counts.size, clues), small) if small else np.zeros((0, 2))


@settings(max_examples=20, deadline=None)
@given(small_tables)
def test_check_15_no_combination_of_cells_solves_a_count_below_four(counts):
    """Check 15 of the evidence brief. An attacker in whole persons and our audit agree on primary suppression alone;
    what the suppression engine makes of the table passes, and the attacker solves nothing in it."""
    naive = table_release(counts, lambda place, value: hidden() if 0 < value < 4 else exact(value))
    true, bounds = attacked(naive, counts, 4, exact_count)
    assert bool(found(naive, rule=BELOW_FOUR)) == bool(((bounds[:, 1] < 4) | (bounds[:, 0] >= true)).any())
    done = suppress_table(counts, 4)
    treated = table_release(counts, lambda place, value: hidden() if done.hidden[place] else exact(value))
    assert found(treated, rule=BELOW_FOUR) == []
    true, bounds = attacked(treated, counts, 4, exact_count)
    assert ((bounds[:, 1] >= 4) & (bounds[:, 0] < true)).all()


@settings(max_examples=20, deadline=None)
@given(small_tables)
def test_rounded_tables_are_judged_as_an_attacker_in_whole_persons_judges_them(counts):
    one = table_release(counts, lambda _, value: rounded((value + 1) // 3 * 3, 3))
    _, bounds = attacked(one, counts, 5, lambda atoms, value: rounded_count(atoms, value, 3))
    few = bool((bounds[:, 1] - bounds[:, 0] + 1 < 3).any())
    assert bool(found(one, rule=ROUNDS)) == few


@settings(max_examples=10, deadline=None)
@given(small_tables)
def test_what_controlled_rounding_makes_of_a_table_passes(counts):
    cells = round_table(counts, 3, key=b"oppdiktet").cells
    one = table_release(counts, lambda place, _: rounded(int(cells[place]), 3))
    assert found(one, rule=ROUNDS) == []


@settings(max_examples=10, deadline=None)
@given(small_tables)
def test_what_redaction_with_rounding_makes_of_a_table_passes(counts):
    """Hidden cells are known to hold seven or fewer, and margins are the sums of what is shown."""
    done = redact_and_round(counts * 3, limit=7, base=5)

    def shown(place, _):
        margin = place[0] == counts.shape[0] or place[1] == counts.shape[1]
        if done.hidden[place]:
            return hidden() if margin else hidden(most=7)
        value = int(done.cells[place])
        return derived(value) if margin else rounded(value, 5, nearest=True)

    one = table_release(counts * 3, shown)
    assert found(one, rule=Rule("redact_and_round", threshold=8, base=5, zeros_hidden=True)) == []


@pytest.mark.parametrize("key", ["public", "nav", "ssb", "research", "opensafely", "open"])
def test_every_profile_of_the_configuration_can_be_audited_by(key):
    chosen = read_profiles(PROFILES)[key]
    first, second = two_reports()
    assert bool(found(first, second, rule=chosen)) == (key != "open")
    if key == "public":
        assert found(*two_reports(to_base), rule=chosen) == []


def test_findings_sort_and_compare_by_place():
    place = Place("R", "T")
    assert Finding((place,), "a") < Finding((place,), "b")
