"""Whether a column of a delivery holds national identity numbers: every column is looked at, wanted or not."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.csv_rows import ROW
from analysis.nationalid import IdentityCounts, share_valid

# Random eleven-digit numbers pass a test of all kinds in about 1 % and of ordinary and D-numbers in 0.25 %. With five
# passing ones, or half of a few, chance is no explanation: it would refuse fewer than 1 in 100 columns of pseudonyms.
FEWEST_PASSING, ANY_KIND_LIMIT, ORDINARY_LIMIT = 5, 0.05, 0.01
# Eleven digits, a separator, and the tail of a number that was once read as a decimal number.
SHORTEST, LONGEST = 11, 16
LEADING_DIGITS = 6


@dataclass
class _Counts:
    """Eleven-digit values and those that pass: of distinct values, and of rows."""

    distinct: IdentityCounts = IdentityCounts(0, 0, 0, 0)
    rows: IdentityCounts = IdentityCounts(0, 0, 0, 0)


class IdentityColumns:
    """Counts, column by column, over the batches of a file."""

    def __init__(self):
        self._counts: dict[str, _Counts] = {}

    def look(self, batch: pa.Table) -> None:
        """Count the values of one more batch."""
        for name in batch.column_names:
            if name != ROW and len(candidates := candidate_texts(batch.column(name))):
                counted = pc.value_counts(candidates)
                texts, times = counted.field(0).to_pandas(), counted.field(1).to_numpy()
                found = self._counts.setdefault(name, _Counts())
                found.distinct = _sum(found.distinct, share_valid(texts))
                found.rows = _sum(found.rows, share_valid(texts.repeat(times)))

    def national(self) -> list[str]:
        """Columns with more identity numbers than chance would give, in alphabetical order.

        Shares are of distinct values within a batch: in a table with many rows a person, one pseudonym that passes
        by chance would else count many times.
        """
        return sorted(name for name, found in self._counts.items() if _are_national(found))


def _are_national(found: _Counts) -> bool:
    number = found.distinct.eleven_digits
    many = found.distinct.any_kind > ANY_KIND_LIMIT * number and found.distinct.any_kind >= FEWEST_PASSING
    ordinary = found.distinct.ordinary > ORDINARY_LIMIT * number and found.distinct.ordinary >= FEWEST_PASSING
    return many or ordinary or 2 <= found.rows.eleven_digits <= 2 * found.rows.any_kind


def _sum(one: IdentityCounts, two: IdentityCounts) -> IdentityCounts:
    return IdentityCounts(
        one.values + two.values,
        one.eleven_digits + two.eleven_digits,
        one.any_kind + two.any_kind,
        one.ordinary + two.ordinary,
    )


def candidate_texts(values: pa.ChunkedArray) -> pa.Array:
    """The values that are long enough and begin with digits, blanks or what is no ASCII letter."""
    parts = [_candidates(chunk) for chunk in values.chunks]
    return pa.concat_arrays(parts) if parts else pa.array([], pa.string())


def _candidates(texts: pa.Array) -> pa.Array:
    longest = pc.max(pc.binary_length(texts)).as_py()
    if longest is None or longest < SHORTEST:
        return texts.slice(0, 0)
    likely = texts.take(pa.array(_with_leading_digits(texts)))
    lengths = pc.utf8_length(pc.utf8_trim_whitespace(likely))
    return likely.filter(pc.and_(pc.greater_equal(lengths, SHORTEST), pc.less_equal(lengths, LONGEST)))


def _with_leading_digits(texts: pa.Array) -> np.ndarray:
    """Places of texts with the first signs of a number, by their bytes: a pattern would take as long as the file."""
    _, offsets, content = texts.buffers()
    starts = np.frombuffer(offsets, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    if content is None:
        return np.empty(0, dtype=np.int64)
    content = np.frombuffer(content, dtype=np.uint8)
    places = np.flatnonzero(np.diff(starts) >= SHORTEST)
    first = content[starts[places]]
    odd = (first <= ord(" ")) | (first >= 128)
    places, odd = places[odd | _are_digits(first)], odd[odd | _are_digits(first)]
    for step in range(1, LEADING_DIGITS):
        likely = odd | _are_digits(content[starts[places] + step])
        places, odd = places[likely], odd[likely]
    return places


def _are_digits(signs: np.ndarray) -> np.ndarray:
    return (signs >= ord("0")) & (signs <= ord("9"))
