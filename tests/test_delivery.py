"""Reading files: options come from the card, rows keep their number, and nothing of the content is ever told."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rawrows import read_raw

from analysis.cards import File
from analysis.csv_rows import ROW, row_batches
from analysis.delivery import Reading, delivery_digests, file_label, file_path
from analysis.files import sha256
from analysis.readers.contract import columns_wanted, row_words

HEADER = "id;gruppe;verdi\n"


def described(**changes):
    columns = {"person_id": "id", "arm": "gruppe", "verdi": "verdi"}
    return File.model_validate({"name": "p", "path": "p.csv", "format": "csv", "columns": columns} | changes)


def read(folder, content, **changes):
    """Problems as text, and the raw rows with their number, of a file with that content."""
    file = described(**changes)
    (folder / file.path).write_bytes(content.encode() if isinstance(content, str) else content)
    return read_raw(file, folder)


def test_every_value_is_text_with_the_row_number_that_a_spreadsheet_shows(tmp_path):
    problems, rows = read(tmp_path, HEADER + "007;T;1,50\n0301;S;\n")
    assert problems == []
    assert rows == [(2, "007", "T", "1,50"), (3, "0301", "S", None)]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_of_any_system_are_read_and_may_be_mixed(tmp_path, newline):
    expected = [(2, "a", "T", "1"), (3, "b", "S", "2"), (4, "c", "S", "3")]
    assert read(tmp_path, f"{HEADER}a;T;1{newline}b;S;2\nc;S;3{newline}") == ([], expected)
    assert read(tmp_path, f"{HEADER}a;T;1\nb;S;2\nc;S;3".replace("\n", newline)) == ([], expected)


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    for encoding in ("utf-8", "utf-8-sig"):
        assert read(tmp_path, b"\xef\xbb\xbf" + (HEADER + "å;T;1\n").encode(), encoding=encoding) == (
            [],
            [(2, "å", "T", "1")],
        )


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "latin-1"])
def test_norwegian_letters_are_read_right_in_names_and_values(tmp_path, encoding):
    columns = {"person_id": "løpenr", "arm": "gruppe", "verdi": "år"}
    content = "løpenr;gruppe;år\nÆØÅ;tiltaksgruppe på Sørøya;1\n".encode(encoding)
    problems, rows = read(tmp_path, content, encoding=encoding, columns=columns)
    assert problems == []
    assert rows == [(2, "ÆØÅ", "tiltaksgruppe på Sørøya", "1")]


def test_quotes_may_hold_delimiters_line_ends_and_quotes_and_rows_keep_their_number(tmp_path):
    problems, rows = read(tmp_path, HEADER + 'a;"T;\nU";"1 ""en"""\nb;S;2\n')
    assert problems == []
    assert rows == [(2, "a", "T;\nU", '1 "en"'), (3, "b", "S", "2")]


def test_empty_rows_are_passed_over_and_counted(tmp_path):
    problems, rows = read(tmp_path, HEADER + "a;T;1\n\n;;\nb;S;2\n\n", rows=2)
    assert problems == []
    assert rows == [(2, "a", "T", "1"), (5, "b", "S", "2")]


def test_ragged_rows_are_told_by_number_and_the_others_are_read(tmp_path):
    problems, rows = read(tmp_path, HEADER + 'a;"T\nT";1\nKANARI;S\nc;S;3\nKANARI;S;3;9\n\ne;S;4\n')
    assert problems == ["data/p.csv, rad 3, 5: raden har flere eller færre felter enn første rad."]
    assert rows == [(2, "a", "T\nT", "1"), (4, "c", "S", "3"), (7, "e", "S", "4")]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["a;T;1", "a;T", "a;T;1;2", "", '"a\nb";T;1']), min_size=1, max_size=60))
def test_row_numbers_hold_whatever_stands_between(tmp_path_factory, lines):
    folder = tmp_path_factory.mktemp("rows")
    _, rows = read(folder, HEADER + "x;y;z\n" + "".join(f"{line}\n" for line in lines))
    whole = [number for number, line in enumerate(lines, start=3) if line.count(";") == 2]
    assert [row[0] for row in rows] == [2, *whole]


