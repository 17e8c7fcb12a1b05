"""Every format gives the identical cohort, and a file that is not as the card says is told without a value."""

import datetime as dt
import gzip
import io
import os
import signal
import zipfile
from decimal import Decimal
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import pytest
from cards import minimal_card, minimal_frame, write_cohort
from databases import running_server
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rawrows import read_raw

from analysis.card_format_rules import FILE_FORMATS, NEUTRAL, USED_BY
from analysis.cards import Card, File, analysis_part, read_card
from analysis.delivery import delivery_digests, delivery_files
from analysis.intake import read_delivery
from analysis.problems import ProblemsFound
from analysis.provenance import source_files
from analysis.readers import OPENERS, readstat

SAS = Path(__file__).parent / "reference" / "sas"
CANARY = "KANARI"
NUMBERS = ("alder", "utdanning", "inntekt_2019", "inntekt_2020", "inntekt_2021")
SHEET = "Data på norsk"


def delivered_texts():
    """The minimal delivery with what is easily lost: leading zeros, Norwegian letters, holes, long and odd numbers."""
    frame = minimal_frame().astype(object)
    frame["kontor"] = [f"03{row % 3:02d} Sørøya" for row in range(len(frame))]
    frame["start"] = "2020-12-15"
    frame.loc[3, "inntekt_2021"] = None
    frame.loc[5, "kontor"] = None
    frame.loc[7, "inntekt_2019"] = "0,1"
    frame.loc[8, "inntekt_2019"] = "123456789,125"
    return frame


def stored(frame):
    """The same delivery with dates and numbers stored as such."""
    typed = frame.copy()
    typed["start"] = [dt.date.fromisoformat(text) for text in frame["start"]]
    for name in NUMBERS:
        typed[name] = [np.nan if text is None else float(text.replace(",", ".")) for text in frame[name]]
    return typed


def dotted(frame):
    """The same delivery with all dates as dd.mm.yyyy in text."""
    return frame.assign(start=[f"{text[8:]}.{text[5:7]}.{text[:4]}" for text in frame["start"]])


def card_of(**options):
    card = minimal_card()
    file = card["files"][0] | options
    card["files"] = [{key: value for key, value in file.items() if value is not None}]
    return card


