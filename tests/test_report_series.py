"""The report of a series of counts: check 6 of the evidence brief, references of numbers, and how figures are drawn."""

import re
from functools import cache

import printed
import pytest
import series_reports
import stages
import test_report_model as shared

from analysis.report import figures
from analysis.report.canvas import drawing
from analysis.results import estimate_id

CLAIMS = ("sammendrag", "resultater", "over-tid", "balanse")


@cache
def whole():
    return stages.report_of(series_reports.material())


def blocks_of(kind, report=None):
    sections = (report or whole())["sections"]
    return {block["id"]: block for section in sections for block in section["blocks"] if block["type"] == kind}


def rows_of(name, report=None):
    return [[printed.text(cell) for cell in row] for row in blocks_of("table", report)[name]["rows"]]


def callouts():
    return {
        block["title"]: printed.text(block["runs"])
        for block in printed.section(whole(), "sammendrag")["blocks"]
        if block["type"] == "callout"
    }


# Check 6: process-outcome badge, warning, no claim of persons, two dates with their uncertainty


def test_the_summary_has_a_badge_that_the_outcome_is_of_the_process():
    assert "ikke hvordan det går med dem den gjelder" in callouts()["Prosessmål"]


def test_the_summary_warns_of_regression_to_the_mean_with_how_much_was_to_be_expected():
    told = callouts()["Regresjon mot gjennomsnittet"]
    assert "Av endringen på −10,0 prosentpoeng etter 7 måneder er −1,8 utviklingen ellers og −4,2 det vi ville" in told
    assert "alt fra −9,4 til 1,3" in told


def test_nothing_is_claimed_of_persons_and_nothing_is_told_as_an_effect():
    told = printed.section_text(whole(), *CLAIMS)
    for word in (r"effekt\w*", "førte til", "bidro til", "tyder på", "økte", "reduserte"):
        assert not re.search(rf"\b{word}\b", told), word
    for word in ("deltakerne", "brukerne", "de unge fikk", "ungdommene", "personene"):
        assert word not in told.lower(), word
    assert "ingen enkelt person er fulgt over tid" in told


def test_the_two_dates_stand_with_their_months_and_how_sure_they_are():
    summary = printed.section_text(whole(), "sammendrag")
    assert (
        "gikk ned fra 62,0 prosent i oktober 2020 til 52,0 prosent i mai 2021, det vil si 10,0 prosentpoeng" in summary
    )
    assert "Månedene er usikre: for de månedene som er mulige, er endringen fra −12,4 til −6,7 prosentpoeng." in summary
    before, after = rows_of("tab-tidspunkter")
    assert before[:2] == ["Oktober 2020", "september 2020 til november 2020"]
    assert before[2].startswith("tolket")
    assert after[:2] == ["Mai 2021", "april 2021 til juni 2021"]
    assert all(re.fullmatch(r"\d\d,\d til \d\d,\d", row[4]) for row in (before, after))


# Ranks, offices and words


def test_the_interval_of_the_rank_is_told_where_the_rank_is():
    assert "kan Troms og Finnmark være fra nummer 1 til 8 av 11" in printed.section_text(whole(), "sammendrag")
    listed = rows_of("tab-plassering")
    assert listed[0][0] == "Troms og Finnmark"
    assert listed[0][4] == "1 til 8"
    assert len(listed) == 11


def test_the_office_is_told_beside_other_counties_offices_and_why():
    told = printed.section_text(whole(), "resultater")
    assert "Kontor 9360 er sammenlignet med 52 kontorer i andre fylker." in told
    assert "fordi fylkets tall inneholder kontorets eget" in told


def test_the_truth_of_the_office_stands_beside_its_series_and_the_rest_beside_that_of_the_county():
    office = next(row for row in rows_of("tab-fasit") if row[1] == "Kontor 9360")
    assert office[3].startswith("−8,0")
    assert office[-1] == "ja"
    assert "er resten 7 måneder etter −4,1" in printed.section_text(whole(), "fasit")


