"""The questions of the comparison report: each study under one of them, and those that are named nowhere last."""

import pytest
import stages

from analysis.problems import ProblemsFound
from analysis.questions import read_questions

SHIPPED = stages.ROOT / "reports" / "sammenligning" / "questions.yaml"


def write(path, questions):
    path.write_text("title: Alt\nshort_title: Alt\nquestions:\n" + questions, encoding="utf-8")
    return path


def test_every_shipped_cohort_has_a_place_of_its_own():
    found = read_questions(SHIPPED)
    named = [name for question in found.questions for name in (*question.cohorts, *question.neighbours)]
    folders = {path.parent.name for path in stages.COHORTS.glob("*/cohort.yaml")}
    assert set(named) == folders
    assert len(named) == len(set(named))


def test_a_neighbour_is_told_from_an_answer_and_an_unknown_cohort_stands_last():
    found = read_questions(SHIPPED)
    assert found.place("hpmt") == (0, False)
    assert found.place("ips_trial") == (1, True)
    assert found.place("a_new_one") == (len(found.questions) - 1, False)


def test_a_cohort_named_twice_and_a_missing_last_question_are_told_at_once(tmp_path):
    path = write(
        tmp_path / "questions.yaml",
        "  - {id: one, title: En, cohorts: [a]}\n  - {id: two, title: To, neighbours: [a]}\n",
    )
    with pytest.raises(ProblemsFound) as error:
        read_questions(path)
    assert "kohorten a står flere ganger" in str(error.value)
    assert "det siste spørsmålet må hete others" in str(error.value)


def test_questions_that_are_no_list_are_told_and_not_stumbled_over(tmp_path):
    with pytest.raises(ProblemsFound):
        read_questions(write(tmp_path / "questions.yaml", "  a: b\n"))
