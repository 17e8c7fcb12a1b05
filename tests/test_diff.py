"""Two runs beside each other: what moved, by how much, and because of what; each seeded change is named alone."""

import re
import shutil

import pandas as pd
import pytest
from workspace import Workspace

from analysis.cli import main
from analysis.diff.causes import causes
from analysis.diff.report import diff_words
from analysis.diff.tables import table_diffs
from analysis.earlier import kept_files
from analysis.files import read_csv, read_json, write_csv, write_json
from analysis.problems import ProblemsFound
from analysis.row_keys import ROW_KEYS, row_names
from analysis.tables import COST_TABLE, RELEASED
from analysis.trace.cells import SHARED
from analysis.trace.folder import Folder

NSW = "nsw_supported_work"
COHORTS = ("hpmt", NSW, "mentor_hybrid")


@pytest.fixture(scope="module")
def kept(finished, tmp_path_factory):
    """The kept files of a few cohorts, their reports, the comparison and the manifest."""
    release = finished[0].folder / "results" / "release"
    folder = tmp_path_factory.mktemp("kept") / "release"
    wanted = ("manifest.json", "comparison/", *(f"{part}{name}/" for name in COHORTS for part in ("", "reports/")))
    for name in kept_files(release):
        if name.startswith(wanted):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(release / name, folder / name)
    return folder


@pytest.fixture
def two(kept, tmp_path):
    """Two folders of the same run, of which a test changes the second."""
    return kept, shutil.copytree(kept, tmp_path / "ny")


def told(old, new, **given):
    return re.sub(r"\s+", " ", "\n".join(diff_words(old, new, **given)))


def change(path, edit):
    """Edit a JSON file by a function of its content."""
    content = read_json(path)
    edit(content)
    write_json(path, content)


def move(folder, cohort, by):
    """Move the main row's estimate and interval, as a run with another choice would."""
    path = folder / cohort / "estimates.csv"
    rows = read_csv(path)
    main_row = rows["role"].eq("primary")
    rows.loc[main_row, ["estimate", "conf_low", "conf_high"]] += by
    write_csv(rows, path)


def set_caliper(about):
    about["card"]["matching"]["caliper"] = 0.1


def set_module(origin):
    origin["digests"]["modules"]["analysis.did"] = "0123456789"


def set_input(origin):
    origin["inputs"][next(iter(origin["inputs"]))] = "0" * 64


def set_outcomes(origin):
    origin["digests"]["settings"]["config/outcomes.yaml"] = "0123456789"


def set_lock(origin):
    origin["digests"]["lock"] = "0" * 64


@pytest.mark.parametrize(
    ("file", "edit", "cause"),
    [
        ("cohort", set_caliper, "kortet: matching.caliper"),
        ("provenance", set_module, "kode: analysis.did"),
        ("provenance", set_input, "data: causaldata/cps_mixtape/cps_mixtape.dta"),
        ("provenance", set_outcomes, "innstillinger: config/outcomes.yaml"),
        ("provenance", set_lock, "pakker: requirements.lock"),
    ],
)
def test_a_seeded_change_is_named_as_the_only_cause_with_the_movement(two, file, edit, cause):
    old, new = two
    change(new / NSW / f"{file}.json", edit)
    move(new, NSW, 0.02)
    words = told(old, new)
    assert f"Eneste årsak {cause} Hovedtall" in words
    assert "+11,1 (−3,3 til 25,5) prosentpoeng → +13,1 (−1,3 til 27,5) prosentpoeng; anslaget flyttet +2,00" in words
    assert "estimates 1 0 0 estimate 11,11 → 13,11 (+2,00 prosentpoeng)" in words
    assert "samtidig" not in words
    assert words.endswith("Uendret hpmt, mentor_hybrid")


def test_a_published_figure_is_named_with_its_value_before_and_after(two):
    old, new = two

    def print_another(about):
        (fact,) = (fact for fact in about["figures"]["facts"] if fact["id"] == "s004_f05")
        fact["value"] = "30.2"

    change(new / "hpmt" / "cohort.json", print_another)
    change(new / "hpmt" / "provenance.json", set_input)
    move(new, "hpmt", 0.005)
    assert "Eneste årsak publisert tall: s004_f05 (29.7 → 30.2)" in told(old, new)


def test_several_causes_at_once_are_listed_and_the_movement_is_not_divided(two):
    old, new = two
    change(new / NSW / "cohort.json", set_caliper)
    change(new / NSW / "provenance.json", set_module)
    move(new, NSW, 0.02)
    words = told(old, new)
    assert "Årsaker kortet: matching.caliper kode: analysis.did 2 ting er endret samtidig" in words
    assert "Eneste" not in words


def test_a_movement_without_a_cause_is_told_as_such(two):
    old, new = two
    move(new, NSW, 0.02)
    assert "Ingen årsak som er ført, er endret. Filene kan være endret for hånd." in told(old, new)


def test_a_title_moves_no_number_and_code_that_moves_nothing_stands_still(two):
    old, new = two
    change(new / NSW / "cohort.json", lambda about: about["card"]["title"].update(nb="Noe annet"))
    change(new / "hpmt" / "provenance.json", set_module)
    words = told(old, new)
    assert f"{NSW} (kortets tekst: title.nb)" in words
    assert "hpmt (kode: analysis.did)" in words
    assert "Hovedtall" not in words
    (cause,) = causes(Folder(old), Folder(new), NSW)
    assert not cause.moves


