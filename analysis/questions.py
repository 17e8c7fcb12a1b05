"""The questions of the comparison report, from reports/sammenligning/questions.yaml."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from analysis.strict import Finding, Slug, Strict, Words, read_strict

OTHERS = "others"


class Question(Strict):
    """One question, the cohorts that answer it, and cohorts of something close to it, to read beside."""

    id: Slug
    title: Words
    cohorts: list[str] = []
    neighbours: list[str] = []


class Questions(Strict):
    """Titles of the report, and its questions in the order they are read."""

    title: Words
    short_title: Words
    questions: list[Question]

    def place(self, cohort: str) -> tuple[int, bool]:
        """The place of a cohort's question, and whether the cohort is a neighbour; one named nowhere stands last."""
        for number, question in enumerate(self.questions):
            if cohort in question.cohorts or cohort in question.neighbours:
                return number, cohort in question.neighbours
        return len(self.questions) - 1, False


def read_questions(path: str | Path) -> Questions:
    """Read the questions. Raises ProblemsFound with every mistake: a cohort named twice, no place for the others."""
    return read_strict(path, Questions, _rules)


def _rules(data: dict[str, Any]) -> Iterator[Finding]:
    questions = data.get("questions")
    questions = [one for one in questions if isinstance(one, dict)] if isinstance(questions, list) else []
    named = [(number, name) for number, one in enumerate(questions) for name in _names(one)]
    seen: set[str] = set()
    for number, name in named:
        if name in seen:
            yield ("questions", number), f"kohorten {name} står flere ganger.", "La den stå under ett spørsmål."
        seen.add(name)
    if not questions or questions[-1].get("id") != OTHERS:
        what = "det siste spørsmålet må hete others: der står kohorter som ikke er nevnt."
        yield ("questions",), what, "Legg til others til slutt."


def _names(question: dict[str, Any]) -> Sequence[str]:
    parts = [question.get(key) for key in ("cohorts", "neighbours")]
    return [name for part in parts if isinstance(part, list) for name in part if isinstance(name, str)]
