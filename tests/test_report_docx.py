"""The Word file holds every word of the model, can be read aloud, and comes out the same each time."""

import copy
import datetime as dt
import io
import json
import re
import time
import unicodedata
import zipfile
from functools import cache
from pathlib import Path, PurePosixPath

import docx
import pytest
import stages
from docx.oxml.ns import qn
from lxml import etree
from office_readers import letters, missing_words, notes_of, plain, word_page
from planted import NUMBER, TENOR_RULE, written

from analysis.leakscan import scan_file
from analysis.report import canvas, equations, figures, persons_trial, staggered_method, trial_method
from analysis.report import docx as word
from analysis.report.docx_pandoc import formula
from analysis.report.docx_reference import REFERENCE, reference_document
from analysis.report.docx_styles import style_id
from analysis.report.docx_widths import widths
from analysis.report.model import build_report

SHARED = stages.ROOT / "reports" / "_shared"
SAMPLE = json.loads((Path(__file__).parent / "reference" / "report" / "sample_report.json").read_text("utf-8"))
LANGUAGES = {"nb": "nb-NO", "nn": "nn-NO", "en": "en-GB"}
FORMULAS = [
    *equations.MATHML.values(),
    persons_trial.DIFFERENCE[1],
    *(formulas[1] for formulas in (*staggered_method.EQUATIONS.values(), *trial_method.EQUATIONS.values())),
]
GREEK = {"delta": "δ", "tau": "τ", "theta": "θ"}
MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
RELATED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


@cache
def model(name: str, code: str) -> dict:
    """The sample with every kind of block, or the report of a cohort, with a summary in English too."""
    if name == "sample":
        return SAMPLE
    english = None if code == "en" else SHARED / "strings" / "en.yaml"
    return build_report(stages.material(name), code, SHARED / "strings" / f"{code}.yaml", abstract=english)


REPORTS = {
    "sample": model("sample", "nb"),
    "hpmt.nn": model(stages.HPMT, "nn"),
    "mentor.en": model(stages.MENTOR, "en"),
}
each_report = pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)


def rendered(report):
    return word.render(report, reference=REFERENCE)


@cache
def _content(name: str) -> bytes:
    return rendered(REPORTS[name])


def content(report) -> bytes:
    return _content(next(name for name, known in REPORTS.items() if known is report))


def opened(report):
    return docx.Document(io.BytesIO(content(report)))


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@cache
def _page(name: str):
    """The file as an independent reader sees it, with its foot notes."""
    return word_page(_content(name))


def page(report):
    return copy.deepcopy(_page(next(name for name, known in REPORTS.items() if known is report)))


def blocks_of(report, kind):
    return [block for section in report["sections"] for block in section["blocks"] if block["type"] == kind]


def changed(which, **values):
    report = copy.deepcopy(SAMPLE)
    blocks_of(report, which)[0].update(values)
    return report


@each_report
def test_the_file_is_the_same_bytes_each_time(report):
    assert rendered(report) == content(report)


