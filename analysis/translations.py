"""A cohort's texts in other languages, kept beside its card: cohorts/<cohort>/translations.yaml.

The card holds the plan, and a translation changes no plan: here the texts can be put into Nynorsk and English after the
plan is locked. A text is found by its Bokmål; one that has changed since has no translation any more.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from babel.localedata import exists

from analysis.strict import Filled, Finding, Strict, read_strict

FILE = "translations.yaml"


class Translations(Strict):
    """The file: a list of texts by language, with nb and at least one more."""

    texts: list[dict[str, Filled]]


def read_translations(path: str | Path | None) -> dict[str, dict[str, str]]:
    """Texts by their Bokmål, with those of other languages that are there; none without a file.

    Raises ProblemsFound with every mistake: a code that is no language, no Bokmål, the same Bokmål twice, a text that
    is in Bokmål alone.
    """
    if not path or not Path(path).is_file():
        return {}
    found = read_strict(path, Translations, _rules).texts
    return {text["nb"]: {code: words for code, words in text.items() if code != "nb"} for text in found}


def _rules(data: dict[str, Any]) -> Iterator[Finding]:
    seen: set[str] = set()
    listed = data.get("texts")
    for number, one in enumerate(listed if isinstance(listed, list) else []):
        if not isinstance(one, Mapping):
            continue
        for code in one:
            if not exists(str(code)):
                yield ("texts", number, code), "er ikke koden til et språk.", "Skriv for eksempel nb, nn eller en."
        if "nb" not in one:
            yield ("texts", number), "mangler nb.", "Sett inn teksten slik den står i kortet."
        if not set(one) - {"nb"}:
            yield ("texts", number), "er bare på bokmål.", "Fyll inn minst ett språk til, for eksempel nn eller en."
        if str(one.get("nb")) in seen:
            yield ("texts", number), "den samme bokmålsteksten står flere ganger.", "La den stå én gang."
        seen.add(str(one.get("nb")))


def texts_of(value: Any) -> Iterator[dict[str, str | None]]:
    """Every text of a card or of published figures as plain data: mappings of nb, nn and en."""
    if isinstance(value, Mapping):
        if "nb" in value and set(value) <= {"nb", "nn", "en"}:
            yield dict(value)
            return
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from texts_of(item)
