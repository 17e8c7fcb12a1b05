"""Every name that can stand in a column of estimates or of a check has its section in docs/methods.md."""

import ast
import io
import json
import re
import typing

import pandas as pd
import pytest
from test_docs import DOCS, ROOT, titles_in_code

from analysis.card_staggered import Estimator
from analysis.card_trial import Model

COLUMNS = ("estimator", "inference")


@pytest.fixture(scope="module")
def titles():
    return titles_in_code(DOCS / "methods.md")


def written(path):
    """Names that the code of a module gives to the two columns: in a dictionary or as an argument."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        pairs = zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ()
        named = [(key.value, value) for key, value in pairs if isinstance(key, ast.Constant)]
        named += [(item.arg, item.value) for item in getattr(node, "keywords", ())]
        for key, value in named:
            name = value.value if isinstance(value, ast.Constant) else None
            # What a column holds and how it is labelled are no names.
            if key in COLUMNS and name != "str" and re.fullmatch("[a-z][a-z0-9_]*", str(name)):
                yield name


def test_every_name_that_the_code_writes_has_its_section(titles):
    names = {name for path in (ROOT / "analysis").rglob("*.py") for name in written(path)}
    assert len(names) > 30
    assert sorted(names - titles) == []


@pytest.mark.parametrize("kind", [Estimator, Model])
def test_every_name_that_a_card_can_ask_for_has_its_section(kind, titles):
    assert sorted(set(typing.get_args(kind)) - titles) == []


def test_every_name_in_the_released_estimates_has_its_section(finished, titles):
    _, _, released = finished
    tables = [pd.read_csv(io.BytesIO(made)) for name, made in released.items() if name.endswith("/estimates.csv")]
    names = {name for table in tables for column in COLUMNS for name in table[column].dropna()}
    assert len(names) > 50
    assert sorted(names - titles) == []


def test_every_check_that_was_made_has_its_section(finished, titles):
    """A check of one outcome, source or limitation has its name at the end."""
    _, _, released = finished
    records = [json.loads(made) for name, made in released.items() if name.endswith("/checks.json")]
    names = {check["name"] for record in records for check in record["checks"]}
    assert len(names) > 30
    assert [name for name in sorted(names) if not any(f"{name}_".startswith(f"{title}_") for title in titles)] == []
