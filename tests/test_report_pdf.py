"""The PDF is tagged, valid, the same bytes each time, and holds every word of the model as text."""

import copy
import io
import json
import re
import zlib
from pathlib import Path

import page as page_validation
import pikepdf
import pypdfium2
import pytest

from analysis.report import pdf
from analysis.report.pdf import saved

ROOT = Path(__file__).parents[1]
SHARED = ROOT / "reports" / "_shared"
SAMPLE = json.loads((ROOT / "tests" / "reference" / "report" / "sample_report.json").read_text("utf-8"))
# What the setting adds inside a word: line ends, and the hyphen at one (PDFium gives U+FFFE or U+0002 for it).
SETTING = re.compile(r"[\s\xad\u2010\ufffe\x02-]")


def rendered(report):
    return pdf.render(report, template=SHARED / "report.typ", font_folder=SHARED / "fonts")


@pytest.fixture(scope="module")
def content():
    return rendered(SAMPLE)


@pytest.fixture(scope="module")
def document(content):
    with pikepdf.open(io.BytesIO(content)) as opened:
        yield opened


@pytest.fixture(scope="module")
def text(content):
    """The letters of the document without running heads, which would stand inside a paragraph across two pages."""
    pages = pypdfium2.PdfDocument(content)
    found = "".join(letters(page.get_textpage().get_text_range()) for page in pages)
    foot = re.escape(letters(f"{SAMPLE['author']} · {SAMPLE['version']}"))
    return re.sub(rf"{foot}Side\d+av\d+", "", found)


def letters(text):
    return SETTING.sub("", text)


def runs_of(value):
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        hidden = ("alt", "data") if value.get("type") != "figure" else ("alt", "data", "table")
        return own + [run for key, part in value.items() if key not in hidden for run in runs_of(part)]
    return [run for part in value for run in runs_of(part)] if isinstance(value, list) else []


def tags(document):
    waiting = pdf._children(document.Root.StructTreeRoot)
    while waiting:
        element = waiting.pop()
        yield element
        waiting += pdf._children(element)


def scope_of(cell):
    attributes = cell.get("/A", pikepdf.Array())
    attributes = list(attributes) if isinstance(attributes, pikepdf.Array) else [attributes]
    return next((str(item["/Scope"]) for item in attributes if "/Scope" in item), None)


def outline_titles(item):
    while item is not None:
        yield str(item.Title)
        yield from outline_titles(item.get("/First"))
        item = item.get("/Next")


def changed(kind, **values):
    report = copy.deepcopy(SAMPLE)
    blocks = [block for section in report["sections"] for block in section["blocks"]]
    next(block for block in blocks if block["type"] == kind).update(values)
    return report


def test_the_document_is_the_same_bytes_each_time(content):
    assert rendered(SAMPLE) == content


@pytest.mark.parametrize("profile", ["PDF_UA_1", "PDF_A_2A"])
def test_the_document_passes_the_validator(content, profile):
    chosen = page_validation.ValidationProfile.__members__[profile]
    report = page_validation.validate_pdf_bytes(content, profile=chosen)
    assert report.is_compliant, list(report.failures)


def test_every_run_of_the_model_stands_in_the_document(text):
    assert [run for run in runs_of(SAMPLE["sections"]) if letters(run) not in text] == []


def test_title_fields_and_banner_stand_in_the_document(text):
    fields = [SAMPLE["title"], SAMPLE["subtitle"], SAMPLE["banner"]["text"]]
    fields += [part for field in SAMPLE["meta"] for part in (field["term"], field["text"])]
    fields += [section["title"] for section in SAMPLE["sections"]]
    assert [field for field in fields if letters(field) not in text] == []


def test_the_letters_of_figures_are_text(text):
    rows = next(b for section in SAMPLE["sections"] for b in section["blocks"] if b["type"] == "figure")["data"]["rows"]
    assert [row["label"] for row in rows if letters(row["label"]) not in text] == []


def test_the_banner_stands_on_every_page_and_pages_are_numbered(content):
    pages = list(pypdfium2.PdfDocument(content))
    for number, page in enumerate(pages, start=1):
        found = page.get_textpage().get_text_range()
        assert SAMPLE["banner"]["heading"] in found
        assert f"Side {number} av {len(pages)}" in found


