"""A person who withdraws is nowhere afterwards, all others are as they were, and the receipt names nobody."""

import gzip
import hashlib
import json
import os
from pathlib import Path

import cards
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import purge as module
from analysis.cards import File, read_card
from analysis.cli import main
from analysis.files import sha256, write_json, write_parquet
from analysis.intake import read_delivery
from analysis.problems import ProblemsFound
from analysis.purge import purge
from analysis.purge_files import write_without

WHO, OTHER = "1000003", "10000031"
COHORT, DATE = "proven", "2026-11-22"


def frame() -> pd.DataFrame:
    """Twelve persons, of which one id begins with another's, and one is written with blanks."""
    rows = cards.minimal_frame().assign(lopenr=[f"{1000000 + row}" for row in range(12)])
    rows.loc[4, "lopenr"] = OTHER
    rows.loc[3, "lopenr"] = f" {WHO} "
    return rows


def spells() -> pd.DataFrame:
    ids = ["1000001", WHO, "1000005", WHO, OTHER]
    return pd.DataFrame(
        {"lopenr": ids, "fra": "2020-01-01", "til": "2020-02-01", "merknad": ["a", "b;c", 'd"', "e", "f"]}
    )


def card_data(**of_persons) -> dict:
    card = cards.minimal_card(data_kind="open", licence="laget av testen")
    card["files"][0] |= of_persons
    columns = {"person_id": "lopenr", "type": {"constant": "work"}, "from_date": "fra", "to_date": "til"}
    card["files"].append(
        {"name": "spells", "table": "spells", "path": "spells.csv", "format": "csv", "columns": columns}
    )
    card["registers"] = {"first": "2019-01", "last": "2021-12"}
    return card


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A cohort with a delivery in two files, and what runs have made of it in the restricted area."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "cohorts" / COHORT
    cards.write_cohort(folder, card_data(), frame())
    spells().to_csv(folder / "data" / "spells.csv", sep=";", index=False)
    area = tmp_path / "results" / "restricted" / COHORT
    made = pd.DataFrame({"person_id": range(12), "weight": 1.0})
    for name in ("persons", "weights", "blinded/persons"):
        write_parquet(made, area / f"{name}.parquet")
    write_json(area / "inputs.json", {"data/persons.csv": "ab" * 32})
    (area / ".persons.parquet.x.tmp").write_text(WHO, encoding="utf-8")
    write_json(area / "ledger" / "0001.json", {"sequence": 1})
    (area / "rounding.key").write_bytes(b"k" * 32)
    return tmp_path


def data(project) -> Path:
    return project / "cohorts" / COHORT / "data"


def purged(project, person=WHO, **options):
    card = read_card(project / "cohorts" / COHORT / "cohort.yaml")
    return purge(card, COHORT, data(project), person, root=project, date=DATE, **options)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def without_lines(text: bytes) -> bytes:
    """The lines of a file but for those of the person, found otherwise than by the purge."""
    return b"".join(line for line in text.splitlines(keepends=True) if line.split(b";")[0].strip() != WHO.encode())


def test_no_byte_of_the_id_is_left_and_the_rows_of_all_others_are_as_they_were(project):
    before = content(data(project))
    done = purged(project)
    after = content(data(project))
    for name in ("persons.csv", "spells.csv"):
        assert after[name] == without_lines(before[name]) != before[name]
        assert OTHER.encode() in after[name]
    everything = content(project / "results") | after
    assert [name for name, found in everything.items() if WHO.encode() in found.replace(OTHER.encode(), b"")] == []
    counts = [(item["file"], item["rows_before"], item["rows_after"]) for item in done.changed]
    assert counts == [("data/persons.csv", 12, 11), ("data/spells.csv", 5, 3)]
    assert done.unfinished == []


def test_all_that_was_made_of_the_delivery_is_gone_but_the_ledger_of_releases_and_the_key_of_the_rounding(project):
    done = purged(project)
    kept = content(project / "results" / "restricted")
    assert set(kept) == {f"{COHORT}/ledger/0001.json", f"{COHORT}/rounding.key"}
    # Another key would round the same counts the other way in the next report.
    assert kept[f"{COHORT}/rounding.key"] == b"k" * 32
    rows = {item["file"]: item["rows_before"] for item in done.removed}
    assert rows[f"results/restricted/{COHORT}/blinded/persons.parquet"] == 12
    assert rows[f"results/restricted/{COHORT}/inputs.json"] is None


