"""The figures say what the model says, fit their sheet, and come out the same each time."""

import io
import json
import re
import struct
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from PIL import Image

from analysis.report import canvas, figures

SAMPLE = json.loads((Path(__file__).parent / "reference" / "report" / "sample_report.json").read_text("utf-8"))
BLOCKS = [block for section in SAMPLE["sections"] for block in section["blocks"] if block["type"] == "figure"]
BY_ID = {block["id"]: block for block in BLOCKS}
each_figure = pytest.mark.parametrize("block", BLOCKS, ids=BY_ID)
WORDS = st.text(st.characters(codec="latin-1", categories=["L", "N", "P", "S"]), min_size=1, max_size=12)


def texts_of(value):
    """Every text a figure has to show; the keys of `aside` are numbers of boxes."""
    if isinstance(value, dict):
        return [text for part in value.values() for text in texts_of(part)]
    if isinstance(value, list):
        return [text for part in value for text in texts_of(part)]
    return [value] if isinstance(value, str) else []


def letters(text):
    return re.sub(r"\s", "", text)


def shown(svg):
    return letters("".join(etree.fromstring(svg).itertext()))


@each_figure
def test_a_figure_is_the_same_bytes_each_time(block):
    assert figures.draw(block["kind"], block["data"]) == figures.draw(block["kind"], block["data"])


@each_figure
def test_a_figure_shows_every_text_of_its_data(block):
    svg = shown(figures.draw(block["kind"], block["data"]))
    missing = [text for text in texts_of(block["data"]) if letters(text) not in svg]
    assert missing == []


@each_figure
def test_no_text_of_a_figure_leaves_the_sheet(block):
    with canvas.drawing():
        sheet = figures.PAINTERS[block["kind"]](block["data"], "Syntetiske data")
        renderer = FigureCanvasAgg(sheet.figure).get_renderer()
        boxes = {text.get_text(): text.get_window_extent(renderer) for text in sheet.figure.findobj(Text)}
    outside = [
        text
        for text, box in boxes.items()
        if text and (box.x0 < -1 or box.x1 > canvas.WIDTH + 1 or box.y0 < -2 or box.y1 > sheet.height + 2)
    ]
    assert outside == []


def test_the_sample_holds_every_kind_of_figure():
    assert {block["kind"] for block in BLOCKS} == set(figures.PAINTERS)


@each_figure
def test_a_figure_has_no_clock_no_version_and_real_text(block):
    svg = figures.draw(block["kind"], block["data"]).decode("utf-8")
    assert "<dc:date>" not in svg
    assert "Matplotlib v" not in svg
    assert "<text" in svg


def test_the_mark_stands_in_the_figure_only_when_asked_for():
    block = BY_ID["fig-spenn"]
    assert "Syntetiskedata" in shown(figures.draw(block["kind"], block["data"], mark="Syntetiske data"))
    assert "Syntetiskedata" not in shown(figures.draw(block["kind"], block["data"]))


def test_more_rows_make_a_taller_figure():
    data = BY_ID["fig-spenn"]["data"]
    longer = {**data, "rows": data["rows"] * 3}
    with canvas.drawing():
        assert figures.PAINTERS["range"](longer, None).height > figures.PAINTERS["range"](data, None).height + 50


def test_a_row_without_interval_has_a_point_and_a_row_without_estimate_has_nothing():
    row = BY_ID["fig-forest"]["data"]["rows"][0]
    data = BY_ID["fig-forest"]["data"]

    def markers(**changed):
        svg = figures.draw("forest", {**data, "references": [], "rows": [{**row, **changed}]}).decode("utf-8")
        return svg.lower().count("fill: #0063c1"), svg.lower().count("stroke: #0063c1")

    point, lines = markers(low=None, high=None)
    assert point > 0
    assert markers()[1] > lines
    assert markers(estimate=None, low=None, high=None) == (0, 0)


def test_the_pens_differ_in_shape_and_line_because_they_do_not_in_grey():
    for one, other in combinations(canvas.PENS, 2):
        assert one.marker != other.marker
        assert one.line != other.line


def test_a_gap_in_a_series_stays_a_gap():
    series = BY_ID["fig-tid"]["data"]["series"][1]
    assert None in series["y"]
    root = etree.fromstring(figures.draw("time", BY_ID["fig-tid"]["data"]))
    dashed = [path.get("d") for path in root.iter("{*}path") if "#ac4400" in (path.get("style") or "").lower()]
    assert any(path.count("M") == 2 for path in dashed)


def test_an_unknown_kind_of_figure_is_refused():
    with pytest.raises(ValueError, match="unknown kind"):
        figures.draw("pie", {})


def test_a_folder_without_the_font_is_refused_and_leaves_the_next_figure_as_it_was(tmp_path):
    block = BY_ID["fig-spenn"]
    before = figures.draw(block["kind"], block["data"])
    with pytest.raises(ValueError, match="Source Sans 3"):
        figures.draw(block["kind"], block["data"], font_folder=tmp_path)
    assert figures.draw(block["kind"], block["data"]) == before


def test_a_text_wider_than_its_box_is_refused():
    with pytest.raises(ValueError, match="does not fit"):
        figures.draw("flow", {"common": ["Uendeliglangtsammensattord" * 3], "aside": {}, "arms": [["a"]]})


@pytest.mark.parametrize("arms", [[], [["a"]] * 4])
def test_a_flow_has_one_to_three_arms(arms):
    with pytest.raises(ValueError, match="one to three"):
        figures.draw("flow", {"common": ["x"], "aside": {}, "arms": arms})


def test_a_text_beside_a_box_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no box"):
        figures.draw("flow", {"common": ["x"], "aside": {"1": "y"}, "arms": [["a"]]})


