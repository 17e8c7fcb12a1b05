"""The form for risk of bias: whole, in its own words, and able to lower the grade without being counted twice."""

import pytest
import stages
import variants

from analysis.card_appraisal import DOMAINS, JUDGEMENTS, Appraisal
from analysis.card_appraisal_rules import APPRAISAL_RULES
from analysis.checks.appraisal import appraisal


def form(tool, **judged):
    answers = dict.fromkeys(DOMAINS[tool], JUDGEMENTS[tool][0]) | judged
    return {"tool": tool, "domains": [{"id": n, "judgement": j, "reason": {"nb": "x"}} for n, j in answers.items()]}


def with_form(tool, **judged):
    return stages.changed(stages.card(stages.NSW), appraisal=form(tool, **judged))


def found(data):
    return [(key, what) for rule in APPRAISAL_RULES for key, what, _ in rule({"appraisal": data})]


@pytest.mark.parametrize("tool", DOMAINS)
def test_a_whole_form_in_its_own_words_is_accepted(tool):
    assert found(form(tool)) == []
    assert Appraisal.model_validate(form(tool)).overall() == "low"


def test_a_form_says_what_it_lacks_what_stands_twice_and_what_belongs_to_another_form():
    data = form("rob2", confounding="low")
    data["domains"].append(data["domains"][1])
    del data["domains"][0]
    told = dict(found(data))
    assert told[("appraisal", "domains")] == "mangler randomisation."
    assert "«confounding» er ikke med" in told[("appraisal", "domains", 4, "id")]
    assert "«deviations» står to ganger." in told[("appraisal", "domains", 5, "id")]


def test_a_word_of_another_form_is_refused_with_those_that_fit():
    ((key, what),) = found(form("rob2", measurement="serious"))
    assert key == ("appraisal", "domains", 3, "judgement")
    assert what == "rob2 bruker ikke «serious»."


@pytest.mark.parametrize(
    ("tool", "worst", "taken", "expected"),
    [
        ("rob2", "some_concerns", 0, ("passed", 0)),
        ("rob2", "high", 0, ("failed", 1)),
        ("rob2", "high", 1, ("noted", 0)),
        ("robins_i", "serious", 0, ("passed", 0)),
        ("robins_i", "no_information", 0, ("passed", 0)),
        ("robins_i", "critical", 0, ("failed", 1)),
        ("robins_i", "critical", 3, ("noted", 0)),
    ],
)
def test_the_worst_judgement_takes_the_steps_that_the_checks_have_not_taken(tool, worst, taken, expected):
    check = appraisal(with_form(tool, measurement=worst), taken)
    assert (check.verdict, check.downgrade) == expected
    assert check.values == {"tool": tool, "overall": worst}


def test_a_cohort_without_a_form_has_no_such_check():
    assert appraisal(stages.card(stages.NSW), 0) is None


def test_a_critical_judgement_lowers_the_grade_and_takes_the_words_away():
    judged, well = (
        variants.matched(variants.UP, limitations=[], appraisal=variants.form(worst), **variants.NO_BENCHMARK)
        for worst in ("critical", "moderate")
    )
    assert (judged.grade["grade"], judged.grade["verbs"]) == ("very_low", "adjusted")
    assert (well.grade["grade"], well.grade["verbs"]) == ("low", "did_checked")
    assert {"check": "appraisal", "down": 1, "domain": "execution"} in judged.grade["steps"]
