"""Changes outside a run, on files and metadata as Snakemake leaves them. Whole runs that meet them: test_run.py."""

import contextlib
import errno
import json
import os
import time
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest
from snakemake.persistence.file import FilePersistence

from analysis import run_guard
from analysis.problems import ProblemsFound
from analysis.run_record import RECORD, mark_unfinished, take_stock

STATE = Path(".snakemake")
CARD, TABLE, FOLDER = "cohorts/a/cohort.yaml", "results/restricted/a/x.parquet", "results/synthetic/a"
LONG_AGO = 1_577_836_800


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A card, a table and a folder that two jobs made, and the first look at them."""
    monkeypatch.chdir(tmp_path)
    write(CARD, "kortet", age=100)
    write(TABLE, "tallene")
    write(f"{FOLDER}/personer.csv", "personene")
    finished(TABLE, [CARD])
    finished(FOLDER, [])
    assert take_stock(STATE).changed == []
    return tmp_path


def write(name, text, age=10.0):
    """A file of this text, written so many seconds ago."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (time.time() - age,) * 2)


def finished(name, inputs, started=50.0):
    """The metadata that Snakemake leaves of an output when its job is done; the job began so many seconds ago."""
    path = STATE / "metadata" / urlsafe_b64encode(name.encode()).decode()
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"input": inputs, "log": [f"{name}.log"], "input_checksums": {}}
    times = {"starttime": time.time() - started, "endtime": Path(name).stat().st_mtime}
    path.write_text(json.dumps(told | times), encoding="utf-8")


def test_nothing_is_changed_where_nothing_was(project):
    again = take_stock(STATE)
    assert (again.changed, again.gone, again.stale) == ([], {}, [])


@pytest.mark.parametrize("age", [0.0, time.time() - LONG_AGO], ids=["newer", "older"])
@pytest.mark.parametrize(("name", "output"), [(TABLE, TABLE), (f"{FOLDER}/personer.csv", FOLDER)])
def test_an_output_that_was_written_over_is_found_whatever_its_time(project, name, output, age):
    write(name, "noe annet", age)
    assert take_stock(STATE).changed == [output]
    assert take_stock(STATE).changed == [output], "and again until its job has made it anew"


def test_an_output_written_over_with_as_many_signs_is_found(project):
    write(TABLE, "fallene")
    assert take_stock(STATE).changed == [TABLE]


def test_a_file_more_or_less_in_a_folder_that_a_job_made_is_found(project):
    write(f"{FOLDER}/mer.csv", "x")
    assert take_stock(STATE).changed == [FOLDER]


def test_a_file_that_was_only_touched_or_copied_is_the_same(project):
    for name in (CARD, TABLE):
        Path(name).touch()
    again = take_stock(STATE)
    assert (again.changed, again.stale) == ([], [])


def test_an_output_that_was_made_anew_is_noted_anew(project):
    write(TABLE, "nye tall", age=5)
    finished(TABLE, [CARD])
    assert take_stock(STATE).changed == []
    write(TABLE, "tull")
    assert take_stock(STATE).changed == [TABLE]


def test_an_output_that_was_changed_between_its_job_and_the_first_look_is_found(project):
    write("results/y.csv", "y", age=20)
    finished("results/y.csv", [])
    write("results/y.csv", "z", age=15)
    assert take_stock(STATE).changed == ["results/y.csv"]


def test_what_an_unfinished_job_left_is_no_change(project):
    write(TABLE, "halvferdig")
    mark = STATE / "incomplete" / urlsafe_b64encode(TABLE.encode()).decode()
    mark.parent.mkdir()
    mark.touch()
    assert take_stock(STATE).changed == []


def test_metadata_that_a_kill_cut_off_is_left_to_snakemake(project):
    (STATE / "metadata" / urlsafe_b64encode(TABLE.encode()).decode()).write_text('{"input": [')
    assert take_stock(STATE).changed == []


@pytest.mark.parametrize("age", [0.0, time.time() - LONG_AGO], ids=["newer", "older"])
def test_what_was_made_of_a_source_that_is_another_is_stale_whatever_its_time(project, age):
    write(CARD, "et annet kort", age)
    assert take_stock(STATE).stale == [TABLE]
    write(CARD, "kortet", age=LONG_AGO)
    assert take_stock(STATE).stale == [], "put back as it was"


