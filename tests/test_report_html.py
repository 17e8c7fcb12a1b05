"""The web page holds every word of the model, reaches out to nothing, and can be read without sight or mouse."""

import base64
import copy
import hashlib
import io
import json
import re
from pathlib import Path

import lxml.html
import pytest
from fontTools.ttLib import TTFont

from analysis.report import fonts, html

ROOT = Path(__file__).parents[1]
SHARED = ROOT / "reports" / "_shared"
CSS = (SHARED / "report.css").read_text("utf-8")
SAMPLE = json.loads((ROOT / "tests" / "reference" / "report" / "sample_report.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def web_fonts():
    return fonts.web_fonts(SHARED / "fonts")


@pytest.fixture(scope="module")
def page(web_fonts):
    return html.render(SAMPLE, css=CSS, fonts=web_fonts, template_folder=SHARED)


@pytest.fixture(scope="module")
def root(page):
    return lxml.html.document_fromstring(page)


def rendered(report):
    return html.render(report, css=CSS, fonts={}, template_folder=SHARED)


def runs_of(value):
    """Every run of the model, however deep; the alt texts are tested by themselves."""
    if isinstance(value, dict):
        own = [value] if "text" in value and isinstance(value["text"], str) else []
        return own + [run for key, part in value.items() if key not in ("alt", "data") for run in runs_of(part)]
    return [run for part in value for run in runs_of(part)] if isinstance(value, list) else []


def letters(text):
    return re.sub(r"[\s\xad]", "", text)


def changed(kind, **values):
    """A copy of the sample in which the first block of `kind` has other values."""
    report = copy.deepcopy(SAMPLE)
    blocks = [block for section in report["sections"] for block in section["blocks"]]
    next(block for block in blocks if block["type"] == kind).update(values)
    return report


def test_the_sample_holds_every_kind_of_block():
    kinds = {block["type"] for section in SAMPLE["sections"] for block in section["blocks"]}
    assert kinds == {"paragraph", "callout", "list", "definitions", "keyfigures", "table", "figure", "equation"}


def test_the_page_is_the_same_each_time(page, web_fonts):
    assert html.render(SAMPLE, css=CSS, fonts=web_fonts, template_folder=SHARED) == page


def test_rendering_leaves_the_model_as_it_was():
    report = copy.deepcopy(SAMPLE)
    rendered(report)
    assert report == SAMPLE


def test_every_run_of_the_model_stands_on_the_page(root):
    text = letters(root.text_content())
    missing = [run["text"] for run in runs_of(SAMPLE["sections"]) if letters(run["text"]) not in text]
    assert missing == []


def test_title_fields_banner_and_labels_stand_on_the_page(root):
    text = letters(root.text_content())
    fields = [SAMPLE["title"], SAMPLE["subtitle"], SAMPLE["banner"]["heading"], SAMPLE["banner"]["text"]]
    fields += [part for field in SAMPLE["meta"] for part in (field["term"], field["text"])]
    fields += [section["title"] for section in SAMPLE["sections"]]
    fields += [SAMPLE["labels"]["skip"], SAMPLE["labels"]["contents"], SAMPLE["labels"]["to_top"]]
    assert [field for field in fields if letters(field) not in text] == []


def test_strange_text_is_text_and_never_markup(page, root):
    strange = next(run["text"] for run in runs_of(SAMPLE["sections"]) if "ikke fet" in run["text"])
    assert strange in root.text_content()
    assert not root.xpath("//b")
    assert "&lt;b&gt;ikke fet&lt;/b&gt;" in page


def test_a_number_of_the_model_keeps_its_id(root):
    wanted = [(run["number"], run["text"]) for run in runs_of(SAMPLE["sections"]) if "number" in run]
    found = [(span.get("data-n"), span.text_content()) for span in root.xpath("//*[@data-n]")]
    assert sorted(found) == sorted(wanted)


def test_the_page_tells_its_language_title_author_and_content(root):
    assert root.get("lang") == "nb"
    assert root.findtext(".//title") == SAMPLE["title"]
    meta = {item.get("name"): item.get("content") for item in root.xpath("//meta[@name]")}
    assert meta["description"] == SAMPLE["description"]
    assert meta["author"] == SAMPLE["author"]


def test_the_policy_lets_in_this_style_and_nothing_else(root):
    policy = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    style = root.xpath("//style")
    digest = base64.b64encode(hashlib.sha256(style[0].text.encode("utf-8")).digest()).decode("ascii")
    assert len(style) == 1
    assert f"style-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'; font-src data:;")
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_no_part_of_the_page_makes_a_request(page, root):
    assert not root.xpath("//script | //link | //img | //iframe | //object | //embed | //base")
    assert not root.xpath("//@src | //@srcset | //@poster | //@background | //@action | //@formaction")
    assert not [target for target in root.xpath("//*[not(self::a)]/@href") if not str(target).startswith("#")]
    style = root.xpath("//style")[0].text
    assert "@import" not in style
    assert all(source.startswith("data:font/woff2;base64,") for source in re.findall(r"url\(([^)]*)\)", style))


def test_nothing_on_the_page_has_a_style_attribute_or_an_event_handler(root):
    assert not root.xpath("//@style")
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]


