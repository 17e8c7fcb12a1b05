"""Every printed number is a reference to a released row, and the known answers stand in the text, rounded."""

import re
import subprocess
import sys
from functools import cache

import printed
import pytest
import stages

from analysis.outcomes import load_outcomes
from analysis.report.book import Book
from analysis.report.language import Language
from analysis.report.writer import Writer
from analysis.results import estimate_id

NBSP, MINUS = "\u00a0", "\u2212"
DIGITS = re.compile(r"\d+(?:[,.]\d+)*")
REPORT = dict.fromkeys(stages.ALL, stages.report)
SECTIONS = [
    "sammendrag",
    "bakgrunn",
    "data-og-metode",
    "resultater",
    "over-tid",
    "balanse",
    "deltakerflyt",
    "usikkerhet",
    "begrensninger",
    "betydning",
    "vedlegg",
    "metode",
    "sjekkliste",
    "kilder",
    "sporbarhet",
]
# Digits that are no results, each with why.
GUIDELINE = r"(?:CONSORT(?: Cluster)? 20\d\d|TARGET 2025|STROBE|RECORD|TREND|EPOC ITS|DiD-punkt|Tillegg)"
NUMBER = r"\d+[a-h]?(?:\.\d)?(?:\(i{1,2}\))?"
MONTHS = "januar|februar|mars|april|mai|juni|juli|august|september|oktober|november|desember"
ALLOWED = {
    "a month": rf"(?i:(?:\d{{1,2}}\. )?(?:{MONTHS}) \d{{4}})",
    "a year or a span of years in a time column": r"^(?:19|20)\d\d(?:–(?:19|20)\d\d)?$",
    "the names of a digest and of a method": r"SHA-256|HC[23]|CR1|RoB 2|MatchIt 4\.7",
    "a digest or a run": r"\b[0-9a-f]{12}(?:[0-9a-f]{52})?\b",
    "a limit that a catalogue sentence states": r"under 0,05",
    "the numbers of a guideline": rf"{GUIDELINE}(?:,? {NUMBER})*(?:; {GUIDELINE}(?:,? {NUMBER})*)*",
}


def stated_words(cohort):
    """Text that comes word for word from the card, the outcome library or the source: its numbers are the author's."""
    material = stages.material(cohort)
    card = material.card.model_dump(mode="json")
    found = [card[key] for key in ("background", "population", "content", "time_zero", "assignment", "estimand")]
    found += [card[key] for key in ("limitations", "sources", "covariates", "disclosure", "sensitivity", "arms")]
    found += [[fact["what"], fact["note"]] for fact in material.facts]
    found += [[item["note"] for item in (card["cost"] or {}).values() if isinstance(item, dict)]]
    found += [material.card.matching.formula if material.card.matching else ""]
    found += [one["source"] for one in material.checklist["guidelines"]]
    found += [[outcome.definition, outcome.label] for outcome in load_outcomes().values()]
    return sorted(set(strings(found)), key=len, reverse=True)


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from strings(part)


def unexplained(plain, stated):
    """Digit sequences of a text that no reference, no card and no rule of `ALLOWED` explains."""
    if DIGITS.search(plain) is None:
        return []
    for form in _forms_with_digits(tuple(stated)):
        plain = plain.replace(form, "")
    for pattern in ALLOWED.values():
        plain = re.sub(pattern, "", plain)
    return DIGITS.findall(plain)


@cache
def _forms_with_digits(stated):
    """The words that hold a digit, in their order, each as it is and with a capital first letter."""
    told = [words for words in stated if any(letter.isdigit() for letter in words)]
    return [form for words in told for form in (words, words[:1].upper() + words[1:])]


@pytest.mark.parametrize("cohort", stages.ALL)
def test_every_number_in_running_text_and_tables_is_a_reference(cohort):
    stated = stated_words(cohort)
    loose = {}
    for runs in printed.all_runs(stages.report(cohort)):
        plain = "".join("\ue000" if "number" in run else run["text"] for run in runs)
        if found := unexplained(plain, stated):
            loose[printed.text(runs)[:90]] = found
    assert loose == {}


