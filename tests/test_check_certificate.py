"""The check of the plan tried on made-up studies, its step down, its table and its section."""

from functools import partial

import certificate_reports
import pytest
import stages
from made import Made

from analysis.checks.certificate import certificate
from analysis.grade import grade
from analysis.tables import CERTIFICATE

MADE = Made({kind: partial(certificate_reports.tried, kind) for kind in certificate_reports.KINDS})


def check(kind):
    return certificate(MADE[kind].record())


def test_a_plan_that_holds_passes_with_its_coverage():
    found = check("passed")
    assert (found.verdict, found.downgrade) == ("passed", 0)
    assert abs(found.value) < 0.01
    assert found.values["coverage"] == pytest.approx(0.95, abs=0.03)
    assert (found.values["effect"], found.values["studies"]) == (0.05, 400)


def test_a_plan_that_misses_and_is_too_sure_takes_a_step_down_for_execution():
    found = check("failed")
    assert found.values["faults"].split() == ["bias", "coverage", "interval", "test"]
    assert found.value == pytest.approx(0.2, abs=0.01)
    (step,) = grade(stages.card(stages.NSW), [found]).steps
    assert (step.check, step.down, step.domain) == ("certificate", 1, "execution")


def test_a_plan_without_an_interval_is_judged_by_its_estimate_and_test_alone():
    found = check("no interval")
    assert found.verdict == "passed"
    assert "coverage" not in found.values


def test_a_plan_that_can_seldom_be_estimated_fails():
    assert (check("never estimated").verdict, check("never estimated").value) == ("failed", None)


def test_what_is_not_simulated_is_told_and_takes_nothing():
    found = certificate(certificate_reports.refused().record())
    assert (found.verdict, found.downgrade) == ("noted", 0)
    assert certificate(None) is None


def test_the_table_has_a_row_for_each_analysis_and_effect():
    table = MADE["passed"].table()
    assert list(table.columns) == list(CERTIFICATE)
    assert table[["analysis", "effect"]].values.tolist() == [
        ["main", 0.0],
        ["main", 0.05],
        ["adjusted", 0.0],
        ["adjusted", 0.05],
    ]
    assert MADE["never estimated"].table()["bias"].isna().all()


def test_the_report_shows_what_was_put_in_and_found_with_its_error():
    report = stages.report_of(certificate_reports.material(MADE["passed"]))
    (own,) = [section for section in report["sections"] if section["id"] == "proving"]
    (table,) = [block for block in own["blocks"] if block["type"] == "table"]
    first = ["".join(run["text"] for run in cell) for cell in table["rows"][0]]
    assert first[0] == "0,0"
    assert "±" in first[2]
    sources = {number["source"]["table"] for number in report["numbers"].values()}
    assert "certificate" in sources
    bare = stages.report_of(certificate_reports.material(certificate_reports.refused()))
    assert all(section["id"] != "proving" for section in bare["sections"])
