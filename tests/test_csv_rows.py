"""The quick look at a CSV file tells what reading every row strictly tells, and the rows are those that csv reads."""

import csv
import gzip
import io
import zlib
from itertools import chain
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis.cards import File
from analysis.csv_look import first_look
from analysis.csv_rows import GZIP_MARK, ROW, Scan, name_problems, scan
from analysis.problems import Problem
from analysis.readers.contract import Unreadable, row_words
from analysis.readers.delimited import open_csv

ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "latin-1")
LABEL = "data/p.csv"


def described(**changes):
    plain = {"name": "p", "path": "p.csv", "format": "csv", "columns": {"person_id": "id", "arm": "gruppe"}}
    return File.model_validate(plain | changes)


# The slow reference: four passes over the file, every row read strictly by Python's csv.


def opened(path, file):
    return gzip.open(path) if file.compression == "gzip" else path.open("rb")


def codec(file):
    return "utf-8-sig" if file.encoding == "utf-8" else file.encoding


def slow_scan(path, file, label):
    if path.stat().st_size == 0:
        return Scan([], 0, [Problem(label, "filen er tom.")])
    if problem := slow_packing_problem(path, file, label):
        return Scan([], 0, [problem])
    with opened(path, file) as stream:
        line = next((number for number, line in enumerate(stream, start=1) if b"\0" in line), None)
    if line:
        what = "linjen har tegnet null, slik filer i UTF-16 har."
        return Scan([], 0, [Problem(f"{label}, linje {line}", what, "Lagre filen på nytt som UTF-8.")])
    row, header = 0, []
    try:
        with opened(path, file) as raw, io.TextIOWrapper(raw, encoding=codec(file), newline="") as stream:
            for row, cells in enumerate(csv.reader(stream, delimiter=file.delimiter, strict=True), start=1):
                header = cells if row == 1 else header
    except UnicodeDecodeError:
        what = f"linjen har tegn som ikke kan leses med encoding {file.encoding}."
        where = f"{label}, linje {slow_undecodable_line(path, file)}"
        return Scan([], 0, [Problem(where, what, "Rett encoding i kortet, eller lagre filen på nytt.")])
    except csv.Error:
        what = "et anførselstegn står feil eller lukkes ikke."
        return Scan([], 0, [Problem(f"{label}, rad {row + 1}", what, "Et anførselstegn inne i en verdi skal dobles.")])
    if row == 0:
        return Scan([], 0, [Problem(label, "filen er tom.")])
    names = [name.strip() or f"__column{place}" for place, name in enumerate(header, start=1)]
    problems = name_problems(names, f"{label}, rad 1")
    if not problems and row == 1:
        problems = [Problem(label, "filen har ingen rader under kolonnenavnene.")]
    return Scan(names, row, problems)


def slow_packing_problem(path, file, label):
    if file.compression == "none":
        packed = path.read_bytes()[:2] == GZIP_MARK
        return Problem(label, "filen er pakket med gzip.", "Skriv compression: gzip i kortet.") if packed else None
    try:
        gzip.decompress(path.read_bytes())
    except (EOFError, OSError, zlib.error):
        what = "filen kan ikke pakkes ut som gzip."
        return Problem(label, what, "Er compression riktig i kortet, og er hele filen kommet fram?")
    return None


def slow_undecodable_line(path, file):
    with opened(path, file) as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.decode(codec(file))
            except UnicodeDecodeError:
                return number
    raise AssertionError("every line can be decoded")


def slow_rows(path, file, width):
    """Number and cells of every row as wide as the first, and the numbers of the others."""
    kept, others = [], []
    with opened(path, file) as raw, io.TextIOWrapper(raw, encoding=codec(file), newline="") as stream:
        for number, cells in enumerate(csv.reader(stream, delimiter=file.delimiter, strict=True), start=1):
            cells = cells or [""] * width
            if number > 1:
                kept.append((number, *cells)) if len(cells) == width else others.append(number)
    return kept, others


# Files: those of programs, with quotes in every lawful way, and what accidents make of them.

VALUES = [
    "",
    "a",
    "0301",
    "37,5",
    "2020-01-31",
    "Sørøya",
    "«ÆØÅ»",
    "to ord",
    "x;y",
    "x,y",
    'sa "hei"',
    "linje\nto",
    "a\r\nb",
    "'",
]
LINE_ENDS = ["\n", "\r\n"]
QUOTING = [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]
TOKENS = [b"a", b"1", b";", b";", b",", b"\n", b"\n", b"\r\n", b"\r", b'"', b'"', b'""', b'";"', b'"\n"', b" ", b"'"]
TOKENS += ["ø".encode(), b"\xf8", b"\x81", b"\xe2\x82", b"\xef\xbb\xbf", b"\xef\xbb", b"\0", b"id;gruppe\n", b"x" * 30]


