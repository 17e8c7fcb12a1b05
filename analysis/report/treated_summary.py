"""The summary of a treated cohort: the conclusion that its design allows, or that there is none, and never a guess."""

from collections.abc import Iterator

from analysis.grade import UNGRADED
from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Row
from analysis.report.conclusion import conclusion, direction, meaning, not_passed, settled
from analysis.report.group_means import time_words
from analysis.report.staggered_summary import OWN_WORDS
from analysis.report.treated_disclosure import profile
from analysis.report.treated_names import units
from analysis.report.treated_numbers import HIDDEN, ROLES, Shown
from analysis.report.writer import Writer

SINGLE_ARM = "single_arm"


def summary(s: Shown) -> Iterator[Block]:
    """The conclusion where the headline is shown, who is behind it, and that the numbers are treated."""
    row = s.decisive()
    if row is None:
        yield s.w.paragraph(f"treated.headline.{_why_none(s)}", row=s.primary)
    else:
        yield blocks.paragraph(_concluded(s, row), "lead")
        yield from _behind(s, row)
        if s.w.material.grade["verbs"] == "adjusted" and s.card.design != SINGLE_ARM:
            yield not_passed(s.w)
    yield s.w.paragraph("treated.lead", profile=profile(s))


def _why_none(s: Shown) -> str:
    """Why nothing is concluded: nothing was to be estimated, it could not be, or it is hidden."""
    if s.card.analysis == "describe":
        return "described"
    if s.primary is None or s.primary.text("status") != "estimated":
        return "not_estimated"
    return "no_interval" if s.primary.estimate and s.is_share(s.primary) else "hidden"


def _concluded(s: Shown, row: Row) -> Runs:
    """The main sentence, in the words of the design; left open where the draw itself often gives as much."""
    found, verbs = direction(row), s.w.material.grade["verbs"]
    if found != "null" and settled(s.w, row) == "null":
        return s.say("headline.interval_only", row=row)
    if found != "null" and s.card.design == SINGLE_ARM and verbs == "description":
        return s.w.say(f"matched.single_arm.{found}", row=row)
    if found != "null" and s.card.staggered is not None and verbs in OWN_WORDS:
        return s.w.say(f"staggered.conclusion.{verbs}.{found}", row=row, **units(s))
    return conclusion(s.w, row)


def _behind(s: Shown, row: Row) -> Iterator[Block]:
    people = s.people(row)
    if HIDDEN not in people:
        months = row.text("horizon_months")
        when = None if not row.horizon_months else time_words(s.w, int(months))
        yield s.w.paragraph("treated.behind", row=row, when=when)


def keyfigures(s: Shown) -> Block | None:
    """The headline and how many are behind it; None where one of them is hidden."""
    row = s.decisive()
    if row is None or not s.is_share(row) or HIDDEN in s.people(row):
        return None
    items = [(s.points(row.estimate), s.w.label("trial.key_units.points"), s.say("key.main", row=row))]
    items += [(s.count(getattr(row, f"n_{name}")), s.label("key.unit"), s.say(f"key.{name}")) for name in ROLES]
    return blocks.keyfigures((s.w.runs(value), unit, text) for value, unit, text in items)


def treated_meaning(w: Writer, row: Row | None) -> Runs:
    """What the result can be used for: nothing where the headline is hidden."""
    if w.material.grade["grade"] == UNGRADED:
        return meaning(w, row)
    return w.say("treated.meaning") if row is None or w.material.card.benchmark is not None else meaning(w, row)
