"""The check of tags finds nothing in our reports in any language, and finds each defect that is put in."""

import io
import json

import pdf_defects as defects
import pdf_tags
import pikepdf
import pytest
import stages

from analysis.report import pdf
from analysis.report.model import build_report

SHARED = stages.ROOT / "reports" / "_shared"
STRINGS = SHARED / "strings"


def rendered(code):
    report = build_report(stages.material(stages.HPMT), code, STRINGS / f"{code}.yaml", abstract=STRINGS / "en.yaml")
    return pdf.render(json.loads(json.dumps(report)), template=SHARED / "report.typ", font_folder=SHARED / "fonts")


@pytest.fixture(scope="module")
def papers():
    return {code: rendered(code) for code in ("nb", "nn", "en")}


@pytest.mark.parametrize("code", ["nb", "nn", "en"])
def test_a_report_has_its_language_title_scopes_and_figures_in_words(papers, code):
    assert pdf_tags.faults(papers[code], code) == []


def test_the_summary_in_english_is_tagged_as_english_in_another_report(papers):
    with pikepdf.open(io.BytesIO(papers["nb"])) as document:
        languages = {str(tag.get("/Lang", "")) for tag in pdf_tags.tags(document)}
    assert any(name.startswith("en") for name in languages)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (defects.unscoped, "header without scope"),
        (defects.wordless, "figure without words"),
        (defects.untitled, "title"),
        (defects.other_language, "language"),
        (defects.untagged, "not tagged"),
    ],
)
def test_each_defect_that_is_put_in_is_found(papers, spoil, fault):
    assert fault in pdf_tags.faults(defects.spoilt(papers["nb"], spoil), "nb")