def deliver(folder, content, **options):
    path = write_cohort(folder, card_of(**options))
    if content is not None:
        (path.parent / "data" / options.get("path", "persons.csv")).write_bytes(content)
    return read_delivery(read_card(path), path.parent / "data")


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The cohort as plain CSV in UTF-8 gives it."""
    return deliver(tmp_path_factory.mktemp("plain"), csv_bytes(delivered_texts()))


def assert_same(found, expected):
    pd.testing.assert_frame_equal(found.persons, expected.persons, check_exact=True)
    pd.testing.assert_frame_equal(found.outcomes, expected.outcomes, check_exact=True)


def csv_bytes(frame, *, sep=";", encoding="utf-8"):
    return frame.to_csv(index=False, sep=sep).encode(encoding)


def written(write, suffix):
    """Bytes of a file that `write` makes at a path."""

    def content(folder, frame):
        path = folder / f"written{suffix}"
        write(frame, path)
        return path.read_bytes()

    return content


def to_stata(frame, path):
    texts = frame.fillna({"kontor": ""})
    dates = {"start": "td"} if isinstance(frame["start"].iloc[0], dt.date) else {}
    texts["start"] = pd.to_datetime(texts["start"]) if dates else texts["start"]
    texts.fillna({"inntekt_2021": ""} if not dates else {}).to_stata(
        path, write_index=False, version=118, convert_dates=dates
    )


def to_xlsx(frame, path):
    book = openpyxl.Workbook()
    book.active.append(["et annet ark", "KANARI"])
    sheet = book.create_sheet(SHEET)
    sheet.append(list(frame))
    for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False):
        sheet.append(list(row))
    book.save(path)


def to_parquet(frame, path):
    table = pa.Table.from_pandas(frame, preserve_index=False)
    place = table.column_names.index("kontor")
    table = table.set_column(place, "kontor", table.column("kontor").dictionary_encode())
    pq.write_table(table, path, row_group_size=5)


WRITERS = {
    "stata": written(to_stata, ".dta"),
    "spss": written(lambda frame, path: pyreadstat.write_sav(frame, str(path)), ".sav"),
    "sas_xport": written(lambda frame, path: pyreadstat.write_xport(frame, str(path), file_format_version=8), ".xpt"),
    "xlsx": written(to_xlsx, ".xlsx"),
    "parquet": written(to_parquet, ".parquet"),
}


def options_of(kind, **options):
    found = {"format": kind, "path": f"levert.{kind}"} | ({"sheet": SHEET} if kind == "xlsx" else {})
    return found | options


TEXT_FILES = {
    "comma between fields, point in numbers": (
        lambda frame: csv_bytes(frame.assign(**{name: frame[name].str.replace(",", ".") for name in NUMBERS}), sep=","),
        {"delimiter": ",", "decimal": "."},
    ),
    "tabs": (lambda frame: csv_bytes(frame, sep="\t"), {"delimiter": "\t"}),
    "dates with dots": (lambda frame: csv_bytes(dotted(frame)), {"dates": "dd.mm.yyyy"}),
    "months": (lambda frame: csv_bytes(frame.assign(start="2020-12")), {}),
    "byte order mark": (lambda frame: csv_bytes(frame, encoding="utf-8-sig"), {}),
    "byte order mark, said": (lambda frame: csv_bytes(frame, encoding="utf-8-sig"), {"encoding": "utf-8-sig"}),
    "cp1252": (lambda frame: csv_bytes(frame, encoding="cp1252"), {"encoding": "cp1252"}),
    "latin-1": (lambda frame: csv_bytes(frame, encoding="latin-1"), {"encoding": "latin-1"}),
    "gzip": (lambda frame: gzip.compress(csv_bytes(frame)), {"compression": "gzip"}),
    "gzip with a name that does not say so": (
        lambda frame: gzip.compress(csv_bytes(frame)),
        {"compression": "gzip", "path": "persons.dat"},
    ),
    "gzip of cp1252": (
        lambda frame: gzip.compress(csv_bytes(frame, encoding="cp1252")),
        {"compression": "gzip", "encoding": "cp1252", "path": "persons.csv.gz"},
    ),
    "not packed though the name says so": (csv_bytes, {"path": "persons.csv.gz"}),
}


@pytest.mark.parametrize("name", TEXT_FILES)
def test_every_kind_of_csv_gives_the_identical_cohort(name, tmp_path, expected):
    write, options = TEXT_FILES[name]
    assert_same(deliver(tmp_path, write(delivered_texts()), **options), expected)


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("dates", ["iso", "dd.mm.yyyy"])
def test_numbers_and_dates_that_are_stored_as_such_give_the_identical_cohort(kind, dates, tmp_path, expected):
    content = WRITERS[kind](tmp_path, stored(delivered_texts()))
    decimal = "," if dates == "iso" else "."
    assert_same(deliver(tmp_path, content, **options_of(kind, dates=dates, decimal=decimal)), expected)


@pytest.mark.parametrize("kind", WRITERS)
def test_numbers_and_dates_that_are_stored_as_text_give_the_identical_cohort(kind, tmp_path, expected):
    content = WRITERS[kind](tmp_path, dotted(delivered_texts()))
    assert_same(deliver(tmp_path, content, **options_of(kind, dates="dd.mm.yyyy")), expected)


def raw_rows(file, folder):
    problems, rows = read_raw(file, folder)
    assert problems == []
    return rows


def described(ids=("id", "gruppe"), **options):
    names = {"person_id": ids[0], "arm": ids[1]}
    return File.model_validate({"name": "p", "path": "p", "columns": names} | options)


def test_a_real_file_of_sas_gives_the_rows_that_its_owners_csv_has():
    rows = raw_rows(described(("integer_row", "text_row"), format="sas", path="file1.sas7bdat"), SAS)
    csv = described(("integer_row", "text_row"), format="csv", path="file1.csv", delimiter=",", decimal=".")
    listed = raw_rows(csv, SAS)
    assert len(rows) == 5
    for row, (number, whole, text, part, date) in zip(rows, listed, strict=True):
        assert row == (number - 1, whole.removesuffix(".0"), text, part.replace(".", ","), date)


def test_a_real_file_of_sas_gives_the_identical_cohort(tmp_path):
    texts = pd.read_csv(SAS / "file1.csv", dtype=str)["text_row"]
    arms = {text: "treated" if place % 2 else "comparison" for place, text in enumerate(texts)}
    columns = {
        "person_id": "float_row",
        "arm": {"column": "text_row", "values": arms},
        "time_zero": "date_row",
        "age": "integer_row",
        "education_years": "float_row",
    }
    outcomes = [dict(entry, column="float_row") for entry in minimal_card()["files"][0]["outcomes"]]
    shared = {"columns": columns, "outcomes": outcomes, "decimal": "."}
    content = (SAS / "file1.csv").read_bytes()
    plain = deliver(tmp_path / "csv", content, delimiter=",", **shared)
    real = deliver(tmp_path / "sas", (SAS / "file1.sas7bdat").read_bytes(), format="sas", path="p.sas7bdat", **shared)
    # SAS stores no decimals that are 0, so that only ids made of such numbers could differ.
    assert_same(real, plain)
    assert len(real.persons) == 5


def labelled(folder):
    """Codes with labels, one of them without: an SPSS file."""
    frame = pd.DataFrame({"id": ["a", "b", "c"], "gruppe": [1.0, 2.0, 9.0], "kjonn": ["K", "M", "K"]})
    labels = {"gruppe": {1: "Fikk tiltaket på Sørøya", 2: "Fikk det ikke"}, "kjonn": {"K": "kvinne"}}
    pyreadstat.write_sav(frame, str(folder / "p"), variable_value_labels=labels)


def test_value_labels_of_spss_stand_in_place_of_the_codes_when_the_card_says_so(tmp_path):
    labelled(tmp_path)
    codes = [(1, "a", "1", "K"), (2, "b", "2", "M"), (3, "c", "9", "K")]
    texts = [(1, "a", "Fikk tiltaket på Sørøya", "kvinne"), (2, "b", "Fikk det ikke", "M"), (3, "c", "9", "kvinne")]
    assert raw_rows(described(format="spss"), tmp_path) == codes
    assert raw_rows(described(format="spss", labels=True), tmp_path) == texts


@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize("kind", ["spss", "stata"])
def test_the_card_may_translate_codes_or_labels_to_groups(kind, labels, tmp_path, expected):
    frame = stored(delivered_texts())
    frame["gruppe"] = [1 if text == "T" else 2 for text in frame["gruppe"]]
    words = {1: "Fikk tiltaket", 2: "Fikk det ikke"}
    path = tmp_path / "written"
    write = {"spss": pyreadstat.write_sav, "stata": pyreadstat.write_dta}[kind]
    write(frame.fillna({"kontor": ""}), str(path), variable_value_labels={"gruppe": words})
    values = {words[1] if labels else "1": "treated", words[2] if labels else "2": "comparison"}
    columns = card_of()["files"][0]["columns"] | {"arm": {"column": "gruppe", "values": values}}
    found = deliver(tmp_path, path.read_bytes(), **options_of(kind, columns=columns, labels=labels))
    assert_same(found, expected)


def test_labels_of_stata_leave_codes_without_one_and_missing_values_as_they_are(tmp_path):
    frame = pd.DataFrame({"id": ["a", "b", "c"], "gruppe": [1.0, 3.0, np.nan]})
    pyreadstat.write_dta(frame, str(tmp_path / "p"), variable_value_labels={"gruppe": {1: "Tiltak"}})
    assert raw_rows(described(format="stata", labels=True), tmp_path) == [
        (1, "a", "Tiltak"),
        (2, "b", "3"),
        (3, "c", None),
    ]


def test_two_codes_of_stata_with_one_label_are_told(tmp_path):
    frame = pd.DataFrame({"id": ["a", "b"], "gruppe": [1, 2]})
    pyreadstat.write_dta(frame, str(tmp_path / "p"), variable_value_labels={"gruppe": {1: CANARY, 2: CANARY}})
    told = problems_of(described(format="stata", labels=True), tmp_path)
    assert told == ["data/p: to koder i samme kolonne har samme etikett. Fjern labels, og oversett kodene med values."]


def test_numbers_that_spss_shows_with_leading_zeros_keep_them(tmp_path):
    frame = pd.DataFrame({"id": ["a", "b", "c"], "gruppe": [301.0, 1.0, np.nan]})
    pyreadstat.write_sav(frame, str(tmp_path / "p"), variable_format={"gruppe": "N4"})
    assert [row[2] for row in raw_rows(described(format="spss"), tmp_path)] == ["0301", "0001", None]


SAS_FORMATS = ("DATE9.", "DDMMYYP10.", "YYMMDD10.", "NORDFDD10.", "NORDFDE9.", "EURDFDD10.", "NLDATE20.", "MONYY7.")
SAS_FORMATS += ("YYMM7.", "YYMMN6.", "YYMMD7.", "E8601DA10.")


def test_dates_of_sas_and_spss_are_dates_however_the_file_shows_them(tmp_path):
    frame = pd.DataFrame({"id": ["a"], "gruppe": ["T"]})
    names = [f"d{place}" for place in range(len(SAS_FORMATS))]
    days = frame.assign(**dict.fromkeys(names, 21915.0), t=21915.0 * 86400)
    formats = dict(zip(names, SAS_FORMATS, strict=True)) | {"t": "NLDATM20."}
    pyreadstat.write_xport(days, str(tmp_path / "p"), variable_format=formats)
    assert set(raw_rows(described(format="sas_xport"), tmp_path)[0][3:]) == {"2020-01-01"}
    shown = ("DATE11", "EDATE10", "SDATE10", "ADATE10", "MOYR8")
    dates = frame.assign(**dict.fromkeys(shown, dt.date(2020, 1, 1)))
    pyreadstat.write_sav(dates, str(tmp_path / "p"), variable_format={name: name for name in shown})
    assert set(raw_rows(described(format="spss"), tmp_path)[0][3:]) == {"2020-01-01"}


def test_a_transport_file_in_another_encoding_is_read_as_the_card_says(tmp_path):
    frame = pd.DataFrame({"id": ["a", "b"], "gruppe": ["S@r@ya", "x"]})
    pyreadstat.write_xport(frame, str(tmp_path / "p"), file_format_version=5)
    (tmp_path / "p").write_bytes((tmp_path / "p").read_bytes().replace(b"@", "ø".encode("cp1252")))
    rows = raw_rows(described(format="sas_xport", encoding="cp1252"), tmp_path)
    assert rows == [(1, "a", "Sørøya"), (2, "b", "x")]


def test_stored_values_come_as_the_text_that_a_csv_file_would_hold(tmp_path):
    table = pa.table(
        {
            "id": pa.array([1, 2, None], pa.int64()),
            "gruppe": pa.array([True, False, None]),
            "a": pa.array([1.0, 0.1, float("nan")]),
            "b": pa.array([0.1, 2.0, 3.5], pa.float32()),
            "c": pa.array([Decimal("1.50"), Decimal("-2.00"), None], pa.decimal128(9, 2)),
            "d": pa.array(np.array(["2020-01-31T23:59", "NaT", "1999-12-01"], dtype="datetime64[us]")),
            "e": pa.array([dt.date(9999, 12, 31), dt.date(1900, 1, 1), None]),
            "f": pa.array([2**60 + 1, -5, 0], pa.int64()),
            "g": pa.array([1e15, 1e22, -1e-7]),
        }
    )
    pq.write_table(table, tmp_path / "p")
    assert raw_rows(described(format="parquet", dates="dd.mm.yyyy"), tmp_path) == [
        (1, "1", "1", "1", "0,10000000149011612", "1,50", "31.01.2020", "31.12.9999", str(2**60 + 1), "1" + 15 * "0"),
        (2, "2", "0", "0,1", "2", "-2,00", None, "01.01.1900", "-5", "1e+22"),
        (3, None, None, None, "3,5", None, "01.12.1999", None, "0", "-1e-7"),
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_every_float_survives_as_text(numbers):
    from analysis.readers.text import cell_text, column_text

    file = described(format="parquet")
    texts = column_text(pa.array(numbers), file).to_pylist()
    assert [float(text.replace(",", ".")) for text in texts] == numbers
    assert [float(cell_text(number, file).replace(",", ".")) for number in numbers] == numbers


def sheet_of(path, rows, title=SHEET):
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    book.save(path)


def test_rows_of_a_sheet_have_the_numbers_that_excel_shows(tmp_path):
    rows = [["id", "gruppe", None, "x"], ["007", "T", "a", 1], [], ["0301", True, None, dt.time(12, 30)]]
    sheet_of(tmp_path / "p", rows)
    assert raw_rows(described(format="xlsx", sheet=SHEET), tmp_path) == [
        (2, "007", "T", "a", "1"),
        (4, "0301", "1", None, "12:30:00"),
    ]


def problems_of(file, folder):
    """Problems as text, none of which may hold a canary."""
    told, _ = read_raw(file, folder)
    assert CANARY not in str(told)
    return told


def test_numbers_in_a_column_of_ids_are_told_with_the_way_out(tmp_path):
    rows = [["id", "gruppe", "kontor"], ["007", "T", 301], [7, "S", "0301"], [None, "S", dt.date(2020, 1, 2)]]
    sheet_of(tmp_path / "p", rows)
    columns = {"person_id": "id", "arm": "gruppe", "office_id": "kontor"}
    what = "cellen er et tall eller en dato, og da er nuller foran i id-en borte."
    mend = "Gjør kolonnen til tekst i Excel og fyll den på nytt, eller lever CSV."
    assert problems_of(described(format="xlsx", sheet=SHEET, columns=columns), tmp_path) == [
        f"data/p, rad 3, kolonne «id»: {what} {mend}",
        f"data/p, rad 2, 4, kolonne «kontor»: {what} {mend}",
    ]


def test_errors_of_excel_are_told_where_the_card_uses_the_column(tmp_path):
    sheet_of(tmp_path / "p", [["id", "gruppe", "annet"], ["a", "T", "#N/A"], ["b", "#REF!", None], ["c", "S", "x"]])
    assert problems_of(described(format="xlsx", sheet=SHEET), tmp_path) == [
        "data/p, rad 3, kolonne «gruppe»: cellen viser en feil fra Excel, som #I/T eller #REF!. "
        "Rett formelen, eller tøm cellen."
    ]


def xlsx_with(**parts):
    """A workbook whose named parts have other content."""
    whole = io.BytesIO()
    sheet_of(whole, [["id", "gruppe"], [CANARY, "T"]])
    changed = io.BytesIO()
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            new.writestr(name, parts.get(name.rpartition("/")[2].partition(".")[0], old.read(name)))
    return changed.getvalue()


def packed(content):
    return gzip.compress(content)


WHOLE_CSV = f"id;gruppe\n{CANARY};T\n".encode()
BROKEN = "Er formatet riktig i kortet, og er hele filen kommet fram?"
FAULTS = {
    "cut gzip": (
        packed(WHOLE_CSV)[:-12],
        {"format": "csv", "compression": "gzip"},
        "filen kan ikke pakkes ut som gzip. Er compression riktig i kortet, og er hele filen kommet fram?",
    ),
    "not gzip": (
        WHOLE_CSV,
        {"format": "csv", "compression": "gzip"},
        "filen kan ikke pakkes ut som gzip. Er compression riktig i kortet, og er hele filen kommet fram?",
    ),
    "gzip that the card does not tell of": (
        packed(WHOLE_CSV),
        {"format": "csv"},
        "filen er pakket med gzip. Skriv compression: gzip i kortet.",
    ),
    "gzip of nothing": (packed(b""), {"format": "csv", "compression": "gzip"}, "filen er tom."),
    "another sheet": (
        xlsx_with(),
        {"format": "xlsx", "sheet": "Ark1"},
        "arket «Ark1» finnes ikke. Rett sheet i kortet.",
    ),
    "a workbook with a password": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        {"format": "xlsx", "sheet": SHEET},
        "filen er passordbeskyttet, eller fra en Excel som er eldre enn 2007. Lagre den på nytt som vanlig xlsx.",
    ),
    "a broken sheet": (
        xlsx_with(sheet1=b"<worksheet><sheetData><row><c>"),
        {"format": "xlsx", "sheet": SHEET},
        f"filen kan ikke leses som xlsx. {BROKEN}",
    ),
    "text": (WHOLE_CSV, {"format": "spss"}, f"filen kan ikke leses som SPSS-fil (.sav). {BROKEN}"),
    "text, sas": (WHOLE_CSV, {"format": "sas"}, f"filen kan ikke leses som SAS-fil (.sas7bdat). {BROKEN}"),
    "text, xpt": (WHOLE_CSV, {"format": "sas_xport"}, f"filen kan ikke leses som SAS-transportfil (.xpt). {BROKEN}"),
    "text, parquet": (WHOLE_CSV, {"format": "parquet"}, f"filen kan ikke leses som Parquet-fil. {BROKEN}"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_file_that_is_not_as_the_card_says_is_told_clearly(name, tmp_path):
    content, options, expected = FAULTS[name]
    (tmp_path / "p").write_bytes(content)
    assert problems_of(described(**options), tmp_path) == [f"data/p: {expected}"]


def small_files(folder):
    """A small file of each format with a canary in it, by format."""
    frame = pd.DataFrame(
        {"id": [f"{CANARY}{row}" for row in range(30)], "gruppe": [float(row % 2) for row in range(30)]}
    )
    book = io.BytesIO()
    sheet_of(book, [list(frame), *frame.values.tolist()])
    files = {"csv": frame.to_csv(index=False, sep=";").encode(), "xlsx": book.getvalue()}
    files["sas"] = (SAS / "file1.sas7bdat").read_bytes()
    pyreadstat.write_sav(frame, str(folder / "f.sav"), variable_value_labels={"gruppe": {1: CANARY}})
    pyreadstat.write_xport(frame, str(folder / "f.xpt"))
    frame.to_stata(folder / "f.dta", write_index=False)
    frame.to_parquet(folder / "f.parquet")
    places = {"spss": "f.sav", "sas_xport": "f.xpt", "stata": "f.dta", "parquet": "f.parquet"}
    return files | {kind: (folder / name).read_bytes() for kind, name in places.items()}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return small_files(tmp_path_factory.mktemp("small"))


def described_as(kind, **options):
    return described(format=kind, **({"sheet": "Sheet"} if kind == "xlsx" else {}), **options)


@pytest.mark.parametrize("kind", OPENERS)
def test_a_file_of_another_format_and_an_empty_one_are_told(kind, small, tmp_path):
    others = [content for other, content in small.items() if other != kind]
    for content in others if kind not in readstat.WORDS else others[:2]:
        (tmp_path / "p").write_bytes(content)
        assert problems_of(described_as(kind), tmp_path)
    (tmp_path / "p").write_bytes(b"")
    assert problems_of(described_as(kind), tmp_path) == ["data/p: filen er tom."]


@pytest.mark.parametrize("kind", ["stata", "spss", "sas_xport", "xlsx", "parquet"])  # only SAS writes sas7bdat
def test_a_file_without_rows_is_told(kind, tmp_path):
    frame = pd.DataFrame({"id": pd.Series([], dtype="str"), "gruppe": pd.Series([], dtype="float64")})
    path = tmp_path / "p"
    write = {
        "stata": lambda: frame.to_stata(path, write_index=False),
        "spss": lambda: pyreadstat.write_sav(frame, str(path)),
        "sas_xport": lambda: pyreadstat.write_xport(frame, str(path)),
        "xlsx": lambda: sheet_of(path, [list(frame)], "Sheet"),
        "parquet": lambda: frame.to_parquet(path),
    }
    write[kind]()
    assert problems_of(described_as(kind), tmp_path) == ["data/p: filen har ingen rader."]


def mutated(content, data):
    """The content with a few other bytes, most of them near the beginning, and often cut off."""
    changed = bytearray(content)
    for _ in range(data.draw(st.integers(0, 4))):
        end = data.draw(st.sampled_from([min(1500, len(changed)), len(changed)]))
        changed[data.draw(st.integers(0, end - 1))] = data.draw(st.integers(0, 255))
    return bytes(changed[: data.draw(st.integers(0, len(changed)) | st.just(len(changed)))])


def assert_broken_bytes_are_told(kind, content, data, folder):
    (folder / "p").write_bytes(mutated(content, data))
    file = described_as(kind) if kind != "sas" else described(("integer_row", "text_row"), format="sas")
    problems_of(file, folder)


MODEST = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FEW = settings(MODEST, max_examples=8)  # each of these starts a process


@pytest.mark.parametrize("kind", ["stata", "xlsx", "parquet"])
@MODEST
@given(data=st.data())
def test_broken_bytes_are_told_and_never_a_traceback_or_a_value(kind, small, tmp_path, data):
    assert_broken_bytes_are_told(kind, small[kind], data, tmp_path)


@pytest.mark.parametrize("kind", ["spss", "sas", "sas_xport"])
@FEW
@given(data=st.data())
def test_broken_bytes_of_spss_and_sas_are_told_and_never_a_traceback_or_a_value(kind, small, tmp_path, data):
    assert_broken_bytes_are_told(kind, small[kind], data, tmp_path)


@MODEST
@given(data=st.data())
def test_a_workbook_with_broken_content_is_told(small, tmp_path, data):
    with zipfile.ZipFile(io.BytesIO(small["xlsx"])) as whole:
        name = data.draw(st.sampled_from(sorted(whole.namelist())))
        part = name.rpartition("/")[2].partition(".")[0]
        content = xlsx_with(**{part: mutated(whole.read(name), data)})
    (tmp_path / "p").write_bytes(content)
    problems_of(described(format="xlsx", sheet=SHEET), tmp_path)


def test_a_broken_file_that_ends_the_reading_process_is_told(small, tmp_path, monkeypatch):
    killer = tmp_path / "killer.py"
    killer.write_text(f"import os\nos.kill(os.getpid(), {int(signal.SIGSEGV)})\n", encoding="utf-8")
    monkeypatch.setattr(readstat, "CHILD", killer)
    (tmp_path / "p").write_bytes(small["spss"])
    assert problems_of(described_as("spss"), tmp_path) == [
        f"data/p: filen kan ikke leses som SPSS-fil (.sav). {BROKEN}"
    ]


def test_the_program_of_the_reading_process_counts_as_code_that_results_rest_on():
    assert readstat.CHILD in source_files([readstat.CHILD.parent.parent / "intake.py"])


@pytest.mark.parametrize("kind", ["spss", "stata", "parquet", "xlsx"])
def test_a_file_that_was_cut_off_is_told(kind, small, tmp_path):
    (tmp_path / "p").write_bytes(small[kind][: len(small[kind]) * 9 // 10])
    assert len(problems_of(described_as(kind), tmp_path)) == 1


def test_large_files_are_read_in_parts_with_the_right_row_numbers(tmp_path, monkeypatch):
    frame = pd.DataFrame({"id": [f"{row:05d}" for row in range(1, 1001)], "gruppe": "T"})
    frame.to_stata(tmp_path / "p", write_index=False)
    monkeypatch.setattr("analysis.readers.stata.BATCH_ROWS", 300)
    assert [int(row[1]) for row in raw_rows(described_as("stata"), tmp_path)] == list(range(1, 1001))
    frame.to_parquet(tmp_path / "p")
    monkeypatch.setattr("analysis.readers.parquet.BATCH_ROWS", 300)
    rows = raw_rows(described_as("parquet"), tmp_path)
    assert all(int(row[1]) == row[0] for row in rows)
    pyreadstat.write_sav(frame, str(tmp_path / "p"))
    child = tmp_path / "child.py"
    text = readstat.CHILD.read_text(encoding="utf-8")
    child.write_text(text.replace("BATCH_ROWS = 250_000", "BATCH_ROWS = 300"), encoding="utf-8")
    monkeypatch.setattr(readstat, "CHILD", child)
    rows = raw_rows(described_as("spss"), tmp_path)
    assert len(rows) == 1000
    assert all(int(row[1]) == row[0] for row in rows)


def test_a_name_that_cannot_be_read_is_told(tmp_path):
    for name in ("", "a\0b"):
        pq.write_table(pa.table([["a"], ["T"]], names=["id", name]), tmp_path / "p")
        told = problems_of(described_as("parquet"), tmp_path)
        assert told == ["data/p, kolonne 2: kolonnen har ikke et navn som kan leses."]


def test_a_null_character_inside_a_value_harms_nothing(tmp_path):
    pq.write_table(pa.table({"id": ["a\0b", "c"], "gruppe": ["T", "S"]}), tmp_path / "p")
    assert raw_rows(described_as("parquet"), tmp_path) == [(1, "a\0b", "T"), (2, "c", "S")]


def test_lists_in_a_parquet_file_are_told(tmp_path):
    pq.write_table(pa.table({"id": ["a"], "gruppe": ["T"], CANARY: [[1]]}), tmp_path / "p")
    told = "data/p, kolonne 3: kolonnen har lister eller annet som ikke er enkeltverdier. Lever den uten kolonnen."
    assert problems_of(described_as("parquet"), tmp_path) == [told]


def month_problems(folder, months, dates):
    frame = delivered_texts()
    frame["start"] = (
        [*months, *frame["start"][len(months) :]]
        if dates == "iso"
        else [*months, *dotted(frame)["start"][len(months) :]]
    )
    with pytest.raises(ProblemsFound) as caught:
        deliver(folder, csv_bytes(frame), dates=dates)
    return [str(problem).strip() for problem in caught.value.problems]


def test_dates_of_the_other_style_are_told_by_row(tmp_path):
    where, years = "data/persons.csv, rad 2, 3, kolonne «start»", "År før 1900 og etter 2099 er ikke lov."
    told = month_problems(tmp_path / "a", ["15.12.2020", "2020-02-30"], "iso")
    assert told == [f"{where}: skal være en måned (ÅÅÅÅ-MM) eller en dato (ÅÅÅÅ-MM-DD). {years}"]
    for wrong in (["2020-12-15", "2020-12"], ["31.02.2020", "1.1.2020"], ["12.31.2020", "01.01.1899"]):
        told = month_problems(tmp_path / wrong[0], wrong, "dd.mm.yyyy")
        assert told == [f"{where}: skal være en dato (dd.mm.åååå). {years}"]


# The card


def problems_of_card(folder, **options):
    path = write_cohort(folder, card_of(**options))
    with pytest.raises(ProblemsFound) as caught:
        read_card(path)
    return {problem.where.partition(", ")[2].partition(", ")[2]: problem for problem in caught.value.problems}


def test_options_that_a_format_does_not_use_are_refused_by_name_all_at_once(tmp_path):
    unused = {
        "delimiter": ",",
        "encoding": "cp1252",
        "compression": "gzip",
        "labels": True,
        "query": "SELECT 1",
        "order": ["id"],
        "connection": {"service": "x"},
    }
    told = problems_of_card(tmp_path, format="xlsx", **unused)
    assert set(told) == {f"files.0.{name}" for name in [*unused, "sheet"]}
    assert told["files.0.labels"].what == "brukes ikke når format er xlsx, bare for stata, spss."
    assert told["files.0.labels"].mend == "Fjern labels."
    assert told["files.0.sheet"].what == "mangler, men formatet xlsx bruker den."


def test_a_query_has_no_file_and_a_file_has_a_path(tmp_path):
    told = problems_of_card(tmp_path / "a", format="postgresql", package="causaldata", sha256="0" * 64)
    assert set(told) == {f"files.0.{name}" for name in ("path", "package", "sha256", "query", "order", "connection")}
    assert set(problems_of_card(tmp_path / "b", path=None)) == {"files.0.path"}


def test_a_connection_is_a_name_and_nothing_else(tmp_path):
    query = {"format": "postgresql", "path": None, "query": "SELECT 1", "order": ["id"]}
    told = problems_of_card(tmp_path / "a", **query, connection={"environment": "A", "service": "b"})
    assert told["files.0.connection"].what == "fant environment og service."
    assert set(problems_of_card(tmp_path / "b", **query, connection={})) == {"files.0.connection"}
    wrong = {"environment": "host=db", "service": "postgresql://db"}
    told = problems_of_card(tmp_path / "c", **query, connection=wrong)
    assert {"files.0.connection.environment", "files.0.connection.service"} <= set(told)
    assert set(problems_of_card(tmp_path / "d", **query, connection={"password": "x"})) >= {
        "files.0.connection.password"
    }


def test_the_rules_about_formats_know_every_format_and_the_defaults_of_the_card():
    formats = set(File.model_fields["format"].annotation.__args__)
    assert formats == {*FILE_FORMATS, "postgresql"} == {*OPENERS, "postgresql"}
    assert set(USED_BY) <= set(File.model_fields)
    for option, default in NEUTRAL.items():
        assert File.model_fields[option].default == default


def test_keys_that_came_later_leave_no_trace_in_the_plan_while_they_are_at_their_default():
    plain = analysis_part(Card.model_validate(minimal_card()))["files"][0]
    assert not set(File.LATER) & set(plain)
    changed = Card.model_validate(card_of(dates="dd.mm.yyyy", compression="gzip"))
    written = analysis_part(changed)["files"][0]
    assert written["dates"] == "dd.mm.yyyy"
    assert written["compression"] == "gzip"
    assert Card.model_validate(changed.model_dump(mode="json")) == changed


# PostgreSQL


@pytest.fixture(scope="module")
def server():
    with running_server() as connection:
        with psycopg.connect(connection) as filling:
            fill(filling)
        yield connection


def fill(connection):
    """The delivery as a table of stored values and as one of texts, in an order that is not the card's."""
    kinds = {"start": "date", "alder": "double precision", "utdanning": "integer", "inntekt_2019": "numeric(12, 3)"}
    frame = stored(delivered_texts()).sample(frac=1, random_state=5)
    for table, rows in (("lagret", frame), ("tekst", dotted(delivered_texts()))):
        columns = ", ".join(
            f"{name} {kinds.get(name, 'double precision' if name in NUMBERS else 'text')}" for name in rows
        )
        if table == "tekst":
            columns = ", ".join(f"{name} text" for name in rows)
        connection.execute(f"CREATE TABLE {table} ({columns})")
        marks = ", ".join(["%s"] * len(rows.columns))
        for row in rows.astype(object).where(rows.notna(), None).itertuples(index=False):
            connection.execute(f"INSERT INTO {table} VALUES ({marks})", list(row))
    connection.execute("CREATE ROLE gjest LOGIN")


