"""What two runs were made from, and what of it differs: card, published figures, data, code, settings, packages."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from analysis.manifest import MANIFEST_NAME
from analysis.trace.folder import Folder

# Parts of a card that are words for readers and can move no number.
WORDS = ("title", "short_title", "background", "content", "report", "licence", "intervention_name", "sources")
TEXT = re.compile(r"\.(nb|nn|en)$")
COST_MODULE = "analysis.cost"
NO_MODULES = "kode (minst én av utgivelsene sier ikke hvilke moduler den er laget med)"


@dataclass(frozen=True)
class Cause:
    """One thing that differs between two runs: its kind, its name, and whether it can move a number."""

    kind: str
    name: str
    moves: bool = True


def causes(old: Folder, new: Folder, cohort: str) -> list[Cause]:
    """Everything that differs behind a cohort's numbers and words."""
    abouts = [folder.json(f"{cohort}/cohort.json") for folder in (old, new)]
    origins = [folder.json(f"{cohort}/provenance.json") for folder in (old, new)]
    return [
        *_card(*(about["card"] for about in abouts)),
        *_facts(*(about["figures"] for about in abouts)),
        *_inputs(*(origin["inputs"] for origin in origins), published=bool(abouts[1]["figures"])),
        *_lock_of_plan(*origins),
        *_code(*(origin["digests"] for origin in origins)),
        *_packages(old, new, *(origin["digests"]["lock"] for origin in origins)),
        *_words(*abouts),
    ]


def report_causes(old: Folder, new: Folder) -> list[Cause]:
    """What differs of that which comparison and reports are made with, besides the numbers of the cohorts."""
    one, other = _made_with(old), _made_with(new)
    if one is None or other is None:
        return []
    modules = [Cause("kode", name) for name in _differing(one["modules"], other["modules"])]
    return modules + [Cause("tekster", name, moves=False) for name in _differing(one["texts"], other["texts"])]


def _made_with(folder: Folder) -> Mapping[str, Any] | None:
    """The modules and texts of a manifest; None for one that is older than these."""
    found = folder.json(MANIFEST_NAME).get("report") if folder.has(MANIFEST_NAME) else None
    return found or None


def cost_causes(old: Folder, new: Folder) -> list[Cause]:
    """Modules that make the costs alone, which are reckoned after the numbers are treated."""
    return [one for one in report_causes(old, new) if one.name.startswith(COST_MODULE)]


def _card(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Cause]:
    for key in _changed_keys(one, other):
        words = key.split(".")[0] in WORDS or TEXT.search(key) is not None
        yield Cause("kortets tekst" if words else "kortet", key, moves=not words)


def _changed_keys(one: Any, other: Any, key: str = "") -> Iterator[str]:
    """Keys whose values differ, as far down as both have keys; items of lists go by their name or id."""
    one, other = _by_name(one), _by_name(other)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in dict.fromkeys([*one, *other]):
            yield from _changed_keys(one.get(name), other.get(name), f"{key}.{name}" if key else str(name))
    elif one != other:
        yield key


def _by_name(value: Any) -> Any:
    """A list of named things as a mapping; anything else as it is."""
    if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
        for field in ("name", "id", "key"):
            if all(field in one for one in value):
                return {str(one[field]): one for one in value}
    return value


def _facts(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Cause]:
    """Published figures whose value or certainty differs, with the value before and after."""
    before, after = ({fact["id"]: fact for fact in figures.get("facts", [])} for figures in (one, other))
    for name in dict.fromkeys([*before, *after]):
        left, right = before.get(name, {}), after.get(name, {})
        if left.get("value") != right.get("value"):
            yield Cause(
                "publisert tall", f"{name} ({left.get('value') or 'mangler'} → {right.get('value') or 'mangler'})"
            )
        elif left != right:
            yield Cause("publisert tall", f"{name} (omtale)", moves=False)
    for name in dict.fromkeys([*one, *other]):
        if name != "facts" and one.get(name) != other.get(name):
            yield Cause("publiserte tall", name)


def _inputs(one: Mapping[str, str], other: Mapping[str, str], *, published: bool) -> Iterator[Cause]:
    # Published figures are told one by one.
    if not published:
        yield from (Cause("data", name) for name in _differing(one, other))


def _lock_of_plan(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Cause]:
    if one["plan_locked"] != other["plan_locked"]:
        told = " → ".join(origin["plan_locked"] or "ingen" for origin in (one, other))
        yield Cause("planlåsen", told, moves=False)


def _code(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Cause]:
    if "modules" in one and "modules" in other:
        yield from (Cause("kode", name) for name in _differing(one["modules"], other["modules"]))
        yield from (Cause("innstillinger", name) for name in _differing(one["settings"], other["settings"]))
    elif (one["code"], one["estimated"]) != (other["code"], other["estimated"]):
        yield Cause("kode", NO_MODULES)


def _packages(old: Folder, new: Folder, one: str, other: str) -> Iterator[Cause]:
    if one == other:
        return
    before, after = (_versions(folder) for folder in (old, new))
    changed = [f"{name} {before.get(name, '–')} → {after.get(name, '–')}" for name in _differing(before, after)]
    yield Cause("pakker", "requirements.lock" + (f" ({', '.join(changed)})" if changed else ""))


def _versions(folder: Folder) -> Mapping[str, str]:
    return folder.json(MANIFEST_NAME)["environment"]["packages"] if folder.has(MANIFEST_NAME) else {}


def _words(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Cause]:
    for key, name in (("translations", "oversettelser"), ("checklist", "svar på sjekklisten")):
        if one[key] != other[key]:
            yield Cause("tekster", name, moves=False)


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
