"""The crate is one that others can read, says the same as the manifest, and is the same bytes every time."""

import hashlib
import json
import socket

import pytest
from rocrate.rocrate import ROCrate

from analysis.cli import main
from analysis.files import write_json
from analysis.manifest import MANIFEST_NAME, verify
from analysis.ro_crate import CRATE_NAME, crate_problems, disagreements, ro_crate
from analysis.seal import write_manifest

COHORTS = ("hpmt", "nsw")
DIGEST = {"hpmt": "ab" * 32, "nsw": "cd" * 32}


def card(cohort: str) -> dict:
    return {
        "title": {"nb": f"Kohorten {cohort}"},
        "report": {"date": {"hpmt": "2026-11-20", "nsw": "2026-11-22"}[cohort]},
        "data_kind": {"hpmt": "published", "nsw": "open"}[cohort],
        "licence": {"hpmt": None, "nsw": "MIT (Python-pakken causaldata)"}[cohort],
    }


def origin(cohort: str) -> dict:
    return {
        "run_id": DIGEST[cohort][:12],
        "plan_hash": DIGEST[cohort],
        "inputs": {"data/fil med æ.csv": DIGEST[cohort]},
        "digests": {"code": DIGEST[cohort][::-1]},
    }


@pytest.fixture
def folder(tmp_path):
    """A released folder with its manifest and crate."""
    folder = tmp_path / "results" / "release"
    for cohort in COHORTS:
        write_json(folder / cohort / "cohort.json", {"card": card(cohort)})
        write_json(folder / cohort / "provenance.json", origin(cohort))
        report = folder / "reports" / cohort / f"{cohort}.nb.html"
        report.parent.mkdir(parents=True)
        report.write_text("<p>Hei</p>", encoding="utf-8")
    (folder / "index.html").write_text("<p>Start</p>", encoding="utf-8")
    release(folder)
    return folder


def release(folder):
    files = [str(path) for path in folder.rglob("*.*") if path.name not in (MANIFEST_NAME, CRATE_NAME)]
    write_manifest(folder, files, {name: folder / name / "provenance.json" for name in COHORTS}, lock="ef" * 32)


def manifest_of(folder):
    return json.loads((folder / MANIFEST_NAME).read_text("utf-8"))


def test_a_reader_that_we_did_not_write_finds_every_file_with_its_digest(folder):
    crate = ROCrate(folder)
    found = {entity.id: entity for entity in crate.data_entities if entity.type == "File"}
    released = {str(path.relative_to(folder)): path for path in folder.rglob("*.*")}
    assert set(found) == set(released) - {CRATE_NAME}
    for name in set(found) - {MANIFEST_NAME}:
        content = released[name].read_bytes()
        assert found[name]["sha256"] == hashlib.sha256(content).hexdigest()
        assert found[name]["contentSize"] == str(len(content))
        assert found[name]["name"] == released[name].name
        assert found[name]["encodingFormat"] in ("text/html", "application/json")


def test_the_reader_finds_root_licence_date_and_a_data_set_per_cohort(folder):
    crate = ROCrate(folder)
    assert crate.root_dataset["name"] == "Tiltakseffekt"
    assert str(crate.root_dataset["datePublished"]).startswith("2026-11-22")
    assert crate.root_dataset["license"]["name"] == "MIT"
    for cohort in COHORTS:
        part = crate.get(f"{cohort}/")
        assert part.type == "Dataset"
        assert part["name"] == card(cohort)["title"]["nb"]
        assert {file.id for file in part["hasPart"]} == {
            f"{cohort}/cohort.json",
            f"{cohort}/provenance.json",
            f"reports/{cohort}/{cohort}.nb.html",
        }
    assert crate.get("nsw/")["license"] == card("nsw")["licence"]