def test_counties_are_called_counties_in_the_reasons_of_the_grade():
    assert "få fylker i tiltaksgruppen" in printed.section_text(whole(), "sammendrag")
    assert "få kontorer" not in printed.section_text(whole(), "sammendrag")


def test_without_flows_the_report_says_that_it_is_not_known_who_came_and_left():
    report = stages.report_of(series_reports.material(flows=False))
    assert "tab-sammensetning" not in blocks_of("table", report)
    assert "sier ikke hvem som er kommet til" in printed.section_text(report, "resultater")
    parts = {row[0]: row[1] for row in rows_of("tab-sammensetning")}
    assert parts["Hele endringen"] == "−10,0"


# Numbers and figures


def test_every_reference_leads_to_the_value_that_it_names():
    rows = {estimate_id(row): row for _, row in series_reports.material().estimates.iterrows()}
    series = {f"{row['unit']}/{row['month']}": row for _, row in series_reports.material().tables["series"].iterrows()}
    found = {str(row["unit"]): row for _, row in series_reports.material().tables["funnel"].iterrows()}
    for number in whole()["numbers"].values():
        source, value = number["source"], number["value"]
        if source["table"] == "estimates" and source["column"] != "convention":
            assert rows[source["row"]][source["column"]] == value
        if source["table"] == "series":
            unit, month = source["row"].rsplit("/", 1)
            key = f"{unit}/{12 * int(month[:4]) + int(month[5:]) - 1}"
            assert series[key][source["column"]] == value
        if source["table"] == "funnel" and source["row"] != "office":
            assert found[source["row"]][source["column"]] == value


def test_every_number_in_text_and_tables_is_a_reference():
    card = series_reports.material().card.model_dump(mode="json")
    found = [card[key] for key in ("background", "population", "content", "time_zero", "assignment", "estimand")]
    found += [card[key] for key in ("limitations", "sources", "disclosure", "arms", "synthetic", "series")]
    found += [[outcome.definition, outcome.label, outcome.phrase] for outcome in shared.load_outcomes().values()]
    found += [f"bind {number}" for number in (225, 110, 15, 21, 91, 24, 6, 46)]
    found += [
        "AR(1)",
        "9360",
        *series_reports.material().tables["funnel"]["unit"].dropna().astype(str),
        "nummer 1.",
        "5 prosent",
    ]
    stated = sorted(set(shared.strings(found)), key=len, reverse=True)
    for runs in printed.all_runs(whole()):
        plain = "".join("\ue000" if "number" in run else run["text"] for run in runs)
        assert shared.unexplained(plain, stated) == [], printed.text(runs)


@pytest.mark.parametrize("name", ["fig-tidsserie", "fig-fylker", "fig-trakt"])
def test_every_figure_is_drawn_with_the_mark_of_made_up_data_and_has_its_numbers(name):
    block = blocks_of("figure")[name]
    svg = figures.draw(block["kind"], block["data"], mark="Syntetiske data")
    assert b"Syntetiske data" in svg
    assert {len(row) for row in block["table"]["rows"]} == {len(block["table"]["columns"])}
    assert figures.draw(block["kind"], block["data"], mark="Syntetiske data") == svg


def test_the_funnel_has_a_point_for_every_office_and_its_limits_hold_the_share_of_all():
    data = blocks_of("figure")["fig-trakt"]["data"]
    assert [len(one["x"]) for one in data["points"]] == [8, 52]
    for line in data["lines"]:
        assert all(low < data["target"] < high for low, high in zip(line["low"], line["high"], strict=True))
    with drawing():
        sheet = figures.PAINTERS["funnel"](data, None)
    (axes,) = sheet.figure.axes
    assert len(axes.lines) == 1 + 2 * len(data["lines"]) + len(data["points"])


def test_the_line_without_a_change_begins_when_the_change_can_be_seen():
    block = blocks_of("figure")["fig-tidsserie"]
    lines = {one["style"]: one for one in block["data"]["series"]}
    assert [value is None for value in lines[2]["y"]] == [x < 0 for x in lines[0]["x"]]
    assert block["data"]["zero"]["value"] == 0