def test_place_clock_and_language_of_the_machine_leave_no_trace(monkeypatch, tmp_path):
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    monkeypatch.setenv("LC_ALL", "tr_TR.UTF-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    time.tzset()
    figures.draw_anew()
    try:
        assert rendered(SAMPLE) == content(SAMPLE)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_rendering_leaves_the_model_as_it_was():
    report = copy.deepcopy(SAMPLE)
    rendered(report)
    assert report == SAMPLE


@each_report
def test_every_text_of_the_model_is_read_in_its_order(report):
    assert missing_words(page(report), report) == []


def test_a_text_that_is_left_out_or_changed_is_missed():
    other = changed("paragraph", runs=[{"text": "Dette står bare i modellen."}])
    assert missing_words(word_page(rendered(SAMPLE)), other) == ["Dette står bare i modellen."]
    first, second, *rest = SAMPLE["sections"]
    assert missing_words(word_page(rendered(SAMPLE)), {**SAMPLE, "sections": [second, first, *rest]}) != []


@each_report
def test_the_banner_stands_first_above_every_page_and_in_the_properties(report):
    banner = report["banner"]
    document = opened(report)
    section = document.sections[0]
    heads = [section.first_page_header, section.header]
    texts = [head.paragraphs[0].text for head in heads]
    properties = document.core_properties
    if banner is None:
        assert texts == ["\t", f"{report['short_title']}\t"]
        assert properties.keywords == ""
        assert properties.comments == report["description"]
    else:
        assert texts == [f"\t{banner['heading']}", f"{report['short_title']}\t{banner['heading']}"]
        assert document.paragraphs[0].text == f"{banner['heading']}\n{banner['text']}"
        assert properties.keywords == banner["heading"]
        assert properties.comments == f"{banner['heading']}. {banner['text']}"


@each_report
def test_every_page_tells_its_number_who_made_it_and_which_version(report):
    section = opened(report).sections[0]
    assert section.different_first_page_header_footer
    for foot in (section.first_page_footer, section.footer):
        line = foot.paragraphs[0]._p
        fields = [field.get(qn("w:instr")) for field in line.iter(qn("w:fldSimple"))]
        assert fields == ["PAGE", "NUMPAGES"]
        text = "".join(item.text if item.tag == qn("w:t") else "\t" for item in line.iter(qn("w:t"), qn("w:tab")))
        assert text.endswith(f"{report['version']}\t{report['labels']['page']} 1 {report['labels']['of']} 1")


@each_report
def test_the_foot_notes_are_those_of_tables_and_figures(report):
    notes = [letters(item.text_content()).removesuffix("↑") for item in page(report).xpath("//li[@id]")]
    assert notes == [letters(note) for note in notes_of(report)]
    captions = [
        item.getparent()
        for item in etree.fromstring(members(content(report))["word/document.xml"]).iter(qn("w:footnoteReference"))
    ]
    styles = [reference.getparent().find(qn("w:pPr")).find(qn("w:pStyle")).get(qn("w:val")) for reference in captions]
    assert set(styles) <= {"TableCaption", "ImageCaption"}
    assert len(styles) == len(notes)


@each_report
def test_a_table_is_the_models_cell_by_cell_under_a_row_of_headers(report):
    tables = page(report).xpath("//table")
    found = [[[letters(cell.text_content()) for cell in row] for row in table.iter("tr")] for table in tables]
    wanted = [
        [
            [letters(column["label"]) for column in block["columns"]],
            *([letters(plain(cell)) for cell in row] for row in block["rows"]),
        ]
        for block in blocks_of(report, "table")
    ]
    assert found == wanted
    assert all(len(table.xpath("thead/tr")) == 1 for table in tables)


@each_report
def test_a_table_has_name_header_column_widths_and_rows_that_stay_whole(report):
    for table, block in zip(opened(report).tables, blocks_of(report, "table"), strict=True):
        properties = table._tbl.tblPr
        look = properties.find(qn("w:tblLook"))
        assert (look.get(qn("w:firstRow")), look.get(qn("w:firstColumn"))) == ("1", "1")
        assert (
            properties.find(qn("w:tblCaption")).get(qn("w:val")) == f"{report['labels']['table']}\xa0{block['number']}"
        )
        assert properties.find(qn("w:tblDescription")).get(qn("w:val")) == plain(block["caption"])
        assert properties.find(qn("w:tblLayout")).get(qn("w:type")) == "fixed"
        grid = [column.w.pt for column in table._tbl.tblGrid.gridCol_lst]
        assert sum(grid) == pytest.approx(canvas.WIDTH, abs=0.5)
        for number, row in enumerate(table._tbl.tr_lst):
            assert (row.trPr.find(qn("w:tblHeader")) is not None) == (number == 0)
            assert row.trPr.find(qn("w:cantSplit")) is not None
            assert [cell.width.pt for cell in row.tc_lst] == grid
            sides = [cell.p_lst[0].pPr.find(qn("w:jc")).get(qn("w:val")) for cell in row.tc_lst]
            assert sides == [column["align"] for column in block["columns"]]


@each_report
def test_no_paragraph_is_empty(report):
    root = etree.fromstring(members(content(report))["word/document.xml"])
    assert [
        item
        for item in root.iter(qn("w:p"))
        if len(item) == 0 or not letters("".join(item.itertext())) and not [*item.iter(qn("w:drawing"))]
    ] == []


@each_report
def test_every_picture_is_the_figure_of_the_model_with_name_and_description(report):
    document = opened(report)
    mark = report["banner"] and report["banner"]["heading"]
    shapes = list(document.inline_shapes)
    for shape, block in zip(shapes, blocks_of(report, "figure"), strict=True):
        name = f"{report['labels']['figure']}\xa0{block['number']}"
        for known in (shape._inline.docPr, shape._inline.graphic.graphicData.pic.nvPicPr.cNvPr):
            assert (known.get("name"), known.get("descr")) == (name, plain(block["alt"]))
        embedded = shape._inline.graphic.graphicData.pic.blipFill.blip.embed
        assert document.part.related_parts[embedded].blob == figures.draw_png(block["kind"], block["data"], mark=mark)
        assert shape.width.pt == pytest.approx(canvas.WIDTH)
    ids = [shape._inline.docPr.get("id") for shape in shapes]
    assert len(set(ids)) == len(ids)


def signs(text):
    return [sign for sign in text if sign.isalnum()]


@each_report
def test_every_equation_is_a_formula_of_word_with_the_signs_of_the_model(report):
    root = etree.fromstring(members(content(report))["word/document.xml"])
    found = ["".join(part.text or "" for part in formula.iter(f"{MATH}t")) for formula in root.iter(f"{MATH}oMath")]
    wanted = ["".join(etree.fromstring(block["mathml"]).itertext()) for block in blocks_of(report, "equation")]
    assert [signs(formula) for formula in found] == [signs(formula) for formula in wanted]


def test_an_upright_name_in_a_formula_is_one_word():
    root = etree.fromstring(members(content(REPORTS["hpmt.nn"]))["word/document.xml"])
    assert "ICC" in [part.text for part in root.iter(f"{MATH}t")]
    texts = [part for part in root.iter(f"{MATH}rPr") if part.find(f"{MATH}nor") is not None]
    assert texts
    assert not [part for part in texts if part.find(f"{MATH}sty") is not None]


@pytest.mark.parametrize("mathml", FORMULAS)
def test_pandoc_reads_every_formula_of_the_reports(mathml):
    """Signs outside letters and digits may become marks of the formula: a hat, a fence, a fraction."""
    tex = re.sub(r"\\(text|mathbf|mathbb)\b", "", formula(mathml)["c"][1])
    named = re.sub(r"\\([a-zA-Z]+)", lambda match: GREEK.get(match[1], ""), tex)
    wanted = unicodedata.normalize("NFKC", "".join(etree.fromstring(mathml).itertext()))
    assert sorted(signs(named)) == sorted(signs(wanted))


@each_report
def test_the_contents_are_the_headings_and_lead_to_them(report):
    root = etree.fromstring(members(content(report))["word/document.xml"])
    links = root.find(f".//{qn('w:sdtContent')}").iter(qn("w:hyperlink"))
    found = [("".join(part.text for part in link.iter(qn("w:t"))), link.get(qn("w:anchor"))) for link in links]
    assert found == [(section["title"], section["id"]) for section in report["sections"]]
    headings = [
        (item.style.name, item.text) for item in opened(report).paragraphs if item.style.name.startswith("Heading")
    ]
    assert headings == [(f"Heading {section['level']}", section["title"]) for section in report["sections"]]


@each_report
def test_every_link_inside_the_file_leads_somewhere(report):
    root = etree.fromstring(members(content(report))["word/document.xml"])
    names = [mark.get(qn("w:name")) for mark in root.iter(qn("w:bookmarkStart"))]
    assert len(set(names)) == len(names)
    assert {link.get(qn("w:anchor")) for link in root.iter(qn("w:hyperlink"))} - {None} <= set(names)


@each_report
def test_no_part_asks_for_what_is_not_there_and_none_is_left_over(report):
    parts = members(content(report))
    reached = {"[Content_Types].xml"}
    for name in [name for name in parts if name.endswith(".rels")]:
        folder = PurePosixPath(name).parent.parent
        source = folder / PurePosixPath(name).stem
        targets = {item.get("Id"): item for item in etree.fromstring(parts[name])}
        inside = {
            str(folder / item.get("Target").lstrip("/")) for item in targets.values() if not item.get("TargetMode")
        }
        assert inside <= set(parts)
        reached |= inside | {name}
        if str(source) in parts:
            asked = {
                value
                for element in etree.fromstring(parts[str(source)]).iter()
                for key, value in element.items()
                if key.startswith(RELATED)
            }
            assert asked <= set(targets)
    assert set(parts) == reached


@each_report
def test_the_styles_that_are_asked_for_are_there(report):
    parts = members(content(report))
    known = {style.get(qn("w:styleId")) for style in etree.fromstring(parts["word/styles.xml"]).iter(qn("w:style"))}
    tags = [qn(f"w:{tag}") for tag in ("pStyle", "rStyle", "tblStyle")]
    for name in parts:
        if name.startswith("word/") and name.endswith(".xml"):
            asked = {element.get(qn("w:val")) for element in etree.fromstring(parts[name]).iter(*tags)}
            assert asked <= known, name


@each_report
def test_the_file_tells_title_author_language_and_the_date_of_the_report(report):
    properties = opened(report).core_properties
    assert (properties.title, properties.subject) == (report["title"], report["subtitle"])
    assert (properties.author, properties.last_modified_by) == (report["author"], report["author"])
    assert (properties.language, properties.version) == (LANGUAGES[report["lang"]], report["version"])
    day = dt.datetime.fromisoformat(report["date"]).replace(tzinfo=dt.UTC)
    assert {moment.replace(tzinfo=dt.UTC) for moment in (properties.created, properties.modified)} == {day}
    with zipfile.ZipFile(io.BytesIO(content(report))) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(day.year, day.month, day.day, 0, 0, 0)}


