"""A bundle is worked out again from what lies in it alone; it is packed of what is sealed, and nothing else."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from planted import NUMBER, TENOR_RULE
from rocrate.rocrate import ROCrate

import analysis.bundle.pack as pack
from analysis.bundle import contents
from analysis.bundle.pack import bundle
from analysis.bundle.page import headline_words, page
from analysis.bundle.released import rerun_cohort
from analysis.bundle.rerun import PAGE, TABLE, main
from analysis.cli import main as command
from analysis.manifest import MANIFEST_NAME, manifest
from analysis.problems import ProblemsFound
from analysis.ro_crate import CRATE_NAME
from analysis.tables import COMPARISON_REPORT

FIGURES, TRIAL, STRATA = "hpmt", "hpmt_synthetic", "klar_synthetic"
MATCHED, OFFICES = "nsw_supported_work", "youth_teams_synthetic"
# The code that runs is that of the bundle, wherever else there is one.
ALONE = """
import sys
from pathlib import Path
from analysis.bundle import rerun
assert Path(rerun.__file__).is_relative_to(Path.cwd()), rerun.__file__
sys.exit(rerun.main([], Path()))
"""


def unpacked(path, folder):
    with zipfile.ZipFile(path) as held:
        held.extractall(folder)
    return folder


def small_root(finished, folder, cohort):
    """What a bundle of one cohort is made from, to be changed: its release, its card, and the manifest."""
    source = finished[0].folder
    for name in (f"results/release/{cohort}", f"results/release/reports/{cohort}", f"cohorts/{cohort}"):
        shutil.copytree(source / name, folder / name)
    shutil.copy(source / "results" / "release" / MANIFEST_NAME, folder / "results" / "release")
    return folder


def told(error):
    return str(error.value)


@pytest.fixture(scope="module")
def everything(finished, tmp_path_factory):
    """The comparison's bundle, unpacked and run as its reader would: the folder, and what the run said."""
    place = tmp_path_factory.mktemp("bundle")
    folder = unpacked(bundle(COMPARISON_REPORT, finished[0].folder, place / "all.zip"), place / "unpacked")
    call = [sys.executable, "-c", ALONE]
    surroundings = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    said = subprocess.run(call, cwd=folder, env=surroundings, text=True, capture_output=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    return folder, said.stdout, pd.read_csv(folder / TABLE)


@pytest.fixture(scope="module")
def trial(finished, tmp_path_factory):
    """The bundle of a trial, and the folder that it was made from."""
    root = small_root(finished, tmp_path_factory.mktemp("trial"), TRIAL)
    return bundle(TRIAL, root), root


def test_no_number_of_any_cohort_is_further_away_than_is_permitted(everything):
    folder, said, table = everything
    released = {path.parent.name for path in (folder / "release").glob("*/estimates.csv")}
    assert set(table["cohort"]) == released
    assert len(released) > 10
    assert not table["verdict"].eq("beyond").any()
    assert "0 avviker" in said


def test_every_headline_of_unchanged_cells_is_the_same_to_the_last_bits(everything):
    table = everything[2]
    heads = table[table["role"].eq("primary") & table["quantity"].eq("estimate") & table["released"].notna()]
    verdicts = heads.set_index("cohort")["verdict"]
    # A weighted average over strata is in no cell of an arm.
    assert verdicts[STRATA] == "beside"
    assert set(verdicts.drop(STRATA)) == {"exact"}
    assert {FIGURES, TRIAL, MATCHED, OFFICES, "mentor_hybrid", "aap_youth_synthetic"} <= set(verdicts.index)
    exact = heads[heads["verdict"].eq("exact")]
    assert (exact["released"] - exact["recomputed"]).abs().max() < 1e-12


def test_of_published_figures_everything_is_worked_out(everything):
    table = everything[2][lambda rows: rows["cohort"].eq(FIGURES)]
    assert set(table["verdict"]) == {"exact"}
    own = pd.read_csv(everything[0] / "release" / FIGURES / "estimates.csv")
    assert table.loc[table["quantity"].eq("estimate"), "id"].nunique() == len(own)


def test_cells_of_offices_give_intervals_too_and_cells_of_groups_say_that_they_do_not(everything):
    table = everything[2][lambda rows: rows["role"].eq("primary")].set_index(["cohort", "quantity"])
    assert table.loc[(OFFICES, "conf_low"), "verdict"] == "exact"
    interval = table.loc[(TRIAL, "conf_low")]
    assert (interval["verdict"], interval["reason"]) == ("not_recomputed", "uncertainty")
    assert pd.notna(interval["released"])
    assert pd.isna(interval["recomputed"])


def test_the_page_shows_the_headline_and_why_the_rest_is_not_there(everything):
    text = (everything[0] / PAGE).read_text("utf-8")
    assert "| 0,061003 | 0,061003 |" in text
    assert "Intervallet er det utgitte." in text
    assert "Sjekksummer: alle" in text
    guide = (everything[0] / "LESMEG.md").read_text("utf-8")
    assert f"- {TRIAL}: i arbeid ved månedens slutt, 18 måneder" in guide
    assert "$" not in guide


def test_the_same_release_gives_the_same_bytes_by_a_name_of_its_run(trial, finished, tmp_path):
    path, root = trial
    run = json.loads((root / "results" / "release" / TRIAL / "provenance.json").read_text("utf-8"))["run_id"]
    assert path == root / "results" / "bundles" / f"{TRIAL}-{run}.zip"
    again = bundle(TRIAL, finished[0].folder, tmp_path / "again.zip")
    assert again.read_bytes() == path.read_bytes()
    assert len(path.read_bytes()) < 15e6


def test_a_bundle_holds_no_data_no_local_file_and_no_path_of_the_machine(trial):
    path, root = trial
    with zipfile.ZipFile(path) as held:
        names, content = held.namelist(), b"".join(held.read(name) for name in held.namelist())
    assert {f"release/{TRIAL}/cells.csv", f"cohorts/{TRIAL}/cohort.yaml", "Makefile", "LICENSE"} <= set(names)
    assert f"release/reports/{TRIAL}/{TRIAL}.nb.pdf" in names
    assert not [name for name in names if "/data/" in name or "restricted" in name or "local.yaml" in name]
    assert str(root).encode() not in content
    assert str(Path(__file__).parents[1]).encode() not in content


def test_another_reader_finds_every_file_and_the_rerun_in_the_crate(trial, tmp_path):
    folder = unpacked(trial[0], tmp_path)
    crate = ROCrate(folder)
    files = {entity.id: entity for entity in crate.data_entities if entity.type == "File"}
    packed = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert set(files) == set(packed) - {CRATE_NAME}
    for name in ("Makefile", f"release/{TRIAL}/cells.csv"):
        assert files[name]["sha256"] == hashlib.sha256(packed[name].read_bytes()).hexdigest()
    action = crate.dereference("#omregning")
    assert action.type == "CreateAction"
    assert {entity.id for entity in action["instrument"]} >= {"Makefile", "analysis/bundle/rerun.py"}
    assert files[f"release/{TRIAL}/cells.csv"] in action["object"]
    assert crate.dereference(f"#run-{TRIAL}")["result"].id == f"release/{TRIAL}/"


def test_one_changed_cell_is_told_by_the_checksums_and_gives_another_number(trial, tmp_path, capsys):
    folder = unpacked(trial[0], tmp_path)
    path = folder / "release" / TRIAL / "cells.csv"
    cells = pd.read_csv(path)
    headline = cells["arm"].eq("hpmt") & cells["outcome"].eq("in_work_last_day") & cells["event_time"].eq(18)
    cells.loc[headline, ["sum_y", "sum_wy"]] += 1
    cells.to_csv(path, index=False, na_rep="NA")
    assert main(["--verify"], folder) == 1
    assert f"release/{TRIAL}/cells.csv: er endret" in capsys.readouterr().out
    # Whoever mends the checksums has not mended the number.
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest(folder, inputs={}, digests={})), encoding="utf-8")
    assert main(["--verify"], folder) == 0
    assert main([], folder) == 1
    row = pd.read_csv(folder / TABLE).query("role == 'primary' and quantity == 'estimate'").iloc[0]
    assert row["verdict"] == "beyond"
    assert row["recomputed"] - row["released"] == pytest.approx(1 / 367)
    assert "AVVIK" in (folder / PAGE).read_text("utf-8")


