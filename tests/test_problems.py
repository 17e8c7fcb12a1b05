import pytest

from analysis.problems import Problem, ProblemsFound, stop_if_any


def test_a_problem_reads_as_where_what_and_how_to_mend_it():
    assert str(Problem("data/a.csv, rad 3", "verdien mangler.", "Fyll den ut.")) == (
        "  data/a.csv, rad 3: verdien mangler. Fyll den ut."
    )
    assert str(Problem("data/a.csv", "filen er tom.")) == "  data/a.csv: filen er tom."


def test_all_problems_are_told_at_once_under_one_heading():
    problems = (Problem("a", "én."), Problem("b", "to.", "Rett den."))
    with pytest.raises(ProblemsFound) as caught:
        stop_if_any("Noe er galt (2):", iter(problems))
    assert caught.value.problems == problems
    assert str(caught.value) == "Noe er galt (2):\n  a: én.\n  b: to. Rett den."


def test_without_problems_nothing_happens():
    stop_if_any("Noe er galt:", [])
