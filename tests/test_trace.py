"""A printed number leads to its cell, its row, its plan, its data and its code, on the released folder alone."""

import re
import shutil

import pandas as pd
import pytest

from analysis.cards import Card
from analysis.cli import main
from analysis.files import read_json, write_json
from analysis.problems import ProblemsFound
from analysis.report.language import Language
from analysis.trace.asked import matching, nearest, read_number
from analysis.trace.cells import Cell, owner
from analysis.trace.folder import Folder
from analysis.trace.origin import overrides
from analysis.trace.printed import printed_numbers
from analysis.trace.report import Trace
from analysis.trace.values import cell
from analysis.trace.words import About, treatment_words

WHOLE = ("hpmt", "nsw_supported_work", "sammenligning")
MAIN = {"table": "estimates", "row": "6f49682f6f", "column": "estimate"}
NORWEGIAN = Language("nb", "nb_NO")


@pytest.fixture(scope="module")
def release(finished):
    return finished[0].folder / "results" / "release"


@pytest.fixture
def alone(release, tmp_path):
    """The released files behind the report on HPMT, and nothing else."""
    folder = tmp_path / "alene"
    for name in ("hpmt", "reports/hpmt"):
        shutil.copytree(release / name, folder / name)
    shutil.copy(release / "manifest.json", folder)
    return folder


def traced(folder, text, report="hpmt", language="nb", root="."):
    return "\n".join(Trace(folder, report, language, root).of_number(text))


def as_printed(value, number):
    """The digits of a value with the decimals and the unit of a number in print."""
    text, unit, value = number["text"], number["unit"], abs(float(value))
    if unit == "p_value" and text.startswith("<"):
        return digits(NORWEGIAN.number(0.001, 3)) if value < 0.001 else str(value)
    if unit == "kroner":
        return digits(NORWEGIAN.amount(value))
    # The English summary of a report in Bokmål has a point.
    decimals = len(re.sub(r"[^\d,]", "", text.replace(".", ",")).partition(",")[2])
    return digits(NORWEGIAN.number((100 if unit in ("percent", "percentage_points") else 1) * value, decimals))


def digits(text):
    return re.sub(r"\D", "", text)


@pytest.mark.parametrize("report", WHOLE)
def test_every_number_of_a_report_ends_in_a_row_whose_value_prints_as_it_does(release, report):
    folder = Folder(release)
    numbers = printed_numbers(folder.json(f"reports/{report}/{report}.nb.json"))
    assert len(numbers) > 60
    for number in numbers:
        own = cell(folder, owner(number.record["source"], report), number.record)
        assert own.how is not None, number
        if own.how == "" and own.lines:
            printed = {as_printed(row[own.column], number.record) for row in own.rows}
            assert printed == {digits(number.record["text"])}, number


def test_every_place_of_the_report_is_counted_and_those_of_one_cell_stand_together(release):
    report = read_json(release / "reports/hpmt/hpmt.nb.json")
    (main,) = (one for one in printed_numbers(report) if one.record["source"] == MAIN)
    told = [f"{place.section}: {place.part}" for place in main.places]
    assert any(text.startswith("Sammendrag: «") for text in told)
    assert "Resultater: tabell 1, raden «November 2012», kolonnen «Forskjell (prosentpoeng)»" in told
    assert len(told) == len(set(told))


def test_the_chain_of_hpmt_holds_cell_row_specification_plan_data_code_and_function(finished, release):
    told = traced(release, "6,1", root=finished[0].folder)
    row = pd.read_csv(release / "hpmt/estimates.csv").iloc[0]
    origin = read_json(release / "hpmt/provenance.json")
    assert "hpmt/estimates.csv, linje 2, kolonnen estimate" in told
    assert f"verdi {row['estimate']}" in told
    for words in (
        "estimator difference_in_shares",
        "inference newcombe",
        "main, hovedvalget i kortet",
        "icc=0.02;size_cv=0, der icc er 0.02",
        "personvern, profilen open: gjengitt uendret",
        "analysis.estimate_published.estimate_published (regelen estimate_published)",
        "Newcombe's hybrid score interval",
        "s004_f05 = 29.7 (i inntektsgivende arbeid ved HPMT-kontorene",
        origin["run_id"],
        origin["plan_hash"][:12],
        origin["inputs"]["published.yaml"][:12],
        origin["digests"]["estimated"][:12],
        "ubehandlet rad",
        "Koden er den samme nå.",
        "Analysen i kortet er den samme nå.",
        "Filene er de samme som i manifest.json",
    ):
        assert words in re.sub(r"\s+", " ", told), words
    assert max(map(len, told.splitlines())) <= 100


def test_a_number_of_the_costs_and_of_the_comparison_leads_on_to_the_row_of_the_cohort(release):
    costs = re.sub(r"\s+", " ", traced(release, "6,1"))
    assert re.search(r"hpmt/cost.csv, linje \d+, kolonnen value .* Hentet fra hpmt/estimates.csv, linje 12", costs)
    side_by_side = re.sub(r"\s+", " ", traced(release, "+11,1", "sammenligning"))
    assert "comparison/horizons.csv" in side_by_side
    assert "Hentet fra nsw_supported_work/estimates.csv, linje 2" in side_by_side
    assert "analysis.compare_horizons.horizons (regelen compare_cohorts)" in side_by_side