@st.composite
def sound_files(draw):
    """Bytes as a program writes them, and the card's keys for them."""
    delimiter, encoding = draw(st.sampled_from([";", ",", "\t"])), draw(st.sampled_from(ENCODINGS))
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(st.sampled_from(VALUES), min_size=width, max_size=width), max_size=25))
    rows.insert(0, ["id", "gruppe", "verdi", "år"][:width])
    for place in draw(st.lists(st.integers(1, len(rows)), max_size=3)):
        rows.insert(place, draw(st.sampled_from([[], ["a"], ["a", "T", "1", "2", "3"]])))
    text, end = io.StringIO(), draw(st.sampled_from(LINE_ENDS))
    quoting = draw(st.sampled_from(QUOTING))
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)
    whole = text.getvalue() if draw(st.booleans()) else text.getvalue().removesuffix(end)
    mark = b"\xef\xbb\xbf" if encoding == "utf-8" and draw(st.booleans()) else b""
    return mark + whole.encode(encoding), {"delimiter": delimiter, "encoding": encoding}


@st.composite
def harmed_files(draw):
    """The same after one to three accidents: bytes put in, put in the place of others, left out or cut off."""
    content, keys = draw(sound_files())
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(content)))
        put, left_out = draw(st.sampled_from([b"", *TOKENS])), draw(st.sampled_from([0, 0, 1, 1, 2, 10**6]))
        content = content[:place] + put + content[place + left_out :]
    return content, keys


@st.composite
def files_of_tokens(draw):
    content = b"".join(draw(st.lists(st.sampled_from(TOKENS), max_size=40)))
    return content, {"encoding": draw(st.sampled_from(ENCODINGS))}


ANY_FILE = st.one_of(sound_files(), harmed_files(), harmed_files(), files_of_tokens())
LOOKS = st.sampled_from([1, 2, 3, 7, 20, 64, 1 << 15])


def written(folder, content, keys):
    path = folder / "p.csv"
    path.write_bytes(gzip.compress(content) if keys.get("compression") == "gzip" else content)
    return path, described(**keys)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("csv")


@settings(max_examples=600, deadline=None)
@given(made=ANY_FILE, look=LOOKS)
@example((b"\xef", {}), 1 << 15)
@example((b"\xef\xbb\xbf", {}), 1 << 15)
@example((b'\xef\xbb\xbf"id"\n"a"', {}), 1)
@example((b"id\ra\r\n\rb", {}), 1 << 15)
@example((b'id;gruppe\n"a;b\n', {}), 4)
@example((b'id;gruppe\na"b\nc";d\n', {}), 1 << 15)
@example((b'\xef\xbb\xbf"id\na";b\n', {"encoding": "latin-1"}), 1 << 15)
def test_the_look_at_a_file_tells_what_reading_every_row_tells(folder, made, look):
    path, file = written(folder, *made)
    with patch("analysis.csv_look.LOOK_BYTES", look):
        assert scan(path, file, LABEL) == slow_scan(path, file, LABEL)


@settings(max_examples=150, deadline=None)
@given(made=ANY_FILE, look=LOOKS, cut=st.integers(0, 30), packed=st.booleans())
def test_packed_files_are_told_of_as_others_also_when_they_are_cut(folder, made, look, cut, packed):
    content, keys = made
    path, file = written(folder, content, keys | {"compression": "gzip"})
    if cut % 3 == 0:
        path.write_bytes(path.read_bytes()[: -cut or None])
    file = file if packed else described(**keys)
    with patch("analysis.csv_look.LOOK_BYTES", look):
        assert scan(path, file, LABEL) == slow_scan(path, file, LABEL)


def all_rows(path, file):
    """The rows with their number, and what is told of the file before or after them."""
    rows = []
    try:
        source = open_csv(file, path, LABEL)
        for table in source.batches:
            columns = [table.column(name).to_pylist() for name in (ROW, *source.names)]
            rows += zip(*columns, strict=True)
    except Unreadable as unreadable:
        return rows, unreadable
    return rows, None


def without_second_of_two(rows):
    """pyarrow may drop the line feed after a carriage return inside a value where a block ends between them."""
    return [(number, *(cell.replace("\r\n", "\r") for cell in cells)) for number, *cells in rows]


