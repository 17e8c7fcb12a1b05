"""The verb gate: which sentence the design, its checks and the interval allow."""

from collections.abc import Iterator
from typing import Any

from analysis.grade import DOMAINS, UNGRADED
from analysis.published import UNESTIMATED_PARTS, part_of
from analysis.report.blocks import Block, Runs, callout
from analysis.report.book import Ref, Row
from analysis.report.writer import Writer

# Levels that are worded like another one.
WORDED_AS = {"exposures": "description"}


def direction(row: Row) -> str:
    """ "up", "down", or "null" when the interval leaves the direction open."""
    if row.text("conf_low") > 0:
        return "up"
    return "down" if row.text("conf_high") < 0 else "null"


def conclusion(w: Writer, row: Row, note: str = "") -> Runs:
    """The main sentence; `note` says what the interval takes into account.

    A null result is worded the same whatever the design, and an effect only where it is earned.
    """
    words = {name: w.word(f"conclusion.{name}", row=row) for name in ("down_word", "up_word")}
    found = direction(row)
    verbs = w.material.grade["verbs"]
    key = "conclusion.null" if found == "null" else f"conclusion.{WORDED_AS.get(verbs, verbs)}.{found}"
    return w.say(key, row=row, note=note, **words)


def settled(w: Writer, row: Row) -> str:
    """`direction`, left open as well where the draw itself gives such a difference often."""
    test = w.material.check("permutation")
    return direction(row) if test is None or test.passed else "null"


def meaning(w: Writer, row: Row | None) -> Runs:
    """What the result can be used for."""
    verbs = w.material.grade["verbs"]
    part = part_of(w.material.figures)
    if part in UNESTIMATED_PARTS:
        return w.say(f"meaning.{part}")
    if w.material.grade["grade"] == UNGRADED:
        return w.say("meaning.described")
    if w.material.card.benchmark is not None:
        return _benchmark_meaning(w)
    if w.material.card.synthetic is not None:
        return w.say("meaning.synthetic", passed=_passed(w, verbs), why=_why(w))
    if w.material.check("no_estimate") is not None:
        return w.say("meaning.no_estimate")
    if verbs == "randomised" and row is not None:
        return w.say(f"meaning.randomised.{settled(w, row)}")
    if WORDED_AS.get(verbs, verbs) == "description":
        return w.say("meaning.description" if row is None else "meaning.difference")
    return w.say(f"meaning.{verbs}", why=_why(w))


def _only_grade(w: Writer) -> bool:
    """Whether the grade alone keeps a comparison from being worded as an effect."""
    return w.material.grade["held_back"] == ["very_low"]


def _why(w: Writer) -> str:
    """What keeps the numbers from being an answer."""
    return w.word("meaning.why.very_low" if _only_grade(w) else "meaning.why.checks")


def _passed(w: Writer, verbs: str) -> bool:
    """Whether the comparison passes the gate of its design, which for one group with others found for it is lower."""
    return verbs != ("description" if w.material.card.design == "single_arm" else "adjusted")


def _benchmark_meaning(w: Writer) -> Runs:
    """What trying the method against a trial showed, from the verdicts."""
    nearness = w.material.check(f"benchmark_{w.material.card.outcomes.primary}").text_id.rpartition(".")[2]
    spread = w.material.check("spread")
    moved = [] if spread is None else ["still" if spread.passed else "moves"]
    return w.runs(" ".join(w.word(f"meaning.benchmark.{name}") for name in ("aim", nearness, *moved, "advice")))


def grade_box(w: Writer) -> Block:
    """The evidence grade with where it starts and each step down, or why there is none."""
    grade = w.material.grade
    if grade["grade"] == UNGRADED:
        return callout(w.label("grade.title", grade=w.word("grades.none")), w.say("grade.none"))
    title = w.label("grade.title", grade=w.word(f"grades.{grade['grade']}"))
    return callout(title, w.runs(" ".join([grade_steps(w), *_maryland(w, grade["maryland"])])))


def grade_steps(w: Writer) -> str:
    """Where the grade starts and each step down with its reason, or why there is none."""
    grade = w.material.grade
    if grade["grade"] == UNGRADED:
        return w.word("grade.none")
    return " ".join([w.word(f"grade.start.{grade['start']}"), *_steps(w, grade["steps"])])


def not_passed(w: Writer) -> Block:
    """Why nothing is said of where a difference comes from: checks that do not hold, or a grade that is too low."""
    return w.paragraph("matched.held_back" if _only_grade(w) else "matched.not_passed")


def _steps(w: Writer, steps: list[dict[str, Any]]) -> Iterator[str]:
    """Each step down with its reason, by what it is about."""
    for domain in DOMAINS:
        own = [_step(w, step) for step in steps if step["domain"] == domain]
        if own:
            yield w.word("grade.steps", domain=w.word(f"grade.domains.{domain}"), steps=", ".join(own))
    if not steps:
        yield w.word("grade.no_steps")


def _maryland(w: Writer, level: dict[str, int] | None) -> Iterator[str]:
    """Where the study stands on the Maryland scale, and what its design could have given."""
    if level is not None and level["design"] > 0:
        score, design = (w.word(f"grade.levels.{level[name]}") for name in ("score", "design"))
        yield w.word("grade.maryland", score=score, design=design, whole=score == design)


def _step(w: Writer, step: dict[str, Any]) -> str:
    down = w.book.number(Ref(step["down"], "checks", step["check"], "downgrade"))
    name = step["check"]
    if name.startswith("limitation_"):
        wanted = name.removeprefix("limitation_")
        item = next(item for item in w.material.card.limitations if item.id == wanted)
        return w.word("grade.step.limitation", down=down, short=w.text(item.short or item.text))
    # A relation's own name follows the name of the check.
    return w.word(f"grade.step.{'consistency' if name.startswith('consistency_') else name}", down=down)