def test_the_cohort_without_the_person_can_be_read(project):
    purged(project)
    card = read_card(project / "cohorts" / COHORT / "cohort.yaml")
    found = read_delivery(card, data(project), cohort=COHORT, spells=project / "spells.parquet")
    assert len(found.persons) == 11
    assert len(pd.read_parquet(project / "spells.parquet")) == 3


def test_the_receipt_names_nobody_and_tells_what_was_touched(project):
    before = {name: sha256(data(project) / name) for name in ("persons.csv", "spells.csv")}
    done = purged(project)
    text = done.receipt.read_text("utf-8")
    told = json.loads(text)
    digests = [hashlib.sha256(form.encode()).hexdigest() for form in (WHO, f" {WHO} ")]
    assert [word for word in (WHO, *digests) if word in text] == []
    assert {name: told[name] for name in ("cohort", "date", "state")} == {
        "cohort": COHORT,
        "date": DATE,
        "state": "finished",
    }
    for item in told["changed"]:
        name = item["file"].removeprefix("data/")
        assert item["sha256_before"] == before[name]
        assert item["sha256_after"] == sha256(data(project) / name)
    assert told["removed"] == done.removed
    assert str(project) not in text


def test_receipts_are_numbered_and_kept(project):
    first, second = purged(project).receipt, purged(project, "1000005").receipt
    assert (first.name, second.name) == ("purge-0001.json", "purge-0002.json")
    assert first.is_file()


def test_a_person_who_is_not_there_changes_nothing(project):
    before = content(project)
    with pytest.raises(ProblemsFound, match="ingen rader i leveransen har denne id-en") as caught:
        purged(project, "9999999")
    assert "9999999" not in str(caught.value)
    assert content(project) == before


def test_when_the_delivery_is_clean_already_what_was_made_of_it_is_removed_on_request(project):
    before = content(data(project))
    done = purged(project, "9999999", gone=True)
    assert done.changed == []
    assert len(done.removed) == 5
    assert content(data(project)).items() >= before.items()


def test_killed_at_any_point_every_file_is_whole_and_a_second_purge_ends_it(project, monkeypatch):
    before = content(data(project))
    whole = {name: {found, without_lines(found)} for name, found in before.items()}
    real = Path.replace
    for allowed in range(3):
        calls = iter(range(allowed))

        def replace(self, target, calls=calls):
            if self.suffix == ".purge" and next(calls, None) is None:
                raise KeyboardInterrupt
            return real(self, target)

        monkeypatch.setattr(Path, "replace", replace)
        if allowed < 2:
            with pytest.raises(KeyboardInterrupt):
                purged(project)
            assert (data(project) / "receipts" / "purge-0001.json").is_file()
        now = content(data(project))
        assert [name for name in whole if now[name] not in whole[name]] == []
        assert [name for name in now if name.endswith(".purge")] == []
    done = purged(project)
    assert all(content(data(project))[name] == without_lines(found) for name, found in before.items())
    assert done.unfinished == []
    receipts = sorted((data(project) / "receipts").iterdir())
    assert [json.loads(path.read_text("utf-8"))["state"] for path in receipts] == ["finished"] * 3


