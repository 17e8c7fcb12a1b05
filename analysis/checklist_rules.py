"""What must hold between the keys of the reporting checklists' files, told in Norwegian."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from analysis.strict import Finding

# What an answer can be, in the order that they are counted.
STATUSES = ("section", "text", "not_told", "not_relevant")
ASK = "ask"


def library_rules(data: dict[str, Any]) -> Iterator[Finding]:
    """Every number of a guideline stands at an item, no item has another, and the answers are of the items."""
    guidelines, items = _mapping(data.get("guidelines")), _mapping(data.get("items"))
    known = {name: str(_mapping(found).get("numbers", "")).split() for name, found in guidelines.items()}
    used: dict[str, set[str]] = {name: set() for name in known}
    for name, item in items.items():
        for guideline, text in _mapping(_mapping(item).get("numbers")).items():
            wrong = set(str(text).split()) - set(known.get(guideline, ()))
            used.setdefault(guideline, set()).update(str(text).split())
            if wrong:
                mend = f"Numrene til {guideline}: {' '.join(known.get(guideline, ['ukjent retningslinje']))}."
                yield ("items", name, "numbers", guideline), f"{', '.join(sorted(wrong))} finnes ikke.", mend
    for name, numbers in known.items():
        if absent := [number for number in numbers if number not in used[name]]:
            yield ("guidelines", name, "numbers"), f"{', '.join(absent)} står ikke ved noe punkt.", "Legg dem til."
    yield from _answer_rules(data, items)


def design_rules(
    numbered: Mapping[str, Iterable[str]], guidelines: Iterable[str]
) -> Callable[[dict[str, Any]], Iterator[Finding]]:
    """The guidelines are known, and the answers are about their items.

    `numbered`: for each item the guidelines that ask for it; `guidelines`: all that there are.
    """
    known = list(guidelines)

    def rules(data: dict[str, Any]) -> Iterator[Finding]:
        named = _list(data.get("guidelines"))
        for number, name in enumerate(named):
            if name not in known:
                yield ("guidelines", number), f"«{name}» finnes ikke.", f"Lovlig: {', '.join(known)}."
        yield from _answer_rules(data, [name for name, asking in numbered.items() if set(asking) & set(named)])

    return rules


def own_rules(items: Iterable[str]) -> Callable[[dict[str, Any]], Iterator[Finding]]:
    """The answers are about `items`, each at most once."""
    asked = list(items)

    def rules(data: dict[str, Any]) -> Iterator[Finding]:
        yield from _answer_rules(data, asked)
        yield from _answered_twice(data)

    return rules


def _answered_twice(data: dict[str, Any]) -> Iterator[Finding]:
    seen: set[str] = set()
    for number, answer in enumerate(_list(data.get("answers"))):
        for name in _list(_mapping(answer).get("items")):
            if name in seen:
                yield ("answers", number, "items"), f"punktet «{name}» er besvart to ganger.", "Behold ett svar."
            seen.add(name)


def _answer_rules(data: dict[str, Any], items: Collection[str]) -> Iterator[Finding]:
    """Each answer says one thing, about items of the list."""
    for number, found in enumerate(_list(data.get("answers"))):
        answer = _mapping(found)
        given = [name for name in (*STATUSES, ASK) if answer.get(name) is not None]
        if len(given) != 1:
            what = f"har {', '.join(given)}." if given else "har ikke noe svar."
            yield ("answers", number), what, f"Skriv ett av dem: {', '.join(STATUSES)}."
        if wrong := [name for name in _list(answer.get("items")) if name not in items]:
            mend = f"Punktene i listen: {', '.join(items)}."
            yield ("answers", number, "items"), f"{', '.join(map(str, wrong))} er ikke et punkt i listen.", mend


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
