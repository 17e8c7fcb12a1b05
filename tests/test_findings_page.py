"""The page of findings: what, where and how to mend it, gravest first, and nothing that could run or lead away."""

import base64
import hashlib
import re

import lxml.html
import pytest

from analysis.findings import Finding
from analysis.findings_page import SEVERITIES, findings_html

NASTY = '<script>alert("1")</script> & «{{ 7 * 7 }}»'
FOUND = [
    Finding(rule="overlap", severity="WARNING", where="arbeid", column="fra_dato", count=2, rows=(3, 7), what="likt."),
    Finding(rule="category", severity="FATAL", where="ytelser", column="kode", count=120, rows=tuple(range(2, 12)),
            what="koden er ukjent.", mend="Legg den til under values."),
    Finding(rule="sum", severity="ERROR", where="personer", what="summen stemmer ikke.", count=4),
]  # fmt: skip


def root_of(findings=FOUND, title="proven"):
    return lxml.html.document_fromstring(findings_html(title, findings))


def rows_of(root):
    return [[" ".join(cell.text_content().split()) for cell in row] for row in root.xpath("//tbody/tr[td]")]


def test_findings_stand_gravest_first_with_where_column_rows_what_mend_and_rule():
    assert rows_of(root_of()) == [
        [
            "ytelser",
            "kode",
            "2, 3, 4, 5, 6 … (120 rader)",
            "koden er ukjent.",
            "Legg den til under values.",
            "category",
        ],
        ["personer", "–", "antall: 4", "summen stemmer ikke.", "–", "sum"],
        ["arbeid", "fra_dato", "3, 7", "likt.", "–", "overlap"],
    ]


def test_each_severity_that_was_found_says_what_it_means_and_no_other_is_named():
    text = root_of(FOUND[:1]).text_content()
    assert SEVERITIES["WARNING"][2] in text
    assert SEVERITIES["FATAL"][1] not in text
    heads = [head.text_content() for head in root_of().xpath("//th[@scope='rowgroup']")]
    assert heads == [f"{name}. {meaning}" for _, name, meaning in SEVERITIES.values()]


def test_no_text_of_a_finding_is_read_as_markup():
    root = root_of([Finding(rule="r", severity="FATAL", where=NASTY, column=NASTY, what=NASTY, mend=NASTY)], NASTY)
    assert not root.xpath("//script")
    assert rows_of(root) == [[NASTY, NASTY, "–", NASTY, NASTY, "r"]]
    assert NASTY in root.xpath("//title")[0].text


def test_the_page_holds_what_a_finding_holds_and_only_the_first_row_numbers():
    """Every word in the body is the page's own or a finding's: no value could have come along."""
    own = root_of([]).text_content() + " ".join(part for texts in SEVERITIES.values() for part in texts)
    words = set(re.findall(r"\w+", " ".join(root_of().xpath("//table")[0].itertext())))
    told = " ".join(f"{f.where} {f.column} {f.what} {f.mend} {f.rule} {f.count} {f.rows}" for f in FOUND)
    heads = "Funn i leveransen, de alvorligste først Hvor Kolonne Rader Hva er galt Slik rettes det Regel antall rader"
    assert words <= set(re.findall(r"\w+", f"{own} {told} {heads}"))
    assert "11" not in words


def test_the_page_is_in_norwegian_reaches_out_to_nothing_and_runs_nothing():
    root = root_of()
    assert root.get("lang") == "nb"
    assert root.xpath("//meta[@name='viewport']")
    assert not root.xpath("//link | //img | //script | //iframe | //@src | //@style | //form")
    assert {str(target)[0] for target in root.xpath("//@href")} == {"#"}
    style = root.xpath("//style")[0].text
    policy = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    assert policy.startswith("default-src 'none';")
    assert f"style-src 'sha256-{digest}'" in policy
    assert "url(" not in style
    assert "@import" not in style


def test_the_table_keeps_its_meaning_when_rows_become_blocks():
    """A narrow window turns cells into blocks, which takes away what the browser knows of the table."""
    root = root_of()
    assert root.xpath("//h1")
    assert root.xpath("//table/caption")
    assert all(cell.get("role") == "cell" and cell.get("data-label") for cell in root.iter("td"))
    assert all(row.get("role") == "row" for row in root.iter("tr"))
    assert {cell.get("scope") for cell in root.iter("th")} == {"col", "row", "rowgroup"}
    ids = root.xpath("//@id")
    assert {str(target)[1:] for target in root.xpath("//@href")} <= set(ids)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("findings", [[], iter(())])
def test_a_delivery_without_findings_says_so(findings):
    root = root_of(findings)
    assert "Kontrollen fant ingenting å rette." in root.text_content()
    assert not root.xpath("//table")


def test_the_same_findings_give_the_same_page():
    assert findings_html("a", iter(FOUND)) == findings_html("a", FOUND)
