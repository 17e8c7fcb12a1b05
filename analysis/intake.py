"""From a delivery to checked tables, or every problem at once.

Files are read in batches; values are converted and checked once per distinct text, and typed rows wait in a private
folder until what holds across rows, files and tables is checked. No finding holds a value.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from analysis import office_table, other_tables, person_table
from analysis.attrition import attrition_rows, stated_rows
from analysis.cards import Card, File
from analysis.conversion import TypeNumbers
from analysis.delivery import Reading, file_label
from analysis.files import write_parquet
from analysis.findings import Finding, findings_table, stop_at_fatal
from analysis.offices import OUTSIDE_POPULATION, is_protected
from analysis.problems import ProblemsFound
from analysis.pseudonyms import Key, dense_order
from analysis.row_checks import FileRows
from analysis.spell_table import spell_findings, write_spells
from analysis.staging import OF_PERSONS, Staging, staging
from analysis.table_rules import counted, finding
from analysis.tables import ATTRITION

# Offices and persons first: the others are joined to them, whatever the order of the card.
ORDER = ("offices", "persons", "memberships", "outcomes", "spells", "amounts", "aggregates")
STORED = ("persons", "offices", "amounts", "outcomes", "aggregates")
AGGREGATED = "aggregated_series"


@dataclass(frozen=True)
class Delivery:
    """The checked tables (SPEC in docs: contracts of the intake stage).

    `persons` has a row per person, `outcomes` a row per person, month and outcome; `spells` is the path of a Parquet
    file, when one was asked for. `attrition` holds step 1, and step 2 when persons were left out of the population.
    """

    persons: pd.DataFrame
    outcomes: pd.DataFrame
    offices: pd.DataFrame | None = None
    spells: Path | None = None
    amounts: pd.DataFrame | None = None
    aggregates: pd.DataFrame | None = None
    findings: list[Finding] = field(default_factory=list)
    attrition: pd.DataFrame | None = None


class DeliveryRefused(ProblemsFound):
    """A delivery with FATAL findings. `findings` has those of every severity."""

    def __init__(self, heading: str, problems: tuple, findings: list[Finding]):
        super().__init__(heading, problems)
        self.findings = findings


def read_delivery(
    card: Card, folder: Path, *, cohort: str = "", spells: Path | None = None, key: Key | None = None
) -> Delivery:
    """Read, check and convert the delivery of `card` from `folder`.

    Spells are written to `spells` without being held in memory. With `key`, the numbers of persons come in an order
    that only the key knows, other for each `cohort`. Raises DeliveryRefused with every FATAL finding.
    """
    with staging() as staged:
        intake = _Intake(card, folder, staged)
        intake.read(ORDER[:3])
        people = intake.number_persons(cohort, key)
        intake.read(ORDER[3:])
        delivery = intake.tables(people)
        _stop_if_refused(intake.findings)
        if spells is not None:
            write_spells(staged.spells, card, intake.types.names, spells)
        return Delivery(**delivery, spells=spells, findings=intake.findings)


def _stop_if_refused(findings: list[Finding]) -> None:
    try:
        stop_at_fatal(findings)
    except ProblemsFound as error:
        raise DeliveryRefused(error.heading, error.problems, findings) from None


@dataclass(frozen=True)
class _People:
    """The delivered rows of persons, one a person: of the population by number, and of those outside."""

    kept: pd.DataFrame
    outside: pd.DataFrame


class _Intake:
    """One delivery on its way: what is staged, and what was found so far."""

    def __init__(self, card: Card, folder: Path, staged: Staging):
        self.card, self.folder, self.staged = card, folder, staged
        self.findings: list[Finding] = []
        self.waiting: list[tuple[int, Reading, FileRows]] = []  # until it is known who must not be seen
        self.types = TypeNumbers()

    def read(self, tables: tuple[str, ...]) -> None:
        """Stage all files of these tables."""
        for table in tables:
            files = [(place, file) for place, file in enumerate(self.card.files) if file.table == table]
            rows = {place: FileRows(self.card, file, file_label(file), self.types) for place, file in files}
            if files:
                self.staged.create(table, [found.schema() for found in rows.values()])
            for place, file in files:
                self._read_file(place, file, rows[place])

    def _read_file(self, place: int, file: File, rows: FileRows) -> None:
        """Stage one file. Rows that turn out not to be right are neither checked nor used."""
        reading = Reading(file, self.folder)
        numbered = self.staged.append(file.table, place, rows.schema(), _converted(reading, rows))
        if not reading.stands:
            self.staged.discard(file.table, place)
        if file.table in OF_PERSONS:
            self.waiting.append((place, reading, rows))
        elif numbered is None:
            self._tell(reading, rows)
        else:
            self._tell(reading, rows, numbered.hidden)
            self._tell_unknown(numbered.unknown if reading.stands else 0, file)

    def _tell(self, reading: Reading, rows: FileRows, hidden: np.ndarray | None = None) -> None:
        """What is wrong with a file, and with its rows but for the hidden ones."""
        self.findings += reading.findings
        if reading.stands:
            self.findings += rows.findings(hidden)

    def _tell_unknown(self, count: int, file: File) -> None:
        """Tell how many rows of persons who were not delivered are left out."""
        if count and self._readable("persons"):
            words = counted(count, "rad", "rader")
            self.findings.append(finding("unknown_person", file_label(file), count=count, counted=words))

    def _readable(self, table: str) -> bool:
        """Whether the card has files of the table, and all of them could be read to the end with their columns."""
        labels = [file_label(file) for file in self.card.files if file.table == table]
        wrong = ("file_missing", "file_empty", "file_unreadable", "column_missing", "no_rows")
        return bool(labels) and not any(
            found.rule in wrong and found.where.startswith(tuple(labels)) for found in self.findings
        )

    def _clean(self) -> bool:
        return not any(found.severity == "FATAL" for found in self.findings)

    def number_persons(self, cohort: str, key: Key | None) -> _People:
        """Give the persons of the population their numbers, and tell of those who stand twice."""
        raw = person_table.raw_persons(self.staged)
        unique = person_table.unique_persons(raw)
        outside = person_table.outside_ids(self.staged)
        kept = unique[~unique["id"].isin(outside)]
        kept = kept.iloc[dense_order(kept["id"], key=key, cohort=cohort)]
        self.staged.make_people(kept["id"], outside)
        for place, reading, rows in self.waiting:
            self._tell(reading, rows, person_table.hidden_rows(self.staged, rows.file.table, place))
        if len(unique) < len(raw):
            self.findings += person_table.duplicate_findings(self.card, raw[~raw["id"].isin(outside)])
        for place, file in enumerate(self.card.files):
            if file.table == "memberships":
                self._tell_unknown(self.staged.unknown_persons("memberships", place), file)
        return _People(kept, unique[unique["id"].isin(outside)])

    def tables(self, people: _People) -> dict[str, pd.DataFrame]:
        """The tables of the delivery; what is wrong across rows and tables is added to the findings."""
        offices, persons = self._offices_and_persons(people)
        outcomes = other_tables.outcomes_table(self.staged)
        self.findings += other_tables.outcome_findings(self.card, self.staged, outcomes)
        known = offices if self._readable("offices") else None
        self.findings += other_tables.aggregate_findings(self.card, self.staged, known)
        self.findings += self._across(persons, offices)
        return {
            "persons": persons,
            "offices": offices,
            "outcomes": outcomes,
            "amounts": other_tables.amounts_table(self.staged),
            "aggregates": other_tables.aggregates_table(self.staged),
            "attrition": self._attrition(people, persons, offices) if self._clean() else None,
        }

    def _offices_and_persons(self, people: _People) -> tuple[pd.DataFrame, pd.DataFrame]:
        raw = office_table.raw_offices(self.staged)
        self.findings += office_table.duplicate_offices(self.card, raw)
        clean, problems = self._clean(), []
        offices = office_table.offices_table(raw)
        persons = person_table.persons_table(self.card, self.staged, people.kept, offices)
        if clean:  # else what is missing because it could not be read would be told twice
            offices = office_table.with_municipality(self.card, self.staged, offices, problems)
            persons = person_table.with_municipality(self.card, persons, problems)
        self.findings += problems
        return offices, persons

    def _across(self, persons: pd.DataFrame, offices: pd.DataFrame) -> Iterator[Finding]:
        """Rules on persons, offices and spells together."""
        if self.card.design == AGGREGATED and not self._delivers("persons"):
            if self._readable("offices"):
                yield from person_table.empty_arm_findings(self.card, offices, whose="kontorer")
        elif self._readable("persons"):
            yield from person_table.empty_arm_findings(self.card, persons)
        if self._readable("offices"):
            yield from person_table.unknown_office_findings(persons, offices)
        if self._clean():
            yield from office_table.history_findings(self.card, self.staged, offices, persons)
            yield from spell_findings(self.staged.spells, self.card, self.types.names, persons)

    def _delivers(self, table: str) -> bool:
        return any(file.table == table for file in self.card.files)

    def _attrition(self, people: _People, persons: pd.DataFrame, offices: pd.DataFrame) -> pd.DataFrame:
        """Who was delivered, and who is left when some were outside the population.

        The protected office is counted nowhere: that it fell away would tell of it.
        """
        arms = [arm.id for arm in self.card.arms]
        if not self._delivers("persons"):
            counts = offices["arm"].value_counts()
            return stated_rows(1, "delivered", dict.fromkeys(arms), {arm: int(counts.get(arm, 0)) for arm in arms})
        if people.outside.empty:
            return attrition_rows(1, "delivered", persons, arms)
        everyone = pd.concat([people.kept, people.outside])
        everyone = person_table.persons_table(self.card, self.staged, everyone, offices)
        office = everyone["office_id"].mask(is_protected(everyone["office_id"]))
        rows = [
            attrition_rows(1, "delivered", everyone.assign(office_id=office), arms),
            attrition_rows(2, OUTSIDE_POPULATION, persons, arms),
        ]
        return pd.concat(rows, ignore_index=True).astype(ATTRITION)


def _converted(reading: Reading, rows: FileRows) -> Iterator[pa.RecordBatch]:
    for batch in reading.batches():
        yield rows.converted(batch)


def write_delivery(delivery: Delivery, card: Card, folder: Path) -> None:
    """Write all tables but the spells, which are written when they are read, as Parquet files in `folder`."""
    for name in STORED:
        write_parquet(getattr(delivery, name), folder / f"{name}.parquet")
    write_parquet(delivery.attrition, folder / "intake_attrition.parquet")
    write_parquet(findings_table(delivery.findings, card), folder / "findings.parquet")
