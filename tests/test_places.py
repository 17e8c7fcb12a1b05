"""Where data lie on this machine: the cohort's folder, or the place that config/local.yaml names."""

import pytest
from cards import minimal_card, minimal_frame, write_cohort
from workspace import Workspace

from analysis.cards import Card, read_card
from analysis.cli import main
from analysis.cohorts import find_cohorts
from analysis.delivery import delivery_digests
from analysis.places import data_folders, key_files
from analysis.problems import ProblemsFound
from analysis.provenance import ROOT


@pytest.fixture
def project(tmp_path):
    """A project with two cohorts, and a closed area beside it."""
    root = tmp_path / "klone"
    for name in ("inne", "ute"):
        (root / "cohorts" / name).mkdir(parents=True)
    (root / "config").mkdir()
    (tmp_path / "KANARI_sone" / "ute").mkdir(parents=True)
    return root


def local(project, text):
    (project / "config" / "local.yaml").write_text(text, encoding="utf-8")


def cards(*names, **changes):
    return {name: Card.model_validate(minimal_card(**changes)) for name in names}


def data_folder(name, project):
    return data_folders(cards(name), project)[name]


MADE_UP = {"generator": "hpmt", "effects": [{"outcome": "any_earnings_in_year", "value": 0.1, "horizon": 12}]}


def problems(project, found=None):
    with pytest.raises(ProblemsFound) as caught:
        data_folders(found or cards("inne", "ute"), project)
    return [str(problem) for problem in caught.value.problems]


def test_without_the_file_data_lie_beside_the_card(project):
    assert data_folder("inne", project) == project / "cohorts" / "inne" / "data"


@pytest.mark.parametrize("text", ["", "# bare en kommentar\n", "data:\n"])
def test_an_empty_file_moves_nothing(project, text):
    local(project, text)
    assert data_folder("ute", project) == project / "cohorts" / "ute" / "data"


def test_the_file_moves_the_cohorts_it_names_and_no_others(project):
    place = project.parent / "KANARI_sone" / "ute"
    local(project, f"data:\n  ute: {place}\n")
    assert data_folders(cards("inne", "ute"), project) == {"inne": project / "cohorts" / "inne" / "data", "ute": place}


def test_a_delivery_that_is_made_up_lies_where_the_run_makes_it(project):
    found = data_folders(cards("inne") | cards("ute", synthetic=MADE_UP), project)
    assert found == {"inne": project / "cohorts/inne/data", "ute": project / "results/synthetic/ute"}


def test_a_delivery_that_is_made_up_cannot_be_moved(project):
    local(project, f"data:\n  ute: {project}\n")
    (told,) = problems(project, cards("ute", synthetic=MADE_UP))
    assert "data.ute: leveransen er syntetisk og lages av kjøringen. Fjern linjen." in told


@pytest.mark.parametrize("place", ["data", "../KANARI_sone/ute", "~/data", "./x"])
def test_a_relative_path_is_told_with_its_line(project, place):
    local(project, f"data:\n  ute: {place}\n")
    (told,) = problems(project)
    assert "linje 2, data.ute: stien er ikke hel. Skriv hele stien til mappen, fra /." in told


def test_a_missing_folder_is_told_without_the_path(project):
    local(project, f"data:\n  ute: {project.parent}/KANARI_borte\n")
    (told,) = problems(project)
    assert "data.ute: mappen finnes ikke, eller du har ikke tilgang til den." in told
    assert "KANARI" not in told


def test_a_missing_folder_of_another_cohort_does_not_stop_this_one(project):
    local(project, f"data:\n  ute: {project.parent}/KANARI_borte\n")
    assert data_folder("inne", project) == project / "cohorts" / "inne" / "data"


def test_a_file_in_place_of_a_folder_is_told(project):
    (project.parent / "fil").touch()
    local(project, f"data:\n  ute: {project.parent}/fil\n")
    assert len(problems(project)) == 1


def test_a_key_lies_in_the_file_that_the_machine_names(project):
    key = project.parent / "KANARI_nokkel"
    key.touch()
    asked = cards("ute", pseudonyms={"file": True})
    local(project, f"keys:\n  ute: {key}\n")
    assert key_files(asked | cards("inne"), project) == {"ute": key}
    assert data_folders(asked, project)["ute"] == project / "cohorts" / "ute" / "data"


@pytest.mark.parametrize("text", ["", "keys:\n  ute: /KANARI_borte\n"])
def test_a_key_that_is_not_there_is_told_without_the_path(project, text):
    local(project, text)
    with pytest.raises(ProblemsFound, match="keys.ute: nøkkelfilen finnes ikke") as caught:
        key_files(cards("ute", pseudonyms={"file": True}), project)
    assert "KANARI" not in str(caught.value)


def test_all_mistakes_are_told_at_once(project):
    local(project, "data:\n  ute: relativ\n  stavefeil: /finnes\n  inne: 5\n  ute: /to/ganger\nandre: 1\n")
    told = "\n".join(problems(project))
    for words in ("stien er ikke hel", "ingen slik kohort", "skal være tekst", "står to ganger", "nøkkelen er ukjent"):
        assert words in told


def test_a_file_that_is_no_yaml_is_told(project):
    local(project, "data: [\n")
    assert "bryter innrykk" in problems(project)[0]


def test_the_example_is_a_valid_file_that_moves_nothing(project):
    local(project, (ROOT / "config" / "local.example.yaml").read_text(encoding="utf-8"))
    assert data_folder("ute", project) == project / "cohorts" / "ute" / "data"


def test_a_delivery_outside_is_checked_and_its_place_is_in_no_output_or_digest(project, monkeypatch, capsys):
    place = project.parent / "KANARI_sone" / "ute"
    card = minimal_card()
    path = write_cohort(project / "cohorts" / "ute", card)
    write_cohort(place.parent / "laget", card, minimal_frame(40))
    (place.parent / "laget" / "data" / "persons.csv").rename(place / "persons.csv")
    local(project, f"data:\n  ute: {place}\n")
    monkeypatch.chdir(project)
    assert main(["check", "ute"]) == 0
    said = capsys.readouterr()
    assert "Personer i leveransen: deltakerne 20" in said.out
    assert "KANARI" not in said.out + said.err
    digests = delivery_digests(read_card(path), data_folder("ute", project))
    assert list(digests) == ["data/persons.csv"]


def test_the_workflow_finds_a_delivery_outside_and_stops_before_anything_when_it_is_gone(tmp_path):
    workspace = Workspace(tmp_path / "prosjekt")
    place = tmp_path / "KANARI_sone"
    write_cohort(workspace.folder / "cohorts" / "ute", minimal_card())
    write_cohort(tmp_path / "laget", minimal_card(), minimal_frame(40))
    (tmp_path / "laget" / "data").rename(place)
    local(workspace.folder, f"data:\n  ute: {place}\n")
    shipped = [card for card in find_cohorts(ROOT / "cohorts").values() if card.data_kind != "published"]
    assert workspace.planned()["read_delivery"] == len(shipped) + 1
    place.rename(tmp_path / "borte")
    said = workspace.make()
    assert said.returncode == 1
    assert said.stderr.startswith("Data ble ikke funnet:")
    assert "config/local.yaml, data.ute" in said.stderr
    assert "KANARI" not in said.stdout + said.stderr
