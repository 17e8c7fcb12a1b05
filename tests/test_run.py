"""The driver on a toy workflow: locks, kills, failures and words. Snakemake and the logger plugin are the real ones."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from pathlib import Path

import psutil
import pytest

from analysis import run as driver
from analysis.cli import main
from analysis.problems import ProblemsFound
from analysis.provenance import ROOT
from analysis.run_guard import REMADE

SNAKEFILE = """
rule all:
    default_target: True
    input:
        "results/release/index.html",
        "results/release/reports/alpha/alpha.nb.html",

rule read:
    output: "results/restricted/{cohort}/read.txt"
    log: "logs/{cohort}/read.log"
    message: "Leser leveransen"
    script: "step.py"

rule write:
    input: "results/restricted/{report}/read.txt"
    output: "results/release/reports/{report}/{report}.{lang}.html"
    log: "logs/{report}/write.{lang}.log"
    message: "Skriver rapporten"
    script: "step.py"

rule portal:
    input: "results/release/reports/alpha/alpha.nb.html"
    output: "results/release/index.html"
    log: "logs/portal.log"
    message: "Lager startsiden"
    script: "step.py"
"""
STEP = """
import os
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from analysis.logs import log_to
from analysis.problems import Problem, ProblemsFound

log_to(snakemake.log[0])
# What somebody else does to the folder while a step is at work.
if os.environ.get("TOY_SPOILS") == snakemake.rule:
    Path("results/restricted/alpha/read.txt").write_text("tull")
if os.environ.get("TOY_REMOVES") == snakemake.rule:
    Path("results/restricted/alpha/read.txt").unlink()
if os.environ.get("TOY_DISK_IS_FULL") == snakemake.rule:
    # Every write to this device meets a full disk.
    Path("/dev/full").write_text("ferdig")
Path("logs/started").write_text(str(os.getpid()))
time.sleep(float(os.environ.get("TOY_SECONDS", "0")))
if os.environ.get("TOY_FAILS") == snakemake.rule:
    problems = [Problem("data/a.csv, rad 3", "verdien mangler."), Problem("data/a.csv, rad 9", "skal være et tall.")]
    raise ProblemsFound("Leveransen har feil (2).", problems)
