"""Translations beside the card: they reach the reports, and none is missing or left over."""

import re

import pytest
import stages
from card_names import plain_names

from analysis.problems import ProblemsFound
from analysis.translations import read_translations, texts_of


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_a_text_is_found_by_its_bokmaal(tmp_path):
    path = write(
        tmp_path / "t.yaml", "texts:\n  - {nb: alle, nn: alle saman, en: everybody}\n  - {nb: noen, nn: nokon}\n"
    )
    assert read_translations(path) == {"alle": {"nn": "alle saman", "en": "everybody"}, "noen": {"nn": "nokon"}}


def test_no_file_is_no_translation():
    assert read_translations(None) == {}
    assert read_translations([]) == {}


def test_any_language_can_stand_beside(tmp_path):
    path = write(tmp_path / "t.yaml", "texts:\n  - {nb: alle, se: buohkat, da: alle sammen}\n")
    assert read_translations(path) == {"alle": {"se": "buohkat", "da": "alle sammen"}}


def test_every_mistake_is_told_at_once(tmp_path):
    path = write(
        tmp_path / "t.yaml",
        "texts:\n  - {nb: a, nn: b}\n  - {nb: a, en: c}\n  - {nb: d}\n  - {nb: e, np: f}\n  - {nn: g}\n",
    )
    with pytest.raises(ProblemsFound) as error:
        read_translations(path)
    for words in ("står flere ganger", "er bare på bokmål", "er ikke koden til et språk", "mangler nb"):
        assert words in str(error.value)


def test_texts_are_found_however_deep_and_plain_mappings_are_none():
    value = {"a": [{"nb": "x", "nn": None}], "b": {"nb": "y", "other": 1}, "c": {"nb": "z"}}
    assert [text["nb"] for text in texts_of(value)] == ["x", "z"]


MONTHS_AND_YEARS = re.compile(r"[\d–-]+")


@pytest.mark.parametrize("cohort", sorted(path.parent.name for path in stages.COHORTS.glob("*/cohort.yaml")))
def test_every_text_of_a_shipped_cohort_has_both_other_languages(cohort):
    known = read_translations(stages.COHORTS / cohort / "translations.yaml")
    card, figures = stages.card(cohort), {}
    if (stages.COHORTS / cohort / "published.yaml").is_file():
        figures = stages.figures(cohort).model_dump(mode="json")
    told = [*texts_of(card.model_dump(mode="json")), *texts_of(figures)]
    named = {name for name in plain_names(card, figures) if not MONTHS_AND_YEARS.fullmatch(name)}
    told += [{"nb": name} for name in sorted(named)]
    missing = [
        (code, text["nb"])
        for text in told
        for code in ("nn", "en")
        if not (text.get(code) or code in known.get(text["nb"], {}))
    ]
    assert missing == []
    assert {text for text in known if not MONTHS_AND_YEARS.fullmatch(text)} - {text["nb"] for text in told} == set()