def test_row_numbers_hold_across_the_blocks_of_a_large_file(tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.csv_rows.BLOCK_BYTES", 200)
    lines = [f"p{number};T;{number}" if number % 7 else "p;T" for number in range(2, 3000)]
    path = tmp_path / "p.csv"
    path.write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    rejected: list[int] = []
    batches = list(row_batches(path, described(), ["id", "gruppe", "verdi"], rejected))
    assert len(batches) > 10
    table = pd.concat([batch.to_pandas() for batch in batches])
    assert (table["verdi"].astype(int) == table[ROW]).all()
    assert rejected == [number for number in range(2, 3000) if number % 7 == 0]
    assert len(table) + len(rejected) == 2998


FAULTS = {
    "empty file": (b"", {}, "data/p.csv: filen er tom."),
    "header only": (HEADER, {}, "data/p.csv: filen har ingen rader under kolonnenavnene."),
    "header only, no line end": (HEADER.strip(), {}, "data/p.csv: filen har ingen rader under kolonnenavnene."),
    "empty first row": ("\na;T;1\n", {}, "data/p.csv, rad 1: raden er tom. Første rad skal ha kolonnenavn."),
    "two columns of one name": (
        "id;gruppe;verdi;KANARI;KANARI\na;T;1;2;3\n",
        {},
        "data/p.csv, rad 1: flere kolonner har samme navn: kolonne 4 og 5. Gi dem hvert sitt.",
    ),
    "names that differ in capitals": (
        "id;gruppe;verdi;ID\na;T;1;2\n",
        {},
        "data/p.csv, rad 1: flere kolonner har samme navn: kolonne 1 og 4. Gi dem hvert sitt.",
    ),
    "wrong delimiter": (
        HEADER + "KANARI;T;1\n",
        {"delimiter": ","},
        "data/p.csv, rad 1: første rad har bare ett felt når feltene skilles med «,». Er delimiter riktig i kortet?",
    ),
    "latin-1 bytes in a file said to be utf-8": (
        (HEADER + "a;T;1\nKANARI å;T;1\n").encode("latin-1"),
        {},
        "data/p.csv, linje 3: linjen har tegn som ikke kan leses med encoding utf-8. Rett encoding i kortet, "
        "eller lagre filen på nytt.",
    ),
    "latin-1 bytes in the header": (
        "id;gruppe;verdi;KANARI å\na;T;1;2\n".encode("latin-1"),
        {},
        "data/p.csv, linje 1: linjen har tegn som ikke kan leses med encoding utf-8. Rett encoding i kortet, "
        "eller lagre filen på nytt.",
    ),
    "bytes that cp1252 has not": (
        HEADER.encode() + b"KANARI;T;\x81\n",
        {"encoding": "cp1252"},
        "data/p.csv, linje 2: linjen har tegn som ikke kan leses med encoding cp1252. Rett encoding i kortet, "
        "eller lagre filen på nytt.",
    ),
    "a quote that is not closed": (
        HEADER + 'a;T;1\nKANARI;T;"2\nc;T;3\n',
        {},
        "data/p.csv, rad 3: et anførselstegn står feil eller lukkes ikke. Et anførselstegn inne i en verdi skal "
        "dobles.",
    ),
    "a quote inside a quoted value": (
        HEADER + 'a;T;"KANARI"2"\n',
        {},
        "data/p.csv, rad 2: et anførselstegn står feil eller lukkes ikke. Et anførselstegn inne i en verdi skal "
        "dobles.",
    ),
    "another number of rows": (
        HEADER + "KANARI;T;1\n",
        {"rows": 2},
        "data/p.csv: filen har 1 rad, men kortet oppgir 2. Rett filen eller kortet.",
    ),
    "another file than stated": (
        HEADER + "KANARI;T;1\n",
        {"sha256": "0" * 64},
        "data/p.csv: filen er en annen enn den kortet oppgir (SHA-256). Rett filen eller kortet.",
    ),
    "a missing column": (
        "id;gruppe;KANARI\na;T;1\n",
        {},
        "data/p.csv, kolonne «verdi»: kolonnen mangler i filen. Rett navnet i kortet under columns.",
    ),
    "a file that is no Stata file": (
        "KANARI",
        {"format": "stata"},
        "data/p.csv: filen kan ikke leses som Stata-fil (.dta). Er formatet riktig i kortet, og er hele filen kommet "
        "fram?",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_file_that_is_not_as_the_card_says_is_told_clearly_and_without_content(tmp_path, name):
    content, changes, expected = FAULTS[name]
    problems, _ = read(tmp_path, content, **changes)
    assert problems == [expected]


def test_a_wrong_checksum_does_not_hide_what_else_is_wrong(tmp_path):
    problems, _ = read(tmp_path, "id;gruppe\na;T\nb\n", sha256="0" * 64, rows=7)
    assert len(problems) == 3
    problems, _ = read(tmp_path, "id;gruppe\na;T\n", sha256="0" * 64, rows=7)
    assert len(problems) == 3


def test_a_file_that_is_not_there_is_told_with_where_it_should_lie(tmp_path):
    (problem,), _ = read_raw(described(), tmp_path)
    assert problem == "data/p.csv: filen finnes ikke. Den skal ligge i kohortens mappe data/ (p.csv)."
    for package in ("no_such_package", "no_such_package.inner", ".relative"):
        (problem,), _ = read_raw(described(package=package), tmp_path)
        assert f"pakken {package}" in problem
        assert str(tmp_path) not in problem


def test_a_file_of_a_package_lies_inside_the_package(tmp_path):
    file = described(package="causaldata", path="nsw_mixtape/nsw_mixtape.dta", format="stata")
    assert file_path(file, tmp_path).is_file()
    assert file_label(file) == "causaldata/nsw_mixtape/nsw_mixtape.dta"


def test_what_the_card_calls_missing_is_missing_quoted_or_not(tmp_path):
    content = HEADER + 'a;T;""\nb;T;NA\nc;T;"NA"\nd;T;-99\n'
    assert [row[-1] for row in read(tmp_path, content)[1]] == [None, None, None, "-99"]
    assert [row[-1] for row in read(tmp_path, content, missing=["-99"])[1]] == ["", "NA", "NA", None]
    assert [row[-1] for row in read(tmp_path, content, missing=[])[1]] == ["", "NA", "NA", "-99"]


def test_columns_without_a_name_are_passed_by(tmp_path):
    problems, rows = read(tmp_path, "id;gruppe;verdi;;\na;T;1;x;y\n")
    assert problems == []
    assert rows == [(2, "a", "T", "1", "x", "y")]


def test_a_null_character_anywhere_is_told_with_its_line(tmp_path):
    expected = "tegnet null, slik filer i UTF-16 har. Lagre filen på nytt som UTF-8."
    for line, content in ((1, "id;gruppe;ver\0di\na;T;1\n"), (2, HEADER + "a\0;T;1\nb;T;1\n")):
        assert read(tmp_path, content) == ([f"data/p.csv, linje {line}: linjen har {expected}"], None)
    assert read(tmp_path, (HEADER + "a;T;1\n").encode("utf-16"))[0] == [f"data/p.csv, linje 1: linjen har {expected}"]


def test_a_file_that_two_readers_see_differently_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.readers.delimited.row_batches", lambda *_: iter(()))
    problems, _ = read(tmp_path, HEADER + "a;T;1\n")
    assert problems == [
        "data/p.csv: filen kan ikke leses som CSV med delimiter «;» og encoding utf-8. Rett disse i kortet, "
        "eller lagre filen på nytt."
    ]


def test_odd_names_are_names_like_any_other(tmp_path):
    name = "ver\"di' [x]"
    problems, rows = read(
        tmp_path,
        'id;gruppe;"ver""di\' [x]"\na;T;1\n',
        columns={"person_id": "id", "arm": "gruppe", "verdi": {"column": name}},
    )
    assert (problems, rows) == ([], [(2, "a", "T", "1")])


def test_stata_columns_come_as_the_numbers_that_stand_in_the_file(tmp_path):
    frame = pd.DataFrame(
        {
            "id": ["x1", "x2", "x3"],
            "gruppe": np.array([1, 0, 1], dtype="int8"),
            "verdi": np.array([0.1, 3.0, np.nan], dtype="float32"),
            "stor": [1e-7, 1.5e300, 3.0],
            "dag": pd.to_datetime(["2020-01-31", "2021-12-01", None]),
        }
    )
    frame.to_stata(tmp_path / "p.dta", write_index=False, convert_dates={"dag": "td"})
    file = described(path="p.dta", format="stata", missing=["", "x2"])
    reading = Reading(file, tmp_path)
    next(reading.batches())
    assert reading.names == ["id", "gruppe", "verdi", "stor", "dag"]
    problems, rows = read_raw(file, tmp_path)
    assert problems == []
    assert [row[0] for row in rows] == [1, 2, 3]
    assert rows[0][1:] == ("x1", "1", str(float(np.float32(0.1))).replace(".", ","), "1e-7", "2020-01-31")
    assert rows[1][1:] == (None, "0", "3", "1,5e+300", "2021-12-01")
    assert rows[2][3] is None
    assert rows[2][5] is None


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_broken_stata_file_is_told_and_never_a_traceback(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("stata")
    frame = pd.DataFrame({"id": ["KANARI1", "KANARI2"], "gruppe": [1, 0], "verdi": [1.5, 2.5]})
    frame.to_stata(folder / "p.dta", write_index=False)
    content = bytearray((folder / "p.dta").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)) | st.just(len(content)))
    problems, _ = read(folder, bytes(content[:cut]), format="stata")
    assert "KANARI" not in str(problems)


def test_stata_names_that_differ_in_capitals_only_are_told(tmp_path):
    pd.DataFrame({"id": ["a"], "ID": ["b"]}).to_stata(tmp_path / "q.dta", write_index=False)
    problems, _ = read(tmp_path, (tmp_path / "q.dta").read_bytes(), format="stata")
    assert problems == ["data/p.csv: flere kolonner har samme navn: kolonne 1 og 2. Gi dem hvert sitt."]


def test_the_columns_that_the_card_names_are_each_wanted_once():
    file = described(
        keep={"aar": ["2020"], "id": ["1"]}, outcomes=[{"outcome": "hired", "month": "2020-01", "column": "verdi"}]
    )
    assert columns_wanted(file) == ["id", "gruppe", "verdi", "aar"]


def test_checksums_are_told_by_label(tmp_path):
    (tmp_path / "p.csv").write_text("a", encoding="utf-8")

    class Card:
        files = (described(),)

    assert delivery_digests(Card, tmp_path) == {"data/p.csv": sha256(tmp_path / "p.csv")}


def test_rows_are_listed_up_to_a_few_and_then_counted():
    assert row_words(2, [3, 7]) == "rad 3, 7"
    assert row_words(120, [3, 7, 9]) == "rad 3, 7, 9 … (120 rader)"
