"""The start page: every cohort once, ordered by design, and no table shared with made-up data."""

import copy
import re
from pathlib import Path

import printed
import pytest
import stages

from analysis.compare import CohortResult, comparability, comparison
from analysis.files import read_csv, write_csv, write_json
from analysis.pooling import pooled
from analysis.report import portal_model
from analysis.report.portal_model import FORMS, build_portal
from analysis.tables import REPORT_KINDS
from analysis.yamlio import read_yaml

NBSP, MINUS = "\u00a0", "\u2212"
# Parts of the model that nobody reads.
KEYS = ("href", "id", "type", "align", "design", "key", "number", "lang", "graphic", "labels", "level")
SLIPS = r"(?<![\w-])-\d|\d %|\d%|  |\(\s*\)|\{\{|\}\}|[\ue000-\uf8ff]|\bnan\b|\bNone\b| [,.;](?:\s|$)|\.\."


def result(cohort):
    return CohortResult(stages.card(cohort), stages.estimates(cohort), stages.material(cohort).grade)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """The treated comparison as it is read, and the finished reports."""
    folder = tmp_path_factory.mktemp("reports")
    paths = []
    for cohort in stages.ALL:
        write_json(folder / cohort / f"{cohort}.nb.json", stages.report(cohort))
        for kind in FORMS:
            (folder / cohort / f"{cohort}.nb.{kind}").write_bytes(b"x" * 12_345)
        paths += [folder / cohort / f"{cohort}.nb.{kind}" for kind in REPORT_KINDS]
    results = {cohort: result(cohort) for cohort in stages.ALL}
    write_csv(comparison(results), folder / "comparison.csv")
    write_csv(comparability(results), folder / "pairs.csv")
    return read_csv(folder / "comparison.csv"), read_csv(folder / "pairs.csv"), paths


@pytest.fixture(scope="module")
def portal(inputs):
    return build_portal(*inputs, stages.STRINGS)


def cells(portal, cohort):
    row = next(row for row in portal["table"]["rows"] if row["id"] == cohort)
    return [printed.text(cell) for cell in row["cells"]]


