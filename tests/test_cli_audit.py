"""Known vulnerabilities are told as advice; what was not looked up is never told as free of them."""

import json
import subprocess

import pytest

from analysis import cli_audit
from analysis.cli import main
from analysis.provenance import ROOT

CLEAN = {"name": "numpy", "version": "2.0", "vulns": []}
FIXED = {"name": "jinja2", "version": "2.11", "vulns": [{"id": "GHSA-1", "fix_versions": ["2.11.3"]}]}
OPEN = {"name": "lxml", "version": "6.0", "vulns": [{"id": "PYSEC-2", "fix_versions": []}]}
SKIPPED = {"name": "own", "skip_reason": "not found"}


def answer(*packages, error=""):
    out = json.dumps({"dependencies": packages}) if packages else ""
    return subprocess.CompletedProcess([], 1, out, error)


def test_each_vulnerability_is_told_with_the_version_that_mends_it():
    assert cli_audit.audit_words(answer(CLEAN, FIXED, OPEN)) == [
        "3 pakker er slått opp, og 2 har kjente sårbarheter.",
        "  jinja2 2.11: GHSA-1, rettet i 2.11.3",
        "  lxml 6.0: PYSEC-2, ingen rettet utgave",
    ]


def test_a_package_without_an_answer_does_not_count_as_looked_up():
    assert cli_audit.audit_words(answer(CLEAN, SKIPPED)) == [
        "1 pakker er slått opp, og 0 har kjente sårbarheter.",
        "Ikke slått opp (1): own.",
    ]


@pytest.mark.parametrize("error", ["Traceback\nrequests.exceptions.ConnectionError: Host(host='x')", ""])
def test_a_service_that_does_not_answer_is_told_in_one_sentence_and_stops_nothing(error, monkeypatch, capsys):
    monkeypatch.setattr(cli_audit, "audited", lambda: answer(error=error))
    assert main(["audit"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Pakkene er ikke slått opp (")
    assert "api.osv.dev" in said
    assert "Host(" not in said
    assert cli_audit.ADVICE in said


def test_both_locks_are_looked_up_as_they_are_pinned(monkeypatch):
    called = []
    monkeypatch.setattr(cli_audit.subprocess, "run", lambda call, **_: called.extend(call))
    cli_audit.audited()
    assert all((ROOT / name).is_file() and name in called for name in cli_audit.LOCKS)
    assert {"--disable-pip", "--require-hashes", "pip-audit==2.10.1"} <= set(called)
