"""The report of treated tables stands whatever is hidden: no missing value is printed, and nothing concluded of one."""

from functools import cache

import numpy as np
import pandas as pd
import printed
import pytest
import stages
from hypothesis import given, settings
from hypothesis import strategies as st
from treated_shown import (
    LOST,
    NAMED,
    RULES,
    grounds,
    headlines,
    honest,
    missing,
    parts,
    shown,
    with_headline,
    with_tables,
)

from analysis.disclosure.release_tables import WITHHELD
from analysis.report import figures, html, pdf, xlsx
from analysis.tables import RELEASED
from analysis.yamlio import read_yaml

SHARED = stages.ROOT / "reports" / "_shared"
CSS = (SHARED / "report.css").read_text("utf-8")
# Words that conclude something of the headline.
CONCLUDED = ("klar forskjell", "sikker forskjell", "økte", "reduserte", "tyder på", "hadde", "var høyere", "var lavere")
CONCLUDED += ("sterkere", "svakere", "viser flere", "viser færre", "Tallene avgjør ikke")
DESIGNS = ("matched", "trial", "persons", "staggered", "county", "described")


@cache
def report(name, profile="public", hide=0.0):
    return stages.report_of(shown(grounds()[name], profile, hide=hide))


def text_of(made):
    return "\n".join(printed.text(runs) for runs in printed.all_runs(made))


def everything(made):
    return "\n".join([text_of(made), *(label for _, label in printed.labels(made))])


def drawn(made):
    """Every figure of a report, drawn."""
    for block in printed.blocks_of(made, "figure").values():
        figures.draw(block["kind"], block["data"])


@pytest.mark.parametrize("profile", list(RULES))
@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_is_a_web_page_and_a_workbook_under_each_profile_with_a_third_of_the_numbers_hidden(name, profile):
    made = report(name, profile, 0.3 if profile == "public" else 0.0)
    page = html.render(made, css=CSS, fonts={}, template_folder=SHARED)
    assert "nan" not in everything(made).split()
    assert "NaN" not in page
    assert xlsx.render(made).startswith(b"PK")


@pytest.mark.parametrize("name", ["matched", "trial", "staggered"])
def test_reports_with_hidden_numbers_are_printed(name):
    made = pdf.render(report(name, "public", 0.3), template=SHARED / "report.typ", font_folder=SHARED / "fonts")
    assert made.startswith(b"%PDF")


@settings(max_examples=10, deadline=None)
@given(
    name=st.sampled_from(DESIGNS),
    hide=st.floats(0, 1),
    seed=st.integers(0, 10**6),
    empty=st.sets(st.sampled_from(list(RELEASED)), max_size=6),
)
def test_whatever_is_hidden_the_report_stands_and_concludes_nothing_of_a_hidden_headline(name, hide, seed, empty):
    material = shown(grounds()[name], hide=hide, seed=seed, empty=empty)
    made = stages.report_of(material)
    assert not {"nan", "None", "<NA>"} & set(everything(made).replace(",", " ").split())
    drawn(made)
    primary = material.estimates.query("role == 'primary'")
    if primary.empty or primary[list(LOST)].isna().any(axis=None):
        told = printed.section_text(made, "sammendrag", "betydning").partition("Tillit til")[0]
        assert [word for word in CONCLUDED if word in told] == []


def test_a_hidden_headline_is_told_and_nothing_is_concluded():
    made = stages.report_of(shown(with_headline(grounds()["trial"], **LOST)))
    assert "Hovedtallet kan ikke vises uten at noen kunne kjennes igjen." in printed.section_text(made, "sammendrag")
    assert "ikke nok til å si" in printed.section_text(made, "betydning")
    assert "keyfigures" not in [block["type"] for block in printed.section(made, "sammendrag")["blocks"]]


@pytest.mark.parametrize(
    ("turn", "words"),
    [
        ("not estimated", "Hovedtallet kunne ikke regnes ut."),
        ("no interval", "har ikke noe intervall som kan vises"),
        ("the draw gives as much", "Vi finner ingen sikker forskjell."),
        ("described", "Rapporten beskriver hvordan det gikk i gruppene."),
        ("adopted", "som innførte"),
        ("one group, up", "utviklet seg sterkere"),
    ],
)
def test_the_first_sentence_is_the_one_that_the_numbers_allow(turn, words):
    assert words in printed.section_text(stages.report_of(headlines()[turn]), "sammendrag")


def test_the_planned_analysis_stands_below_the_one_performed():
    rows = printed.rows_of(report("matched"), "tab-anslag")
    assert rows[0][0].endswith("(hovedanalysen)")
    assert [row[2] for row in rows[:2]] == ["+44,1", "+54,1"]
    assert rows[1][0] == "Den planlagte hovedanalysen"


def test_amounts_are_not_printed_as_percentage_points():
    rows = [row for row in printed.rows_of(report("matched"), "tab-anslag") if row[0] == "Dager i arbeid i måneden"]
    assert [row[2:4] for row in rows][1] == ["+9,0", "5,0 til 13,1"]


def test_controls_stand_apart_with_what_they_are():
    rows = [row[0] for row in printed.rows_of(report("matched"), "tab-kontrollutfall")]
    assert rows[1:4] == ["Endringen før start, fra 12 måneder før", "I utdanning, 18 md. før start", "I utdanning"]
    others = [row[0] for row in printed.rows_of(report("matched"), "tab-andre-analyser")]
    assert not set(rows) & set(others)


