"""The commands on copies of the project's cohorts: what they print, write and refuse."""

import json
import shutil
import subprocess
import sys

import jsonschema
import pytest
from cards import minimal_card, write_cohort
from restricted_cohorts import matched_frame

from analysis.cli import main, schema_texts
from analysis.files import read_json, write_json, write_text
from analysis.manifest import manifest
from analysis.provenance import ROOT
from analysis.yamlio import read_yaml

PERSONS = "nsw_supported_work"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the project's cards and no locks, as the working folder."""
    shutil.copytree(ROOT / "cohorts", tmp_path / "cohorts", ignore=shutil.ignore_patterns("plan.lock"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def change(path, before, after):
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture
def released(project):
    """A released folder of two files, with its manifest."""
    folder = project / "results" / "release"
    write_text(folder / "index.html", "<p>start</p>")
    write_text(folder / "hpmt" / "estimates.csv", "estimate\n0.061\n")
    write_json(folder / "manifest.json", manifest(folder, inputs={}, digests={}))
    return folder


def test_checking_published_figures_tells_what_the_sources_hold(project, capsys):
    assert main(["check", "hpmt"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("hpmt: HPMT i Kvalifiseringsprogrammet")
    assert "Design: kontorer trukket ved loddtrekning" in out
    assert "Data: publiserte tall" in out
    assert "Personer: 617 i begge gruppene samlet" in out
    assert "Kort og data er i orden." in out


def test_checking_one_group_says_that_it_cannot_carry_an_effect(project, capsys):
    assert main(["check", "mentor_hybrid"]) == 0
    out = capsys.readouterr().out
    assert "Personer: 49 i gruppen" in out
    assert "Hva som mangler for å kunne anslå en effekt:\n  1. Ingen sammenligningsgruppe" in out
    assert "så kohorten kan beskrives, men ikke gi en effekt." in out
    assert "Kort og data er i orden." not in out


def test_checking_persons_counts_every_group_and_asks_for_the_lock(project, capsys):
    assert main(["check", PERSONS]) == 0
    out = capsys.readouterr().out
    for count in ("deltakerne 185", "sammenligningsgruppen 15992", "kontrollgruppen i forsøket 260"):
        assert out.count(count) == 2
    end = f"Ingenting mangler for å anslå effekten; planen er ikke låst ennå: make plan-lock COHORT={PERSONS}"
    assert out.rstrip().endswith(end)
    assert not (project / "results").exists()


def test_checking_tells_all_mistakes_of_a_card_at_once_without_a_traceback(project, capsys):
    card = project / "cohorts" / "hpmt" / "cohort.yaml"
    change(card, "design: cluster_randomised", "design: magi")
    change(card, "unit: office", "unit: planet")
    assert main(["check", "hpmt"]) == 1
    err = capsys.readouterr().err
    assert "magi" in err
    assert "planet" in err
    assert "Traceback" not in err


def test_checking_tells_what_is_wrong_with_a_delivery(project, capsys):
    change(project / "cohorts" / PERSONS / "cohort.yaml", "rows: 445", "rows: 446")
    assert main(["check", PERSONS]) == 1
    assert "filen har 445 rader, men kortet oppgir 446." in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "plan-lock"])
@pytest.mark.parametrize("cohort", [[], [""], ["finnes_ikke"], ["../hpmt"]])
def test_a_cohort_that_is_not_there_lists_those_that_are(project, capsys, command, cohort):
    assert main([command, *cohort]) == 1
    err = capsys.readouterr().err
    for name in ("hpmt", "mentor_hybrid", PERSONS):
        assert name in err


def test_a_plan_is_locked_on_the_day_that_is_given(project, capsys):
    assert main(["plan-lock", PERSONS, "--date", "2026-11-21"]) == 0
    lock = read_json(project / "cohorts" / PERSONS / "plan.lock")
    assert lock["locked"] == "2026-11-21"
    assert lock["plan"]["design"] == "matched_did"
    assert f"cohorts/{PERSONS}/plan.lock (2026-11-21)" in capsys.readouterr().out
    assert main(["check", PERSONS]) == 0
    assert "Kort og data er i orden." in capsys.readouterr().out


def test_locking_an_unchanged_plan_again_keeps_the_first_date(project, capsys):
    lock = project / "cohorts" / PERSONS / "plan.lock"
    main(["plan-lock", PERSONS, "--date", "2026-11-21"])
    before = lock.read_bytes()
    assert main(["plan-lock", PERSONS, "--date", "2027-01-31"]) == 0
    assert lock.read_bytes() == before
    assert "låst fra før (2026-11-21)" in capsys.readouterr().out


def test_a_lock_of_another_plan_is_replaced_only_when_that_is_asked_for(project, capsys):
    lock = project / "cohorts" / PERSONS / "plan.lock"
    main(["plan-lock", PERSONS, "--date", "2026-11-21"])
    before = lock.read_bytes()
    change(project / "cohorts" / PERSONS / "cohort.yaml", "method: nearest\n  caliper: 0.2", "caliper: 0.3")
    capsys.readouterr()
    assert main(["plan-lock", PERSONS, "--date", "2026-12-01"]) == 1
    err = capsys.readouterr().err
    assert "låser en annen plan" in err
    assert "matching" in err
    assert "--replace" in err
    assert lock.read_bytes() == before
    assert main(["check", PERSONS]) == 0
    assert "Kortet avviker fra den låste planen: matching." in capsys.readouterr().out
    assert main(["plan-lock", PERSONS, "--date", "2026-12-01", "--replace"]) == 0
    assert read_json(lock)["plan"]["matching"]["caliper"] == 0.3


def test_a_title_may_change_after_the_lock(project, capsys):
    main(["plan-lock", "hpmt", "--date", "2026-11-21"])
    change(project / "cohorts" / "hpmt" / "cohort.yaml", "et klyngerandomisert forsøk", "et forsøk")
    assert main(["plan-lock", "hpmt"]) == 0
    assert "er ikke endret" in capsys.readouterr().out


def test_a_released_folder_that_agrees_with_its_manifest_is_verified(released, capsys):
    assert main(["verify"]) == 0
    assert capsys.readouterr().out == "OK: 2 filer i results/release stemmer med manifestet.\n"


def test_every_difference_from_the_manifest_is_told(released, capsys):
    (released / "hpmt" / "estimates.csv").write_text("estimate\n0.071\n")
    (released / "index.html").unlink()
    (released / "ekstra.txt").touch()
    assert main(["verify"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("results/release stemmer ikke med manifestet (3):")
    for name in ("hpmt/estimates.csv", "index.html", "ekstra.txt"):
        assert f"  {name}: " in err


def test_verifying_before_anything_is_released_says_what_to_do(project, capsys):
    assert main(["verify"]) == 1
    assert capsys.readouterr().err == "Fant ikke results/release/manifest.json. Kjør make først.\n"


def test_the_committed_schemas_are_those_of_the_models():
    for name, text in schema_texts().items():
        assert (ROOT / "workflow" / "schemas" / name).read_text(encoding="utf-8") == text, (
            "run: python -m analysis schema"
        )


def test_the_schema_command_writes_the_same_bytes_each_time(project):
    written = []
    for _ in range(2):
        assert main(["schema"]) == 0
        written.append([path.read_bytes() for path in sorted((project / "workflow" / "schemas").iterdir())])
    assert written[0] == written[1]
    assert len(written[0]) == 3


@pytest.mark.parametrize(
    ("schema", "pattern"), [("cohort.schema.json", "*/cohort.yaml"), ("published.schema.json", "*/published.yaml")]
)
def test_the_schemas_accept_every_file_of_the_project_and_refuse_unknown_keys(schema, pattern):
    validator = jsonschema.Draft202012Validator(json.loads(schema_texts()[schema]))
    paths = sorted((ROOT / "cohorts").glob(pattern))
    assert paths
    for path in paths:
        data = read_yaml(path).data
        assert [error.message for error in validator.iter_errors(data)] == []
        assert list(validator.iter_errors({**data, "ukjent": 1}))


@pytest.mark.parametrize("arguments", [[], ["fly"], ["plan-lock", "hpmt", "--date", "i går"], ["run", "--cores", "to"]])
def test_a_command_that_is_not_understood_shows_how_it_is_written(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    err = capsys.readouterr().err
    assert err.startswith("Kommandoen er ikke forstått")
    assert "python -m analysis" in err


def test_the_package_runs_as_a_module_and_returns_the_exit_code(project):
    done = subprocess.run(
        [sys.executable, "-m", "analysis", "check", "finnes_ikke"], capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Fant ikke kohorten «finnes_ikke».")


def test_checking_a_changed_plan_names_what_is_not_dated_and_what_is_no_deviation(project, capsys):
    assert main(["plan-lock", PERSONS, "--date", "2026-11-01"]) == 0
    card = project / "cohorts" / PERSONS / "cohort.yaml"
    change(card, "\ninference: {level: 0.95", "\ninference: {level: 0.9")
    change(card, "\nsources:", "\ndeviations:\n  - {date: 2026-11-02, key: matching, reason: prøvd}\nsources:")
    capsys.readouterr()
    assert main(["check", PERSONS]) == 0
    out = capsys.readouterr().out
    assert "Kortet avviker fra den låste planen: inference." in out
    assert "Avvik uten dato og grunn i kortet (deviations): inference." in out
    assert "Ført som avvik (deviations), men likt i kortet og i låsen: matching." in out


def test_a_rehearsal_is_written_where_only_the_owner_reads_it(project, capsys, monkeypatch):
    shutil.rmtree(project / "cohorts")
    write_cohort(project / "cohorts" / "liten", minimal_card(), matched_frame())
    monkeypatch.setattr("analysis.cli_plan.SHARED", ROOT / "reports" / "_shared")
    assert main(["blind", "liten"]) == 0
    folder = project / "results" / "restricted" / "liten" / "blinded"
    assert sorted(path.name for path in folder.iterdir()) == [
        "liten",
        "liten.blindet.nb.html",
        "liten.blindet.nb.pdf",
        "seed.json",
    ]
    assert "Blindet prøvekjøring" in capsys.readouterr().out
    assert {path.name for path in (project / "results").iterdir()} == {"restricted"}
