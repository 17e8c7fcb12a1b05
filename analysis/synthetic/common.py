"""What every generator shares: the delivery and its declared formats, pseudonyms, and draws with exact sums.

All randomness comes from one PCG64 generator per delivery, drawn from in a fixed order. Nothing depends on the clock,
the locale, the time zone or the hash of a string, so a delivery is the same bytes on every run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np


@dataclass(frozen=True)
class FileFormat:
    """How one file of a delivery is written, as the card must state it.

    columns: name → what it holds (Norwegian); places: decimals of the columns with decimal numbers;
    missing: how a missing value is written.
    """

    columns: dict[str, str]
    encoding: Literal["utf-8", "utf-8-sig", "cp1252", "latin-1"] = "utf-8"
    delimiter: str = ";"
    decimal: Literal[",", "."] = ","
    dates: Literal["dd.mm.yyyy", "yyyy-mm-dd"] = "dd.mm.yyyy"
    missing: str = ""
    line_end: Literal["\r\n", "\n"] = "\r\n"
    places: dict[str, int] = field(default_factory=dict)


def spell_columns(first: str, last: str, *, missing: str = "tomt") -> dict[str, str]:
    """What the two dates of a spell hold, for `FileFormat.columns`; `missing` is how one without an end is written."""
    return {first: "første dag", last: f"siste dag (med), eller {missing}: løper"}


@dataclass(frozen=True)
class Delivery:
    """A generated delivery.

    files: name → content; formats: name → how it is written; truth: what holds by construction, as plain JSON values;
    latent: potential outcomes and other arrays that the generator knows and no file holds.
    """

    files: dict[str, bytes]
    formats: dict[str, FileFormat]
    truth: dict[str, Any]
    latent: dict[str, Any]


def generator(seed: int) -> np.random.Generator:
    """The one source of randomness of a delivery."""
    return np.random.Generator(np.random.PCG64(seed))


def pseudonyms(rng: np.random.Generator, count: int, prefix: str) -> np.ndarray:
    """`count` distinct ids in random order: `prefix`, a hyphen and eight hex digits."""
    odd_multiplier = 2_654_435_761  # odd, so multiplying is one-to-one modulo 2³²
    numbers = rng.permutation(count).astype(np.uint64) * np.uint64(odd_multiplier) + rng.integers(
        0, 2**32, dtype=np.uint64
    )
    return np.array([f"{prefix}-{number & 0xFFFFFFFF:08x}" for number in numbers.tolist()])


def office_numbers(first: int, count: int) -> np.ndarray:
    """Four-digit office numbers as text from `first` on; the series 9000–9999 holds no Nav unit."""
    return np.array([f"{number:04d}" for number in range(first, first + count)])


def csv_files(formats: Mapping[str, FileFormat], tables: Mapping[str, Mapping[str, Any]]) -> dict[str, bytes]:
    """Every table as the bytes of its file. Raises ValueError when a table and its declared columns differ."""
    if set(formats) != set(tables):
        raise ValueError(f"files and formats differ: {sorted(set(formats) ^ set(tables))}")
    return {name: csv_bytes(form, tables[name]) for name, form in formats.items()}


def csv_bytes(form: FileFormat, table: Mapping[str, Any]) -> bytes:
    """`table` (column → values of one length) as a CSV file in the format `form`."""
    if list(table) != list(form.columns):
        raise ValueError(f"columns {list(table)} are not those declared: {list(form.columns)}")
    texts = [_quoted(column_texts(form, name, np.asarray(values)), form.delimiter) for name, values in table.items()]
    rows = map(form.delimiter.join, zip(*texts, strict=True))
    lines = [form.delimiter.join(_quoted(list(table), form.delimiter)), *rows]
    return (form.line_end.join(lines) + form.line_end).encode(form.encoding)


def column_texts(form: FileFormat, name: str, values: np.ndarray) -> list[str]:
    """Values of a column as they stand in the file: dates, decimal numbers, and everything else as it is."""
    if values.dtype.kind == "M":
        return _date_texts(values, form)
    if values.dtype.kind == "f":
        shown = [f"{value:.{form.places[name]}f}" for value in values.tolist()]
        missing = np.isnan(values).tolist()
        return [
            form.missing if gone else text.replace(".", form.decimal) for text, gone in zip(shown, missing, strict=True)
        ]
    return [form.missing if text == "" else text for text in map(str, values.tolist())]


def _date_texts(values: np.ndarray, form: FileFormat) -> list[str]:
    distinct, place = np.unique(values.astype("datetime64[D]"), return_inverse=True)
    iso = np.datetime_as_string(distinct).tolist()
    texts = [form.missing if day == "NaT" else _dated(day, form.dates) for day in iso]
    return np.array(texts, dtype=object)[place].tolist()


def _dated(iso: str, style: str) -> str:
    year, month, day = iso.split("-")
    return iso if style == "yyyy-mm-dd" else f"{day}.{month}.{year}"


def _quoted(texts: list[str], delimiter: str) -> list[str]:
    """Texts that hold the delimiter or a quote are put in quotes, as a spreadsheet would."""
    if not any(delimiter in text or '"' in text for text in set(texts)):
        return texts
    return ['"' + text.replace('"', '""') + '"' if delimiter in text or '"' in text else text for text in texts]


def drawn(rng: np.random.Generator, options: Sequence[Any], shares: Sequence[float], count: int) -> np.ndarray:
    """`count` independent draws from `options` with the given shares."""
    return np.asarray(options)[rng.choice(len(options), size=count, p=shares)]


def exact_members(
    rng: np.random.Generator,
    current: np.ndarray,
    total: int,
    *,
    persistence: float,
    allowed: np.ndarray | None = None,
) -> np.ndarray:
    """A boolean array with exactly `total` true, about `persistence` of the current ones among them.

    Only places in `allowed` are chosen. Raises ValueError when fewer than `total` are allowed.
    """
    allowed = np.ones(len(current), dtype=bool) if allowed is None else allowed
    inside, outside = np.flatnonzero(current & allowed), np.flatnonzero(~current & allowed)
    if total > len(inside) + len(outside):
        raise ValueError(f"{total} places asked for, {len(inside) + len(outside)} allowed")
    kept = int(np.clip(rng.binomial(len(inside), persistence), max(0, total - len(outside)), min(len(inside), total)))
    members = np.zeros(len(current), dtype=bool)
    members[rng.choice(inside, kept, replace=False)] = True
    members[rng.choice(outside, total - kept, replace=False)] = True
    return members


def rounded_to_sum(shares: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers near `shares` (which sum to about `total`) with exactly that sum: largest remainders first."""
    whole = np.floor(shares).astype(np.int64)
    by_remainder = np.argsort(-(shares - whole), kind="stable")
    whole[by_remainder[: total - int(whole.sum())]] += 1
    if whole.sum() != total:
        raise ValueError("the shares do not sum to the total")
    return whole


def tilted_counts(sizes: np.ndarray, rates: np.ndarray, total: int) -> np.ndarray:
    """Counts per group, at most its size, with sum `total`: the rates moved by one constant on the logit scale."""
    logits = np.log(rates / (1 - rates))
    low, high = -30.0, 30.0
    for _ in range(100):
        middle = (low + high) / 2
        expected = sizes / (1 + np.exp(-(logits + middle)))
        low, high = (middle, high) if expected.sum() < total else (low, middle)
    return rounded_to_sum(np.minimum(expected, sizes), total)


def weighted_choice(rng: np.random.Generator, log_weights: np.ndarray, count: int) -> np.ndarray:
    """`count` distinct places drawn without replacement with weights exp(`log_weights`) (Gumbel top-k), in order."""
    return np.sort(np.argsort(-(log_weights + rng.gumbel(size=len(log_weights))), kind="stable")[:count])