def test_the_reader_finds_inputs_plan_code_and_environment_of_each_run(folder):
    crate, manifest = ROCrate(folder), manifest_of(folder)
    for run in crate.root_dataset["mentions"]:
        cohort = run["result"].id.strip("/")
        assert run["identifier"] == manifest["runs"][cohort]["run_id"]
        assert {item["name"]: item["sha256"] for item in run["object"]} == {
            f"{cohort}/data/fil med æ.csv": DIGEST[cohort],
            f"plan {cohort}": DIGEST[cohort],
        }
        program, code = run["instrument"]
        assert code["sha256"] == manifest["runs"][cohort]["code"]
        told = {package["name"]: package["softwareVersion"] for package in program["softwareRequirements"]}
        assert told == {"python": manifest["environment"]["python"], **manifest["environment"]["packages"]}


def test_every_entity_that_is_pointed_at_is_there_and_every_id_stands_once(folder):
    graph = json.loads((folder / CRATE_NAME).read_text("utf-8"))["@graph"]
    ids = [entity["@id"] for entity in graph]
    assert len(ids) == len(set(ids))
    outside = {"https://w3id.org/ro/crate/1.1"}
    assert {target for entity in graph for target in pointed(entity)} <= {*ids, *outside}


def pointed(entity):
    for value in entity.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                yield item["@id"]


def test_the_same_content_is_the_same_bytes_and_names_no_machine(folder):
    first = (folder / CRATE_NAME).read_bytes(), (folder / MANIFEST_NAME).read_bytes()
    release(folder)
    assert ((folder / CRATE_NAME).read_bytes(), (folder / MANIFEST_NAME).read_bytes()) == first
    assert str(folder) not in first[0].decode()
    assert socket.gethostname() not in first[0].decode()


def test_manifest_and_crate_agree_when_they_are_written(folder):
    manifest = manifest_of(folder)
    assert CRATE_NAME in {entry["path"] for entry in manifest["files"]}
    assert verify(folder, manifest) == []
    assert crate_problems(folder, manifest) == []


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (lambda found: found["files"][1].update(sha256="0" * 64), "hpmt/provenance.json"),
        (lambda found: found["files"].pop(1), "hpmt/provenance.json"),
        (lambda found: found["inputs"].update({"hpmt/data/fil med æ.csv": "0" * 64}), "#input-hpmt"),
        (lambda found: found["digests"].update({"plan nsw": "0" * 64}), "#digest-plan%20nsw"),
        (lambda found: found["runs"]["nsw"].update(code="0" * 64), "#code-nsw"),
        (lambda found: found["runs"]["nsw"].update(run_id="0" * 12), "#run-nsw"),
        (lambda found: found["environment"]["packages"].update(numpy="1"), "#package-numpy"),
    ],
)
def test_every_fact_that_differs_is_told(folder, place, name):
    manifest = manifest_of(folder)
    place(manifest)
    crate = json.loads((folder / CRATE_NAME).read_text("utf-8"))
    problems = disagreements(manifest, crate)
    assert [name in problem.where for problem in problems] == [True]


@pytest.mark.parametrize("content", ["{}", '{"@graph": [1]}', "ikke json"])
def test_a_crate_that_cannot_be_read_is_told(folder, content):
    (folder / CRATE_NAME).write_text(content, encoding="utf-8")
    assert [problem.what for problem in crate_problems(folder, manifest_of(folder))] == [
        "lar seg ikke lese som RO-Crate."
    ]


def test_verify_notices_a_crate_that_tells_otherwise_also_when_its_digest_is_made_to_fit(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder.parents[1])
    assert main(["verify"]) == 0
    crate = (folder / CRATE_NAME).read_bytes().replace(DIGEST["hpmt"].encode(), b"0" * 64)
    (folder / CRATE_NAME).write_bytes(crate)
    assert main(["verify"]) == 1
    manifest = manifest_of(folder)
    entry = next(entry for entry in manifest["files"] if entry["path"] == CRATE_NAME)
    entry.update(sha256=hashlib.sha256(crate).hexdigest(), bytes=len(crate))
    write_json(folder / MANIFEST_NAME, manifest)
    capsys.readouterr()
    assert main(["verify"]) == 1
    assert "er ikke det samme som i manifestet." in capsys.readouterr().err


def test_a_crate_without_a_cohort_is_refused():
    with pytest.raises(ValueError, match="at least one cohort"):
        ro_crate({"files": [], "inputs": {}, "digests": {}}, {}, manifest_name=MANIFEST_NAME)