def query_options(query, **options):
    found = {"format": "postgresql", "path": None, "query": query, "order": ["lopenr"]}
    return found | {"connection": {"environment": "TILTAK_DATABASE"}} | options


@pytest.fixture
def database(server, monkeypatch):
    monkeypatch.setenv("TILTAK_DATABASE", server)
    return server


def test_a_query_gives_the_identical_cohort(database, tmp_path, expected):
    assert_same(deliver(tmp_path / "a", None, **query_options("SELECT * FROM lagret", rows=12)), expected)
    assert_same(deliver(tmp_path / "b", None, **query_options("TABLE lagret;", dates="dd.mm.yyyy")), expected)
    texts = query_options("SELECT * FROM tekst -- alt", dates="dd.mm.yyyy")
    assert_same(deliver(tmp_path / "c", None, **texts), expected)


def test_a_service_of_the_persons_own_file_gives_the_connection(server, tmp_path, monkeypatch, expected):
    (tmp_path / "services").write_text("[tiltak]\n" + server.replace(" ", "\n") + "\n", encoding="utf-8")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    options = query_options("SELECT * FROM lagret", connection={"service": "tiltak"})
    assert_same(deliver(tmp_path, None, **options), expected)


def queried(query, **options):
    return described(**(query_options(query, order=["id"]) | {"path": None} | options))


