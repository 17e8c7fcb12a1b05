"""Which printed figures cannot be true together: declared relations, in the shipped cohorts and broken one by one."""

from fractions import Fraction

import pytest
import stages
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.checks.consistency import consistency
from analysis.consistency import held_relations, printed_bounds
from analysis.published import Figures

AAP, KLAR, YOUTH, IPS, SEED, BENCHMARKS = stages.STATED


def figures_of(relation, **values):
    """Figures with these values, a unit of persons unless the value ends in per cent, and one relation."""
    facts = [
        {
            "id": name,
            "what": {"nb": name},
            "value": value.removesuffix("%"),
            "unit": "percent" if value.endswith("%") else "persons",
            "time": None,
            "certainty": "stated",
            "source": "x",
        }
        for name, value in values.items()
    ]
    one = {"outcome": "hired", "reason": {"nb": "x"}}
    return Figures.model_validate(
        {"facts": facts, "no_figures": one, "relations": [{"id": "r", "what": {"nb": "r"}, **relation}]}
    )


def holds(kind, parts, total=None, **values):
    (held,) = held_relations(figures_of({"kind": kind, "parts": parts, "total": total}, **values))
    return held.holds


def shipped(cohort):
    return {held.relation: held for held in held_relations(stages.figures(cohort))}


# Check 8 of the evidence brief: what must add up in the sources does.


def test_check_8_every_breakdown_of_table_1_and_the_organisation_sum_to_24():
    found = shipped(YOUTH)
    assert set(found) == {"status_2011", "staff", "region", "centrality", "office_type", "unemployment"}
    for held in found.values():
        assert held.holds
        assert (held.found, held.allowed) == (24, 24)
    values = [int(stages.figures(YOUTH).value(f"s001_f{number}")) for number in (21, 22, 23)]
    assert values == [13, 3, 8]


def test_check_8_the_staff_of_the_mentor_project_sum_to_43_and_the_outcomes_fit_in_49():
    found = shipped(stages.MENTOR)
    assert (found["staff"].holds, found["staff"].found, found["staff"].allowed) == (True, 43, 43)
    assert (found["outcomes"].holds, found["outcomes"].found, found["outcomes"].allowed) == (True, 40, 49)


def test_check_8_the_two_shares_of_the_office_sum_to_100():
    held = shipped(AAP)["office_shares"]
    assert (held.holds, held.found, held.allowed) == (True, 100, 100)


def test_the_arms_of_klar_sum_to_268():
    assert shipped(KLAR)["arms"].found == 268


def test_eight_per_cent_cannot_be_a_share_of_46_persons_and_the_check_says_so_with_the_figures():
    found = shipped(SEED)
    assert found["share_treated"].holds
    assert not found["share_usual"].holds
    (failed,) = [check for check in consistency(stages.figures(SEED)) if check.verdict == "failed"]
    assert failed.name == "consistency_share_usual"
    assert [row["fact"] for row in failed.table] == ["seed_12_usual", "seed_usual"]
    assert (failed.value, failed.threshold) == (8, pytest.approx(100 * 4 / 46))


def test_each_breakdown_of_table_1_is_seen_when_one_number_is_wrong():
    ids = [fact.id for fact in stages.figures(YOUTH).facts]
    for number in range(2, 20):
        place = ids.index(f"s001_f{number:02d}")
        wrong = stages.changed(stages.figures(YOUTH), **{f"facts__{place}__value": "99"})
        assert sum(not held.holds for held in held_relations(wrong)) == 1


@pytest.mark.parametrize("cohort", sorted(set(stages.PUBLISHED) - {SEED}))
def test_the_figures_of_the_other_shipped_cohorts_can_be_true_together(cohort):
    assert all(held.holds for held in held_relations(stages.figures(cohort)))


def test_a_cohort_without_relations_has_no_check_and_one_that_holds_has_one():
    assert consistency(stages.figures(stages.HPMT)) == []
    (check,) = consistency(stages.figures(YOUTH))
    assert (check.name, check.verdict, check.value) == ("consistency", "passed", 6)


# Known answers


def test_a_count_is_itself_and_a_percentage_is_what_rounds_to_it():
    assert printed_bounds("617", "persons") == (617, 617)
    assert printed_bounds("29.7", "percent") == (Fraction(2965, 100), Fraction(2975, 100))
    assert printed_bounds("30", "percent") == (Fraction(59, 2), Fraction(61, 2))
    with pytest.raises(ValueError, match="one number"):
        printed_bounds("15–20", "percent")


def test_shares_that_round_to_99_or_101_may_still_make_the_whole():
    assert holds("sum", ["a", "b", "c"], a="33%", b="33%", c="33%")
    assert holds("sum", ["a", "b", "c"], a="33.4%", b="33.3%", c="33.4%")
    assert not holds("sum", ["a", "b", "c"], a="33.3%", b="33.3%", c="33.2%")
    assert not holds("sum", ["a", "b"], a="33%", b="65%")


def test_parts_are_no_more_than_the_whole():
    assert holds("at_most", ["a", "b"], "n", a="36", b="13", n="49")
    assert not holds("at_most", ["a", "b"], "n", a="36", b="14", n="49")
    assert holds("at_most", ["a"], a="100%")


def test_a_complement_makes_a_hundred():
    assert holds("complement", ["a", "b"], a="72%", b="28%")
    assert not holds("complement", ["a", "b"], a="72.0%", b="28.2%")


def test_a_share_with_its_count_must_print_as_it_is():
    assert holds("share_of", ["a", "k"], "n", a="73.5%", k="36", n="49")
    assert not holds("share_of", ["a", "k"], "n", a="73.5%", k="37", n="49")


# Properties


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.data(), st.integers(0, 2))
def test_a_share_of_whole_persons_is_never_called_impossible(n, data, decimals):
    k = data.draw(st.integers(0, n))
    printed = f"{100 * k / n:.{decimals}f}%"
    assert holds("share_of", ["a", "k"], "n", a=printed, k=str(k), n=str(n))
    assert holds("share_of", ["a"], "n", a=printed, n=str(n))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=2, max_size=6), st.integers(-3, 3))
def test_counts_add_up_exactly_or_not_at_all(counts, off):
    names = [f"p{place}" for place in range(len(counts))]
    values = dict(zip(names, map(str, counts), strict=True)) | {"n": str(max(sum(counts) + off, 0))}
    whole = max(sum(counts) + off, 0)
    assert holds("sum", names, "n", **values) == (sum(counts) == whole)
    assert holds("at_most", names, "n", **values) == (sum(counts) <= whole)