def test_an_older_release_without_modules_is_said_not_to_tell_them(two):
    old, new = two
    for key in ("modules", "settings"):
        change(new / NSW / "provenance.json", lambda origin, key=key: origin["digests"].pop(key))
    change(new / NSW / "provenance.json", lambda origin: origin["digests"].update(estimated="0" * 64))
    (cause,) = causes(Folder(old), Folder(new), NSW)
    assert "sier ikke hvilke moduler" in cause.name


def test_grade_and_checks_that_turn_are_told(two):
    old, new = two

    def turn(record):
        record["grade"]["grade"] = "moderate"
        record["checks"][0]["verdict"] = "failed"

    change(new / "hpmt" / "checks.json", turn)
    words = told(old, new)
    name = read_json(old / "hpmt" / "checks.json")["checks"][0]["name"]
    assert "Tillit lav → middels" in words
    assert f"Kontroll {name}: holder → holder ikke" in words


def test_words_are_compared_without_the_numbers_in_them(two):
    old, new = two
    path = new / "reports/hpmt/hpmt.nb.json"
    path.write_text(path.read_text(encoding="utf-8").replace("29,7", "30,2"), encoding="utf-8")
    assert "Ordlyd" not in told(old, new)
    text = path.read_text(encoding="utf-8").replace("Vi finner ingen klar forskjell.", "Vi finner en forskjell.", 1)
    path.write_text(text, encoding="utf-8")
    assert "Ordlyd 1 tekst endret, tall holdt utenfor (Sammendrag)" in told(old, new)


def test_rows_are_known_by_what_they_are_and_not_by_where_they_stand(two):
    old, new = two
    path = new / NSW / "estimates.csv"
    rows = pd.read_csv(path, dtype="str", keep_default_na=False)
    rows.iloc[::-1].to_csv(path, index=False, lineterminator="\n")
    assert list(table_diffs(Folder(old), Folder(new), NSW)) == []
    rows.iloc[1:].to_csv(path, index=False, lineterminator="\n")
    (table,) = table_diffs(Folder(old), Folder(new), NSW)
    assert [table.count(kind) for kind in ("moved", "new", "gone")] == [0, 0, 1]


def test_stamps_of_a_run_are_no_result(two):
    old, new = two
    rows = read_csv(new / "hpmt/estimates.csv").assign(run_id="0" * 12, plan_hash="0" * 64)
    write_csv(rows, new / "hpmt/estimates.csv")
    assert list(table_diffs(Folder(old), Folder(new), "hpmt")) == []


def test_every_row_is_listed_on_request_and_no_line_is_wider_than_the_screen(two):
    old, new = two
    move(new, NSW, 0.02)
    lines = diff_words(old, new, every=True)
    words = re.sub(r"\s+", " ", "\n".join(lines))
    assert "conf_low −3,27 → −1,27 (+2,00 prosentpoeng); conf_high 25,50 → 27,50 (+2,00 prosentpoeng)" in words
    # The folders, above, are as long as they are.
    assert max(map(len, lines[2:])) <= 100


def test_two_folders_of_the_same_run_differ_in_nothing(two):
    assert told(*two).endswith("Uendret hpmt, mentor_hybrid, nsw_supported_work")


def test_cohorts_that_came_and_went_are_named(two):
    old, new = two
    shutil.rmtree(new / "mentor_hybrid")
    assert "Borte mentor_hybrid" in told(old, new)
    assert "Nye mentor_hybrid" in told(new, old)


def test_a_folder_without_released_numbers_is_refused(tmp_path, capsys):
    with pytest.raises(ProblemsFound, match="kan ikke sammenlignes"):
        diff_words(tmp_path, tmp_path)
    assert main(["diff", "--old", str(tmp_path)]) == 1
    assert "ingen frigitte tall" in capsys.readouterr().err


def test_every_released_table_has_keys_that_tell_its_rows_apart(finished):
    folder = Folder(finished[0].folder / "results" / "release")
    assert set(ROW_KEYS) == {*RELEASED, COST_TABLE, *SHARED}
    for cohort in (*folder.cohorts(), "comparison"):
        for table in ROW_KEYS:
            name = f"{cohort}/{table}.csv"
            if folder.has(name):
                assert not row_names(table, folder.table(name)).str.contains("#").any(), name


@pytest.mark.whole
def test_a_real_run_after_an_edited_card_is_told_with_the_key_as_the_only_cause(finished, tmp_path):
    workspace = Workspace(tmp_path / "project", source=finished[0].folder, results=True, cohorts=["mentor_hybrid"])
    workspace.edit("cohorts/mentor_hybrid/cohort.yaml", "icc: [0.02, 0.05, 0.1]", "icc: [0.02, 0.05, 0.15]")
    said = workspace.make("--", "results/review/mentor_hybrid/cost.csv")
    assert said.returncode == 0, said.stdout + said.stderr
    said = workspace.command("-m", "analysis", "diff", "--old", "results/release", "--new", "results/review")
    assert said.returncode == 0, said.stderr
    words = re.sub(r"\s+", " ", said.stdout)
    assert "Fra results/release til results/review mentor_hybrid" in words
    assert "Eneste årsak kortet: published.single_arm.icc Hovedtall 73 (60 til 84) prosent, uendret" in words
    assert re.search(r"estimates 0 (\d+) \1 ", words)
