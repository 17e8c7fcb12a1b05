"""The portal compares all studies on one page that works from a file, by keyboard and without its script."""

import base64
import copy
import hashlib
import json
import re
from pathlib import Path

import lxml.html
import pytest

from analysis.report import portal

ROOT = Path(__file__).parents[1]
SHARED = ROOT / "reports" / "_shared"
CSS = (SHARED / "report.css").read_text("utf-8") + (SHARED / "portal.css").read_text("utf-8")
JS = (SHARED / "portal.js").read_text("utf-8")
SAMPLE = json.loads((ROOT / "tests" / "reference" / "report" / "sample_portal.json").read_text("utf-8"))
AXIS = {"low": -4, "high": 14, "label": "Fra −4 til +14"}


def rendered(model):
    return portal.render(model, css=CSS, js=JS, fonts={400: b"font"}, template_folder=SHARED)


@pytest.fixture(scope="module")
def page():
    return rendered(SAMPLE)


@pytest.fixture(scope="module")
def root(page):
    return lxml.html.document_fromstring(page)


def texts_of(value):
    """Every text of the model that a reader meets."""
    if isinstance(value, dict):
        shown = {"text", "title", "tag", "label", "hidden", "size_text", "caption", "lead", "brand", "brand_note"}
        own = [part for key, part in value.items() if key in shown and isinstance(part, str)]
        parts = [part for key, part in value.items() if key != "labels"]
        return own + [text for part in parts for text in texts_of(part)]
    return [text for part in value for text in texts_of(part)] if isinstance(value, list) else []


def letters(text):
    return re.sub(r"[\s\xad]", "", text)


def test_the_page_is_the_same_each_time(page):
    assert rendered(copy.deepcopy(SAMPLE)) == page


def test_every_text_of_the_model_stands_on_the_page(root):
    found = letters(root.text_content())
    assert [text for text in texts_of(SAMPLE) if letters(text) not in found] == []


def test_the_policy_lets_in_this_style_and_this_script_and_nothing_else(root):
    policy = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    for element, directive in (("style", "style-src"), ("script", "script-src")):
        found = root.xpath(f"//{element}")
        digest = base64.b64encode(hashlib.sha256(found[0].text.encode("utf-8")).digest()).decode("ascii")
        assert len(found) == 1
        assert f"{directive} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "connect-src" not in policy


def test_no_part_of_the_page_makes_a_request_and_no_link_leads_to_a_root_folder(root):
    assert not root.xpath("//link | //img | //iframe | //object | //embed | //base | //@src | //@action")
    assert not re.search(r"fetch|XMLHttp|import|localStorage|cookie|eval", JS)
    inside = [str(target) for target in root.xpath("//a/@href") if not str(target).startswith("https://")]
    assert inside
    assert not any(target.startswith("/") for target in inside)


def test_nothing_on_the_page_has_a_style_attribute_or_an_event_handler(root):
    assert not root.xpath("//@style")
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]


def test_without_its_script_every_card_shows_and_the_filter_does_not(root):
    assert root.get_element_by_id("page-filter").get("hidden") is not None
    cards = root.xpath("//li[@class='card']")
    assert [card.get("id") for card in cards] == [card["id"] for card in SAMPLE["cards"]]
    assert not [card for card in cards if card.get("hidden") is not None]


def test_made_up_data_have_a_chapter_with_a_banner_and_cards_of_their_own():
    model = copy.deepcopy(SAMPLE)
    moved = model["cards"].pop()
    model["table"]["rows"] = [row for row in model["table"]["rows"] if row["id"] != moved["id"]]
    banner = {"heading": "Syntetiske data", "text": "Laget av testen."}
    model["demonstration"] = {"id": "demo", "title": "Demo", "text": "Bare prøver.", "banner": banner, "cards": [moved]}
    page = lxml.html.document_fromstring(rendered(model))
    chapter = page.get_element_by_id("demo").getparent()
    assert [card.get("id") for card in chapter.xpath(".//li[@class='card']")] == [moved["id"]]
    assert "Syntetiske data" in chapter.xpath(".//div[@class='banner']")[0].text_content()
    assert "#demo" in page.xpath("//nav//a/@href")