def test_a_purge_that_was_killed_and_is_not_done_is_told_by_the_next_one(project, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(module.Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            purged(project)
    done = purged(project, "1000005")
    assert [path.name for path in done.unfinished] == ["purge-0001.json"]
    assert json.loads(done.unfinished[0].read_text("utf-8"))["state"] == "begun"


def test_what_a_killed_purge_left_behind_is_cleared(project):
    left = data(project) / ".persons.csv.abc.purge"
    left.write_text(WHO, encoding="utf-8")
    purged(project)
    assert not left.exists()


@pytest.mark.parametrize("place", ["cohorts/proven/data/persons.csv", "results/restricted/proven/weights.parquet"])
@pytest.mark.parametrize("link", [Path.symlink_to, Path.hardlink_to])
def test_links_are_refused_before_anything_is_changed(project, place, link):
    path, original = project / place, project / "original"
    path.rename(original)
    link(path, original)
    before = content(project)
    with pytest.raises(ProblemsFound, match=r"er en lenke, eller har flere navn"):
        purged(project)
    assert content(project) == before


def changed_card(project, **changes):
    path = project / "cohorts" / COHORT / "cohort.yaml"
    path.write_text(yaml.safe_dump(card_data(**changes), allow_unicode=True, sort_keys=False), encoding="utf-8")


def test_a_format_that_cannot_be_rewritten_stops_everything_while_the_person_is_in_it(project):
    changed_card(project, format="xlsx", path="persons.xlsx", sheet="ark")
    frame().to_excel(data(project) / "persons.xlsx", sheet_name="ark", index=False)
    (data(project) / "persons.csv").unlink()
    before = content(project)
    with pytest.raises(ProblemsFound, match="dette formatet kan ikke skrives om") as caught:
        purged(project)
    assert WHO not in str(caught.value)
    assert content(project) == before
    frame().drop(index=3).to_excel(data(project) / "persons.xlsx", sheet_name="ark", index=False)
    assert [item["file"] for item in purged(project).changed] == ["data/spells.csv"]


def test_a_file_that_is_missing_or_broken_stops_everything(project):
    (data(project) / "spells.csv").write_text('lopenr;fra\n"1;2\n', encoding="utf-8")
    (data(project) / "persons.csv").unlink()
    before = content(project)
    with pytest.raises(ProblemsFound) as caught:
        purged(project)
    assert [problem.where for problem in caught.value.problems] == ["data/persons.csv", "data/spells.csv"]
    assert content(project) == before


@pytest.mark.parametrize("kind", [pa.string(), pa.int64(), pa.dictionary(pa.int32(), pa.string())])
def test_parquet_is_written_without_the_id_in_rows_statistics_and_dictionary(project, kind):
    changed_card(project, format="parquet", path="persons.parquet")
    (data(project) / "persons.csv").unlink()
    table = pa.Table.from_pandas(frame().assign(lopenr=frame()["lopenr"].str.strip()), preserve_index=False)
    ids = table["lopenr"].cast(pa.string()).combine_chunks()
    ids = ids.dictionary_encode() if pa.types.is_dictionary(kind) else ids.cast(kind)
    table = table.set_column(0, "lopenr", ids)
    pq.write_table(table, data(project) / "persons.parquet", row_group_size=5, compression="none")
    purged(project)
    found = pq.read_table(data(project) / "persons.parquet")
    assert found.schema.equals(table.schema, check_metadata=True)
    assert found.to_pylist() == [row for row in table.to_pylist() if str(row["lopenr"]) != WHO]
    stored = (data(project) / "persons.parquet").read_bytes().replace(OTHER.encode(), b"")
    assert WHO.encode() not in stored
    assert int(WHO).to_bytes(8, "little") not in stored


def test_a_packed_file_with_a_mark_and_other_line_ends_keeps_both(tmp_path):
    text = f'\ufeff"lopenr";x\r\n1;"a\r\n{WHO};b"\r\n{WHO};c\r\n\r\n2;d'.encode()
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text))
    file = File(name="a", format="csv", path="a.csv.gz", compression="gzip", columns={"person_id": "lopenr"})
    for target in (tmp_path / "b", tmp_path / "c"):
        assert write_without(file, tmp_path / "a.csv.gz", target, WHO) == (3, 2)
    assert gzip.decompress((tmp_path / "b").read_bytes()) == text.replace(f"{WHO};c\r\n".encode(), b"")
    assert (tmp_path / "b").read_bytes() == (tmp_path / "c").read_bytes()


CELLS = st.text(alphabet='ab1 ;,"\n\ræø', max_size=4)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(st.sampled_from(["1", "2", " 1", "12", "æ"]), CELLS), max_size=8))
def test_whatever_the_cells_hold_only_the_persons_rows_are_cut_out(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("cells")
    quoted = [f'{who};"{cell.replace(chr(34), chr(34) * 2)}"\n' for who, cell in rows]
    (folder / "a.csv").write_bytes("".join(["lopenr;x\n", *quoted]).encode("cp1252"))
    file = File(name="a", format="csv", path="a.csv", encoding="cp1252", columns={"person_id": "lopenr"})
    counts = write_without(file, folder / "a.csv", folder / "b.csv", "1")
    kept = [line for line, (who, _) in zip(quoted, rows, strict=True) if who.strip() != "1"]
    assert (folder / "b.csv").read_bytes() == "".join(["lopenr;x\n", *kept]).encode("cp1252")
    assert counts == (len(rows), len(kept))


def test_rights_are_kept(project):
    (data(project) / "persons.csv").chmod(0o640)
    purged(project)
    assert (data(project) / "persons.csv").stat().st_mode & 0o777 == 0o640


def test_other_files_with_the_id_are_told(project, monkeypatch):
    monkeypatch.setattr(module, "CHUNK_BYTES", 16)
    (data(project) / "kopi.txt").write_bytes(b"x" * 12 + WHO.encode() + b"x" * 40)
    (data(project) / "ark.txt").write_bytes(WHO.encode("utf-16-le"))
    (data(project) / f"{WHO}.txt").write_text("x", encoding="utf-8")
    (data(project) / "ren.txt").write_text("1000004", encoding="utf-8")
    changed_card(project)
    rows = frame().drop(index=4)
    rows.to_csv(data(project) / "persons.csv", sep=";", index=False)
    spells().iloc[:4].to_csv(data(project) / "spells.csv", sep=";", index=False)
    assert [path.name for path in purged(project).mentions] == [f"{WHO}.txt", "ark.txt", "kopi.txt"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"data_kind": "published"}, "ingen data om personer"),
        ({"synthetic": {"generator": "x", "effects": [{"outcome": "x", "value": 0}]}}, "oppdiktet"),
        ({"files": []}, "ingen fil har en kolonne med id-er"),
    ],
)
def test_a_cohort_without_persons_to_take_out_is_refused(project, changes, told):
    card = read_card(project / "cohorts" / COHORT / "cohort.yaml")
    for key, value in changes.items():
        card = type(card).model_construct(**{**card.__dict__, key: value})
    with pytest.raises(ProblemsFound, match=told):
        purge(card, COHORT, data(project), WHO, root=project, date=DATE)


