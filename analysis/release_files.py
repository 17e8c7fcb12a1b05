"""The files of a cohort under review: which they are, their fingerprints, and what treatment changed in each table."""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.files import read_json, read_parquet, sha256
from analysis.tables import COST_TABLE, RELEASED, REPORT_KINDS, REVIEW_FILES

REVIEW, RELEASE, RESTRICTED = Path("results/review"), Path("results/release"), Path("results/restricted")
SYNTHETIC = Path("results/synthetic")
# Stamps of a run, which change with the code and are no numbers.
STAMPS = ["run_id", "plan_hash"]
MISSING = "NA"
# Texts that say what a row is about.
NAMED = 5


@dataclass(frozen=True)
class Change:
    """One cell that treatment changed: row (from 1) and what it is about, column, and its text before and after
    (None: not there)."""

    row: int
    about: str
    column: str
    before: str | None
    after: str | None

    @property
    def kind(self) -> str:
        """What was done, in Norwegian."""
        if self.after is None:
            return "tatt ut"
        if self.before is None:
            return "lagt til"
        return "skjult" if self.after == MISSING else "avrundet eller regnet om"


@dataclass(frozen=True)
class TableChange:
    """A table before and after: rows, and every cell that differs."""

    name: str
    rows_before: int
    rows_after: int
    changes: tuple[Change, ...]


def review_files(cohort: str, languages: Iterable[str]) -> list[str]:
    """Every file of a cohort that the seal lets out, by its name below results/review."""
    numbers = [f"{cohort}/{name}" for name in REVIEW_FILES]
    return numbers + [f"reports/{cohort}/{cohort}.{lang}.{kind}" for lang in languages for kind in REPORT_KINDS]


def below_review(path: str | Path) -> str:
    """The name of a file below the last folder called review."""
    parts = Path(path).parts
    return "/".join(parts[len(parts) - parts[::-1].index(REVIEW.name) :])


def fingerprints(files: Iterable[str | Path]) -> list[dict[str, Any]]:
    """Path below results/review, SHA-256 and bytes of each file, by path."""
    found = {below_review(path): Path(path) for path in files}
    return [
        {"path": name, "sha256": sha256(found[name]), "bytes": found[name].stat().st_size} for name in sorted(found)
    ]


def table_changes(cohort: str, root: Path) -> Iterator[TableChange]:
    """What treatment did to each table that has rows, before or after."""
    for name in RELEASED:
        raw = root / RESTRICTED / cohort / f"{name}.parquet"
        after = _text_table(root / REVIEW / cohort / f"{name}.csv")
        before = _as_text(read_parquet(raw)) if raw.is_file() else after.iloc[:0]
        if len(before) or len(after):
            yield TableChange(name, len(before), len(after), tuple(_changes(before, after)))


def _changes(before: pd.DataFrame, after: pd.DataFrame) -> Iterator[Change]:
    """Cells that differ, of rows that are matched by place where there are as many, and by their texts elsewhere."""
    # A column that the table lacked before says what was done and holds no number.
    columns = [name for name in after.columns if name in before.columns]
    pairs = _pairs(before[columns], after[columns])
    names = [name for name in _naming(before[columns], after[columns]) if before[name].nunique() > 1][:NAMED]
    for number, (left, right) in enumerate(pairs, start=1):
        about = ", ".join(text for name in names if (text := (left or right or {})[name]) != MISSING)
        for column in columns:
            one, other = (None if row is None else row[column] for row in (left, right))
            if one != other:
                yield Change(number, about, column, one, other)


def _pairs(before: pd.DataFrame, after: pd.DataFrame) -> Iterator[tuple[dict | None, dict | None]]:
    left, right = before.to_dict("records"), after.to_dict("records")
    if len(left) == len(right):
        yield from zip(left, right, strict=True)
        return
    names = _naming(before, after)
    waiting: dict[tuple, list[dict]] = {}
    for row in right:
        waiting.setdefault(tuple(row[name] for name in names), []).append(row)
    for row in left:
        found = waiting.get(tuple(row[name] for name in names))
        yield row, found.pop(0) if found else None
    for rows in waiting.values():
        yield from ((None, row) for row in rows)


def _naming(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Columns that say what a row is about: those without any number, before and after."""
    both = pd.concat([before, after])
    numbers = both.apply(lambda column: pd.to_numeric(column, errors="coerce").notna().any())
    return [name for name in after.columns if not numbers[name]]


def changed_tables(cohort: str, root: Path) -> list[str]:
    """Tables whose released numbers are others than those under review, though the report's version is the same."""
    old, new = root / RELEASE / cohort, root / REVIEW / cohort
    if not (old / "cohort.json").is_file() or _version(old) != _version(new):
        return []
    both = [name for name in (*RELEASED, COST_TABLE) if (old / f"{name}.csv").is_file()]
    return [name for name in both if not _numbers(old / f"{name}.csv").equals(_numbers(new / f"{name}.csv"))]


def _version(folder: Path) -> str:
    return read_json(folder / "cohort.json")["card"]["report"]["version"]


def _numbers(path: Path) -> pd.DataFrame:
    return _text_table(path).drop(columns=STAMPS, errors="ignore")


def _text_table(path: Path | io.StringIO) -> pd.DataFrame:
    return pd.read_csv(path, dtype="str", keep_default_na=False)


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """A table as `write_csv` would write it, read back as text."""
    texts: Sequence[str] = frame.select_dtypes(["str", "object"]).columns
    plain = frame.assign(**{name: frame[name].replace("", None) for name in texts})
    return _text_table(io.StringIO(plain.to_csv(index=False, na_rep=MISSING, lineterminator="\n")))
