"""What `make reproduce` takes along, compares and says; two runs that are the same: test_workflow.py."""

import shutil
from types import SimpleNamespace

import pytest

from analysis import cli_reproduce, reproduce
from analysis.cli import main


def released(project, **files):
    """A project that has released these files."""
    for name, text in files.items():
        path = project / "results" / "release" / name.replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return project


def test_files_that_differ_or_are_in_one_place_alone_are_named_and_the_others_counted_by_kind(tmp_path):
    one = released(tmp_path / "a", a_csv="1", b_csv="2", c_pdf="3", d_json="4")
    other = released(tmp_path / "b", a_csv="1", b_csv="3", c_pdf="3", e_json="4")
    found = reproduce.compared(one, other)
    assert found.unlike == {
        "b.csv": "har ulikt innhold.",
        "d.json": "finnes bare i den ene.",
        "e.json": "finnes bare i den ene.",
    }
    assert " ".join(cli_reproduce.table(found).split()) == ".csv 1 av 2 .json 0 av 2 .pdf 1 av 1"


def test_the_two_runs_differ_in_everything_that_may_not_matter():
    for can, days in ((True, reproduce.DAYS_AHEAD), (False, 0)):
        first, second = reproduce.surroundings(can_fake_time=can)
        assert second.days == days
        for part in ("folder", "cores", "zone", "locale", "hash_seed"):
            assert getattr(first, part) != getattr(second, part)


@pytest.mark.skipif(not shutil.which("faketime"), reason="faketime is not installed: apt install faketime")
def test_a_run_can_be_told_another_time_where_faketime_is_installed():
    assert reproduce.can_fake_time()


def test_a_copy_holds_the_chosen_cards_the_keys_and_the_ledgers_and_nothing_that_was_made(tmp_path):
    root, treated = tmp_path / "project", SimpleNamespace(disclosure=SimpleNamespace(profile="strict"))
    for name in ("cohorts/a/cohort.yaml", "cohorts/a/data/personer.csv", "cohorts/b/cohort.yaml", "Snakefile"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    for name in ("a/ledger/0001.json", "a/estimates.parquet"):
        (root / "results/restricted" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "results/restricted" / name).write_text(name)
    for number in ("1", "2"):
        reproduce.copy_project(root, tmp_path / number, {"a": treated, "b": treated}, ["a"])
    first, second = (tmp_path / number / "results/restricted/a/rounding.key" for number in ("1", "2"))
    assert first.read_bytes() == second.read_bytes() == (root / "results/restricted/a/rounding.key").read_bytes()
    found = {path.relative_to(tmp_path / "1").as_posix() for path in (tmp_path / "1").rglob("*") if path.is_file()}
    assert found == {
        *("Snakefile", "cohorts/a/cohort.yaml", "results/restricted/a/rounding.key"),
        "results/restricted/a/ledger/0001.json",
    }
    assert (tmp_path / "1/cohorts/a/data").readlink() == root / "cohorts/a/data"
    assert (tmp_path / "1/cohorts/b").is_dir()


def test_a_cohort_that_is_not_there_is_named_and_nothing_runs(capsys):
    assert main(["reproduce", "hpmt", "finnes_ikke"]) == 1
    assert "finnes_ikke: ingen slik kohort." in capsys.readouterr().err
