"""Which jobs of a group are blamed: Snakemake says of a group on a cluster that all its jobs failed."""

import os
from types import SimpleNamespace

import pytest
from stages import ROOT


@pytest.fixture
def handler(tmp_path, monkeypatch):
    """A handler that knows three jobs of a group, of which the first is done and the second has begun."""
    monkeypatch.syspath_prepend(str(ROOT / "workflow" / "plugins"))
    from snakemake_logger_plugin_ord import LogHandler

    monkeypatch.chdir(tmp_path)
    made = LogHandler.__new__(LogHandler)
    made.__post_init__()
    made.jobs = {number: {"rule": name, "words": name, "cohort": "alpha"} for number, name in enumerate("abc", 1)}
    for name in ("a.log", "a.out", "b.log"):
        (tmp_path / name).touch()
    return made


def failed(*names):
    """The event of a group's failure."""
    jobs = [
        {"jobid": "abc".index(name) + 1, "rule_name": name, "log": [f"{name}.log"], "output": [f"{name}.out"]}
        for name in names
    ]
    return SimpleNamespace(groupid="cohort", job_error_info=jobs, aux_logs=["slurm.log"])


def test_the_job_that_began_and_did_not_finish_is_blamed_and_the_log_of_the_cluster_is_named(handler):
    handler._fail_group(failed("a", "b", "c"))
    assert handler.failures == {2: {"rule": "b", "words": "b", "cohort": "alpha", "log": ["b.log", "slurm.log"]}}


def test_the_blame_that_snakemake_lays_on_every_job_of_the_group_is_passed_over(handler):
    handler._fail(SimpleNamespace(indent=True, jobid=3, rule_name="c", log=["c.log"]))
    assert handler.failures == {}


def test_a_log_of_an_earlier_run_is_no_beginning(handler, tmp_path):
    os.utime(tmp_path / "b.log", (0, 0))
    handler._fail_group(failed("a", "b", "c"))
    (only,) = handler.failures.values()
    assert (only["rule"], only["cohort"], only["log"]) == ("cohort", "alpha", ["slurm.log"])
    assert "stoppet" in only["words"]


def test_a_job_that_succeeds_when_it_is_tried_again_has_not_failed(handler):
    handler._fail_group(failed("a", "b", "c"))
    handler._finish(SimpleNamespace(job_id=2))
    assert handler.failures == {}