@settings(max_examples=250, deadline=None)
@given(made=ANY_FILE, block=st.sampled_from([200, 1 << 20]), tables=st.integers(1, 3))
def test_the_rows_are_those_that_csv_reads_with_their_numbers(folder, made, block, tables):
    path, file = written(folder, *made)
    found = slow_scan(path, file, LABEL)
    with patch("analysis.csv_rows.BLOCK_BYTES", block), patch("analysis.csv_rows.BLOCKS_IN_TABLE", tables):
        rows, unreadable = all_rows(path, file)
    told = unreadable.problems if unreadable else []
    if found.problems:
        assert told == found.problems
    elif told and "bare ett felt" in told[0].what:
        assert len(found.names) == 1
    elif told and "kan ikke leses som CSV" in told[0].what:
        assert block == 200  # a row that is longer than a block
    else:
        kept, others = slow_rows(path, file, len(found.names))
        assert without_second_of_two(rows) == without_second_of_two(kept)
        assert not unreadable or unreadable.rows_stand
        assert [problem.where for problem in told] == [f"{LABEL}, {row_words(len(others), others[:5])}"] * bool(others)


@settings(max_examples=200, deadline=None)
@given(sound_files(), st.sampled_from([64, 200, 1 << 15]))
def test_a_file_as_programs_write_it_is_counted_without_reading_its_rows(made, look):
    content, keys = made
    with patch("analysis.csv_look.LOOK_BYTES", look):  # the rows made here are shorter than the smallest
        stream = io.BufferedReader(io.BytesIO(content.removesuffix(b"\n") + b"\n"))
        assert first_look(stream, **keys).rows is not None


LONG = 131072
ODD_FILES = {
    "a carriage return alone": b"id;gruppe\na;T\rb;T\n",
    "a byte that is no character": b"id;gruppe\na;\xff\n",
    "a quote inside a value without quotes": b'id;gruppe\na;T"T\n',
    "a character after a quote": b'id;gruppe\na;"T"T\n',
    "a quote that is not closed": b'id;gruppe\na;"T\n',
    "a long line": b"id;gruppe\na;" + b"x" * LONG + b"\nb;T\n",
    "a long value of many lines": b'id;gruppe\na;"' + b"xyz\n" * (LONG // 4) + b'"\nb;T\n',
}


@pytest.mark.parametrize("name", ODD_FILES)
def test_an_odd_file_is_left_to_the_reader_of_every_row(name):
    stream = io.BufferedReader(io.BytesIO(ODD_FILES[name]))
    assert first_look(stream, delimiter=";", encoding="utf-8").rows is None


def long_values():
    for length in (LONG - 1, LONG, LONG + 1, LONG + 5000):
        yield b"x" * length
        yield b'"' + b"x" * length + b'"'
        yield b'"' + (b"xyz\n" * length)[:length] + b'"'
        yield b'"' + b'""' * length + b'"'
        yield b'"' + (b'x""\n' * length)[: length // 3 * 4] + b'"'
        yield "ø".encode() * length


@pytest.mark.parametrize("before", [0, 1, 20_000, 1 << 15])
def test_values_about_as_long_as_csv_takes_are_told_of_as_csv_does(tmp_path, before):
    outcomes = set()
    for value in long_values():
        content = b"id;gruppe\n" + b"a;T\n" * (before // 4) + b"a;" + value + b"\nb;T\n"
        path, file = written(tmp_path, content, {})
        found = scan(path, file, LABEL)
        assert found == slow_scan(path, file, LABEL)
        outcomes.add(bool(found.problems))
    assert outcomes == {False, True}


@pytest.mark.parametrize("delimiter", ["|", " ", "a", "§", '"', "\n", "\r", "\0"])
def test_any_delimiter_that_a_card_may_name_is_told_of_as_csv_does(tmp_path, delimiter):
    rows = chain(["id;gruppe"], ['"a";T', "b;S"] * 20, ['ħ"a', 'b";S'])
    content = "\n".join(rows).replace(";", delimiter).encode()
    path, file = written(tmp_path, content, {"delimiter": delimiter})
    try:
        expected = slow_scan(path, file, LABEL)
    except (TypeError, ValueError) as refused:
        with pytest.raises(type(refused)):
            scan(path, file, LABEL)
    else:
        assert scan(path, file, LABEL) == expected


def test_a_null_is_told_before_all_else_wherever_it_stands(tmp_path):
    content = b'id;gruppe\na;"T\nb;\xff\n' + b"c;T\n" * 40_000 + b"d;\0\n"
    path, file = written(tmp_path, content, {})
    (problem,) = scan(path, file, LABEL).problems
    assert problem.where == "data/p.csv, linje 40004"
    assert scan(path, file, LABEL) == slow_scan(path, file, LABEL)
