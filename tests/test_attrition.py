import pandas as pd
import pytest

from analysis.attrition import attrition_rows, stated_rows
from analysis.problems import ProblemsFound


def persons(arms, offices):
    index = range(7, 7 + len(arms))
    columns = {"arm": arms, "office_id": offices}
    return pd.DataFrame({name: pd.Series(values, dtype="str", index=index) for name, values in columns.items()})


def test_persons_and_offices_are_counted_per_arm():
    table = attrition_rows(2, "measured", persons(["t", "t", "t", "c"], ["0301", "0301", "0302", "0301"]), ["t", "c"])
    assert table.to_dict("list") == {
        "step": [2, 2],
        "reason": ["measured", "measured"],
        "arm": ["t", "c"],
        "persons": [3, 1],
        "offices": [2, 1],
    }
    assert table.dtypes.astype(str).to_dict() == {
        "step": "int64",
        "reason": "str",
        "arm": "str",
        "persons": "Int64",
        "offices": "Int64",
    }


def test_offices_are_missing_and_not_zero_where_nobody_has_one():
    table = attrition_rows(1, "delivered", persons(["t", "c"], [None, None]), ["t", "c"])
    assert table["offices"].isna().all()
    assert table["persons"].tolist() == [1, 1]


def test_a_restriction_that_empties_arms_is_named_with_the_arms():
    with pytest.raises(ProblemsFound) as caught:
        attrition_rows(2, "measured", persons(["t"], [None]), ["t", "c", "b"])
    (problem,) = caught.value.problems
    assert "gruppen c, b" in problem.what
    assert "alle utfall målt ved base_month og ved første horisont" in problem.what


def test_a_restriction_without_words_of_its_own_is_named_by_its_key():
    with pytest.raises(ProblemsFound, match="«own_rule»"):
        attrition_rows(2, "own_rule", persons(["t"], [None]), ["c"])


def test_stated_numbers_make_the_same_table():
    table = stated_rows(1, "stated", {"t": 367, "c": 250}, {"t": 9, "c": None})
    counted = attrition_rows(1, "delivered", persons(["t", "c"], ["0301", "0302"]), ["t", "c"])
    assert (table.dtypes == counted.dtypes).all()
    assert list(table.columns) == list(counted.columns)
    assert table["persons"].tolist() == [367, 250]
    assert table["offices"].isna().tolist() == [False, True]
