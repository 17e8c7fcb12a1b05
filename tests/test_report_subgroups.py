"""What reports say of subgroups: nothing without them, no claim without a test, and a warning where nobody planned."""

from functools import cache

import pandas as pd
import printed
import pytest
import stages
import subgroup_reports
import test_report_model as shared
import trial_reports

from analysis.report import html, pdf
from analysis.report.book import Book
from analysis.report.language import Language
from analysis.report.model import numbered
from analysis.report.subgroups import subgroup_sections
from analysis.report.writer import Writer
from analysis.yamlio import read_yaml

SHARED = stages.STRINGS.parents[1]
MADE = subgroup_reports.turns() | subgroup_reports.more_turns()
MAIN = "subgroups"


@cache
def whole():
    """The whole report with the first subgroups."""
    return stages.report_of(MADE[MAIN])


@cache
def report(name):
    """The sections of subgroups alone, which is what is looked at here."""
    book = Book(Language("nb", "nb_NO"), read_yaml(stages.STRINGS).data)
    return {"sections": numbered(list(subgroup_sections(Writer(MADE[name], book)))), "numbers": book.numbers}


def section(name, ident="undergrupper"):
    return next((part for part in report(name)["sections"] if part["id"] == ident), None)


def words(name, ident="undergrupper"):
    """Running text of the section."""
    blocks = [block for block in section(name, ident)["blocks"] if block["type"] in ("paragraph", "callout", "list")]
    said = " ".join(printed.text(runs) for block in blocks for runs in block.get("items", [block.get("runs", [])]))
    return said.replace("\u00a0", " ")


def block(name, ident):
    parts = [part for part in report(name)["sections"] if part["id"].startswith("undergrupper")]
    return next(found for part in parts for found in part["blocks"] if found.get("id") == ident)


def cells(name, ident):
    return [[printed.text(cell) for cell in row] for row in block(name, ident)["rows"]]


def table(name):
    return MADE[name].tables["subgroups"]


def points(value):
    return f"{100 * value:.1f}".replace(".", ",").replace("-", "\u2212")


def test_a_card_without_subgroups_has_no_such_section():
    found = stages.report_of(trial_reports.material())
    assert not [part["id"] for part in found["sections"] if part["id"].startswith("undergrupper")]


def test_the_section_stands_among_the_results_before_what_was_put_in():
    order = [part["id"] for part in whole()["sections"]]
    assert order.index("resultater") < order.index("undergrupper") < order.index("fasit")


def test_groups_that_are_alike_are_said_to_be_with_p_and_holms_p_and_no_other_claim():
    found, tests = words(MAIN), table(MAIN).query("kind == 'interaction'")
    assert (tests["p_holm"] > 0.05).all()
    assert "Kjønn: Forskjellen mellom undergruppene er ikke større enn tilfeldigheter kan gi (p" in found
    assert "når det er tatt hensyn til at flere inndelinger er prøvd" in found
    assert "høyest" not in found
    assert "Forventet størst: kvinner." in found


@pytest.mark.parametrize("name", MADE)
def test_no_report_says_for_whom_it_works_best_nor_calls_a_group_significant(name):
    for ident in ("undergrupper", "undergrupper-utforskende"):
        if section(name, ident) is not None:
            found = words(name, ident).lower()
            for claim in ("virker", "effekt", "signifikant", "best for", "førte til"):
                assert claim not in found, claim


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        (
            "subgroups: apart, not as expected",
            ("kvinner, slik det var ventet.", "menn, mens det var ventet at kvinner"),
        ),
        ("subgroups: apart as expected", ("menn, slik det var ventet.", "kvinner, mens det var ventet at menn")),
    ],
)
def test_only_a_planned_test_that_carries_it_lets_the_text_name_the_highest_group(name, ending):
    rows = table(name).query("kind == 'group'").set_index("group")["estimate"]
    expected = MADE[name].card.subgroups[0].direction
    found = words(name)
    assert "er større enn tilfeldigheter vanligvis gir (p = 0,004)" in found
    assert f"Anslaget er høyest i gruppen {ending[0 if rows.idxmax() == expected else 1]}" in found


def test_a_difference_that_nobody_planned_is_told_with_a_warning_and_no_highest_group():
    name = "subgroups: explored and apart"
    assert section(name) is None
    found = words(name, "undergrupper-utforskende")
    assert "valgt på forhånd, og det var den ikke. Forskjellen kan derfor være en tilfeldighet." in found
    assert "De sier ikke hvem" in found
    assert "høyest" not in found
    assert block(name, "tab-gruppeforskjeller-utforskende")["columns"][-1]["label"] == "p"


def test_klar_has_a_planned_and_an_explored_subgrouping_apart():
    name = "subgroups: persons"
    assert "Utdanning:" in words(name)
    assert "Kjønn" not in words(name)
    assert "Kjønn: Sett for seg selv er forskjellen" in words(name, "undergrupper-utforskende")


def test_few_treated_offices_have_no_p_value_between_groups_in_text_or_table():
    name = "subgroups: few offices"
    assert "Bare 6 kontorer i tiltaksgruppen står bak en av undergruppene." in words(name)
    assert "p =" not in words(name)
    assert {row[-1] for row in cells(name, "tab-gruppeforskjeller")} == {"–"}


