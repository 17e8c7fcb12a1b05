"""A report without an estimate: five shapes, every number a reference, no word and no interval of a difference."""

import re

import described
import page as page_validation
import printed
import pypdfium2
import pytest
import stages
import test_report_model as shared
from made import reports_of

from analysis.report import figures, html, pdf
from analysis.report.charts import MOST_TICKS, span_ticks
from analysis.report.group_means import MEAN

SHARED = stages.STRINGS.parents[1]
CSS = (SHARED / "report.css").read_text("utf-8")
NBSP = "\u00a0"
BLOCKED = ("sammendrag", "data-og-metode", "resultater", "over-tid", "balanse", "usikkerhet", "betydning")
TOLD = described.turns()
REPORTS = reports_of(TOLD)


def stated_words(material):
    """What card, outcome library and findings say in their own words."""
    card = material.card.model_dump(mode="json")
    keys = ("background", "population", "content", "time_zero", "assignment", "limitations", "sources", "covariates")
    found = [card[key] for key in (*keys, "disclosure", "arms", "synthetic")]
    found += [[outcome.definition, outcome.label, outcome.phrase] for outcome in shared.load_outcomes().values()]
    found += material.tables["findings"][["place", "what"]].to_numpy().ravel().tolist()
    return sorted(set(shared.strings(found)), key=len, reverse=True)


@pytest.mark.parametrize("name", TOLD)
def test_every_number_in_text_and_tables_is_a_reference(name):
    stated = stated_words(TOLD[name])
    for runs in printed.all_runs(REPORTS[name]):
        plain = "".join("\ue000" if "number" in run else run["text"] for run in runs)
        assert shared.unexplained(plain, stated) == [], printed.text(runs)


@pytest.mark.parametrize("name", TOLD)
def test_every_reference_leads_to_the_row_that_it_names(name):
    material = TOLD[name]
    cells = material.tables["cells"]
    when = cells["event_time"].fillna(0)
    months = cells["event_time"].isna()
    when = when.astype(int).astype("str").where(~months, cells["month"])
    keyed = cells.assign(mean=cells["sum_wy"] / cells["sum_w"], key=cells["outcome"] + "/" + cells["arm"] + "/" + when)
    keyed = keyed.set_index("key")
    for number in REPORTS[name]["numbers"].values():
        source, value = number["source"], number["value"]
        if source["table"] == "cells" and source["column"] != "event_time":
            column = "mean" if source["column"] == MEAN else source["column"]
            assert keyed.loc[source["row"], column] == value
        elif source["table"] == "attrition":
            assert source["column"] in ("persons", "offices")
        elif source["table"] == "cohort":
            assert source["row"] in type(material.card).model_fields
        else:
            assert source["table"] in ("cells", "balance", "findings", "checks")


@pytest.mark.parametrize("name", TOLD)
def test_no_difference_no_interval_and_no_word_of_an_effect(name):
    report = REPORTS[name]
    text = printed.section_text(report, *BLOCKED)
    for denial in ("Den anslår ingen effekt.", "for ingen effekt er anslått."):
        assert denial in text
        text = text.replace(denial, "")
    for word in (r"effekt\w*", r"økte", r"reduserte", r"førte til", r"bidro til", r"tyder på", r"KI", r"konfidens\w*"):
        assert not re.search(rf"\b{word}\b", text), word
    units = {number["unit"] for number in report["numbers"].values() if number["source"]["table"] != "cohort"}
    assert "percentage_points" not in units
    assert "p_value" not in units


@pytest.mark.parametrize("shape", described.SHAPES)
def test_the_built_in_effect_stands_only_in_its_own_table(shape):
    report, card = REPORTS[shape], described.card(shape)
    rows = next(block for block in printed.section(report, "fasit")["blocks"] if block["type"] == "table")["rows"]
    assert len(rows) == len(card.synthetic.effects)
    assert printed.section(report, "fasit")["title"] == "Lagt inn i dataene"
    assert "prosentpoeng" in printed.text(rows[0][3])
    assert "prosentpoeng" not in printed.section_text(report, *BLOCKED)