def test_a_run_of_a_readers_own_is_no_change_of_the_bundle_and_a_lost_file_is(trial, tmp_path, capsys):
    folder = unpacked(trial[0], tmp_path)
    (folder / ".venv" / "lib").mkdir(parents=True)
    (folder / ".venv" / "lib" / "own.py").write_text("", encoding="utf-8")
    (folder / ".venv" / "bin").symlink_to("lib")
    assert main([], folder) == 0
    assert main(["--verify"], folder) == 0
    (folder / "config" / "outcomes.yaml").unlink()
    assert main(["--verify"], folder) == 1
    assert "config/outcomes.yaml" in capsys.readouterr().out


def test_a_changed_figure_of_a_source_gives_another_estimate(everything, tmp_path):
    folder = tmp_path / "bundle"
    for name in (f"release/{FIGURES}", f"cohorts/{FIGURES}", "config"):
        shutil.copytree(everything[0] / name, folder / name)
    source = folder / "cohorts" / FIGURES / "published.yaml"
    text = source.read_text("utf-8")
    assert text.count('value: "29.7"') == 1
    source.write_text(text.replace('value: "29.7"', 'value: "29.4"'), encoding="utf-8")
    (folder / MANIFEST_NAME).write_text(json.dumps(manifest(folder, inputs={}, digests={})), encoding="utf-8")
    assert main([], folder) == 1
    table = pd.read_csv(folder / TABLE)
    assert table.query("role == 'primary' and quantity == 'estimate'")["verdict"].tolist() == ["beyond"]


