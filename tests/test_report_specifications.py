"""What reports say of all the declared analyses: their range, one test, and never how many agree as evidence."""

import re

import grid_reports
import printed
import pytest
import stages
import trial_reports
from made import reports_of

from analysis.report import figures
from analysis.report.writer import capital

TURNS = grid_reports.turns()
REPORTS = reports_of(TURNS)
each = pytest.mark.parametrize("name", TURNS)
NBSP = "\u00a0"


def blocks_of(report, kind):
    return [block for section in report["sections"] for block in section["blocks"] if block["type"] == kind]


def figure_of(name):
    (found,) = [block for block in blocks_of(REPORTS[name], "figure") if block["kind"] == "curve"]
    return found


def told(name):
    """The paragraph above the figure."""
    texts = [printed.text(block["runs"]) for block in blocks_of(REPORTS[name], "paragraph")]
    (found,) = [text for text in texts if "er ikke et bevis" in text]
    return found


@each
def test_how_many_agree_is_never_called_evidence_and_no_share_of_the_analyses_is_told(name):
    material, text = TURNS[name], told(name)
    assert "Hvor mange av analysene som peker samme vei, er ikke et bevis." in text
    made = material.tables["specifications"].query("status == 'estimated'")
    above, below = int((made["estimate"] > 0).sum()), int((made["estimate"] < 0).sum())
    whole = printed.section_text(REPORTS[name], "resultater", "sammendrag", "usikkerhet", "betydning")
    # «31 av 37 analyser», «84 prosent av analysene», «alle de 37 analysene peker»: in no form.
    assert re.findall(r"\d+ av (?:de )?\d+ analyse", whole) == []
    assert re.findall(r"(?:%|prosent) av (?:de )?(?:\d+ )?analyse", whole) == []
    assert (
        re.findall(
            r"\b(?:alle|ingen|flertallet|de fleste)\b[^.]{0,30}analyse\w* (?:peker|er over|er under|ligger)", whole
        )
        == []
    )
    for count in {above, below} - {len(made), 0, *made.index[made["is_main"].astype(bool)] + 1}:
        assert f" {count} analyse" not in text
    # The only shares are of the permutations.
    shares = re.findall(rf"[\d,]+{NBSP}% av (\w+)", text)
    assert set(shares) <= {"trekningene", "tilfellene"}


@each
def test_range_number_and_place_of_the_main_analysis_are_those_of_the_released_rows(name):
    made = TURNS[name].tables["specifications"].query("status == 'estimated'")
    block, numbers = figure_of(name), REPORTS[name]["numbers"]
    data = block["data"]
    assert [point["estimate"] for point in data["points"]] == made["estimate"].tolist()
    (main,) = [place for place, point in enumerate(data["points"]) if point["main"]]
    assert main == int(made["is_main"].to_numpy(bool).argmax())
    assert all(len(data["band"][end]) == len(made) for end in ("low", "middle", "high"))
    used = {number["source"]["column"] for number in numbers.values() if number["source"]["table"] == "specifications"}
    assert {"estimate", "rank", "band_low", "band_high"} <= used
    if TURNS[name].card.grid is not None:
        assert f"Det gir {len(made)} analyser." in told(name)


@each
def test_every_analysis_has_one_mark_on_each_axis_that_it_has(name):
    data = figure_of(name)["data"]
    made = TURNS[name].tables["specifications"].query("status == 'estimated'")
    for place, choices in enumerate(made["choices"], start=1):
        wanted = [part for part in choices.split(";") if not part.endswith("=unused")]
        marks = [row for group in data["groups"] for row in group["rows"] if place in row["at"]]
        assert len(marks) == len(wanted)


@each
def test_the_figure_can_be_drawn_and_shows_every_choice(name):
    data = figure_of(name)["data"]
    svg = figures.draw("curve", data, mark="Syntetiske data").decode("utf-8")
    shown = re.sub(r"\s|<[^>]+>", "", svg)
    for group in data["groups"]:
        for row in [group, *group["rows"]]:
            assert re.sub(r"\s", "", row["label"]) in shown


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("curve: offices", "Så er kontorene trukket på nytt 99 ganger"),
        ("curve: offices", "av trekningene (permutasjonstest, p"),
        ("curve: dates", "innføringsdatoene flyttet mellom kontorene"),
        ("curve: dates", "så dette er en plassering og ikke en p-verdi."),
        ("curve: dates by lot", "(permutasjonstest, p"),
        ("curve: counties", "innføringsdatoene flyttet mellom fylkene"),
        ("curve: persons", "byttet utfall med hverandre 99 ganger"),
        ("curve: persons", "Tallet forutsetter at de som har nesten samme skår, er like også i det som ikke er målt."),
        ("curve: partners", "tilbøyelighetsskår i samme fylke byttet"),
        ("curve: partners", "så p-verdien kan være for lav."),
        ("curve: the same office", "tilbøyelighetsskår ved samme kontor byttet"),
        ("curve: rows", "1 lot seg ikke gjøre. Grunnene står i metodevedlegget."),
        ("curve: persons", "3 kombinasjoner finnes ikke eller lar seg ikke gjøre."),
    ],
)
def test_the_test_says_what_changed_places_and_what_that_takes_for_granted(name, words):
    assert words in told(name)


def left_out_of(name):
    return [block for block in blocks_of(REPORTS[name], "table") if block["id"] == "tab-utelatte-analyser"]


def test_what_was_left_out_stands_in_the_annex_with_reasons_and_numbers():
    (table,) = left_out_of("curve: persons")
    rows = [[printed.text(cell) for cell in row] for row in table["rows"]]
    assert rows == [[capital(grid_reports.REASONS[0]), "2"], [capital(grid_reports.REASONS[1]), "1"]]
    assert left_out_of("curve: dates") == []


def test_rows_of_the_card_alone_are_not_told_the_range_of_again():
    assert "De går fra" not in told("curve: rows")
    assert "De går fra" in told("curve: persons")


def test_the_table_of_the_figure_says_what_each_analysis_changed():
    rows = [[printed.text(cell) for cell in row] for row in figure_of("curve: persons")["table"]["rows"]]
    changed = [row[1] for row in rows]
    assert changed.count("Hovedanalysen") == 1
    assert "Metode: full matching; Tidspunkt: 6 måneder" in changed
    assert all(len(row) == 4 and "til" in row[3] for row in rows)


def test_a_cohort_without_a_curve_says_nothing_of_it():
    report = stages.report_of(trial_reports.material())
    assert not [block for block in blocks_of(report, "figure") if block["kind"] == "curve"]
