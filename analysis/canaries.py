"""Canaries: made-up persons who are in the data and must never be in an output.

Every person of a synthetic delivery is one. Nobody is harmed if their ids get out, but it shows that the same way would
have let out the ids of persons. There are thousands of them, so that they are looked for together: those of digits
alone by their length, the others by their first letters.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from analysis.nationalid import standing_alone

HEAD = 3
# Ids as `analysis.synthetic.common.pseudonyms` makes them.
PSEUDONYM = re.compile(rb"(?<![\w-])[a-z]+-[0-9a-f]{8}(?![\w-])")


def canaries(deliveries: Iterable[str | Path]) -> frozenset[str]:
    """The id of everyone in the synthetic deliveries, each a folder of text files."""
    files = (path for folder in deliveries for path in sorted(Path(folder).rglob("*")) if path.is_file())
    return frozenset(found.decode("ascii") for path in files for found in set(PSEUDONYM.findall(path.read_bytes())))


@dataclass(frozen=True)
class Searched:
    """Ids made ready to be looked for: by first letters and length, and, of digits alone, by length.

    An id is found in whatever case, and without its hyphen, which a line break in a PDF takes away. One of digits alone
    must stand alone: not in a longer or a decimal number.
    """

    words: Mapping[tuple[str, int], frozenset[str]]
    numbers: Mapping[int, frozenset[str]]

    def positions(self, text: str, *, decimal_comma: bool = False) -> list[int]:
        """Where an id begins in the text, in order."""
        if not self.words and not self.numbers:
            return []
        lowered = text.lower()
        return sorted({*self._of_words(lowered), *self._of_numbers(lowered, decimal_comma)})

    def _of_words(self, lowered: str) -> Iterator[int]:
        for (head, length), ids in self.words.items():
            position = lowered.find(head)
            while position >= 0:
                if lowered[position : position + length] in ids:
                    yield position
                position = lowered.find(head, position + 1)

    def _of_numbers(self, lowered: str, decimal_comma: bool) -> Iterator[int]:
        for length, ids in self.numbers.items():
            pattern = standing_alone(f"[0-9]{{{length}}}", decimal_comma)
            yield from (match.start() for match in re.finditer(pattern, lowered) if match.group() in ids)


def searched(ids: Collection[str] | Searched) -> Searched:
    """Raises ValueError for a text in place of a collection, and for a blank id."""
    if isinstance(ids, Searched):
        return ids
    if isinstance(ids, str) or not all(one.strip() for one in ids):
        raise ValueError("canaries must be a collection of ids, none of them blank")
    words: dict[tuple[str, int], set[str]] = defaultdict(set)
    numbers: dict[int, set[str]] = defaultdict(set)
    for one in map(str.lower, ids):
        if re.fullmatch("[0-9]+", one):
            numbers[len(one)].add(one)
        else:
            for spelling in {one, one.replace("-", "")}:
                words[spelling[:HEAD], len(spelling)].add(spelling)
    return Searched(_frozen(words), _frozen(numbers))


def _frozen(groups: Mapping) -> dict:
    return {key: frozenset(ids) for key, ids in groups.items()}