def without_rows(folder, cohort, table, place):
    """What is read of a cohort, with one of its tables left empty."""
    for name in (f"release/{cohort}", f"cohorts/{cohort}", "config"):
        shutil.copytree(folder / name, place / name)
    path = place / "release" / cohort / f"{table}.csv"
    path.write_text(path.read_text("utf-8").splitlines()[0] + "\n", encoding="utf-8")
    return place


def test_a_cohort_that_is_described_alone_has_the_shares_of_its_cells(everything, tmp_path):
    table = rerun_cohort(without_rows(everything[0], TRIAL, "estimates", tmp_path), TRIAL)
    row = table.query("group == 'control' and outcome == 'in_work_last_day' and event_time == 18").iloc[0]
    assert row["recomputed"] == 59 / 250
    assert row[["verdict", "reason"]].tolist() == ["beside", "described"]
    assert f"Måned for måned: {len(table)} står til orientering." in page({TRIAL: table}, [], 1)
    assert headline_words(table) == []


def test_without_cells_of_offices_nothing_of_a_staggered_cohort_is_worked_out(everything, tmp_path):
    table = rerun_cohort(without_rows(everything[0], OFFICES, "office_cells", tmp_path), OFFICES)
    assert set(table["verdict"]) == {"not_recomputed"}
    assert set(table["reason"]) == {"hidden_cells"}
    assert "skjult av hensyn til personvernet, eller ikke sluppet ut" in headline_words(table)[0]


def test_only_what_is_sealed_is_packed_and_the_sentence_says_what_may_be(finished, tmp_path, monkeypatch, capsys):
    root = small_root(finished, tmp_path, FIGURES)
    monkeypatch.chdir(root)
    assert command(["bundle"]) == 1
    assert command(["bundle", "ukjent"]) == 1
    said = capsys.readouterr().err
    assert "Hvilken rapport? Ingen er oppgitt." in said
    assert "Rapporten «ukjent» er ikke sluppet ut." in said
    assert f"{FIGURES}, " in said
    with (root / "results" / "release" / FIGURES / "cells.csv").open("a", encoding="utf-8") as stream:
        stream.write("\n")
    assert command(["bundle", FIGURES]) == 1
    assert f"{FIGURES}/cells.csv: er endret" in capsys.readouterr().err
    (root / "results" / "release" / MANIFEST_NAME).unlink()
    assert command(["bundle", FIGURES]) == 1
    assert "Ingenting er sluppet ut ennå" in capsys.readouterr().err
    assert not (root / "results" / "bundles").exists()


def test_numbers_of_other_code_are_not_packed_with_this(finished, tmp_path, monkeypatch):
    root = small_root(finished, tmp_path, FIGURES)
    monkeypatch.setattr(pack, "source_digest", lambda *paths: "0" * 64)
    with pytest.raises(ProblemsFound) as error:
        bundle(FIGURES, root)
    assert "er sluppet ut av kode eller pakker som er endret siden. Kjør make." in told(error)


def test_a_link_into_the_restricted_area_is_refused(finished, tmp_path):
    root = small_root(finished, tmp_path, FIGURES)
    hidden = root / "results" / "restricted" / "persons.yaml"
    hidden.parent.mkdir()
    hidden.write_text("a: 1\n", encoding="utf-8")
    own = root / "cohorts" / FIGURES / "translations.yaml"
    own.unlink()
    own.symlink_to(hidden)
    with pytest.raises(ProblemsFound) as error:
        contents.contents(FIGURES, [FIGURES], root)
    assert f"cohorts/{FIGURES}/translations.yaml: er en lenke" in told(error)


def test_a_national_identity_number_in_a_card_holds_the_bundle_back(finished, tmp_path):
    root = small_root(finished, tmp_path, FIGURES)
    own = root / "cohorts" / FIGURES / "translations.yaml"
    own.write_text(f"{own.read_text('utf-8')}# {NUMBER}\n", encoding="utf-8")
    with pytest.raises(ProblemsFound) as error:
        bundle(FIGURES, root)
    assert f"cohorts/{FIGURES}/translations.yaml" in told(error)
    assert TENOR_RULE in told(error)
    assert NUMBER not in told(error)
    assert not (root / "results" / "bundles").exists()


def test_a_number_that_the_cells_do_not_give_is_not_packed(finished, tmp_path, monkeypatch):
    root = small_root(finished, tmp_path, FIGURES)
    own = root / "cohorts" / FIGURES / "published.yaml"
    own.write_text(own.read_text("utf-8").replace('value: "29.7"', 'value: "29.4"'), encoding="utf-8")
    with pytest.raises(ProblemsFound) as error:
        bundle(FIGURES, root)
    assert "avviker fra det som cellene gir" in told(error)