@pytest.mark.parametrize("cohort", stages.ALL)
def test_every_number_in_headings_columns_and_figures_is_written_down_too(cohort):
    """Labels hold no references, but each number in them was formatted by the book; marks on an axis are positions."""
    report, stated = stages.report(cohort), stated_words(cohort)
    texts = " | ".join(number["text"] for number in report["numbers"].values())
    known = set(DIGITS.findall(texts.replace(NBSP, " "))) | set(DIGITS.findall(texts.replace(NBSP, "")))
    card = stages.material(cohort).card
    stated = [*stated, card.title.nb, report["date_text"], card.report.version]
    for place, label in printed.labels(report):
        if place != "figure.ticks":
            found = unexplained(label.replace(NBSP, " "), stated)
            assert [digits for digits in found if digits not in known] == [], label


@pytest.mark.parametrize("cohort", stages.ALL)
def test_every_reference_leads_to_a_number_and_says_the_same(cohort):
    report = stages.report(cohort)
    for runs in printed.all_runs(report):
        for run in runs:
            if "number" in run:
                assert run["text"] == report["numbers"][run["number"]]["text"]


def checklist_counts(report):
    """How many items of the checklist begin with each word, counted in its table."""
    answers = [row[2] for row in printed.rows_of(report, "tab-sjekkliste")]
    begins = {"section": "Se ", "not_told": "Ikke oppgitt.", "not_relevant": "Ikke relevant."}
    counts = {name: sum(answer.startswith(words) for answer in answers) for name, words in begins.items()}
    return {**counts, "text": len(answers) - sum(counts.values()), "all": len(answers)}


@pytest.mark.parametrize("cohort", stages.ALL)
def test_every_source_exists_where_it_says(cohort):
    material, report = stages.material(cohort), stages.report(cohort)
    rows = {estimate_id(row): row for _, row in material.estimates.iterrows()}
    checks = {check.name: check for check in material.checks}
    facts = {fact["id"]: fact for fact in material.facts}
    for number in report["numbers"].values():
        source = number["source"]
        if source["table"] == "estimates":
            assert rows[source["row"]][source["column"]] == number["value"]
        elif source["table"] == "checks":
            name, _, place = source["row"].partition("/")
            check = checks[name]
            own = {"value": check.value, "threshold": check.threshold, "downgrade": check.downgrade, **check.values}
            assert (check.table[int(place)] if place else own)[source["column"]] == number["value"]
        elif source["table"] == "facts":
            values = [facts[name]["value"] for name in source["row"].split("+")]
            assert number["value"] in (values[0], sum(map(float, values)))
        elif source["table"] == "checklist":
            assert number["value"] == checklist_counts(report)[source["row"]]
        elif source["table"] == "cohort":
            assert source["row"] in {*type(material.card).model_fields, "published.two_arms", "published.single_arm"}
        else:
            assert source["column"] in (*material.tables[source["table"]].columns, "covariate")


@pytest.mark.parametrize("cohort", stages.ALL)
def test_a_source_of_a_small_table_leads_to_the_value(cohort):
    """Balance, overlap, attrition, scenarios and ranges: the value stands in the named column of the named table."""
    material, report = stages.material(cohort), stages.report(cohort)
    for number in report["numbers"].values():
        source = number["source"]
        if source["table"] in ("balance", "overlap", "matching", "ranges", "attrition", "scenarios"):
            column = material.tables[source["table"]][source["column"]]
            totals = {column.sum() if column.dtype.kind in "if" else None, column.nunique(), len(column)}
            groups = {"covariate": len(material.card.covariates)}.get(source["column"])
            delivered = material.tables["attrition"].query("reason == 'delivered'")["persons"].sum()
            values = (
                set(column.abs()) | totals | {groups, delivered} if column.dtype.kind in "if" else totals | {groups}
            )
            assert abs(number["value"]) in values, number


@pytest.mark.parametrize("cohort", stages.ALL)
def test_every_section_of_the_design_stands_in_its_order(cohort):
    names = [section["id"] for section in stages.report(cohort)["sections"]]
    assert [name for name in names if name in SECTIONS] == SECTIONS
    assert set(names) - set(SECTIONS) <= {"fasit", "fakta", "kostnad", "leveransekontroll", "skjevhet"}
    assert ("leveransekontroll" in names) == (cohort == stages.NSW)
    assert ("fasit" in names) == (cohort == stages.NSW)


