"""Nothing leaves unless everything is clean; what is found is told by file and place, and never shown."""

import csv
import json
from pathlib import Path

import pikepdf
import pytest

from analysis.files import write_json
from analysis.manifest import MANIFEST_NAME, verify
from analysis.problems import ProblemsFound
from analysis.ro_crate import CRATE_NAME
from analysis.seal import allowed_types, seal, write_manifest

VECTORS = Path(__file__).parent / "reference" / "nationalid" / "fnr_tenor_vectors.csv"
DIGEST = "ab" * 32


def number() -> str:
    """A made-up identity number of the tax authority's test population."""
    with VECTORS.open(encoding="utf-8") as stream:
        return next(row["nummer"] for row in csv.DictReader(stream, delimiter=";") if row["type"] == "fnr-tenor")


def pdf(path: Path, title: str) -> None:
    document = pikepdf.new()
    document.add_blank_page()
    document.docinfo["/Title"] = title
    document.save(path)


WRITERS = {
    "estimates.csv": lambda path, text: path.write_text(f"cohort,estimate\nhpmt,{text}\n", encoding="utf-8"),
    "checks.json": lambda path, text: path.write_text(json.dumps({"checks": [text]}), encoding="utf-8"),
    "report.nb.html": lambda path, text: path.write_text(f"<html><body><p>{text}</p></body></html>", encoding="utf-8"),
    "report.nb.pdf": pdf,
}


@pytest.fixture
def review(tmp_path):
    """A clean file of every kind that may leave, and where each would go."""
    folder = tmp_path / "review"
    folder.mkdir()
    for name, write in WRITERS.items():
        write(folder / name, "0.0610")
    return folder, tmp_path / "release"


def place(out: Path, name: str) -> Path:
    """Where a file of this name is let out to."""
    return out / ("reports/hpmt" if name.endswith((".html", ".pdf")) else "hpmt") / name


def pairs(folder: Path, out: Path, names=tuple(WRITERS)):
    return [str(folder / name) for name in names], [str(place(out, name)) for name in names]


def let_out(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_clean_files_are_copied_byte_for_byte(review):
    folder, out = review
    seal(*pairs(folder, out))
    assert let_out(out) == {name: (folder / name).read_bytes() for name in WRITERS}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("first", [True, False])
def test_a_planted_number_in_any_file_stops_everything_before_any_copy(review, name, first):
    folder, out = review
    WRITERS[name](folder / name, number())
    others = [other for other in WRITERS if other != name]
    names = [name, *others] if first else [*others, name]
    with pytest.raises(ProblemsFound) as caught:
        seal(*pairs(folder, out, names))
    told = str(caught.value)
    assert "Ingenting er sluppet ut." in told
    assert name in told
    assert not out.exists()
    assert number() not in told
    assert number()[:6] not in told
    assert number()[6:] not in told


def test_what_was_released_before_stays_as_it_was_when_the_seal_stops(review):
    folder, out = review
    seal(*pairs(folder, out))
    before = let_out(out)
    WRITERS["estimates.csv"](folder / "estimates.csv", "0.0700")
    WRITERS["checks.json"](folder / "checks.json", number())
    with pytest.raises(ProblemsFound):
        seal(*pairs(folder, out))
    assert let_out(out) == before


def test_every_finding_of_every_file_is_told_at_once(review):
    folder, out = review
    for name in ("estimates.csv", "checks.json"):
        WRITERS[name](folder / name, number())
    with pytest.raises(ProblemsFound) as caught:
        seal(*pairs(folder, out))
    assert len(caught.value.problems) == 2
    assert {problem.where.split(",")[0] for problem in caught.value.problems} == {"estimates.csv", "checks.json"}


def test_the_place_of_a_finding_is_told(review):
    folder, out = review
    WRITERS["estimates.csv"](folder / "estimates.csv", number())
    with pytest.raises(ProblemsFound) as caught:
        seal(*pairs(folder, out))
    where = caught.value.problems[0].where
    assert "2" in where.partition(",")[2]


@pytest.mark.parametrize("name", ["persons.parquet", "model.pkl", "notes.txt", "book.xlsx", "script.py"])
def test_a_kind_of_file_that_may_not_leave_stops_the_seal(review, name):
    folder, out = review
    (folder / name).write_bytes(b"PAR1")
    with pytest.raises(ProblemsFound) as caught:
        seal(*pairs(folder, out, [*WRITERS, name]))
    assert name in str(caught.value)
    assert not out.exists()


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("index.html", {".html"}),
        ("comparison/comparison.csv", {".csv", ".json"}),
        ("hpmt/estimates.csv", {".csv", ".json"}),
        ("reports/hpmt/hpmt.nb.pdf", {".docx", ".html", ".json", ".pdf", ".xlsx", ".zip"}),
    ],
)
def test_each_folder_has_its_own_types_of_file(target, allowed):
    assert allowed_types(f"results/release/{target}") == allowed
    assert allowed_types(f"/release/prosjekt/results/release/{target}") == allowed