@each_report
def test_the_text_is_marked_with_its_language(report):
    parts = members(content(report))
    default = etree.fromstring(parts["word/styles.xml"]).find(f"{qn('w:docDefaults')}//{qn('w:lang')}")
    assert default.get(qn("w:val")) == LANGUAGES[report["lang"]]
    settings = etree.fromstring(parts["word/settings.xml"])
    assert settings.find(qn("w:decimalSymbol")).get(qn("w:val")) == ("." if report["lang"] == "en" else ",")
    assert settings.find(qn("w:themeFontLang")).get(qn("w:val")) == LANGUAGES[report["lang"]]


def test_the_english_summary_of_a_norwegian_report_is_marked_as_english():
    report = REPORTS["hpmt.nn"]
    section = next(section for section in report["sections"] if section["id"] == "english-summary")
    paragraphs = opened(report).paragraphs
    first = next(
        place
        for place, item in enumerate(paragraphs)
        if item.text == section["title"] and item.style.name == "Heading 1"
    )
    others = [place for place, item in enumerate(paragraphs) if item.style.name == "Heading 1" and place > first]
    for item in paragraphs[first : others[0]]:
        for run in item._p.iter(qn("w:r")):
            assert run.find(qn("w:rPr")).find(qn("w:lang")).get(qn("w:val")) == "en-GB"
    told = [item for item in paragraphs[others[0] :] for _ in item._p.iter(qn("w:lang"))]
    assert told == []