def test_a_group_that_is_too_small_is_told_and_has_dashes():
    name = "subgroups: too small"
    assert "har ikke noe anslag: det er færre enn 10 personer med kjent utfall på en av sidene." in words(name)
    assert "kan ikke prøves mot hverandre" in words(name)
    assert cells(name, "tab-undergrupper")[1][2:] == ["–", "–", "–"]


def test_every_reason_for_a_missing_estimate_is_a_sentence():
    found = words("subgroups: everything")
    for place in range(len(subgroup_reports.REASONS)):
        assert f"Gruppen gruppe {place} har ikke noe anslag: " in found
    assert "det er færre enn 2 kontorer på en av sidene." in found
    assert "stratum 2: har for få personer." in found


def test_persons_in_none_of_the_groups_are_counted():
    row = table(MAIN).query("kind == 'unplaced' and name == 'age'").iloc[0]
    total = int(row["n_treated"] + row["n_comparison"])
    assert total > 0
    assert f"{total} personer er ikke med i noen av gruppene" in words(MAIN)


def test_the_table_holds_each_group_with_its_own_and_its_shrunk_estimate():
    rows = cells(MAIN, "tab-undergrupper")
    groups = table(MAIN).query("kind == 'group'")
    assert len(rows) == len(groups) == 5
    for cell, (_, row) in zip(rows, groups.iterrows(), strict=True):
        assert cell[1] == f"{row['n_treated']:.0f} og {row['n_comparison']:.0f}"
        assert cell[3] == f"{points(row['conf_low'])} til {points(row['conf_high'])}"
        assert points(row["shrunk"]) in cell[4]


def test_three_groups_have_their_joint_test_in_a_line_of_its_own():
    rows = cells(MAIN, "tab-gruppeforskjeller")
    assert [row[0] for row in rows] == [
        "Kjønn: kvinner mot menn",
        "Alder: 35–44 år mot under 35 år",
        "Alder: over 45 år mot under 35 år",
        "Alder: alle gruppene under ett",
    ]
    assert rows[1][3:] == ["–", "–"]
    assert "–" not in rows[0]


def test_the_figure_has_a_row_for_each_group_and_the_headline_as_a_line():
    figure = block(MAIN, "fig-undergrupper")
    assert [row["label"] for row in figure["data"]["rows"]] == [
        *("menn", "kvinner"),
        *("under 35 år", "35–44 år", "over 45 år"),
    ]
    main = MADE[MAIN].estimates.query("role == 'primary'").iloc[0]
    assert figure["data"]["references"][1]["value"] == main["estimate"]
    assert points(main["estimate"]) in printed.text(figure["alt"])


def test_matched_groups_tell_how_unlike_they_are_and_weighting_is_not_called_matching():
    rows = table("subgroups: matched").query("kind == 'group'")
    last = [row[-1] for row in cells("subgroups: matched", "tab-undergrupper")]
    for value, cell in zip(rows["max_abs_smd"], last, strict=True):
        assert f"{value:.2f}".replace(".", ",") in cell
    assert "med de samme matchede personene og vektene" in words("subgroups: matched")
    assert "matchede" not in words("subgroups: weighted")


def test_adoption_groups_that_were_left_out_of_all_groups_are_named():
    assert "i september 2010, februar 2011, er holdt utenfor" in words("subgroups: adoption")
    assert "fylker i tiltaksgruppen" in words("subgroups: adoption by county")


@pytest.mark.parametrize("name", [MAIN, "subgroups: persons", "subgroups: matched"])
def test_every_number_of_subgroups_leads_to_the_released_row(name):
    rows = {}
    for _, row in table(name).iterrows():
        rows["/".join(str(row[key]) for key in ("name", "kind", "group") if not pd.isna(row[key]))] = row
    own = [number for number in report(name)["numbers"].values() if number["source"]["table"] == "subgroups"]
    assert len(own) > 20
    for number in own:
        source = number["source"]
        value = sum(rows[source["row"]][column] for column in source["column"].split("+"))
        assert value == number["value"]


@pytest.mark.parametrize("name", [MAIN, "subgroups: explored and apart", "subgroups: matched"])
def test_no_digit_stands_in_the_section_without_a_reference(name):
    card = MADE[name].card.model_dump(mode="json")
    stated = sorted(set(shared.strings([card["subgroups"], card["covariates"]])), key=len, reverse=True)
    for part in report(name)["sections"]:
        if part["id"].startswith("undergrupper"):
            for runs in printed.all_runs({"sections": [part]}):
                plain = "".join("\ue000" if "number" in run else run["text"] for run in runs)
                assert shared.unexplained(plain, stated) == [], printed.text(runs)


def test_page_and_file_are_made_with_the_section():
    css = (SHARED / "report.css").read_text("utf-8")
    page = html.render(whole(), css=css, fonts={}, template_folder=SHARED)
    assert 'id="undergrupper"' in page
    assert pdf.render(whole(), template=SHARED / "report.typ", font_folder=SHARED / "fonts").startswith(b"%PDF")