def test_rows_come_in_the_order_of_the_card_as_text(database, tmp_path):
    query = """SELECT * FROM (VALUES
        ('b', '0301', true, 1.5::float4, 'NaN'::float8, 2.50, timestamptz '2020-01-31 23:30Z'),
        ('a', NULL, false, 3, 1e-7, -1, NULL)) AS x(id, gruppe, sann, f, g, n, t)"""
    assert raw_rows(queried(query), tmp_path) == [
        (1, "a", None, "0", "3", "1e-07", "-1", None),
        (2, "b", "0301", "1", "1,5", None, "2,50", "2020-02-01"),
    ]


DATABASE_FAULTS = {
    "no such table": ("SELECT * FROM KANARI", "spørringen bruker en tabell som ikke finnes. Rett query i kortet."),
    "no such column": (
        "SELECT KANARI FROM lagret",
        "query eller order bruker en kolonne som ikke finnes. Rett dem i kortet.",
    ),
    "no column to order by": (
        "SELECT lopenr FROM lagret",
        "query eller order bruker en kolonne som ikke finnes. Rett dem i kortet.",
    ),
    "no SQL": ("SELECT SELECT", "spørringen er ikke gyldig SQL. query skal være én SELECT."),
    "two commands": (
        "SELECT 1) AS x; DROP TABLE lagret; SELECT * FROM (SELECT 1",
        "spørringen er ikke gyldig SQL. query skal være én SELECT.",
    ),
    "a change": ("DELETE FROM lagret RETURNING *", "spørringen er ikke gyldig SQL. query skal være én SELECT."),
    "a value that cannot be cast": (
        "SELECT 'KANARI' AS id, CAST(gruppe || 'KANARI' AS int) FROM lagret",
        "spørringen gjør om en verdi som ikke lar seg gjøre om. Hent kolonnen som den er.",
    ),
    "no rows": ("SELECT lopenr AS id, gruppe FROM lagret WHERE false", "spørringen gir ingen rader."),
    "a hidden change": (
        "SELECT nextval('teller') AS id, '' AS gruppe",
        "spørringen prøver å endre databasen. query skal bare lese.",
    ),
}