@pytest.mark.parametrize(
    ("report", "message"),
    [
        (changed("figure", alt=[]), "no alt text"),
        (changed("figure", kind="pie"), "unknown kind of figure: pie"),
        (changed("equation", alt=" "), "no alt text"),
        (changed("equation", mathml="<mi>x</mi>"), "one math element"),
        (changed("equation", mathml="<math><mtext><script/></mtext></math>"), "may not hold script"),
        (changed("paragraph", runs=[{"text": "x", "href": "javascript:alert(1)"}]), "may not lead"),
        (changed("paragraph", runs=[{"text": "x", "href": "#finnes-ikke"}]), "finnes-ikke"),
        (changed("table", id="fig-forest"), "fig-forest"),
        (changed("list", type="poem"), "unknown kind of block: poem"),
        ({**SAMPLE, "sections": SAMPLE["sections"][2:]}, "no section of level 1"),
    ],
)
def test_a_defect_in_the_model_stops_the_file(report, message):
    with pytest.raises(ValueError, match=message):
        rendered(report)


def test_a_reference_document_that_is_none_stops_the_file(tmp_path):
    with pytest.raises(ValueError, match="pandoc refuses"):
        word.render(SAMPLE, reference=written(tmp_path, "reference.docx", "ikke Word"))


def test_the_reference_document_is_the_one_that_its_script_makes():
    assert reference_document() == REFERENCE.read_bytes()


