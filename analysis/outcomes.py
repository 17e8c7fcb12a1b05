"""The outcome library: definitions in config/outcomes.yaml, and the functions that make one outcome from another.

An outcome stands in a column of the delivery, is made from another outcome, or has a rule on spells or amounts.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from analysis.spell_rules import Rule, Timing, read_rule, spells_of
from analysis.yamlio import read_yaml

CONFIG = Path(__file__).resolve().parent.parent / "config"
LIBRARY = CONFIG / "outcomes.yaml"
BREAKS = CONFIG / "codes" / "breaks.yaml"
TEXTS = ("label", "phrase", "definition")

AttributeKind = Literal["number", "boolean", "text"]


@dataclass(frozen=True)
class Outcome:
    """What is measured. Texts have a key per language; `unit` is None for shares.

    `timing`: point (in a named month), ever (at any time so far) or cumulative (counted so far); the three never share
    a column. `register` says where the figures come from, and `breaks` are keys of config/codes/breaks.yaml.
    `function` makes it from the outcome `source`; `rule` makes it from spells or amounts.
    """

    name: str
    label: dict[str, str]
    phrase: dict[str, str]
    definition: dict[str, str]
    kind: Literal["share", "amount"]
    timing: Timing
    role: Literal["work", "process"]
    unit: dict[str, str] | None = None
    register: dict[str, str] | None = None
    breaks: tuple[str, ...] = ()
    source: str | None = None
    function: str | None = None
    rule: Rule | None = None

    @property
    def is_share_in_work(self) -> bool:
        """Whether it is the share in work at a time."""
        return (self.kind, self.timing, self.role) == ("share", "point", "work")


def above_zero(values: pd.Series) -> pd.Series:
    """1.0 where the amount is above zero, 0.0 where it is zero, missing where it is missing."""
    return (values > 0).astype("float64").where(values.notna())


FUNCTIONS: dict[str, Callable[[pd.Series], pd.Series]] = {"above_zero": above_zero}


@cache
def load_outcomes(path: Path = LIBRARY) -> dict[str, Outcome]:
    """Read the library. A malformed entry is a programming error and raises ValueError, TypeError or KeyError."""
    library = {name: _outcome(name, entry) for name, entry in read_yaml(path).data.items()}
    for outcome in library.values():
        if outcome.source is not None and library[outcome.source].timing != outcome.timing:
            raise ValueError(f"{outcome.name}: timing differs from that of {outcome.source}")
    return library


def outcome_with(name: str, *, path: Path = LIBRARY, **parameters: Any) -> Outcome:
    """One outcome of the library, with other `parameters` of its rule: ``outcome_with("…", multiple=2)``."""
    entry = read_yaml(path).data[name]
    return _outcome(name, {**entry, "rule": {**entry["rule"], **parameters}})


def _outcome(name: str, entry: Mapping[str, Any]) -> Outcome:
    plain = {key: value for key, value in entry.items() if key not in ("from", "rule")}
    made, rule = entry.get("from"), entry.get("rule")
    if made is not None and rule is not None:
        raise ValueError(f"{name}: made from another outcome, or by a rule, but not both")
    if made is not None:
        plain |= {"source": made["outcome"], "function": made["function"]}
    if rule is not None:
        plain |= {"rule": read_rule(rule)} | {key: _filled(entry[key], read_rule(rule)) for key in TEXTS}
    outcome = Outcome(name=name, **{**plain, "breaks": tuple(entry.get("breaks", ()))})
    _refuse_malformed(outcome)
    return outcome


def _refuse_malformed(outcome: Outcome) -> None:
    name, rule = outcome.name, outcome.rule
    if outcome.function is not None and outcome.function not in FUNCTIONS:
        raise KeyError(f"{name}: no function {outcome.function}")
    if rule is not None and (outcome.timing, outcome.kind) != (rule.timing, rule.kind):
        raise ValueError(f"{name}: timing and kind differ from those of its rule")
    if rule is not None and outcome.register is None:
        raise ValueError(f"{name}: an outcome with a rule needs a register")
    if unknown := set(outcome.breaks) - set(load_breaks()):
        raise ValueError(f"{name}: no break {', '.join(sorted(unknown))}")


@cache
def load_breaks(path: Path = BREAKS) -> dict[str, dict[str, str]]:
    """Known breaks in the registers: key to date (ISO) and text per language."""
    return read_yaml(path).data


def _filled(texts: Mapping[str, str], rule: Rule) -> dict[str, str]:
    """The texts with the multiple of the rule where they ask for it, with a decimal comma in Norwegian."""
    number = f"{getattr(rule, 'multiple', 0):g}"
    return {
        language: text.replace("{multiple}", number if language == "en" else number.replace(".", ","))
        for language, text in texts.items()
    }


def _bases(names: Iterable[str]) -> list[Outcome]:
    """The outcomes that `names` are or are made from, each once."""
    library = load_outcomes()
    return [library[name] for name in dict.fromkeys(library[name].source or name for name in names)]


def sources(names: Iterable[str]) -> list[str]:
    """The outcomes that must stand in a column of the delivery so that all of `names` can be made."""
    return [outcome.name for outcome in _bases(names) if outcome.rule is None]


def rules_of(names: Iterable[str]) -> dict[str, Rule]:
    """The rules on spells and amounts that `names` need, by name of the outcome that has the rule."""
    return {outcome.name: outcome.rule for outcome in _bases(names) if outcome.rule is not None}


@cache
def attribute_kinds() -> dict[str, AttributeKind]:
    """Attributes of spells that the library's rules read, and what they hold, as the values they are held against."""
    kinds: dict[str, AttributeKind] = {}
    for rule in rules_of(load_outcomes()).values():
        for demand in (demand for spells in spells_of(rule) for demand in spells.where):
            kind = _kind(demand.value)
            known = kinds.setdefault(demand.column, kind)
            if known != kind:
                raise ValueError(f"attribute {demand.column}: rules hold it against a {known} and a {kind}")
    return kinds


def _kind(value: bool | float | str) -> AttributeKind:
    # A truth value is a number in Python, and is asked for first.
    return "boolean" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"


def with_derived(panel: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """`panel` with a column for each of `names`, made from its source where the library says so."""
    library = load_outcomes()
    for name in names:
        outcome = library[name]
        if outcome.function is not None:
            panel = panel.assign(**{name: FUNCTIONS[outcome.function](panel[outcome.source])})
    return panel
