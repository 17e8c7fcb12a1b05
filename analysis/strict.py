"""Strict models for what people write in YAML, and reading them with every mistake told at once, in Norwegian."""

import datetime as dt
import difflib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import pydantic
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from analysis.card_messages import explain
from analysis.problems import Problem, stop_if_any
from analysis.yamlio import Document, read_yaml

Certainty = Literal["stated", "stated_approx", "opinion", "claim", "inferred", "derived", "absent"]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
Month = Annotated[str, StringConstraints(pattern=r"^(19|20)\d{2}-(0[1-9]|1[0-2])$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Filled = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Share = Annotated[float, Field(ge=0, le=1)]


class Strict(BaseModel):
    """Unknown keys are mistakes, text is not turned into numbers, and a model does not change after reading."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Text(Strict):
    """A text for readers. Bokmål is required; a plain string in the file is Bokmål alone."""

    nb: Filled
    nn: Filled | None = None
    en: Filled | None = None


def _bokmaal(value: Any) -> Any:
    return value if isinstance(value, dict | Text) else {"nb": value}


def _iso_date(value: Any) -> Any:
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        return value


Words = Annotated[Text, BeforeValidator(_bokmaal)]
Date = Annotated[dt.date, BeforeValidator(_iso_date)]

Model = TypeVar("Model", bound=Strict)
Finding = tuple[tuple[str | int, ...], str, str]
CrossChecks = Callable[[dict[str, Any]], Iterable[Finding]]


def read_strict(path: str | Path, model: type[Model], cross_checks: CrossChecks) -> Model:
    """Read `path` as `model`; raises ProblemsFound with every mistake: duplicate keys, single keys, rules across keys.

    `cross_checks` gets the plain data and yields (key, what is wrong, how to mend it).
    """
    document = read_yaml(path)
    problems = list(document.problems)
    result = None
    try:
        result = model.model_validate(document.data)
    except pydantic.ValidationError as error:
        problems.extend(_field_problems(document, model, error))
    if isinstance(document.data, dict):
        problems.extend(Problem(document.where(key), what, mend) for key, what, mend in cross_checks(document.data))
    stop_if_any(f"{path} har feil ({len(problems)}):", sorted(problems, key=_by_line))
    assert result is not None
    return result


def _field_problems(document: Document, model: type[Model], error: pydantic.ValidationError) -> Iterator[Problem]:
    for details in error.errors(include_url=False):
        # Pydantic names its own wrappers in the location; they stand in no file.
        key = tuple(part for part in details["loc"] if not str(part).startswith("function-"))
        what, mend = explain(details)
        if details["type"] == "extra_forbidden":
            mend = _allowed_words(str(key[-1]), _keys_beside(model, key))
        yield Problem(document.where(key), what, mend)


def _keys_beside(model: type[BaseModel], key: tuple[str | int, ...]) -> list[str]:
    """The keys that may stand where `key` stands."""
    for part in key[:-1]:
        field = model.model_fields.get(str(part))
        model = (field and _model_in(field.annotation)) or model
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside ``list[M]``, ``M | None``, ``dict[str, M]`` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _allowed_words(name: str, allowed: list[str]) -> str:
    near = difflib.get_close_matches(name, allowed, n=1)
    return "".join(f"Mente du {close}? " for close in near) + f"Lovlig her: {', '.join(allowed)}."


def _by_line(problem: Problem) -> tuple[int, str]:
    line = problem.where.partition("linje ")[2].partition(",")[0]
    return (int(line) if line.isdigit() else 0, problem.where)