def test_the_count_is_told_to_screen_readers_in_the_words_of_the_model(root):
    count = root.get_element_by_id("page-count")
    assert count.get("role") == "status"
    assert count.text == SAMPLE["labels"]["count_all"] == count.get("data-all")
    assert count.get("data-some") == SAMPLE["labels"]["count_some"]


def test_every_field_of_the_filter_has_a_label_and_every_card_a_design_of_it(root):
    fields = root.xpath("//form//input")
    assert all(field.getparent().tag == "label" and field.getparent().text_content().strip() for field in fields)
    values = {field.get("value") for field in fields if field.get("name") == "design"}
    assert {card.get("data-design") for card in root.xpath("//li[@class='card']")} <= values


def test_the_graphic_stands_second_last_and_is_hidden_from_screen_readers(root):
    table = root.xpath("//table[@class='comparison']")[0]
    heads = [cell.text_content() for cell in table.xpath(".//thead//th")]
    assert heads[-2:] == [SAMPLE["table"]["axis"]["label"], SAMPLE["table"]["columns"][-1]["label"]]
    for row, model in zip(table.xpath(".//tbody/tr"), SAMPLE["table"]["rows"], strict=True):
        assert len(row) == len(heads)
        assert (row[-2].find("svg") is not None) == bool(model["graphic"])
        assert all(graphic.get("aria-hidden") == "true" for graphic in row.iter("svg"))


def test_every_header_cell_has_a_scope_and_a_row_leads_to_its_card(root):
    assert {cell.get("scope") for cell in root.iter("th")} == {"col", "row"}
    first = root.xpath("//table[@class='comparison']/tbody/tr/th/a/@href")
    assert first == [f"#{card['id']}" for card in SAMPLE["cards"]]


def test_links_of_the_cards_can_be_told_apart_by_ear(root):
    spoken = [" ".join(link.text_content().split()) for link in root.xpath("//ul[@class='links']//a")]
    assert len(spoken) == len(set(spoken))


def test_decoration_is_hidden_from_screen_readers(root):
    dots = [span.text for span in root.xpath("//span[@aria-hidden='true']")]
    assert len(dots) == len(SAMPLE["table"]["rows"])
    assert set("".join(dots)) == set("●○ ")


def test_a_point_and_its_interval_stand_where_the_axis_says():
    drawing = str(portal.graphic({"estimate": 5, "low": -4, "high": 14, "style": 1}, AXIS))
    assert 'cx="90.0"' in drawing
    assert "M0.0 11.0H180.0" in drawing
    assert 'class="zero" d="M40.0 0' in drawing


def test_the_styles_have_shapes_of_their_own_and_no_interval_is_drawn_without_ends():
    drawings = [str(portal.graphic({"estimate": 5, "low": None, "high": None, "style": n}, AXIS)) for n in range(3)]
    assert len({re.sub(r"style-\d", "", drawing) for drawing in drawings}) == 3
    assert not any("interval" in drawing for drawing in drawings)
    assert portal.graphic(None, AXIS) == ""


def without_a_cell(model):
    model["table"]["rows"][0]["cells"].pop()


def outside_the_axis(model):
    model["table"]["rows"][0]["graphic"]["high"] = 15


def with_a_script_in_a_link(model):
    model["cards"][0]["links"][0]["href"] = "javascript:alert(1)"


def with_the_same_card_twice(model):
    model["cards"].append(model["cards"][0])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (without_a_cell, "cell for each column"),
        (outside_the_axis, "outside the axis"),
        (with_a_script_in_a_link, "may not lead"),
        (with_the_same_card_twice, "ids used twice"),
    ],
)
def test_a_defect_in_the_model_stops_the_page(spoil, message):
    model = copy.deepcopy(SAMPLE)
    spoil(model)
    with pytest.raises(ValueError, match=message):
        rendered(model)


def test_a_script_that_closes_its_element_is_refused():
    with pytest.raises(ValueError, match="script"):
        portal.render(SAMPLE, css=CSS, js="</script>", fonts={}, template_folder=SHARED)