@pytest.mark.parametrize("name", DATABASE_FAULTS)
def test_a_query_that_fails_is_told_in_our_own_words(name, database, tmp_path):
    with psycopg.connect(database) as connection:
        connection.execute("CREATE SEQUENCE IF NOT EXISTS teller")
    query, expected = DATABASE_FAULTS[name]
    assert problems_of(queried(query), tmp_path) == [f"database/p: {expected}"]
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM lagret").fetchone() == (12,)


def test_a_user_without_access_and_a_database_that_is_not_there_are_told(server, tmp_path, monkeypatch):
    guest = server.replace("tester", "gjest")
    faults = {
        guest: "brukeren har ikke lov til å lese det spørringen ber om. Be om lesetilgang.",
        server.replace("dbname=postgres", "dbname=KANARI"): "databasen svarer ikke. "
        "Kontroller tilkoblingen, og at databasen er i drift.",
        server.replace("54329", "54328"): "databasen svarer ikke. Kontroller tilkoblingen, og at databasen er i drift.",
        "KANARI": "databasen svarer ikke. Kontroller tilkoblingen, og at databasen er i drift.",
        "": "miljøvariabelen TILTAK_DATABASE er ikke satt. "
        "Sett den til tilkoblingen, for eksempel: host=… dbname=… user=…",
    }
    for connection, expected in faults.items():
        monkeypatch.setenv("TILTAK_DATABASE", connection)
        assert problems_of(queried("SELECT * FROM lagret"), tmp_path) == [f"database/p: {expected}"]


def test_the_result_of_a_query_has_a_checksum_of_its_own_and_no_path(database, tmp_path, monkeypatch):
    card = Card.model_validate(card_of(**query_options("SELECT * FROM lagret")))
    assert delivery_files(card, tmp_path) == {}
    first = delivery_digests(card, tmp_path)
    assert set(first) == {"database/persons"}
    assert len(first["database/persons"]) == 64
    assert delivery_digests(card, tmp_path) == first
    other = Card.model_validate(card_of(**query_options("SELECT * FROM lagret WHERE alder > 30")))
    assert delivery_digests(other, tmp_path) != first
    monkeypatch.delenv("TILTAK_DATABASE")
    with pytest.raises(ProblemsFound):
        delivery_digests(card, tmp_path)


def test_a_machine_without_postgresql_skips_and_ci_fails(monkeypatch):
    monkeypatch.setattr("databases.binaries", lambda: None)
    for value, outcome in (("false", pytest.skip.Exception), ("true", pytest.fail.Exception)):
        monkeypatch.setattr(os, "environ", os.environ | {"CI": value})
        with pytest.raises(outcome), running_server():
            pass