def test_a_cohort_of_real_persons_has_no_table_of_what_was_built_in_and_no_banner():
    report = REPORTS["real persons"]
    assert "fasit" not in [section["id"] for section in report["sections"]]
    assert report["banner"] is None
    assert "kan ikke brukes til å velge mellom innsatser" in printed.section_text(report, "betydning")


def test_the_lead_says_who_is_followed_and_that_nothing_is_estimated():
    lead = printed.text(printed.section(REPORTS["clusters"], "sammendrag")["blocks"][0]["runs"])
    assert lead == (
        "Rapporten følger HPMT-kontorene (33 personer) og kontrollkontorene (23 personer) fra starttidspunktet, "
        "mai 2011, og 20 måneder fram. Denne rapporten beskriver gruppene. Den anslår ingen effekt."
    )
    series = printed.text(printed.section(REPORTS["series"], "sammendrag")["blocks"][0]["runs"])
    assert "kontorene i fylket (2 kontorer)" in series


def test_shares_in_the_summary_are_those_of_the_cells():
    cells = TOLD["series"].tables["cells"].set_index(["arm", "event_time"])
    start, later = (cells.loc[("deltakere", time)] for time in (0, 7))
    assert (start["sum_y"] / start["n"], later["sum_y"] / later["n"]) == (0.41, 0.43)
    summary = printed.section_text(REPORTS["series"], "sammendrag")
    assert "Kontorene i fylket: 41,0 prosent ved starttidspunktet og 43,0 prosent etter 7 måneder." in summary


def test_an_outcome_measured_once_is_told_once_and_has_no_curve():
    report = REPORTS["single"]
    assert "Deltakerne: 73 prosent." in printed.section_text(report, "sammendrag")
    ids = [block["id"] for name in ("resultater", "over-tid") for block in printed.section(report, name)["blocks"]]
    assert ids == ["tab-ordinary-work-last-day", "tab-en-gang", "fig-tid-ordinary-work-last-day"]
    table = printed.section(report, "resultater")["blocks"][1]
    assert [printed.text(cell) for cell in table["rows"][0]] == ["Ansettelse", f"73{NBSP}%", "49", "–", "–"]


def test_many_horizons_are_all_in_the_table_and_few_in_the_sentence():
    report = REPORTS["starts"]
    table = printed.section(report, "resultater")["blocks"][0]
    labels = [printed.text(row[0]) for row in table["rows"]]
    assert labels == ["Ved start", *(f"{months} måneder etter start" for months in (3, 6, 12, 24, 36))]
    sentence = next(
        line for line in printed.section_text(report, "sammendrag").split("\n") if line[:10] == "Deltakerne"
    )
    assert re.findall(r"etter (\d+) måneder", sentence) == ["12", "36"]


@pytest.mark.parametrize("name", TOLD)
def test_the_curves_are_the_means_of_the_cells_and_the_start_is_marked(name):
    cells = TOLD[name].tables["cells"]
    for block in printed.section(REPORTS[name], "over-tid")["blocks"]:
        if block["type"] == "figure":
            assert block["data"]["zero"] == {"value": 0, "label": "Start"}
            means = set(cells["sum_wy"] / cells["sum_w"])
            for series in block["data"]["series"]:
                assert set(series["y"]) <= means
                assert series["low"] is series["high"] is None
            assert len(block["table"]["rows"]) == len({x for series in block["data"]["series"] for x in series["x"]})


def test_amounts_are_told_in_their_unit():
    blocks = printed.section(REPORTS["clusters"], "resultater")["blocks"]
    assert printed.text(blocks[1]["caption"]) == "Dager i arbeid i måneden: gjennomsnitt (dager) i hver gruppe"
    assert not any("%" in printed.text(cell) for row in blocks[1]["rows"] for cell in row)
    figure = printed.section(REPORTS["clusters"], "over-tid")["blocks"][1]
    assert figure["data"]["y_label"] == "Gjennomsnitt (dager)"