@pytest.mark.parametrize("number", [1, 2, 3])
def test_boxes_of_a_flow_never_touch(number):
    data = {"common": ["Alle\n49", "Trukket\n48"], "aside": {"0": "Utelatt\nen"}, "arms": [["a", "b\nc"], ["d"], ["e"]]}
    with canvas.drawing():
        sheet = figures.PAINTERS["flow"]({**data, "arms": data["arms"][:number]}, None)
    boxes = [patch.get_extents() for patch in sheet.figure.axes[0].patches]
    assert len(boxes) == 3 + [2, 3, 4][number - 1]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


@given(st.lists(WORDS, min_size=1, max_size=12), st.floats(90, 400))
@settings(max_examples=40, deadline=None)
def test_wrapped_lines_keep_every_word_and_fit(words, width):
    text = " ".join(words)
    with canvas.drawing():
        lines = canvas.wrapped(text, width)
        widths = [canvas.text_width(line) for line in lines]
    assert " ".join(lines) == text
    assert max(widths) <= width


@given(st.lists(st.tuples(st.floats(0, 400), st.floats(1, 90)), max_size=8))
@settings(max_examples=60)
def test_labels_on_the_same_level_never_touch(places):
    spans = [(left, left + width) for left, width in places]
    levels = canvas.levels(spans)
    for (one, level), (other, other_level) in combinations(zip(spans, levels, strict=True), 2):
        assert level != other_level or one[1] < other[0] or other[1] < one[0]


def accessible(block, prefix="x-"):
    return figures.accessible_svg(figures.draw(block["kind"], block["data"]), prefix, "Figur 1", "Hva figuren viser")


@each_figure
def test_an_accessible_figure_has_name_description_and_no_style_attribute(block):
    root = etree.fromstring(accessible(block))
    assert root.get("role") == "img"
    named = [root.find(f".//*[@id='{name}']").text for name in root.get("aria-labelledby").split()]
    assert named == ["Figur 1", "Hva figuren viser"]
    assert not root.xpath("//@style")
    assert not root.xpath("//*[local-name()='style' or local-name()='metadata']")


@each_figure
def test_ids_of_an_accessible_figure_are_its_own_and_every_reference_meets_one(block):
    page = accessible(block, "fig-9-")
    root = etree.fromstring(page)
    ids = root.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert all(name.startswith("fig-9-") for name in ids)
    used = [target.removeprefix("#") for target in root.xpath("//@href")] + re.findall(r"url\(#([^)]+)\)", page)
    assert set(used) <= set(ids)


@pytest.mark.parametrize(("title", "alt"), [("", "beskrivelse"), ("Figur 1", " ")])
def test_a_figure_without_title_or_alt_text_is_refused(title, alt):
    block = BY_ID["fig-spenn"]
    with pytest.raises(ValueError, match="no alt text"):
        figures.accessible_svg(figures.draw(block["kind"], block["data"]), "x-", title, alt)


def test_a_series_with_bars_has_a_bar_with_two_ends_at_each_point_and_no_band():
    data = BY_ID["fig-tid"]["data"]
    series = {
        **data["series"][0],
        "x": [6, 12, 24],
        "y": [0.1, 0.2, 0.1],
        "low": [0.0, 0.1, 0.0],
        "high": [0.2, 0.3, 0.2],
    }

    def lines(**look):
        with canvas.drawing():
            sheet = figures.PAINTERS["time"]({**data, "zero": None, "series": [{**series, **look}]}, None)
        axes = sheet.figure.axes[0]
        return [list(line.get_ydata()) for line in axes.lines], len(axes.collections)

    drawn, bands = lines(bars=True)
    assert drawn == [[0.0, 0.2], [0.1, 0.3], [0.0, 0.2], [0.1, 0.2, 0.1]]
    assert bands == 0
    assert lines() == ([[0.1, 0.2, 0.1]], 1)


@each_figure
def test_a_figure_as_png_has_the_size_of_the_sheet_and_nothing_but_pixels(block):
    content = figures.draw_png(block["kind"], block["data"])
    root = etree.fromstring(figures.draw(block["kind"], block["data"]))
    points = [float(root.get(side).removesuffix("pt")) for side in ("width", "height")]
    dots = figures.DOTS_PER_INCH / canvas.POINTS_PER_INCH
    assert struct.unpack(">2I", content[16:24]) == tuple(pytest.approx(dots * side, abs=1) for side in points)
    assert set(chunks(content)) == {b"IHDR", b"IDAT", b"IEND"}


def chunks(content):
    place = 8
    while place < len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        yield content[place + 4 : place + 8]
        place += length + 12


def test_the_mark_stands_in_the_png_and_the_same_figure_is_the_same_bytes():
    block = BY_ID["fig-spenn"]
    plain, marked = (figures.draw_png(block["kind"], block["data"], mark=mark) for mark in (None, "Syntetiske data"))
    assert plain != marked
    figures.draw_anew()
    assert figures.draw_png(block["kind"], block["data"], mark="Syntetiske data") == marked


def test_letters_stand_in_the_png():
    block = BY_ID["fig-spenn"]
    with_text = Image.open(io.BytesIO(figures.draw_png(block["kind"], block["data"], mark="Syntetiske data")))
    height = with_text.height
    corner = with_text.convert("L").crop((with_text.width - 250, height - 32, with_text.width, height))
    assert min(corner.tobytes()) < 120


def test_an_unknown_kind_and_a_missing_font_stop_the_png(tmp_path):
    with pytest.raises(ValueError, match="unknown kind of figure"):
        figures.draw_png("pie", {})
    with pytest.raises(ValueError, match="font"):
        figures.draw_png("range", BY_ID["fig-spenn"]["data"], font_folder=tmp_path)
