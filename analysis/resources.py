"""Memory and minutes that a job asks a cluster for, from the size of its cohort; on one machine nobody reads them.

What takes memory is the rows of the delivery, and the person-month panel: a row per person and month, a number per
outcome. The shares of them that a rule holds at once are from benchmarks/bench_whole_country.py (docs/performance.md,
whole_country) with a third added; that of `estimate_staggered` is from 60 000 persons in 96 months, and those of the
rules for trials, changed plans and descriptions are that of `estimate_did`, the largest measured. A job that needs
more is stopped by the cluster, and asks for twice as much the next time. Snakemake itself, twice in every job of a
cluster, is in `mb`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from analysis.cards import Card, File
from analysis.delivery import file_path
from analysis.months import month_number
from analysis.outcomes import rules_of, sources

# Of a row: a pseudonym, two dates and a short word in CSV take about this.
BYTES_PER_ROW = 40
# Bytes of CSV that a byte of the format stands for; those that are not named store each value about as CSV does.
UNPACKED = {"parquet": 8, "xlsx": 5}
GZIP_UNPACKED = 6
# Of a row of the panel: person, month, event time and whether it was observed; and of each outcome in it.
PANEL_ROW_BYTES, OUTCOME_BYTES = 10, 8


@dataclass(frozen=True)
class Size:
    """Of a cohort: million rows of its delivery, and its panel in MB of memory."""

    million_rows: float = 0.0
    panel_mb: float = 0.0


@dataclass(frozen=True)
class Need:
    """Of a rule: MB = `mb` + `per_million`·rows + `per_panel`·panel, and minutes = `minutes` + `per_gb`·panel in GB."""

    mb: int = 1000
    per_million: float = 0.0
    per_panel: float = 0.0
    minutes: int = 10
    per_gb: int = 0


# Rules that hold persons. All others read tables of a few thousand rows.
NEEDS: Mapping[str, Need] = {
    "generate_delivery": Need(mb=2000),
    "read_delivery": Need(per_million=140, minutes=15, per_gb=10),
    "build_panel": Need(per_panel=3.5, minutes=15, per_gb=10),
    "match_persons": Need(per_panel=3, minutes=15, per_gb=30),
    "estimate_did": Need(per_panel=5.5, minutes=30, per_gb=30),
    "estimate_staggered": Need(per_panel=6, minutes=30, per_gb=30),
    "estimate_trial": Need(per_panel=5.5, minutes=30, per_gb=30),
    "estimate_planned": Need(per_panel=5.5, minutes=30, per_gb=60),
    "estimate_subgroups": Need(per_panel=3, minutes=30, per_gb=30),
    "specification_grid": Need(per_panel=3, minutes=60, per_gb=120),
    "certify_cohort": Need(per_panel=3, minutes=60, per_gb=120),
    "describe_cohort": Need(per_panel=5.5, minutes=30, per_gb=30),
}
LIGHT = Need()


def memory_mb(rule: str, size: Size, *, attempt: int) -> int:
    """MB that a job of `rule` asks for when it is tried for the `attempt`-th time (1, 2, …)."""
    need = NEEDS.get(rule, LIGHT)
    return attempt * round(need.mb + need.per_million * size.million_rows + need.per_panel * size.panel_mb)


def runtime_minutes(rule: str, size: Size, *, attempt: int) -> int:
    """Minutes that a job of `rule` asks for when it is tried for the `attempt`-th time."""
    need = NEEDS.get(rule, LIGHT)
    return attempt * round(need.minutes + need.per_gb * size.panel_mb / 1000)


def size_of(card: Card, folder: Path) -> Size:
    """Of a cohort whose delivery lies in `folder`, from what the card states and else from the files that are there.

    The rows of a database, and of a delivery that is not made yet, are known only where the card states them (`rows`).
    """
    rows = {file.name: _rows(file, folder) for file in card.files}
    persons = sum(rows[file.name] for file in card.files if file.table == "persons")
    told = sum(rows[file.name] for file in card.files if file.table == "outcomes")
    names = card.measured_names()
    columns = len(dict.fromkeys([*names, *sources(names), *rules_of(names)]))
    panel = (persons * _months(card) + told) * (PANEL_ROW_BYTES + OUTCOME_BYTES * columns)
    return Size(sum(rows.values()) / 1e6, panel / 1e6)


def _rows(file: File, folder: Path) -> float:
    if file.rows is not None:
        return file.rows
    path = file_path(file, folder)
    if path is None or not path.is_file():
        return 0
    packed = GZIP_UNPACKED if file.compression == "gzip" else UNPACKED.get(file.format, 1)
    return path.stat().st_size * packed / BYTES_PER_ROW


def _months(card: Card) -> int:
    """Of the registers, or those that outcomes stand in columns for."""
    if card.registers is not None:
        return month_number(card.registers.last) - month_number(card.registers.first) + 1
    return len({outcome.month for file in card.files for outcome in file.outcomes})