Path(snakemake.output[0]).write_text("".join(Path(name).read_text() for name in snakemake.input) + snakemake.rule)
"""
PATIENCE_SECONDS = 60
LONG_AGO = 1_577_836_800


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a card and a workflow of three jobs, as the working folder."""
    shutil.copytree(ROOT / "cohorts" / "hpmt", tmp_path / "cohorts" / "hpmt")
    (tmp_path / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
    (tmp_path / "step.py").write_text(STEP, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def start(*arguments, **variables):
    """A run as a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "analysis", "run", "--cores", "1", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )


def finish(process):
    """Exit code, standard output and standard error of a run."""
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, out, err


def job_pid(folder):
    """Wait until a job runs, and return its process number."""
    started = folder / "logs" / "started"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if started.is_file() and (text := started.read_text()):
            return int(text)
        time.sleep(0.05)
    raise AssertionError("no job started")


def is_alive(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_run_tells_each_step_and_where_things_lie_and_a_second_run_has_nothing_to_do(project):
    code, out, err = finish(start())
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:3] == [
        "[1/3] alpha: Leser leveransen",
        "[2/3] alpha: Skriver rapporten (nb)",
        "[3/3] Lager startsiden",
    ]
    assert lines[4].startswith("Ferdig: 3 av 3 steg på ")
    assert lines[5:] == [
        "Startside: results/release/index.html",
        "Rapporter:",
        "  results/release/reports/alpha/alpha.nb.html",
    ]
    code, out, err = finish(start())
    assert (code, err) == (0, "")
    assert out.splitlines() == ["Alt er oppdatert; ingenting å gjøre.", *lines[5:]]


def test_a_failing_step_is_named_with_rule_cohort_log_and_every_problem(project):
    code, out, err = finish(start(TOY_FAILS="write"))
    assert code == 1
    assert "Kjøringen stoppet: 1 av 3 steg feilet, 1 ble ferdige." in err
    assert "alpha: Skriver rapporten (nb) (regel write)" in err
    assert "Logg: logs/alpha/write.nb.log" in err
    for text in ("Leveransen har feil (2).", "rad 3: verdien mangler.", "rad 9: skal være et tall."):
        assert text in err
    assert "Traceback" not in err
    assert "CalledProcessError" not in out + err
    assert "Ble borte" not in err
    assert (project / "results/restricted/alpha/read.txt").is_file()


def test_it_is_told_whether_the_start_page_of_the_others_was_held_back(project):
    def told(*cohorts, waiting):
        failures = [{"cohort": cohort, "words": "Slipper ut", "rule": "seal_cohort", "log": []} for cohort in cohorts]
        return driver.failure_words(1, {"failures": failures, "total": 9, "finished": 8}, earlier=None, waiting=waiting)

    assert "manifestet tar ikke med beta, gamma før noen har godkjent" in told("beta", waiting=["beta", "gamma"])
    for cohorts in (["alpha"], ["alpha", "beta"], [""]):
        assert "manifestet er også som før" in told(*cohorts, waiting=["beta"])


def test_a_full_disk_that_snakemake_itself_meets_is_told_with_what_to_do():
    summary = {"errors": ["OSError: [Errno 28] No space left on device: '.snakemake/log/x'"]}
    assert "Disken er full. Frigjør plass" in driver.failure_words(1, summary, earlier=None)
    assert "Disken" not in driver.failure_words(1, {"errors": ["WorkflowError: noe annet"]}, earlier=None)


def test_results_of_an_earlier_run_stay_when_a_step_fails(project):
    assert finish(start())[0] == 0
    (project / "results/release/index.html").unlink()
    report = project / "results/release/reports/alpha/alpha.nb.html"
    before = report.stat().st_mtime_ns
    assert finish(start(TOY_FAILS="portal"))[0] == 1
    assert report.stat().st_mtime_ns == before


def test_a_killed_run_leaves_no_lock_behind_and_the_next_run_completes(project):
    killed = start(TOY_SECONDS="600")
    job_pid(project)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate(timeout=PATIENCE_SECONDS)
    assert any((project / ".snakemake" / "locks").iterdir())
    half_written = project / "results" / "release" / ".index.html.x1y2.tmp"
    half_written.parent.mkdir()
    half_written.write_text("halv")
    code, out, err = finish(start())
    assert (code, err) == (0, "")
    assert "Ferdig: 3 av 3 steg" in out
    assert not half_written.exists()


def test_a_job_that_outlives_its_killed_run_is_ended_before_the_next_run_starts(project):
    killed = start(TOY_SECONDS="600")
    orphan = job_pid(project)
    snakemake = [child for child in psutil.Process(killed.pid).children(recursive=True) if child.pid != orphan]
    for process in [psutil.Process(killed.pid), *snakemake]:
        process.kill()
    killed.communicate(timeout=PATIENCE_SECONDS)
    assert is_alive(orphan)
    try:
        code, _, err = finish(start())
        assert (code, err) == (0, "")
        assert not is_alive(orphan)
    finally:
        if is_alive(orphan):
            os.kill(orphan, signal.SIGKILL)


@pytest.mark.parametrize(("number", "job_finishes"), [(signal.SIGINT, False), (signal.SIGTERM, True)])
def test_an_interrupted_run_ends_tidily_and_starts_no_further_step(project, number, job_finishes):
    stopped = start(TOY_SECONDS="3" if job_finishes else "600")
    job = job_pid(project)
    stopped.send_signal(number)
    code, out, err = finish(stopped)
    assert code == 128 + number
    assert "Kjøringen ble avbrutt." in err
    assert "Traceback" not in err
    assert not is_alive(job)
    assert (project / "results/restricted/alpha/read.txt").is_file() == job_finishes
    assert not list((project / ".snakemake").glob("locks/*.lock"))
    assert "[2/3]" not in out


def test_a_run_that_was_started_with_interrupts_ignored_can_be_interrupted(project):
    # As in the background of a script: what Snakemake and its jobs would inherit.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        stopped = start(TOY_SECONDS="600")
    finally:
        signal.signal(signal.SIGINT, before)
    job = job_pid(project)
    stopped.send_signal(signal.SIGINT)
    code, _, err = finish(stopped)
    assert code == 128 + signal.SIGINT
    assert "Kjøringen ble avbrutt." in err
    assert not is_alive(job)


def test_a_run_stops_with_a_sentence_while_another_holds_the_lock(project, capsys):
    (project / ".snakemake").mkdir()
    with open(project / driver.LOCK, "w") as held:
        held.write("4711\n")
        held.flush()
        fcntl.flock(held, fcntl.LOCK_EX)
        assert main(["run"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("En kjøring er i gang i denne mappen (prosess 4711). Vent til den er ferdig")
    assert len(err.splitlines()) == 1


def test_a_run_stops_with_a_sentence_while_a_bare_snakemake_works_in_the_folder(project, capsys):
    # Only the command line and the folder count, so a sleeping stand-in does; the lock it would hold must stay.
    (project / "snakemake").write_text("import time\ntime.sleep(600)\n")
    lock = project / ".snakemake" / "locks" / "0.output.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    other = subprocess.Popen([sys.executable, str(project / "snakemake"), "--cores", "1"])
    try:
        assert main(["run"]) == 1
    finally:
        other.kill()
        other.wait()
    assert f"En kjøring er i gang i denne mappen (Snakemake, prosess {other.pid})." in capsys.readouterr().err
    assert lock.exists()


def test_a_snakemake_in_another_folder_is_no_hindrance(project, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "snakemake").write_text("import time\nprint('begun', flush=True)\ntime.sleep(600)\n")
    other = subprocess.Popen([sys.executable, "snakemake"], cwd=elsewhere, stdout=subprocess.PIPE)
    try:
        # Until it has begun it is still a copy of this process, by the name of this one.
        assert other.stdout.readline() == b"begun\n"
        assert driver.snakemake_processes(project) == []
        assert [process.pid for process in driver.snakemake_processes(elsewhere)] == [other.pid]
    finally:
        other.kill()
        other.communicate()


def test_the_lock_is_free_again_after_the_run(project):
    (project / ".snakemake").mkdir()
    for _ in range(2):
        with driver.exclusive_run():
            assert driver.LOCK.read_text() == f"{os.getpid()}\n"


def test_mistakes_in_all_cards_are_told_together_and_nothing_starts(project, capsys):
    text = (project / "cohorts/hpmt/cohort.yaml").read_text(encoding="utf-8")
    for name, wrong in (("hpmt", "design: magi"), ("annen", "design: trylleri")):
        (project / "cohorts" / name).mkdir(exist_ok=True)
        changed = text.replace("design: cluster_randomised", wrong)
        (project / "cohorts" / name / "cohort.yaml").write_text(changed, encoding="utf-8")
    assert main(["run"]) == 1
    err = capsys.readouterr().err
    assert "cohorts/annen/cohort.yaml" in err
    assert "cohorts/hpmt/cohort.yaml" in err
    assert "magi" in err
    assert "trylleri" in err
    assert not (project / ".snakemake" / "log").exists()


def test_what_was_changed_outside_is_told_and_made_anew_with_all_that_rests_on_it(project):
    assert finish(start())[0] == 0
    page = project / "results/release/index.html"
    middle = project / "results/restricted/alpha/read.txt"
    good = page.read_text()
    # What no rule makes any longer, such as that of a cohort that was removed, must not stop the run.
    metadata = project / ".snakemake" / "metadata"
    old, new = (
        metadata / urlsafe_b64encode(name).decode() for name in (b"results/release/index.html", b"results/old.html")
    )
    shutil.copy2(old, new)
    (project / "results/old.html").write_text("fra en kohort som er fjernet")
    for path, steps in ((middle, 3), (page, 1)):
        path.write_text("tull")
        os.utime(path, (LONG_AGO, LONG_AGO))
        code, out, err = finish(start())
        assert (code, err) == (0, "")
        assert out.startswith(REMADE)
        assert f"\n  {path.relative_to(project)}\n" in out
        assert f"Ferdig: {steps} av {steps} steg" in out
        assert page.read_text() == good


def test_what_is_changed_while_a_run_is_at_work_stops_it_and_the_next_run_makes_all_of_it_anew(project):
    manifest = project / "results/release/manifest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("{}")
    code, _, err = finish(start(TOY_SPOILS="write"))
    assert code == 1
    assert "Endret mens kjøringen gikk" in err
    assert "  results/restricted/alpha/read.txt\n" in err
    assert err.endswith("La filene være i fred, og kjør make igjen.\n")
    assert "tull" in (project / "results/release/index.html").read_text(), "or the run was not disturbed"
    assert not manifest.exists()
    code, _, err = finish(start())
    assert (code, err) == (0, "")
    assert (project / "results/release/index.html").read_text() == "readwriteportal"


def test_an_input_that_goes_away_in_mid_run_is_told_with_what_to_do(project):
    code, _, err = finish(start(TOY_REMOVES="write"))
    assert code == 1
    assert "Ble borte mens kjøringen gikk:\n  results/restricted/alpha/read.txt\n" in err
    assert "kjør make igjen" in err


def test_a_disk_that_is_full_when_a_job_writes_is_told_as_such(project):
    code, _, err = finish(start(TOY_DISK_IS_FULL="read"))
    assert code == 1
    assert "Disken er full. Frigjør plass, og kjør make igjen." in err
    assert "Uventet feil" not in err


def test_a_mistake_in_the_workflow_is_told_without_naming_a_step(project):
    (project / "Snakefile").write_text('rule all:\n    input: "mangler.txt"\n', encoding="utf-8")
    code, _, err = finish(start())
    assert code == 1
    assert "ikke på grunn av et steg" in err
    assert "mangler.txt" in err


def test_a_full_disk_stops_the_run_before_it_starts(project, monkeypatch):
    usage = shutil.disk_usage(".")._replace(free=499_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ProblemsFound, match="disken har 499 MB ledig, og det trengs 500 MB"):
        driver.check_folder()


def test_folders_that_cannot_be_written_to_stop_the_run_all_at_once(project):
    (project / "results").touch()
    (project / "logs").touch()
    with pytest.raises(ProblemsFound) as caught:
        driver.check_folder()
    assert [problem.where for problem in caught.value.problems] == ["results/", "logs/"]


def test_a_folder_without_a_workflow_is_named_as_such(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ProblemsFound, match="Fant ingen Snakefile her"):
        driver.check_folder()


@pytest.mark.parametrize(
    ("log", "lines"),
    [
        ("INFO leser\nLeveransen har feil (1).\n  rad 3: x.\n", ["Leveransen har feil (1).", "  rad 3: x."]),
        (
            'Traceback (most recent call last):\n  File "a.py", line 1\n    1/0\nZeroDivisionError: null\n',
            ["Uventet feil i programmet:", "ZeroDivisionError: null"],
        ),
        (
            "Traceback (most recent call last):\nOSError: [Errno 30] Read-only file system: 'a'\n",
            [
                "Disken kan bare leses. Gi deg selv skrivetilgang, og kjør make igjen.",
                "OSError: [Errno 30] Read-only file system: 'a'",
            ],
        ),
        ("", ["(Loggen er tom. Steget ble trolig avsluttet utenfra, for eksempel fordi minnet tok slutt.)"]),
    ],
)
def test_the_lines_that_matter_are_taken_from_a_log(tmp_path, log, lines):
    path = tmp_path / "job.log"
    path.write_text(log, encoding="utf-8")
    assert driver.log_lines(path) == lines


def test_a_long_log_is_cut_and_says_so(tmp_path):
    path = tmp_path / "job.log"
    path.write_text("\n".join(f"rad {row}" for row in range(45)), encoding="utf-8")
    assert driver.log_lines(path)[-2:] == ["rad 39", "… og 5 linjer til i loggen."]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "under ett sekund"), (1.9, "1 sekund"), (59.9, "59 sekunder"), (60, "1 min 0 s"), (185.2, "3 min 5 s")],
)
def test_a_duration_is_told_in_words(seconds, words):
    assert driver.duration(seconds) == words


def test_jobs_get_one_thread_and_the_package_that_drives_them(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/annet")
    made = driver.environment()
    assert {made[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")} == {"1"}
    assert made["PYTHONHASHSEED"] == "0"
    first, second, third = made["PYTHONPATH"].split(os.pathsep)
    assert (Path(first), Path(second), third) == (ROOT / "workflow" / "plugins", ROOT, "/annet")


def test_a_folder_with_spaces_is_refused_with_the_cause(tmp_path, monkeypatch):
    folder = tmp_path / "min mappe"
    folder.mkdir()
    (folder / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
    monkeypatch.chdir(folder)
    with pytest.raises(ProblemsFound, match="mellomrom"):
        driver.check_folder()