@pytest.mark.parametrize("cohort", stages.ALL)
def test_figures_and_tables_are_numbered_in_the_order_they_stand_and_named_once(cohort):
    blocks = [block for section in stages.report(cohort)["sections"] for block in section["blocks"]]
    for kind in ("figure", "table"):
        own = [block for block in blocks if block["type"] == kind]
        assert [block["number"] for block in own] == list(range(1, len(own) + 1))
        assert len({block["id"] for block in own}) == len(own)
    assert all(printed.text(block["alt"]) for block in blocks if block["type"] == "figure")


@pytest.mark.parametrize("cohort", stages.ALL)
def test_the_same_material_gives_the_same_report(cohort):
    assert stages.report_of(stages.material(cohort)) == stages.report(cohort)


@pytest.mark.parametrize("cohort", stages.ALL)
def test_rows_of_a_table_are_as_long_as_its_head(cohort):
    for section in stages.report(cohort)["sections"]:
        for block in section["blocks"]:
            table = {"table": block, "figure": block.get("table")}.get(block["type"])
            if table:
                assert {len(row) for row in table["rows"]} == {len(table["columns"])}


def test_known_answers_of_hpmt_stand_in_the_text():
    report = stages.report(stages.HPMT)
    summary, results = (printed.section_text(report, name) for name in ("sammendrag", "resultater"))
    for words in (
        "29,7 prosent av deltakerne ved HPMT-kontorene og 23,6 prosent ved kontrollkontorene",
        "en forskjell på 6,1 prosentpoeng",
        f"{MINUS}3,7 til 15,9",
        f"fra {MINUS}1,1 til 13,0 prosentpoeng",
        "er gruppene 367 og 250",
        "30,8 og 24,4 prosent, en forskjell på 6,4 prosentpoeng",
        f"{MINUS}0,9 til 13,3",
        "Kilden skriver bare «i mai»; vi har tolket dette som mai 2013.",
    ):
        assert words in summary
    for words in (
        f"For november 2012 gir en z-test uten hensyn til kontor p ={NBSP}0,09 og Fishers eksakte test p ={NBSP}0,10.",
        f"For mai 2013 gir en z-test uten hensyn til kontor p ={NBSP}0,08 og Fishers eksakte test p ={NBSP}0,08.",
        f"går fra {MINUS}1,1 til 13,0 prosentpoeng",
        f"går fra {MINUS}0,9 til 13,4 prosentpoeng",
    ):
        assert words in results


def results_table(cohort, name):
    blocks = printed.section(stages.report(cohort), "resultater")["blocks"]
    return next(block for block in blocks if block.get("id") == name)


def test_the_table_over_icc_prints_the_known_p_values():
    block = next(
        block
        for block in printed.section(stages.report(stages.HPMT), "resultater")["blocks"]
        if block.get("id") == "tab-icc"
    )
    rows = [[printed.text(cell) for cell in row] for row in block["rows"]]
    assert [(row[0], row[2]) for row in rows] == [
        ("0,00", "0,11"),
        ("0,01", "0,16"),
        ("0,02", "0,20"),
        ("0,05", "0,31"),
        ("0,10", "0,42"),
    ]


def test_the_two_dates_alone_are_fitted_by_36_and_39_tables_in_the_text():
    block = next(
        block
        for block in printed.section(stages.report(stages.HPMT), "resultater")["blocks"]
        if block.get("id") == "tab-alle"
    )
    assert [printed.text(row[1]) for row in block["rows"]] == ["36", "39"]


def test_known_answers_of_the_mentor_project_stand_in_the_text():
    report = stages.report(stages.MENTOR)
    summary = printed.section_text(report, "sammendrag")
    assert "Av 49 brukere fikk 36 ansettelse, det vil si 73 prosent" in summary
    assert "60 til 84" in summary
    table = next(
        block for block in printed.section(report, "resultater")["blocks"] if block.get("id") == "tab-resultat"
    )
    assert [printed.text(cell) for cell in table["rows"][0]] == [
        "Ansettelse",
        "36",
        f"73{NBSP}%",
        "60 til 84",
        "59 til 85",
    ]