def test_the_flow_is_the_attrition_step_by_step():
    boxes = printed.section(REPORTS["starts"], "deltakerflyt")["blocks"][0]["data"]
    assert boxes["common"] == ["Levert\n520 personer"]
    assert boxes["arms"][0] == [
        "Deltakerne\n120 personer levert",
        "Uten personer utenfor populasjonen\n109 personer",
        "Kan følges til og med første måletidspunkt\n102 personer",
    ]
    series = printed.section(REPORTS["series"], "deltakerflyt")["blocks"][0]["data"]
    assert series["common"] == ["Levert\n6 kontorer"]
    assert series["arms"] == [
        ["Kontorene i fylket\n2 kontorer levert"],
        ["Kontorene ellers i landet\n4 kontorer levert"],
    ]


def test_findings_are_told_with_their_number_and_the_reason_for_accepting_them():
    bullets = printed.section(REPORTS["starts"], "leveransekontroll")["blocks"][1]["items"]
    assert [printed.text(item) for item in bullets] == [
        "ytelser* (1 tilfelle): personen er ikke levert. Godtatt: Personen trakk seg.",
        "arbeid, kolonnen «fra_dato» (12 tilfeller): perioder overlapper hverandre og er slått sammen.",
    ]
    assert "fant ingenting" in printed.section_text(REPORTS["clusters"], "leveransekontroll")


@pytest.mark.parametrize("shape", described.SHAPES)
def test_there_is_no_grade_and_no_step(shape):
    report = REPORTS[shape]
    box = next(block for block in printed.section(report, "sammendrag")["blocks"] if block["type"] == "callout")
    assert box["title"] == "Tillit til resultatet: ikke vurdert"
    assert {"term": "Tillit til resultatet", "text": "Ikke vurdert"} in report["meta"]


@pytest.mark.parametrize("shape", described.SHAPES)
def test_the_report_becomes_a_page_with_its_banner_on_every_figure(shape):
    report = REPORTS[shape]
    page = html.render(report, css=CSS, fonts={}, template_folder=SHARED)
    drawn = [block for section in report["sections"] for block in section["blocks"] if block["type"] == "figure"]
    assert page.count('class="chart"') == len(drawn) >= 2
    assert page.count("Syntetiske data") >= len(drawn) + 1


@pytest.mark.parametrize("shape", described.SHAPES)
def test_the_report_becomes_a_tagged_pdf_with_its_banner_on_every_page(shape):
    content = pdf.render(REPORTS[shape], template=SHARED / "report.typ", font_folder=SHARED / "fonts")
    for page in pypdfium2.PdfDocument(content):
        assert "Syntetiske data" in page.get_textpage().get_text_range()
    for profile in ("PDF_UA_1", "PDF_A_2A"):
        chosen = page_validation.ValidationProfile.__members__[profile]
        assert page_validation.validate_pdf_bytes(content, profile=chosen).is_compliant


@pytest.mark.parametrize(("low", "high"), [(-24, 36), (-12, 30), (0, 7), (-9, 10), (-30, 60), (3, 4)])
def test_marks_of_a_monthly_axis_are_few_round_and_hold_the_start(low, high):
    writer = type("Words", (), {"book": type("Book", (), {"language": shared.Language("nb", "nb_NO")})})
    values = [tick["value"] for tick in span_ticks(writer, low, high)]
    assert len(values) <= MOST_TICKS + 1
    assert all(low <= value <= high for value in values)
    assert len({after - before for before, after in zip(values, values[1:], strict=False)}) == 1
    assert (0 in values) == (low <= 0 <= high)


def test_a_long_curve_has_few_markers_and_a_short_one_all_of_them():
    def uses(points):
        curve = {"label": "a", "x": list(range(points)), "y": [0.1] * points, "low": None, "high": None, "style": 0}
        ticks = [{"value": 0, "label": "0"}, {"value": 1, "label": "1"}]
        data = {"x_label": "x", "y_label": "y", "x_ticks": ticks, "y_ticks": ticks, "zero": None, "series": [curve]}
        return figures.draw("time", data).count(b"<use")

    assert uses(60) - uses(6) < 20
    assert uses(6) - uses(5) == 1
