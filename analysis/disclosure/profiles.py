"""Profiles of disclosure control: which counts are small, what is done with them, and what a reader may then rely on.

The guarantees, of a true count a with 1 <= a <= threshold - 1 (a >= 0 where zeros are hidden), against an attacker who
knows every published cell, the method and its numbers:

* rounding to base b: at least b whole numbers stay possible for every such count, those of one published value v alone
  being max(0, v - b + 1), ..., v + b - 1 (b of them for v = 0, 2 b - 1 for the others), and b of them whatever else of
  the same table is published (analysis/disclosure/rounding.py). Zeros and multiples of b are published as they are,
  and nothing is hidden.
* suppression: the largest count possible for every such cell is at least `threshold`, and for a count above zero a
  smaller one than the true is possible too (analysis/disclosure/suppression.py).
* redact and round: every hidden count may be 0, ..., threshold - 1, and every published value stands for exactly b
  counts, v - floor(b/2), ..., v + ceil(b/2) - 1 (analysis/disclosure/redaction.py).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from analysis.disclosure.preimages import full_preimages
from analysis.problems import Problem, ProblemsFound
from analysis.strict import Filled, Finding, Slug, Strict, read_strict

PROFILES_FILE = Path("config/disclosure.yaml")
DEFAULT_PROFILE = "public"
# Fewer than three: a person in a cell of two knows the other (SSB, «færre enn 3»).
LEAST_THRESHOLD = 3
# What passes unchanged needs another reason than a profile: published figures, open licences, invented persons.
OPEN_KINDS = ("published", "open", "synthetic")

Method = Literal["rounding", "suppression", "redact_and_round", "none"]
ROUNDS = ("rounding", "redact_and_round")


@dataclass(frozen=True)
class Profile:
    """One way to treat the numbers of a run.

    `threshold`: counts from 1 to threshold - 1 are protected; `base` of rounding (None: nothing is rounded); `sign`
    of a hidden number; `zeros_hidden`: a true zero counts as small; `persons_per_arm` behind an effect at an office;
    `residual_df` behind a regression; `dominance` (n, k) and `p_ratio` of amounts (None: no rule), see dominance.py.
    """

    key: str
    name: str
    method: Method
    methods: tuple[Method, ...]
    threshold: int
    base: int | None
    sign: str
    zeros_hidden: bool
    persons_per_arm: int
    residual_df: int
    dominance: tuple[int, float] | None
    p_ratio: float | None
    zeros_words: str
    sources: tuple[str, ...]

    def small(self, count: int) -> bool:
        """Whether a true count is one that the profile protects."""
        return (0 if self.zeros_hidden else 1) <= count < self.threshold

    def stands_for(self, value: int | None) -> tuple[int, float]:
        """The least and the largest true count that one published value (None: hidden) may stand for, seen alone."""
        if value is None:
            return (0 if self.zeros_hidden else 1), self._largest_hidden()
        if self.method == "rounding" and self.base:
            return max(0, value - self.base + 1), value + self.base - 1
        if self.method == "redact_and_round" and self.base:
            return value - self.base // 2, value + (self.base - 1) // 2
        return value, value

    def _largest_hidden(self) -> float:
        # A cell may be hidden for the sake of another, so that a hidden number can be any.
        return self.threshold - 1 if self.method == "redact_and_round" else float("inf")


class _Dominance(Strict):
    largest: int = Field(ge=1)
    share: float = Field(gt=0, lt=1)


class _Written(Strict):
    name: Filled
    methods: list[Method] = Field(min_length=1)
    threshold: int = Field(ge=1)
    base: int | None = Field(ge=2)
    sign: Filled
    zeros: Literal["shown", "hidden"]
    persons_per_arm: int = Field(ge=0)
    residual_df: int = Field(ge=0)
    dominance: _Dominance | None
    p_ratio: float | None = Field(gt=0, lt=1)
    zeros_words: Filled
    sources: list[Filled] = Field(min_length=1)


class _File(Strict):
    profiles: dict[Slug, _Written] = Field(min_length=1)


def read_profiles(path: str | Path = PROFILES_FILE) -> dict[str, Profile]:
    """The profiles of the configuration by key. Raises ProblemsFound with every mistake, in Norwegian."""
    return {key: _profile(key, written) for key, written in read_strict(path, _File, _mistakes).profiles.items()}


def profile(profiles: Mapping[str, Profile], key: str, *, method: str | None = None) -> Profile:
    """One profile, by its first method or another that it allows. Raises ProblemsFound for what there is none of."""
    if key not in profiles:
        problem = Problem("disclosure.profile", f"«{key}» finnes ikke.", f"Velg {', '.join(profiles)}.")
        raise ProblemsFound("Personvernprofilen kan ikke brukes:", [problem])
    found = profiles[key]
    chosen = next((one for one in found.methods if one == (method or found.method)), None)
    if chosen is None:
        mend = f"Profilen {key} har {', '.join(found.methods)}."
        problem = Problem("disclosure.method", f"«{method}» går ikke.", mend)
        raise ProblemsFound("Personvernprofilen kan ikke brukes:", [problem])
    return replace(found, method=chosen)


def profile_problems(data_kind: str, chosen: Profile) -> list[Problem]:
    """Why this profile may not be used for data of this kind; for the rules of the card, and again at release."""
    if data_kind in OPEN_KINDS:
        return []
    if chosen.method == "none":
        mend = "En profil uten behandling gjelder bare publiserte tall, åpne data og syntetiske data."
        return [Problem("disclosure.profile", "personopplysninger kan ikke frigis uendret.", mend)]
    if chosen.threshold < LEAST_THRESHOLD:
        what = f"profilen {chosen.key} verner bare tall under {chosen.threshold}."
        mend = f"For personopplysninger skal grensen være minst {LEAST_THRESHOLD}."
        return [Problem("disclosure.profile", what, mend)]
    return []


def _profile(key: str, written: _Written) -> Profile:
    dominance = written.dominance
    return Profile(
        key=key,
        name=written.name,
        method=written.methods[0],
        methods=tuple(written.methods),
        threshold=written.threshold,
        base=written.base,
        sign=written.sign,
        zeros_hidden=written.zeros == "hidden",
        persons_per_arm=written.persons_per_arm,
        residual_df=written.residual_df,
        dominance=None if dominance is None else (dominance.largest, dominance.share),
        p_ratio=written.p_ratio,
        zeros_words=written.zeros_words,
        sources=tuple(written.sources),
    )


def _mistakes(data: dict[str, Any]) -> Iterator[Finding]:
    """Rules across the keys of a profile; what has the wrong kind is told of by the model."""
    profiles = data.get("profiles")
    for key, written in profiles.items() if isinstance(profiles, dict) else ():
        if isinstance(written, dict) and isinstance(written.get("methods"), list):
            yield from (((("profiles", key, *where)), what, mend) for where, what, mend in _of_one(written))


def _of_one(written: dict[str, Any]) -> Iterator[Finding]:
    methods, base, threshold = written["methods"], written.get("base"), written.get("threshold")
    if base is None and any(method in ROUNDS for method in methods):
        yield ("base",), "mangler for en profil som runder av.", "Skriv basen, for eksempel 3."
    if not (isinstance(base, int) and isinstance(threshold, int)) or base < 2:
        return
    if "redact_and_round" in methods and not full_preimages(threshold - 1, base):
        what = f"med grense {threshold} og base {base} står noen av tallene for færre enn {base} mulige."
        yield ("threshold",), what, f"Velg grensen slik at det første tallet som vises, har {base} mulige."
    if "redact_and_round" in methods and written.get("zeros") == "shown":
        yield ("zeros",), "null kan ikke vises når små tall skjules og resten rundes av.", "Skriv hidden."
