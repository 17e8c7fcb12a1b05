"""A language is a catalogue and no code: Danish beside the three that we have, from a catalogue alone."""

import pytest
import stages

from analysis.compare import CohortResult, comparability, comparison
from analysis.files import read_json
from analysis.report.model import build_report
from analysis.report.portal_model import build_portal
from analysis.report.rendered import write_report
from analysis.tables import REPORT_KINDS

SHARED = stages.STRINGS.parents[1]
ENGLISH = stages.STRINGS.with_name("en.yaml")


@pytest.fixture(scope="module")
def danish(tmp_path_factory):
    """The Bokmål catalogue with another locale and one other word."""
    text = stages.STRINGS.read_text("utf-8")
    assert text.count("locale: nb_NO") == 1
    assert text.count("  contents: Innhold\n") == 1
    path = tmp_path_factory.mktemp("strings") / "da.yaml"
    changed = text.replace("locale: nb_NO", "locale: da_DK").replace("  contents: Innhold\n", "  contents: Indhold\n")
    path.write_text(changed, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(danish, tmp_path_factory):
    material = stages.material(stages.HPMT)
    report = build_report(material, "da", danish, abstract=ENGLISH)
    folder = tmp_path_factory.mktemp("danish") / stages.HPMT
    write_report(report, folder, material.tables, fonts=[], shared=SHARED)
    return folder


def test_every_form_of_the_report_is_written(folder):
    assert {path.name for path in folder.iterdir()} == {f"hpmt.da.{kind}" for kind in REPORT_KINDS}
    model = read_json(folder / "hpmt.da.json")
    assert (model["lang"], model["formats"]["tag"]) == ("da", "da-DK")
    page = (folder / "hpmt.da.html").read_text("utf-8")
    assert '<html lang="da">' in page
    assert ">Indhold<" in page


def test_the_numbers_are_those_of_the_other_languages_in_the_ways_of_its_own(folder):
    own = read_json(folder / "hpmt.da.json")["numbers"]
    norwegian = build_report(stages.material(stages.HPMT), "nb", stages.STRINGS, abstract=ENGLISH)["numbers"]
    assert {name: number["value"] for name, number in own.items()} == {
        name: number["value"] for name, number in norwegian.items()
    }
    texts = {number["text"] for number in own.values()}
    assert {"29,7\u00a0%", "23,6\u00a0%"} <= texts


def test_the_start_page_has_it_under_its_own_name(folder, danish):
    results = {
        stages.HPMT: CohortResult(
            stages.card(stages.HPMT), stages.estimates(stages.HPMT), stages.material(stages.HPMT).grade
        )
    }
    languages = ("nb", "da")
    page = build_portal(
        comparison(results), comparability(results), sorted(folder.iterdir()), danish, code="da", languages=languages
    )
    assert [(one["label"], one["href"]) for one in page["languages"]] == [
        ("Bokmål", "index.html"),
        ("Dansk", "index.da.html"),
    ]
    assert [link["href"] for link in page["cards"][0]["links"]][0] == "reports/hpmt/hpmt.da.html"