def test_a_report_without_banner_has_no_mark():
    without = pypdfium2.PdfDocument(rendered({**SAMPLE, "banner": None}))
    assert not any("Syntetiske data" in page.get_textpage().get_text_range() for page in without)


def test_language_title_and_date_are_set(document):
    assert str(document.Root.Lang) == "nb-NO"
    assert bool(document.Root.ViewerPreferences.DisplayDocTitle)
    with document.open_metadata() as metadata:
        assert metadata["dc:title"] == SAMPLE["title"]
        assert metadata["xmp:CreateDate"].startswith(SAMPLE["date"])
        assert (metadata["pdfuaid:part"], metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("1", "2", "A")


def test_the_bookmarks_are_the_sections(document):
    titles = list(outline_titles(document.Root.Outlines.First))
    assert titles == [section["title"] for section in SAMPLE["sections"]]


def test_every_header_cell_has_a_scope_and_every_row_begins_with_one(document):
    cells = [tag for tag in tags(document) if pikepdf.Name.TH == tag.S]
    tables = [block for section in SAMPLE["sections"] for block in section["blocks"] if block["type"] == "table"]
    scopes = [scope_of(cell) for cell in cells]
    assert scopes.count("/Row") == sum(len(table["rows"]) for table in tables)
    assert scopes.count("/Column") == sum(len(table["columns"]) for table in tables)
    assert set(scopes) == {"/Row", "/Column"}


def test_every_figure_and_formula_has_its_description(document):
    found = [str(tag.Alt) for tag in tags(document) if tag.S in (pikepdf.Name.Figure, pikepdf.Name.Formula)]
    blocks = [block for section in SAMPLE["sections"] for block in section["blocks"]]
    wanted = ["".join(run["text"] for run in b["alt"]) for b in blocks if b["type"] == "figure"]
    wanted += [b["alt"] for b in blocks if b["type"] == "equation"]
    assert sorted(found) == sorted(wanted)


def test_the_folder_it_is_built_in_leaves_no_trace(content, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert rendered(SAMPLE) == content
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("report", "message"),
    [
        (changed("figure", alt=[]), "no alt text"),
        (changed("equation", alt=" "), "no alt text"),
        (changed("equation", typst="frac(1"), "Typst refuses"),
        (changed("paragraph", runs=[{"text": "x", "href": "#finnes-ikke"}]), "finnes-ikke"),
        (changed("paragraph", runs=[{"text": "x", "href": "javascript:alert(1)"}]), "may not lead"),
        (changed("paragraph", runs=[{"text": "tegn uten form: \U0001f600"}]), "Typst"),
        (changed("table", id="fig-forest"), "Typst refuses"),
        ({**SAMPLE, "title": ""}, "title"),
        ({**SAMPLE, "sections": SAMPLE["sections"][2:]}, "no section of level 1"),
    ],
)
def test_a_defect_in_the_model_stops_the_document(report, message):
    with pytest.raises(ValueError, match=message):
        rendered(report)


def test_an_unknown_font_stops_the_document(tmp_path):
    with pytest.raises(ValueError, match="unknown font family"):
        pdf.render(SAMPLE, template=SHARED / "report.typ", font_folder=tmp_path)


def test_the_pass_over_the_tags_changes_nothing_the_second_time(content):
    with pikepdf.open(io.BytesIO(pdf.with_row_headers(content))) as again:
        assert sum(scope_of(tag) == "/Row" for tag in tags(again) if pikepdf.Name.TH == tag.S) == 7


def test_a_stream_that_ends_in_a_carriage_return_still_has_one_length():
    """Both a plain one and a packed one, whose last bytes are a sum over its content."""
    texts = [b"%" + b"a" * length for length in range(300)]
    packed = next(text for text in map(zlib.compress, texts) if text.endswith(b"\r"))
    made = pikepdf.new()
    for place, raw in enumerate((b"0 0 m\r", packed)):
        made.add_blank_page()
        made.pages[place].Contents = made.make_stream(b"")
        made.pages[place].Contents.write(raw, filter=pikepdf.Name.FlateDecode if place else None)
    content = saved(made)
    assert b"\r\nendstream" not in content
    with pikepdf.open(io.BytesIO(content)) as again:
        read = [page.Contents.read_bytes() for page in again.pages]
    assert read == [b"0 0 m\r", zlib.decompress(packed)]
