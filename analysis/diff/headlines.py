"""The number that a cohort is known by, its grade, its checks and its words, in two runs."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.diff.tables import is_share
from analysis.files import read_csv
from analysis.headline import decisive_row
from analysis.report.language import Language
from analysis.results import TEXT_COLUMNS
from analysis.trace.folder import Folder

NORWEGIAN = Language("nb", "nb_NO")
GRADES = {"high": "høy", "moderate": "middels", "low": "lav", "very_low": "svært lav", None: "ikke vurdert"}
VERDICTS = {"passed": "holder", "failed": "holder ikke", "noted": "opplyst", None: "ikke med"}
DIGITS = re.compile(r"\d")


def headline(folder: Folder, cohort: str) -> tuple[str, float | None]:
    """The main number with its interval and unit, as a report would print it, and its value in that unit."""
    card = Card.model_validate(folder.json(f"{cohort}/cohort.json")["card"])
    row = decisive_row(card, read_csv(folder.path / f"{cohort}/estimates.csv", text=TEXT_COLUMNS))
    if row is None:
        return "ikke noe anslag", None
    shares = is_share(row)
    unit = ("prosent" if row["scale"] == "share" else "prosentpoeng") if shares else f"({row['outcome']})"
    decimals = NORWEGIAN.share_decimals(row["n_treated"] if row["scale"] == "share" else None) if shares else 2
    factor = 100 if shares else 1
    sign = row["scale"] in ("difference", "change")

    def told(value: float, *, plus: bool = False) -> str:
        return NORWEGIAN.number(factor * value, decimals, sign=plus)

    known = pd.notna(row["conf_low"]) and pd.notna(row["conf_high"])
    interval = f" ({told(row['conf_low'])} til {told(row['conf_high'])})" if known else ""
    return f"{told(row['estimate'], plus=sign)}{interval} {unit}", factor * float(row["estimate"])


def headline_words(old: Folder, new: Folder, cohort: str) -> str:
    """The main number before and after, and how far it moved."""
    (before, one), (after, other) = headline(old, cohort), headline(new, cohort)
    if one is None or other is None:
        return before if before == after else f"{before} → {after}"
    moved = other - one
    if before == after:
        return f"{after}, uendret" if moved == 0 else f"{after}, uendret slik det trykkes (flyttet {_small(moved)})"
    if moved == 0:
        return f"{before} → {after}; anslaget er det samme, intervallet er flyttet"
    shown = NORWEGIAN.number(moved, 2, sign=True)
    return f"{before} → {after}; anslaget flyttet {shown if DIGITS.search(shown.strip('+−0,')) else _small(moved)}"


def _small(value: float) -> str:
    return f"{value:+.2g}".replace(".", ",").replace("-", "−") if value else "0"


def verdict_words(old: Folder, new: Folder, cohort: str) -> Iterator[tuple[str, str]]:
    """What became of the grade, the verbs and each check; nothing where all are as before."""
    one, other = (folder.json(f"{cohort}/checks.json") for folder in (old, new))
    grades = [record["grade"] for record in (one, other)]
    if grades[0]["grade"] != grades[1]["grade"]:
        yield "Tillit", " → ".join(GRADES.get(grade["grade"], str(grade["grade"])) for grade in grades)
    if grades[0]["verbs"] != grades[1]["verbs"]:
        yield "Ordbruk", " → ".join(str(grade["verbs"]) for grade in grades)
    before, after = ({check["name"]: check["verdict"] for check in record["checks"]} for record in (one, other))
    for name in dict.fromkeys([*before, *after]):
        left, right = before.get(name), after.get(name)
        if left != right:
            yield "Kontroll", f"{name}: {VERDICTS.get(left, left)} → {VERDICTS.get(right, right)}"


def wording(old: Folder, new: Folder, report: str) -> str:
    """How many texts of a report in Bokmål are worded otherwise, numbers apart, and in which sections."""
    name = f"reports/{report}/{report}.nb.json"
    if not (old.has(name) and new.has(name)):
        return ""
    before, after = (_texts(folder.json(name)) for folder in (old, new))
    changed = {section: set(after.get(section, ())) ^ set(before.get(section, ())) for section in {**before, **after}}
    count = sum(len(set(after.get(section, ())) - set(before.get(section, ()))) for section in changed)
    gone = sum(len(set(before.get(section, ())) - set(after.get(section, ()))) for section in changed)
    if not count and not gone:
        return ""
    sections = ", ".join(section for section, texts in changed.items() if texts)
    return (
        f"{max(count, gone)} {'tekst' if max(count, gone) == 1 else 'tekster'} endret, tall holdt utenfor ({sections})"
    )


def _texts(report: Mapping[str, Any]) -> dict[str, list[str]]:
    """The texts of each section with a sign in place of each number."""
    skipped = ("sporbarhet",)
    return {
        section["title"]: list(_worded(section["blocks"]))
        for section in report["sections"]
        if section["id"] not in skipped
    }


def _worded(value: Any) -> Iterator[str]:
    if isinstance(value, list) and value and all(isinstance(one, Mapping) and "text" in one for one in value):
        yield "".join("#" if "number" in run else str(run["text"]) for run in value if isinstance(run["text"], str))
    if isinstance(value, Mapping):
        for key, one in value.items():
            # Figures are drawn from numbers that stand in tables.
            if key != "data":
                yield from _worded(one)
    elif isinstance(value, list):
        for one in value:
            yield from _worded(one)