def test_a_source_that_changed_while_its_job_was_at_work_makes_the_output_stale_even_when_it_is_put_back(project):
    write(CARD, "et annet kort")
    write(TABLE, "tall av et av kortene")
    finished(TABLE, [CARD])
    assert take_stock(STATE).stale == [TABLE]
    write(CARD, "kortet", age=100)
    assert take_stock(STATE).stale == [TABLE]


def test_a_new_source_that_came_while_its_job_was_at_work_makes_the_output_stale(project):
    write("cohorts/b/cohort.yaml", "et kort til", age=30)
    write("results/z.csv", "z", age=20)
    finished("results/z.csv", ["cohorts/b/cohort.yaml"], started=50)
    assert take_stock(STATE).stale == ["results/z.csv"]


def test_files_that_went_away_since_the_last_look_are_told_once(project):
    Path(TABLE).unlink()
    Path(CARD).unlink()
    assert take_stock(STATE).gone == {CARD: [], TABLE: [f"{TABLE}.log"]}
    assert take_stock(STATE).gone == {}


def test_what_snakemake_takes_away_of_a_job_that_failed_is_not_told(project):
    before = run_guard.before_run(STATE)
    Path(TABLE).unlink()
    assert run_guard.after_run(STATE, before, [f"{TABLE}.log"]) == ""


def test_a_changed_file_takes_the_manifest_away_and_one_that_was_changed_before_does_not(project):
    write(str(run_guard.MANIFEST), "{}")
    write(TABLE, "tull")
    before = run_guard.before_run(STATE)
    assert run_guard.after_run(STATE, before, []) == ""
    assert run_guard.MANIFEST.exists()
    write(f"{FOLDER}/personer.csv", "andre personer")
    said = run_guard.after_run(STATE, before, [])
    assert "Endret mens kjøringen gikk" in said
    assert f"  {FOLDER}\n" in said
    assert TABLE not in said
    assert not run_guard.MANIFEST.exists()


def test_what_will_be_made_anew_is_told_file_by_file_up_to_a_limit(project, capsys):
    write(TABLE, "tull")
    run_guard.before_run(STATE)
    assert capsys.readouterr().out.splitlines() == [run_guard.REMADE, f"  {TABLE}", ""]
    assert run_guard.listed([str(number) for number in range(23)])[-2:] == ["  19", "  … og 3 til"]


def test_sources_dated_after_the_clock_stop_the_run_and_results_are_dated_back(project):
    write(TABLE, "tallene", age=-7200)
    run_guard.before_run(STATE)
    assert Path(TABLE).stat().st_mtime <= time.time()
    write(CARD, "kortet", age=-7200)
    with pytest.raises(ProblemsFound) as caught:
        run_guard.before_run(STATE)
    assert [problem.where for problem in caught.value.problems] == [CARD]
    assert f"touch {CARD}" in str(caught.value)


def test_a_full_disk_keeps_the_last_record_and_any_other_error_is_told(project, monkeypatch):
    before = (STATE / RECORD).read_bytes()
    for number, told in ((errno.ENOSPC, False), (errno.EIO, True)):

        def fails(path, text, number=number):
            raise OSError(number, "x")

        monkeypatch.setattr("analysis.run_record.write_text", fails)
        with pytest.raises(OSError, match="x") if told else contextlib.nullcontext():
            take_stock(STATE)
    assert (STATE / RECORD).read_bytes() == before


def test_a_mark_is_one_that_snakemake_reads_however_long_the_name(project):
    # Beyond what a folder can hold as one name.
    long = "results/" + "/".join("lang" * 10 for _ in range(9)) + "/x.csv"
    mark_unfinished(STATE, [TABLE, long])
    store = FilePersistence.__new__(FilePersistence)
    store._max_len = None
    for name in (TABLE, long):
        assert Path(store._record_path(str(STATE / "incomplete"), name)).is_file()
    write(TABLE, "tull")
    assert take_stock(STATE).changed == [], "it will be made anew in any case"


def test_the_record_is_about_files_and_holds_nothing_of_what_is_in_them(project):
    assert "tallene" not in (STATE / RECORD).read_text(encoding="utf-8")