def test_the_reference_document_has_no_text_and_a_page_as_the_pdfs():
    document = docx.Document(REFERENCE)
    assert [item.text for item in document.paragraphs] == [""]
    section = document.sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert (section.page_width - section.left_margin - section.right_margin) / 12700 == pytest.approx(
        canvas.WIDTH, abs=0.5
    )
    assert document.core_properties.language in (None, "")
    assert b"Theme=" not in members(REFERENCE.read_bytes())["word/styles.xml"]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("heading 1", "Heading1"), ("toc 2", "TOC2"), ("TOC Heading", "TOCHeading"), ("Key Unit", "KeyUnit")],
)
def test_a_style_is_asked_for_as_word_does(name, wanted):
    assert style_id(name) == wanted


def table_of(labels, shares):
    columns = [{"label": label, "align": "left", "width": share} for label, share in zip(labels, shares, strict=True)]
    return {"columns": columns, "rows": [[[{"text": "a"}] for _ in labels]]}


def test_a_column_is_as_wide_as_its_longest_word_and_the_others_share_the_rest():
    found = widths(table_of(["a", "konfidensintervall", "b"], [2, 0.1, 1]), 300, 9.5)
    assert sum(found) == pytest.approx(300)
    assert found[1] > 80
    assert found[0] == pytest.approx(2 * found[2])


def test_columns_keep_their_proportions_where_every_word_fits_or_none_can():
    assert widths(table_of(["a", "b"], [3, 1]), 400, 9.5) == pytest.approx([300, 100])
    assert widths(table_of(["konfidensintervall", "b"], [1, 1]), 60, 9.5) == pytest.approx([30, 30])


def test_a_soft_hyphen_lets_a_word_be_divided():
    assert (
        widths(table_of(["konfidens\xadintervall", "b"], [1, 5]), 300, 9.5)[0]
        < widths(table_of(["konfidensintervall", "b"], [1, 5]), 300, 9.5)[0]
    )


@pytest.mark.parametrize(
    ("report", "place"),
    [
        (changed("paragraph", runs=[{"text": f"Saken til {NUMBER}."}]), "word/document.xml"),
        (changed("table", note=[{"text": f"Gjelder {NUMBER[:6]} {NUMBER[6:]}."}]), "word/footnotes.xml"),
        (changed("figure", alt=[{"text": f"Figur for {NUMBER}"}]), "word/document.xml"),
        ({**SAMPLE, "subtitle": f"Om {NUMBER}"}, "docProps/core.xml"),
        ({**SAMPLE, "short_title": f"Om {NUMBER}"}, "word/header"),
    ],
)
def test_the_leak_scan_reads_every_part_of_the_file(report, place, tmp_path):
    findings = scan_file(written(tmp_path, "a.docx", rendered(report)))
    assert any(finding.rule == TENOR_RULE and finding.place.startswith(place) for finding in findings), findings
    assert scan_file(written(tmp_path, "b.docx", content(SAMPLE))) == []
