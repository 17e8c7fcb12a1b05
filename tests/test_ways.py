"""The rules and functions that a trace names are those of the workflow."""

import ast
import importlib
from pathlib import Path

import pytest

from analysis.cards import read_card
from analysis.tables import COST_TABLE, RELEASED
from analysis.trace.cells import SHARED
from analysis.ways import AFTERWARDS, ESTIMATING, adapters, maker, way

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ROOT / "workflow" / "scripts"
CARDS = {path.parent.name: read_card(path) for path in sorted((ROOT / "cohorts").glob("*/cohort.yaml"))}


def imported(rule):
    """Names of what an adapter imports from the package, with their modules."""
    tree = ast.parse((SCRIPTS / f"{rule}.py").read_text(encoding="utf-8"))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {f"{node.module}.{alias.name}" for node in nodes for alias in node.names}


@pytest.mark.parametrize("cohort", CARDS)
def test_the_function_that_makes_a_table_exists_and_is_called_by_the_rule_that_writes_it(cohort):
    for table in (*RELEASED, COST_TABLE, *SHARED, "checks", "facts", "cohort", "checklist", "provenance"):
        made = maker(CARDS[cohort], table)
        module, _, name = made.function.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name)), made
        assert made.function in imported(made.rule), made


@pytest.mark.parametrize("cohort", CARDS)
def test_the_adapters_behind_a_cohort_exist_and_hold_those_of_its_estimates(cohort):
    found = adapters(CARDS[cohort], deviating=True)
    assert all((SCRIPTS / f"{name}.py").is_file() for name in (*found, *AFTERWARDS))
    assert set(ESTIMATING[way(CARDS[cohort])]) <= set(found)
    assert len(found) == len(set(found))


def test_the_locked_plan_is_estimated_beside_where_the_card_has_changed_alone():
    card = CARDS["nsw_supported_work"]
    assert "estimate_planned" not in adapters(card, deviating=False)
    assert "estimate_planned" in adapters(card, deviating=True)