def words(value):
    """Every printed string of the page, addresses and keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from words(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            if key not in (
                "href",
                "id",
                "type",
                "align",
                "design",
                "key",
                "number",
                "lang",
                "graphic",
                "labels",
                "level",
            ):
                yield from words(part)


def test_every_cohort_has_a_row_and_a_card_in_the_order_of_designs(portal):
    order = [stages.HPMT, stages.NSW, stages.MENTOR]
    assert [row["id"] for row in portal["table"]["rows"]] == order
    assert [card["id"] for card in portal["cards"]] == order
    assert "ikke en rangering" in printed.text(portal["table"]["note"])


def test_rows_say_what_is_measured_and_how_sure(portal):
    hpmt, nsw, mentor = (cells(portal, cohort) for cohort in (stages.HPMT, stages.NSW, stages.MENTOR))
    assert hpmt[3:5] == ["Inntektsgivende arbeid, 18 måneder", "+6,1"]
    assert hpmt[5].startswith(f"{MINUS}3,7 til 15,9")
    assert hpmt[6] == "Lav"
    assert nsw[3:6] == ["I arbeid i året, 36 måneder", "+11,1", f"{MINUS}3,3 til 25,5"]
    assert mentor[3] == "Ansettelse, tid ikke oppgitt"
    assert f"73{NBSP}%" in mentor[4]
    assert "60 til 84" in mentor[5]
    assert mentor[6] == "Svært lav"


@pytest.mark.parametrize(
    ("code", "words", "not_stated"),
    [
        ("nb", "ikke ett tall: minst 94 000 kroner, ingen øvre grense", "ikke oppgitt"),
        ("nn", "ikkje eitt tal: minst 94 000 kroner, inga øvre grense", "ikkje oppgitt"),
        ("en", "not one number: at least NOK 94,000, no upper limit", "not stated"),
    ],
)
def test_costs_have_a_table_of_their_own_in_every_language(inputs, code, words, not_stated):
    comparison, pairs, paths = inputs
    named = [path.with_name(path.name.replace(".nb.", f".{code}.")) for path in paths]
    for path, other in zip(paths, named, strict=True):
        other.write_bytes(path.read_bytes())
    costs = {cohort: stages.material(cohort).tables["cost"] for cohort in stages.ALL}
    found = build_portal(comparison, pairs, named, stages.STRINGS.with_name(f"{code}.yaml"), code=code, costs=costs)
    section = found["sections"][0]
    rows = [[printed.text(cell).replace(NBSP, " ") for cell in row] for row in section["blocks"][0]["rows"]]
    assert (section["id"], len(rows)) == ("kostnad", len(stages.ALL))
    assert rows[0][2].startswith(words)
    assert rows[1][1:3] == [not_stated, not_stated]


def test_without_any_stated_cost_the_page_has_no_such_chapter(inputs):
    empty = {cohort: stages.material(stages.MENTOR).tables["cost"] for cohort in stages.ALL}
    found = build_portal(*inputs, stages.STRINGS, costs=empty)
    assert found["sections"][0]["id"] == "sammenligning"


def test_only_differences_are_drawn_with_zero_on_the_axis(portal):
    rows = {row["id"]: row["graphic"] for row in portal["table"]["rows"]}
    assert rows[stages.MENTOR] is None
    axis = portal["table"]["axis"]
    for cohort in (stages.HPMT, stages.NSW):
        assert axis["low"] <= rows[cohort]["low"] <= rows[cohort]["estimate"] <= rows[cohort]["high"] <= axis["high"]
    assert axis["low"] <= 0 <= axis["high"]
    assert {cohort: rows[cohort]["style"] for cohort in (stages.HPMT, stages.NSW)} == {stages.HPMT: 0, stages.NSW: 1}


def test_every_pair_is_told_with_its_reasons(portal):
    section = portal["sections"][0]
    items = [printed.text(item) for item in section["blocks"][1]["items"]]
    assert len(items) == 3
    assert all("kan ikke sammenlignes direkte (" in item for item in items)
    assert any("ulik målgruppe, ulik ordinær oppfølging, ulikt utfall" in item for item in items)


def test_a_card_leads_with_the_first_sentence_of_its_report_and_to_its_files(portal):
    card = portal["cards"][0]
    lead = printed.section(stages.report(stages.HPMT), "sammendrag")["blocks"][0]
    assert printed.text(card["sentence"]) == printed.text(lead["runs"])
    assert not any("number" in run for run in card["sentence"])
    assert [link["href"] for link in card["links"]] == [
        *(f"reports/hpmt/hpmt.nb.{form}" for form in ("html", "pdf", "docx", "xlsx", "zip")),
        "hpmt/estimates.csv",
        "hpmt/provenance.json",
    ]
    assert card["links"][0]["size_text"] == "12 kB"
    assert all(link["hidden"] for link in card["links"])


def test_no_card_tells_a_number_without_its_uncertainty(portal):
    for card in portal["cards"]:
        sentence = printed.text(card["sentence"])
        assert "konfidensintervall" in sentence, card["id"]
    assert "Vi finner ingen klar forskjell." in printed.text(portal["cards"][0]["sentence"])


def test_links_stay_inside_the_released_folder(portal):
    for card in portal["cards"]:
        for link in card["links"]:
            assert not link["href"].startswith(("/", "..", "http"))


def test_the_date_comes_from_the_cards(portal):
    assert portal["date_text"] == "21. november 2026"


def test_a_cohort_without_a_number_says_why_in_words(inputs):
    table, pairs, paths = inputs
    reasons = {
        "no_figures": "kilden oppgir ingen tall",
        "no_table_fits": "kan ikke regnes ut",
        "hidden": "vises ikke, av",
    }
    for reason, told in reasons.items():
        other = table.astype({"reason": "object"})
        chosen = other["cohort"] == stages.HPMT
        other.loc[chosen, ["status", "reason"]] = ["not_estimated", reason]
        other.loc[chosen, ["estimate", "conf_low", "conf_high"]] = float("nan")
        found = build_portal(other, pairs, paths, stages.STRINGS)
        row = cells(found, stages.HPMT)
        assert told in row[4]
        assert row[5] == "–"
        assert found["table"]["rows"][0]["graphic"] is None


def test_the_page_says_whether_any_studies_can_be_put_together(inputs, portal, tmp_path):
    assert "samlet" not in [section["id"] for section in portal["sections"]]
    write_csv(pooled({cohort: result(cohort) for cohort in stages.ALL}), tmp_path / "synthesis.csv")
    found = build_portal(*inputs, stages.STRINGS, synthesis=read_csv(tmp_path / "synthesis.csv"))
    assert [section["id"] for section in found["sections"]][:2] == ["sammenligning", "samlet"]
    assert printed.section_text(found, "samlet").startswith("Ingen av rapportene i tabellen er like nok")


def test_made_up_data_never_share_the_table_with_others(inputs, tmp_path):
    table, pairs, paths = inputs
    other = table.assign(data_kind=table["data_kind"].where(table["cohort"] != stages.NSW, "synthetic"))
    model = copy.deepcopy(stages.report(stages.NSW))
    model["data_kind"] = "synthetic"
    path = tmp_path / stages.NSW / f"{stages.NSW}.nb.json"
    write_json(path, model)
    for kind in FORMS:
        path.with_suffix(f".{kind}").write_bytes(b"x")
    kept = [kept for kept in paths if kept.parent.name != stages.NSW]
    found = build_portal(other, pairs, [*kept, *path.parent.iterdir()], stages.STRINGS)
    assert stages.NSW not in [row["id"] for row in found["table"]["rows"]]
    assert stages.NSW not in [card["id"] for card in found["cards"]]
    assert [card["id"] for card in found["demonstration"]["cards"]] == [stages.NSW]
    assert found["demonstration"]["banner"]["heading"] == "Syntetiske data"
    assert found["labels"]["count_all"] == "3 rapporter, av dem 1 med syntetiske data"
    assert found["banner"] is None
    pairs_told = printed.section_text(found, "sammenligning")
    assert "Supported Work" not in pairs_told
    assert pairs_told.count("kan ikke sammenlignes direkte") == 1


def test_a_page_without_made_up_data_has_no_chapter_for_them(portal):
    assert portal["demonstration"] is None
    assert portal["labels"]["count_all"] == "3 rapporter"


def test_a_cohort_that_is_only_described_says_so_and_leads_to_its_cells(inputs):
    table, pairs, paths = inputs
    chosen = table["cohort"] == stages.HPMT
    other = table.astype({"reason": "object", "grade": "object"})
    other.loc[chosen, ["status", "reason", "grade", "verbs"]] = ["not_estimated", "described", "none", "description"]
    found = build_portal(other, pairs, paths, stages.STRINGS)
    row = cells(found, stages.HPMT)
    assert row[4:] == ["beskrivelse, ingen effekt anslått", "–", "Ikke vurdert"]
    card = found["cards"][0]
    assert card["tag"] == "Klyngerandomisert forsøk · publiserte tall · beskrivelse uten anslag"
    assert "hpmt/cells.csv" in [link["href"] for link in card["links"]]
    assert "hpmt/estimates.csv" not in [link["href"] for link in card["links"]]


def test_all_made_up_gives_a_banner(inputs, tmp_path):
    table, pairs, _ = inputs
    paths = []
    for cohort in stages.ALL:
        path = tmp_path / cohort / f"{cohort}.nb.json"
        write_json(path, {**stages.report(cohort), "data_kind": "synthetic"})
        for kind in FORMS:
            path.with_suffix(f".{kind}").write_bytes(b"x")
        paths += list(path.parent.iterdir())
    found = build_portal(table.assign(data_kind="synthetic"), pairs, paths, stages.STRINGS)
    assert found["banner"]["heading"] == "Syntetiske data"
    assert found["table"]["rows"] == []


def test_the_page_is_written_without_slips(portal):
    found = {line for line in words(portal) if re.search(SLIPS, line)}
    assert found == set()


def test_every_text_of_the_page_in_the_catalogue_is_used():
    catalogue = read_yaml(stages.STRINGS).data["portal"]
    source = Path(portal_model.__file__).read_text("utf-8")
    templates = (stages.STRINGS.parents[1] / "portal.html.j2").read_text("utf-8")
    for key in catalogue:
        assert re.search(rf'portal\.{key}\b|"{key}"', source) or key in templates, key


def test_each_language_has_a_page_of_its_own_with_reports_in_that_language(inputs):
    comparison_table, pairs, paths = inputs
    english = []
    for cohort in stages.ALL:
        model = {**stages.report(cohort), "lang": "en", "short_title": f"{cohort} in English"}
        folder = paths[0].parent.parent / cohort
        write_json(folder / f"{cohort}.en.json", model)
        for kind in FORMS:
            (folder / f"{cohort}.en.{kind}").write_bytes(b"x" * 1000)
        english += [folder / f"{cohort}.en.{kind}" for kind in REPORT_KINDS]
    strings = stages.STRINGS.with_name("en.yaml")
    found = build_portal(comparison_table, pairs, [*paths, *english], strings, code="en", languages=("nb", "en"))
    assert found["lang"] == "en"
    assert [(one["href"], one["here"]) for one in found["languages"]] == [
        ("index.html", False),
        ("index.en.html", True),
    ]
    assert {printed.text(row["cells"][0]) for row in found["table"]["rows"]} == {
        f"{name} in English" for name in stages.ALL
    }
    hrefs = [link["href"] for card in found["cards"] for link in card["links"] if link["href"].startswith("reports/")]
    assert hrefs
    assert all(".en." in href for href in hrefs)


def test_the_report_that_sets_all_side_by_side_is_linked_and_is_no_study(inputs):
    comparison_table, pairs, paths = inputs
    folder = paths[0].parent.parent / "sammenligning"
    write_json(folder / "sammenligning.nb.json", {**stages.report(stages.HPMT), "title": "Alt side om side"})
    for kind in FORMS:
        (folder / f"sammenligning.nb.{kind}").write_bytes(b"x" * 2000)
    found = build_portal(comparison_table, pairs, [*paths, *folder.iterdir()], stages.STRINGS)
    assert found["compared"]["title"] == "Alt side om side"
    assert [link["href"].rpartition("/")[2] for link in found["compared"]["links"]] == [
        *(f"sammenligning.nb.{form}" for form in FORMS),
    ]
    assert {card["id"] for card in found["cards"]} == set(stages.ALL)
