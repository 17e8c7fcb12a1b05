"""A number planted in any kind of file is found, told without being repeated, and nothing else is.

The planted numbers are Tenor numbers (of nobody); the scan treats them as real unless they are allowed.
"""

import json

import numpy as np
import pikepdf
import pytest
from planted import DATE, LAST_FIVE, LEAKS, NUMBER, TENOR_RULE, pdf_with_title, planted, printed, saved, written, zipped

from analysis.leakscan import CANARY_RULE, Finding, scan_file, scan_folder


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_number_is_found_told_where_and_not_repeated(leak, tmp_path):
    name, content, place = LEAKS[leak]
    findings = scan_file(written(tmp_path, name, content))
    assert Finding(name, place, TENOR_RULE) in findings
    told = repr(findings) + "".join(map(str, findings))
    assert DATE not in told
    assert LAST_FIVE not in told
    assert str(tmp_path) not in told


@pytest.mark.parametrize("leak", LEAKS)
def test_numbers_of_test_persons_pass_where_they_are_allowed(leak, tmp_path):
    name, content, _ = LEAKS[leak]
    assert scan_file(written(tmp_path, name, content), allow_synthetic=True) == []


def test_a_number_that_could_be_real_is_found_also_where_test_persons_are_allowed(tmp_path):
    """The number is built here, for a birth in December 2039 under the rule of 1964, so it is nobody's yet."""
    nine = "011239" + "9{:02}"
    numbers = (with_check_digits(nine.format(serial)) for serial in range(100))
    number = next(number for number in numbers if number)
    findings = scan_file(written(tmp_path, "a.csv", f"id\n{number}"), allow_synthetic=True)
    assert findings == [Finding("a.csv", "linje 2", "fødselsnummer")]


def with_check_digits(nine: str) -> str | None:
    first = -np.dot([3, 7, 6, 1, 8, 9, 4, 5, 2], [int(digit) for digit in nine]) % 11
    second = -np.dot([5, 4, 3, 2, 7, 6, 5, 4, 3, 2], [*[int(digit) for digit in nine], first]) % 11
    return None if max(first, second) > 9 else f"{nine}{first}{second}"


@pytest.mark.parametrize(
    ("wanted", "source", "rule"),
    [
        ("dnr-tenor", "generert 1964", "syntetisk D-nummer (Tenor)"),
        ("fnr-tenor", "generert 2032", TENOR_RULE),
        ("dnr-tenor", "generert 2032", "syntetisk D-nummer (Tenor)"),
    ],
)
def test_d_numbers_and_numbers_of_2032_are_found(wanted, source, rule, tmp_path):
    path = written(tmp_path, "a.txt", planted(wanted, source))
    assert scan_file(path) == [Finding("a.txt", "linje 1", rule)]


def test_five_megabytes_of_random_decimals_are_no_leak(tmp_path):
    numbers = np.random.default_rng(11).random((72_000, 5))
    np.savetxt(tmp_path / "a.csv", numbers, fmt="%.12f", delimiter=",")
    np.savetxt(tmp_path / "a.txt", numbers[:10_000], fmt="%.12f")
    rows = "".join(f"<tr><td>{row[0]!r}</td><td>{row[1]!r}</td></tr>\n" for row in numbers[:10_000].tolist())
    written(tmp_path, "a.html", f"<table>{rows}</table>")
    written(tmp_path, "a.json", json.dumps((numbers[:20_000] * 1e10).tolist()))
    assert (tmp_path / "a.csv").stat().st_size > 5_000_000
    assert scan_folder(tmp_path, allowed_suffixes={".csv", ".txt", ".html", ".json"}, canaries={"123456"}) == []


def test_digests_and_fonts_are_no_leak(tmp_path):
    digest = f"{'a' * 20}{NUMBER}{'f' * 33}"
    assert scan_file(written(tmp_path, "manifest.json", json.dumps({"sha256": digest}))) == []


def test_axis_labels_and_columns_of_counts_are_no_leak(tmp_path):
    parts = [NUMBER[start : start + 2] for start in range(0, 11, 2)]
    labels = "".join(f"<text>{part}</text>" for part in parts)
    cells = "".join(f"<td>{part}</td>\n" for part in parts)
    written(tmp_path, "a.html", f"<svg>{labels}</svg><table><tr>{cells}</tr></table>")
    written(tmp_path, "a.pdf", printed(" \\ ".join(parts)))
    assert scan_folder(tmp_path, allowed_suffixes={".html", ".pdf"}) == []