def test_the_first_stop_is_a_link_past_the_contents(root):
    first = root.xpath("//body//a")[0]
    target = root.get_element_by_id(first.get("href")[1:])
    assert first.text == SAMPLE["labels"]["skip"]
    assert target.tag == "main"
    assert target.get("tabindex") == "-1"


def test_the_banner_comes_before_the_title_and_a_report_without_one_has_none(page, root):
    order = [element for element in root.iter("div", "h1") if element.tag == "h1" or element.get("class") == "banner"]
    assert [element.tag for element in order] == ["div", "h1"]
    assert 'class="banner"' not in rendered({**SAMPLE, "banner": None})


def test_headings_never_skip_a_level(root):
    levels = [int(element.tag[1]) for element in root.iter("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in zip(levels, levels[1:], strict=False))


def test_the_contents_lead_to_every_section(root):
    targets = [link.get("href") for link in root.xpath("//nav//a")]
    assert targets == [f"#{section['id']}" for section in SAMPLE["sections"]]


def test_every_header_cell_has_a_scope_and_every_row_begins_with_one(root):
    assert {cell.get("scope") for cell in root.iter("th")} == {"col", "row"}
    assert all(row[0].tag == "th" and row[0].get("scope") == "row" for row in root.xpath("//tbody/tr"))


def test_every_table_has_a_caption_and_stands_in_a_region_that_the_keyboard_reaches(root):
    for table in root.iter("table"):
        region = table.getparent()
        caption = table.find("caption")
        assert caption.text_content().strip()
        assert (region.get("role"), region.get("tabindex")) == ("region", "0")
        assert region.get("aria-labelledby") == caption.get("id")


def test_every_figure_has_a_description_a_caption_and_its_numbers(root):
    blocks = [block for section in SAMPLE["sections"] for block in section["blocks"] if block["type"] == "figure"]
    for block in blocks:
        figure = root.get_element_by_id(block["id"])
        alt = "".join(run["text"] for run in block["alt"])
        assert figure.xpath(".//*[local-name()='desc']")[0].text == alt
        assert figure.findtext("figcaption").startswith(f"Figur\xa0{block['number']}: ")
        details = figure.xpath("following-sibling::*[1][self::details]")
        assert bool(details) == bool(block["table"])


def test_an_equation_is_mathml_with_its_spoken_form(root):
    alt = next(b["alt"] for section in SAMPLE["sections"] for b in section["blocks"] if b["type"] == "equation")
    equation = root.xpath("//math")[0]
    assert equation.get("role") == "math"
    assert equation.get("alttext") == alt
    assert equation.get("aria-label") == f"Formel: {alt}"


def test_the_style_shows_focus_prints_and_yields_to_a_narrow_window():
    assert ":focus-visible" in CSS
    assert "@media print" in CSS
    assert "@media (max-width" in CSS
    assert re.search(r"\.scroll \{[^}]*overflow-x: auto", CSS)


@pytest.mark.parametrize(
    ("report", "message"),
    [
        (changed("figure", alt=[]), "no alt text"),
        (changed("figure", alt=[{"text": " "}]), "no alt text"),
        (changed("equation", alt=""), "no alt text"),
        (changed("equation", mathml="<math><mtext><script/></mtext></math>"), "may not hold script"),
        (changed("equation", mathml='<math><mi onclick="x">a</mi></math>'), "may not hold mi"),
        (changed("equation", mathml='<math><mi style="color:red">a</mi></math>'), "may not hold mi"),
        (changed("paragraph", runs=[{"text": "x", "href": "javascript:alert(1)"}]), "may not lead"),
        (changed("paragraph", runs=[{"text": "x", "href": "//example.org"}]), "may not lead"),
        (changed("paragraph", runs=[{"text": "x", "href": "#finnes-ikke"}]), "finnes-ikke"),
        (changed("table", id="fig-forest"), "fig-forest"),
        (changed("list", type="poem"), "unknown kind of block: poem"),
        ({**SAMPLE, "sections": SAMPLE["sections"][2:]}, "no section of level 1"),
    ],
)
def test_a_defect_in_the_model_stops_the_page(report, message):
    with pytest.raises(ValueError, match=message):
        rendered(report)


def test_a_missing_word_stops_the_page():
    labels = {key: value for key, value in SAMPLE["labels"].items() if key != "to_top"}
    with pytest.raises(Exception, match="to_top"):
        rendered({**SAMPLE, "labels": labels})


@pytest.mark.parametrize(
    "target", ["#a", "https://example.org/a?b=1", "reports/a/a.nb.pdf", "a.html#b", "mailto:a@b.no"]
)
def test_ordinary_links_are_let_through(target):
    assert html.href(target) == target


def test_a_style_sheet_that_closes_its_element_is_refused():
    with pytest.raises(ValueError, match="style sheet"):
        html.stylesheet("a{}</style><script>", {})


def test_the_fonts_are_the_same_bytes_each_time_and_hold_the_signs_of_a_report(web_fonts):
    assert sorted(web_fonts) == [400, 600, 700]
    assert fonts._subset(SHARED / "fonts" / fonts.WEB_FILES[600]) == web_fonts[600]
    for font in web_fonts.values():
        assert set(map(ord, "æøåšŋ«»–−×≤≥≈Δβ●○ §%\xa0\xad")) <= set(TTFont(io.BytesIO(font)).getBestCmap())


def test_a_folder_without_the_fonts_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        fonts.web_fonts(tmp_path)