@pytest.fixture
def command(project, monkeypatch):
    """The project as one where commands are typed."""
    monkeypatch.delenv("PERSON", raising=False)
    return project


def test_the_id_is_read_from_a_file_and_never_shown(command, capsys):
    changed_card(command, rows=12, sha256=sha256(data(command) / "persons.csv"))
    (command / "hvem.txt").write_text(f"{WHO}\n", encoding="utf-8")
    assert main(["purge", COHORT, "--person-file", "hvem.txt"]) == 0
    out = capsys.readouterr().out
    assert WHO not in out.replace(OTHER, "")
    assert "data/persons.csv: 12 rader før, 11 nå" in out
    assert f"Rett kortet, files, persons: rows: 11, sha256: {sha256(data(command) / 'persons.csv')}" in out
    for words in ("deviations", "make", "Slett filen med id-en", "kan ikke kalles tilbake", "sikkerhetskopier"):
        assert words in out
    assert f"cohorts/{COHORT}/data/receipts/purge-0001.json" in out


def test_the_id_is_read_from_the_environment_or_asked_for_unseen(command, monkeypatch, capsys):
    monkeypatch.setenv("PERSON", WHO)
    assert main(["purge", COHORT]) == 0
    monkeypatch.delenv("PERSON")
    monkeypatch.setattr("sys.stdin", os.fdopen(os.open(os.devnull, os.O_RDONLY)))
    assert main(["purge", COHORT]) == 1
    assert "Ingen id er oppgitt" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("getpass.getpass", lambda _: "1000005")
    assert main(["purge", COHORT]) == 0


@pytest.mark.parametrize(("given", "told"), [("1\n2\n", "Mer enn én id"), ("  \n", "Ingen id"), (None, "finnes ikke")])
def test_no_id_or_more_than_one_is_refused(command, capsys, given, told):
    if given is not None:
        (command / "hvem.txt").write_text(given, encoding="utf-8")
    before = content(data(command))
    assert main(["purge", COHORT, "--person-file", "hvem.txt"]) == 1
    assert told in capsys.readouterr().err
    assert content(data(command)) == before


def test_a_delivery_outside_the_project_is_found_and_its_place_is_not_shown(
    command, tmp_path_factory, monkeypatch, capsys
):
    place = tmp_path_factory.mktemp("sone") / "levert"
    data(command).rename(place)
    (command / "config").mkdir()
    (command / "config" / "local.yaml").write_text(f"data:\n  {COHORT}: {place}\n", encoding="utf-8")
    monkeypatch.setenv("PERSON", WHO)
    assert main(["purge", COHORT]) == 0
    assert WHO.encode() not in (place / "persons.csv").read_bytes().replace(OTHER.encode(), b"")
    assert (place / "receipts" / "purge-0001.json").is_file()
    assert str(place) not in capsys.readouterr().out


def test_where_the_delivery_is_clean_already_the_run_must_begin_anew(command, monkeypatch, capsys):
    monkeypatch.setenv("PERSON", "9999999")
    assert main(["purge", COHORT]) == 1
    assert main(["purge", COHORT, "--gone"]) == 0
    assert "make clean og så make" in capsys.readouterr().out