@pytest.mark.parametrize("leak", ["text of a page", "csv", "document", "pdf page", "pdf title", "picture", "worksheet"])
def test_a_canary_is_found_wherever_a_number_is(leak, tmp_path):
    name, content, place = LEAKS[leak]
    canary = NUMBER if leak != "document" else f"{DATE}{LAST_FIVE}"
    findings = scan_file(written(tmp_path, name, content), canaries={canary}, allow_synthetic=True)
    assert Finding(name, place, CANARY_RULE) in findings
    assert NUMBER not in repr(findings)


def test_a_canary_is_found_whatever_its_case_and_a_longer_number_is_not_it(tmp_path):
    path = written(tmp_path, "a.html", '<p id="kanari-fugl-7">0.900017 1900017 12</p>')
    assert scan_file(path, canaries={"KANARI-Fugl-7", "900017"}) == [
        Finding("a.html", "attributtet id, linje 1", CANARY_RULE)
    ]
    assert scan_file(written(tmp_path, "b.csv", "a,900017,b"), canaries={"900017"}) == [
        Finding("b.csv", "linje 1", CANARY_RULE)
    ]


@pytest.mark.parametrize("canaries", ["en-tekst", {" "}, [""]])
def test_canaries_must_be_a_collection_of_ids(canaries, tmp_path):
    with pytest.raises(ValueError, match="canaries"):
        scan_file(written(tmp_path, "a.txt", "x"), canaries=canaries)


def test_a_number_in_the_name_of_a_file_is_found_and_hidden(tmp_path):
    (tmp_path / NUMBER).mkdir()
    written(tmp_path / NUMBER, "a.csv", "a,b")
    written(tmp_path, "Kanari-7.csv", "a,b")
    findings = scan_folder(tmp_path, allowed_suffixes={".csv"}, canaries={"kanari-7"})
    assert findings == [
        Finding("*" * 11 + "/a.csv", "filnavnet", TENOR_RULE),
        Finding("***", "filnavnet", CANARY_RULE),
    ]


def test_names_inside_files_are_found_and_hidden(tmp_path):
    document = pikepdf.new()
    document.add_blank_page()
    document.attachments[f"{NUMBER}.csv"] = b"a,b"
    findings = scan_file(written(tmp_path, "a.pdf", saved(document)))
    assert Finding("a.pdf", "navnet på et vedlegg", TENOR_RULE) in findings
    findings += scan_file(written(tmp_path, "a.xlsx", zipped(f"xl/{NUMBER}.bin", "x")))
    assert Finding("a.xlsx", f"xl/{'*' * 11}.bin", "det er lagt inn en fil som ikke kan kontrolleres") in findings
    assert NUMBER not in repr(findings)


def test_each_rule_is_told_with_its_first_five_places(tmp_path):
    findings = scan_file(written(tmp_path, "a.csv", f"id\n{NUMBER}\n" * 40))
    assert [finding.place for finding in findings] == [f"linje {line}" for line in (2, 4, 6, 8, 10)] + ["flere steder"]


def test_only_allowed_types_may_lie_in_a_folder(tmp_path):
    for name in ("a.html", "b.csv", "c.parquet", ".skjult", "d.PDF"):
        written(tmp_path, name, "x" if name != "d.PDF" else pdf_with_title("x"))
    (tmp_path / "e.html").symlink_to(tmp_path / "a.html")
    (tmp_path / "mappe").symlink_to(tmp_path)
    findings = scan_folder(tmp_path, allowed_suffixes={".html", ".pdf"})
    assert [(finding.file, finding.rule) for finding in findings] == [
        (".skjult", "filtypen kan ikke kontrolleres og skal ikke slippes ut"),
        ("b.csv", "filtypen er ikke tillatt i denne mappa"),
        ("c.parquet", "filtypen kan ikke kontrolleres og skal ikke slippes ut"),
        ("e.html", "lenker skal ikke slippes ut"),
        ("mappe", "lenker skal ikke slippes ut"),
    ]


def test_a_type_without_a_reader_can_not_be_allowed(tmp_path):
    with pytest.raises(ValueError, match="parquet"):
        scan_folder(tmp_path, allowed_suffixes={".parquet"})


def test_a_folder_that_is_not_there_is_not_a_clean_folder(tmp_path):
    with pytest.raises(ValueError, match="no such folder"):
        scan_folder(tmp_path / "borte", allowed_suffixes={".csv"})


def test_a_finding_reads_as_a_sentence():
    assert str(Finding("rapport.pdf", "side 3", "D-nummer")) == "rapport.pdf, side 3: D-nummer"