def test_a_sensitivity_row_names_the_keys_that_it_overrides(release):
    card = read_json(release / "nsw_supported_work/cohort.json")["card"]
    assert overrides(card, "narrow_caliper") == ["matching.caliper: 0.1"]
    assert overrides(card, "no_caliper") == ["matching.caliper: ingen"]
    assert overrides(card, "main") == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"status": "rounded"}, "raden er avrundet"),
        ({"status": "estimated", "disclosure_status": "hidden"}, "raden har skjulte tall"),
        ({"status": "estimated"}, "tabellen er behandlet"),
    ],
)
def test_what_a_profile_did_to_the_row_is_told(release, row, said):
    origin = {"disclosure": {"profile": "redact_and_round_10", "tables": {"estimates": {"rows": 3}}}}
    about = About("hpmt", Card.model_validate(read_json(release / "hpmt/cohort.json")["card"]), origin, release)
    own = Cell("hpmt/estimates.csv", "estimate", lines=(2,), rows=(row,))
    assert treatment_words(about, "estimates", own) == f"personvern, profilen redact_and_round_10: {said}"


def test_the_released_folder_alone_is_enough_and_no_restricted_file_is_named(alone, tmp_path):
    told = traced(alone, "6,1", root=tmp_path)
    assert "hpmt/estimates.csv, linje 2" in told
    assert "ubehandlet rad" not in told
    assert "ligger ikke her" in told


def test_a_changed_file_and_other_code_are_told(alone):
    path = alone / "hpmt/provenance.json"
    origin = read_json(path)
    origin["digests"]["modules"]["analysis.enumeration"] = "0123456789"
    write_json(path, {**origin, "digests": {**origin["digests"], "estimated": "0" * 64}})
    told = re.sub(r"\s+", " ", traced(alone, "6,1"))
    assert "hpmt/provenance.json er endret etter at manifest.json ble skrevet." in told
    assert "Koden er endret siden. Endrede moduler: analysis.enumeration." in told


def test_a_missing_file_is_named_with_what_to_do(alone):
    (alone / "hpmt/provenance.json").unlink()
    with pytest.raises(ProblemsFound, match="ikke hel") as found:
        traced(alone, "6,1")
    assert "hpmt/provenance.json: filen mangler." in str(found.value)


def test_an_estimate_is_traced_by_its_id(release, capsys):
    arguments = ["trace", "--estimate", "6f49682f6f", "--report", "hpmt", "--folder", str(release)]
    assert main(arguments) == 0
    told = capsys.readouterr().out
    assert "hpmt/estimates.csv, linje 2, kolonnen conf_low" in told
    assert main(["trace", "--estimate", "0123456789", "--report", "hpmt", "--folder", str(release)]) == 1
    assert "Ingen kohort har en slik rad." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], 'make trace NUMBER="6,1" REPORT=hpmt'),
        (["--number", "6,1", "--report", "hpmtt"], "rapporten «hpmtt» er ikke sluppet ut. Rapporter: "),
        (["--number", "6,1", "--report", "hpmt", "--language", "se"], "finnes ikke på språket «se»"),
        (["--number", "seks", "--report", "hpmt"], "«seks» er ikke et tall."),
        (["--number", "29,8 %", "--report", "hpmt"], "29,8 % står ikke i rapporten. De nærmeste som står der: 29,7;"),
    ],
)
def test_what_cannot_be_traced_gets_a_sentence_and_not_a_traceback(release, capsys, arguments, said):
    assert main(["trace", *arguments, "--folder", str(release)]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "size", "sign", "percent"),
    [
        ("6,1", "6.1", "", False),
        ("+6.1", "6.1", "+", False),
        ("−1,1", "1.1", "-", False),
        ("-1.1", "1.1", "-", False),
        ("29,7 %", "29.7", "", True),
        ("29,7\u00a0%", "29.7", "", True),
        ("48 620", "48620", "", False),
        ("= 0,09", "0.09", "", False),
        ("6,1 prosentpoeng", "6.1", "", False),
    ],
)
def test_numbers_are_read_as_people_write_them(written, size, sign, percent):
    found = read_number(written)
    assert (found.size, found.sign, found.percent) == (size, sign, percent)


@pytest.mark.parametrize("written", ["", "abc", "1.2.3", "6,1,1"])
def test_what_is_no_number_is_none(written):
    assert read_number(written) is None


def test_a_minus_is_never_taken_for_a_plus_and_english_thousands_are_whole(release):
    numbers = printed_numbers(read_json(release / "reports/hpmt/hpmt.nb.json"))
    assert {one.text for one in matching(read_number("3,7"), numbers, ",")}.isdisjoint({"−3,7"})
    assert {one.text for one in matching(read_number("-3,7"), numbers, ",")} == {"−3,7"}
    assert {one.text.lstrip("+") for one in matching(read_number("+6,1"), numbers, ",")} == {"6,1"}
    assert read_number("48,620", ".").size == "48620"
    assert nearest(read_number("6,12"), numbers, ",")[0] == "6,1"