def test_a_hidden_count_is_a_gap_in_the_curve_and_a_dash_in_its_table():
    ground = grounds()["trial"]
    cells = ground.tables["cells"].copy()
    own = cells["outcome"].eq("in_work_last_day") & cells["arm"].eq("treated") & cells["event_time"].eq(6)
    cells.loc[own, ["sum_y", "sum_wy"]] = np.nan
    figure = printed.blocks_of(stages.report_of(shown(with_tables(ground, cells=cells))), "figure")["fig-grupper"]
    line = next(one for one in figure["data"]["series"] if one["style"] == 0)
    assert line["y"][line["x"].index(6)] is None
    assert sum(value is None for value in line["y"]) == 1
    rows = [[printed.text(cell) for cell in row] for row in figure["table"]["rows"]]
    assert next(row for row in rows if row[1] == "6 måneder etter start")[3:] == ["–", "–"]
    assert "1 punkter mangler" in printed.text(figure["alt"])


def test_no_point_that_is_drawn_has_a_value_that_no_table_of_the_figure_holds():
    for name in DESIGNS:
        for block in printed.blocks_of(report(name, "public", 0.3), "figure").values():
            assert block["kind"] == "flow" or block["table"]["rows"], (name, block["id"])


def test_every_figure_has_words_and_names_no_number_that_is_hidden():
    made = report("staggered", "public", 0.3)
    for block in printed.blocks_of(made, "figure").values():
        assert len(printed.text(block["alt"])) > 20
    assert all(not pd.isna(number["value"]) for number in made["numbers"].values())


def test_a_withheld_table_is_named_with_its_reason():
    made = stages.report_of(parts()["everything withheld"])
    rows = dict(printed.rows_of(made, "tab-tilbakeholdt"))
    assert len(rows) == len(NAMED)
    assert rows["Andre trekninger av kontorene"].startswith("Hvor ofte andre trekninger")
    assert rows["Anslag"] == "Det finnes ingen regel som sier hvordan tabellen kan vises trygt."


def test_every_table_has_a_name_and_every_reason_its_words():
    words = read_yaml(stages.STRINGS).data["treated"]
    assert set(words["tables"]) == set(NAMED)
    assert set(words["why"]) == {*WITHHELD.values(), "no_rule"}


def test_the_reader_sees_the_headline_as_published_and_as_the_released_counts_give_it():
    estimate = pd.Series({"kind": "level", "estimate": 0.09, "difference": -0.008})
    made = stages.report_of(shown(grounds()["trial"], from_cells=estimate.to_dict()))
    assert [row[1] for row in printed.rows_of(made, "tab-fra-celler")] == ["+9,8", "+9,0", "−0,8"]
    sources = {number["source"]["row"] for number in made["numbers"].values()}
    assert "disclosure/from_cells" in sources


def test_the_card_says_why_the_profile_was_chosen():
    assert "Valgt av testen." in printed.section_text(report("trial"), "personvern")
    assert "Null vises som null." in printed.section_text(report("trial"), "personvern")


@pytest.mark.parametrize(
    ("name", "figures_of"),
    [
        ("matched", {"fig-analyser-vist", "fig-grupper", "fig-balanse", "fig-overlapp", "fig-flyt"}),
        ("trial", {"fig-analyser-vist", "fig-grupper", "fig-undergrupper", "fig-manglende", "fig-flyt"}),
        ("persons", {"fig-grupper", "fig-hendelse", "fig-balanse"}),
        ("staggered", {"fig-hendelse", "fig-analyser", "fig-estimatorer", "fig-skjev-utvikling"}),
        ("described", {"fig-grupper", "fig-flyt"}),
    ],
)
def test_each_design_has_its_figures_where_nothing_is_hidden(name, figures_of):
    assert figures_of <= set(printed.blocks_of(report(name), "figure"))


def test_the_certificate_stands_in_the_annex():
    assert "proving" in [section["id"] for section in report("matched")["sections"]]


def test_robust_intervals_rise_with_the_bound_and_the_other_restriction_is_no_point_of_them():
    data = printed.blocks_of(report("staggered"), "figure")["fig-skjev-utvikling"]["data"]["series"][0]
    assert data["x"] == [0.0, 0.5, 1.0]
    assert data["low"] == pytest.approx(honest()["conf_low"].head(3).tolist())


def test_bounds_of_those_not_measured_are_drawn_as_they_stand():
    rows = printed.blocks_of(report("trial"), "figure")["fig-manglende"]["data"]["rows"]
    assert [(row["low"], row["high"]) for row in rows] == list(zip(missing()["low"], missing()["high"], strict=True))


def test_subgroups_stand_with_their_sizes_in_the_forest():
    rows = printed.blocks_of(report("trial"), "figure")["fig-undergrupper"]["data"]["rows"]
    assert rows[0]["label"] == "menn (67 og 61)"


def test_a_band_of_which_nothing_is_known_is_not_in_the_legend():
    found = printed.blocks_of(stages.report_of(parts()["no band"]), "figure")["fig-analyser"]
    svg = figures.draw(found["kind"], found["data"])
    whole = printed.blocks_of(report("staggered"), "figure")["fig-analyser"]
    assert len(svg) < len(figures.draw(whole["kind"], whole["data"]))
