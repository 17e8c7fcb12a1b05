"""What an analysis beside the headline is called: by the card, or by the words that the reports of its design have."""

import re
from typing import Any

import pandas as pd

from analysis.report.book import Row
from analysis.report.group_means import time_words
from analysis.report.treated_numbers import Shown
from analysis.report.writer import capital
from analysis.tables import MAIN, NEGATIVE_CONTROL

PLACEBO = "placebo"
MONTH, NUMBER = re.compile(r"\d{4}-\d{2}"), re.compile(r"-?\d+")
# Parts of the catalogue that name ways to work out uncertainty.
INFERENCES = ("trial.inference", "staggered.inferences")


def analysis_name(s: Shown, row: Row) -> str:
    """A row's analysis in words, with how its uncertainty is worked out where that is another way than the headline's;
    names that no text knows stand as they are."""
    spec, estimator, inference = (str(row.text(name)) for name in ("spec", "estimator", "inference"))
    titles = {item.name: s.w.text(item.title) for item in s.card.sensitivity}
    if spec in titles:
        return capital(titles[spec])
    keys = _spec_keys(s, spec) if spec != MAIN else ()
    named = (f"trial.analyses.{estimator}", f"treated.analyses.{estimator}", f"family.names.{estimator}")
    what = _first(s, estimator if spec == MAIN else spec, *keys, *named)
    if inference in (s.primary.text("inference"), "none"):
        return capital(what)
    how = _first(s, inference, *(f"{part}.{inference}" for part in INFERENCES))
    return capital(s.w.word("treated.analysis_row", what=what, how=how))


def _spec_keys(s: Shown, spec: str) -> tuple[str, ...]:
    own: tuple[str, ...] = (f"trial.analyses.{spec}", f"staggered.specs.{spec}", f"treated.analyses.{spec}")
    if s.card.design == "individually_randomised":
        return (f"persons_trial.ways.{spec}.interval", *own)
    if s.card.trial is not None:
        return (f"trial.analyses.{s.card.trial.average.removesuffix('s')}_average_{spec}", *own)
    return own


def _first(s: Shown, name: str, *keys: str) -> str:
    """The first of these texts that the catalogue has; the name itself where it has none."""
    key = next((key for key in keys if _has(s.w.book.catalogue, key)), None)
    return s.w.book.literal(name.replace("_", " ")) if key is None else s.w.word(key, **units(s))


def _has(catalogue: Any, key: str) -> bool:
    for part in key.split("."):
        if not isinstance(catalogue, dict) or part not in catalogue:
            return False
        catalogue = catalogue[part]
    return isinstance(catalogue, str)


def units(s: Shown) -> dict[str, str]:
    """What the units that adopt are called, for cohorts where some do."""
    return s.w.book.catalogue["staggered"]["units"][s.card.staggered.unit] if s.card.staggered is not None else {}


def control_name(s: Shown, row: Row) -> str:
    """What a control is: its outcome and how long before the start, or the kind of test."""
    term = row.text("term")
    if term == PLACEBO:
        return s.w.word("treated.analyses.placebo", when=_placebo_time(s, str(row.text("spec"))))
    if term != NEGATIVE_CONTROL:
        return s.w.word(f"treated.analyses.{term}")
    label = capital(s.w.text(s.w.outcome(row.text("outcome")).label))
    if pd.isna(row.text("event_time")):
        return label
    return s.w.word("check_figures.controls.before", label=label, row=row)


def _placebo_time(s: Shown, spec: str) -> str:
    """The time before the start that a placebo compares with: a month, or months from the start."""
    name = spec.removeprefix("placebo_")
    if MONTH.fullmatch(name):
        return s.w.book.language.month(name)
    return time_words(s.w, int(name)) if NUMBER.fullmatch(name) else s.w.book.literal(name)