@pytest.mark.parametrize("target", ["hpmt/hpmt.nb.html", "index.csv", "reports/hpmt/persons.csv"])
def test_a_type_that_may_leave_stops_in_another_folder(target, tmp_path):
    source = tmp_path / Path(target).name
    source.write_text("a\n1\n", encoding="utf-8")
    with pytest.raises(ProblemsFound, match="ikke tillatt i denne mappa"):
        seal([str(source)], [str(tmp_path / "release" / target)])
    assert not (tmp_path / "release").exists()


def test_files_go_to_the_released_folder_alone_and_keep_their_type(review):
    folder, out = review
    with pytest.raises(ValueError, match="released folder alone"):
        seal([str(folder / "checks.json")], [str(out.parent / "ute" / "checks.json")])
    with pytest.raises(ValueError, match="keeps its type"):
        seal([str(folder / "checks.json")], [str(out / "hpmt" / "checks.csv")])
    assert not out.exists()


def test_a_link_is_not_followed(review, tmp_path):
    folder, out = review
    (tmp_path / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(ProblemsFound):
        seal(*pairs(folder, out, ["link.csv"]))
    assert not out.exists()


def test_sources_and_targets_must_be_as_many(review):
    folder, out = review
    sources, targets = pairs(folder, out)
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        seal(sources, targets[:-1])
    assert not out.exists()


@pytest.fixture
def released(tmp_path):
    """A released folder of two cohorts, with a file that no run of today made."""
    files = []
    for cohort in ("hpmt", "mentor_hybrid"):
        origin = {
            "run_id": "0123456789ab",
            "plan_hash": DIGEST,
            "inputs": {"published.yaml": DIGEST},
            "digests": {"code": DIGEST},
        }
        write_json(tmp_path / cohort / "provenance.json", origin)
        card = {"title": {"nb": cohort}, "report": {"date": "2026-11-22"}, "data_kind": "published", "licence": None}
        write_json(tmp_path / cohort / "cohort.json", {"card": card})
        (tmp_path / cohort / "estimates.csv").write_text("a\n1\n", encoding="utf-8")
        files += [str(tmp_path / cohort / name) for name in ("provenance.json", "cohort.json", "estimates.csv")]
    (tmp_path / "hpmt" / "old.csv").write_text("a\n2\n", encoding="utf-8")
    provenances = {cohort: str(tmp_path / cohort / "provenance.json") for cohort in ("hpmt", "mentor_hybrid")}
    return tmp_path, files, provenances


def test_the_manifest_lists_exactly_the_files_of_this_run(released):
    folder, files, provenances = released
    write_manifest(folder, files, provenances, lock=DIGEST)
    record = json.loads((folder / MANIFEST_NAME).read_text("utf-8"))
    assert {entry["path"] for entry in record["files"]} == {CRATE_NAME} | {
        f"{cohort}/{name}" for cohort in provenances for name in ("provenance.json", "cohort.json", "estimates.csv")
    }
    assert record["inputs"] == {f"{cohort}/published.yaml": DIGEST for cohort in provenances}
    assert record["digests"] == {"lock": DIGEST, "plan hpmt": DIGEST, "plan mentor_hybrid": DIGEST}
    assert record["runs"]["hpmt"] == {"run_id": "0123456789ab", "code": DIGEST}


def test_a_file_of_an_earlier_run_is_named_by_the_verification_and_a_change_too(released):
    folder, files, provenances = released
    write_manifest(folder, files, provenances, lock=DIGEST)
    record = json.loads((folder / MANIFEST_NAME).read_text("utf-8"))
    assert [problem.where for problem in verify(folder, record)] == ["hpmt/old.csv"]
    (folder / "hpmt" / "old.csv").unlink()
    assert verify(folder, record) == []
    (folder / "hpmt" / "estimates.csv").write_text("a\n9\n", encoding="utf-8")
    assert [problem.where for problem in verify(folder, record)] == ["hpmt/estimates.csv"]


def test_the_manifest_is_the_same_bytes_for_the_same_files(released):
    folder, files, provenances = released
    write_manifest(folder, files, provenances, lock=DIGEST)
    first = (folder / MANIFEST_NAME).read_bytes()
    write_manifest(folder, reversed(files), provenances, lock=DIGEST)
    assert (folder / MANIFEST_NAME).read_bytes() == first
    assert str(folder) not in first.decode()
