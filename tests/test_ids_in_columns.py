"""Identity numbers that a program has written as amounts are found by their column, and amounts are let alone.

The numbers are of the tax authority's test range (month + 80), so that they are nobody's.
"""

import io
import json
import zipfile

import numpy as np
import pytest
from planted import TENOR_RULE

from analysis.leakscan import scan_file

FIRST, SECOND = (3, 7, 6, 1, 8, 9, 4, 5, 2), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def check_digit(weights, digits):
    return -sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=True)) % 11


def ids(*, day: int, wanted: int) -> list[str]:
    """Numbers of persons born on one day, with check digits by the rule of 1964."""
    found = []
    for serial in range(500, 999):
        nine = f"{day:02d}8{1 + serial % 9}{serial % 90 + 10}{serial}"
        first = check_digit(FIRST, nine)
        second = check_digit(SECOND, f"{nine}{first}") if first < 10 else 10
        found += [f"{nine}{first}{second}"] if second < 10 else []
    return found[:wanted]


def without_zero(number):
    return number.removeprefix("0")


def in_exponent(number):
    plain = without_zero(number)
    return f"{plain[0]}.{plain[1:].rstrip('0')}E{len(plain) - 1}"


EARLY, LATE = ids(day=7, wanted=6), ids(day=17, wanted=6)
WRITTEN = {
    "ten digits": [without_zero(number) for number in EARLY],
    "ten digits as decimals": [f"{without_zero(number)}.0" for number in EARLY],
    "exponent": [in_exponent(number) for number in LATE],
    "exponent of ten digits": [in_exponent(number) for number in EARLY],
    "small e and plus": [in_exponent(number).replace("E", "e+") for number in LATE],
}
OTHER = ["12.5", "1234567890", "4.1234567891E10", "17", "0.25", "9"]


def sheet(column):
    rows = "".join(
        f'<row r="{place}"><c r="A{place}"><v>{other}</v></c><c r="B{place}"><v>{one}</v></c></row>'
        for place, (one, other) in enumerate(zip(column, OTHER, strict=False), start=2)
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", f"<worksheet><sheetData>{rows}</sheetData></worksheet>")
    return stream.getvalue()


def lines(column, sign):
    rows = (f'"a{sign} b"{sign}{one}{sign}{other}' for one, other in zip(column, OTHER, strict=False))
    return "\n".join([f"navn{sign}x{sign}y", *rows])


def table(column):
    rows = "".join(
        f"<tr>\n<th>{other}</th>\n<td>{one}</td>\n</tr>\n" for one, other in zip(column, OTHER, strict=False)
    )
    return f"<!DOCTYPE html><html><body><table>{rows}</table></body></html>"


def records(column):
    """Text, because Python would write the numbers in full."""
    rows = (f'{{"y": {other}, "x": {one}}}' for one, other in zip(column, OTHER, strict=False))
    return f"[{', '.join(rows)}]"


FILES = {
    "a.csv": lambda column: lines(column, ","),
    "b.csv": lambda column: lines([one.replace(".", ",") for one in column], ";"),
    "records.json": records,
    "list.json": lambda column: f'{{"x": [{", ".join(column)}], "y": [1, 2]}}',
    "indented.json": lambda column: '{"x": [\n' + ",\n".join(f"    {one}" for one in column) + "\n]}",
    "rows.json": lambda column: "[" + ", ".join(f"[{place}, {one}]" for place, one in enumerate(column)) + "]",
    "a.html": table,
    "a.xlsx": sheet,
}


def scanned(folder, name, column):
    content = FILES[name](column)
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return scan_file(path)


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("name", FILES)
def test_a_column_of_ids_written_as_amounts_is_found_and_told_without_a_digit(name, written, tmp_path):
    found = scanned(tmp_path, name, WRITTEN[written])
    assert {one.rule for one in found} == {TENOR_RULE}
    told = repr(found)
    assert [one for one in (*EARLY, *LATE) if one[4:9] in told] == []


def test_the_lines_of_the_ids_are_told(tmp_path):
    found = scanned(tmp_path, "a.csv", WRITTEN["exponent"][:3])
    assert [one.place for one in found] == ["linje 2", "linje 3", "linje 4"]


@pytest.mark.parametrize("name", FILES)
def test_two_are_not_told_from_amounts_and_nor_are_ids_among_amounts(name, tmp_path):
    assert scanned(tmp_path, name, WRITTEN["exponent"][:2]) == []
    assert scanned(tmp_path, name, [*WRITTEN["ten digits"][:3], "1234567891", "2234567891", "9876543210"]) == []


def amounts(seed, form):
    """Columns of numbers of ten and eleven digits, such as sums of kroner, pseudonyms and seconds since 1970."""
    rng = np.random.default_rng(seed)
    if form == "seconds":
        return [str(number) for number in rng.integers(1_600_000_000, 1_800_000_000, 3000)]
    numbers = rng.integers(1_000_000_000, 9_999_999_999, 3000)
    return [str(number) if form == "whole" else f"{number * 10.0:.10e}" for number in numbers]


@pytest.mark.parametrize("form", ["whole", "seconds", "exponents"])
@pytest.mark.parametrize("width", [1, 4, 12])
def test_amounts_of_as_many_digits_raise_no_alarm(form, width, tmp_path):
    for seed in range(3):
        drawn = amounts(seed, form)
        rows = [drawn[start : start + width] for start in range(0, len(drawn), width)]
        texts = {
            "a.csv": "\n".join(",".join(row) for row in rows),
            "a.json": "[[" + "], [".join(", ".join(row) for row in rows) + "]]",
            "a.html": "<table>" + "".join("<tr><td>" + "</td><td>".join(row) + "</td></tr>" for row in rows),
        }
        for name, text in texts.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
            assert scan_file(tmp_path / name) == []


def test_many_short_columns_of_amounts_raise_no_alarm(tmp_path):
    drawn = iter(amounts(9, "whole"))
    short = json.dumps([{f"k{place}": int(next(drawn)) for place in range(5)} for _ in range(4)])
    for place in range(100):
        (tmp_path / "a.json").write_text(short.replace("k", f"k{place}_"), encoding="utf-8")
        assert scan_file(tmp_path / "a.json") == []


def test_digits_of_digests_and_decimals_are_no_amounts(tmp_path):
    digests = [f"{'a' * 20}{without_zero(number)}{'f' * 34}" for number in EARLY]
    (tmp_path / "a.csv").write_text("\n".join([*digests, *(f"0.{without_zero(one)}" for one in EARLY)]), "utf-8")
    assert scan_file(tmp_path / "a.csv") == []