def test_known_answers_of_the_american_trial_stand_in_the_text():
    report = stages.report(stages.NSW)
    results = printed.section(report, "resultater")["blocks"]
    rows = {
        block["id"]: {printed.text(row[0]): [printed.text(cell) for cell in row[1:]] for row in block["rows"]}
        for block in results
        if block["type"] == "table"
    }
    work, earnings = rows["tab-any-earnings-in-year"], rows["tab-annual-earnings-usd"]
    assert work["Forsøket: forskjell i desember 1978"][0] == "+11,1"
    assert work["Forsøket: justert for bakgrunn"][0] == "+11,0"
    assert work["Forsøket: endring fra desember 1975"][0] == "+2,6"
    assert earnings["Forsøket: forskjell i desember 1978"][0] == "+1794"
    assert earnings["Forsøket: justert for bakgrunn"][0] == "+1676"
    assert earnings["Forsøket: endring fra desember 1975"][0] == "+1529"
    assert earnings["Uten matching: forskjell i desember 1978"][0] == f"{MINUS}8498"
    notes = [printed.text(block["note"]) for block in results if block["type"] == "table"]
    assert "4,4, 4,5 og 6,2 prosentpoeng" in notes[0]
    assert "633, 639 og 680 dollar" in notes[1]
    summary = printed.section_text(report, "sammendrag")
    assert "40,0 prosent av deltakerne og 31,5 prosent av kontrollgruppen" in summary


@pytest.mark.parametrize("cohort", stages.ALL)
def test_a_printed_number_is_the_value_rounded_half_up(cohort):
    words = Language("nb", "nb_NO")
    for number in stages.report(cohort)["numbers"].values():
        shown = number["text"].replace(NBSP, "").lstrip("+")
        decimals = len(shown.partition(",")[2].rstrip("%"))
        if number["unit"] == "percent" and isinstance(number["value"], float):
            assert shown.rstrip("%") == words.number(100 * number["value"], decimals)
        elif number["unit"] == "percentage_points":
            wanted = words.number(100 * number["value"], 1)
            assert shown in (wanted, wanted.lstrip(MINUS))
        elif number["unit"] == "number":
            wanted = words.number(number["value"], decimals).replace(NBSP, "")
            assert shown in (wanted, wanted.lstrip(MINUS))


def test_differences_are_told_in_points_and_shares_in_per_cent():
    for cohort in stages.ALL:
        rows = {estimate_id(row): row for _, row in stages.material(cohort).estimates.iterrows()}
        for number in stages.report(cohort)["numbers"].values():
            if number["source"]["table"] == "estimates" and number["source"]["column"] in ("estimate", "conf_low"):
                row = rows[number["source"]["row"]]
                assert (number["unit"] == "percent") == (row["scale"] == "share")
                if number["unit"] == "percentage_points":
                    assert row["term"] in ("risk_difference", "placebo")


def test_marks_of_an_axis_have_the_decimals_that_tell_them_apart():
    love = next(
        block
        for block in printed.section(stages.report(stages.NSW), "balanse")["blocks"]
        if block.get("id") == "fig-balanse"
    )
    writer = Writer(stages.material(stages.NSW), Book(Language("nb", "nb_NO"), {}))
    assert [tick["label"] for tick in love["data"]["x_ticks"]][:3] == ["0,0", "0,5", "1,0"]
    labels = [tick["label"] for tick in writer.ticks(0, 0.36)]
    assert len(set(labels)) == len(labels)
    assert [tick["label"] for tick in writer.ticks(0, 0.3, percent=True)][0] == f"0{NBSP}%"


def test_rows_asked_for_again_are_those_of_the_table_whatever_was_done_to_the_first():
    writer = Writer(stages.material(stages.NSW), Book(Language("nb", "nb_NO"), {}))
    wanted = {"estimator": "matched_did_2x2", "spec": "main"}
    first = writer.rows(**wanted)
    first.loc[:, "estimate"] = 0.0
    table = stages.material(stages.NSW).estimates
    expected = table[table["estimator"].eq("matched_did_2x2") & table["spec"].eq("main")]
    assert writer.rows(**wanted).equals(expected)
    assert len(writer.rows(horizon_months=True)) == len(table[table["horizon_months"].eq(True)])


def test_what_reads_a_card_and_writes_a_report_loads_no_library_of_statistics():
    """Half a second in each of many jobs, and a reason to write every report anew when an estimator is edited."""
    loaded = (
        "import sys, analysis.cards, analysis.report.model; print(*{name.partition('.')[0] for name in sys.modules})"
    )
    said = subprocess.run([sys.executable, "-c", loaded], cwd=stages.ROOT, text=True, capture_output=True, check=True)
    assert not {"scipy", "statsmodels"} & set(said.stdout.split())
