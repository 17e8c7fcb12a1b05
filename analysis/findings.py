"""What the checks of a delivery found: a table of findings, each with a severity that decides what follows.

FATAL stops the run, ERROR stops the release until the card accepts it with a reason, and WARNING is told. A finding
names file, column, rule and row numbers, and never holds a value.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from analysis.card_delivery import file_label
from analysis.cards import Card
from analysis.problems import Problem, stop_if_any
from analysis.readers.contract import SHOWN_ROWS, row_words
from analysis.tables import FINDINGS

Severity = Literal["FATAL", "ERROR", "WARNING"]
ORDER: tuple[Severity, ...] = ("FATAL", "ERROR", "WARNING")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One broken rule. `where` is the label of the file, or the name of a table; `rows` are the first row numbers.

    `count` is the number of rows, persons or offices that broke the rule, and 1 for a rule about a whole file.
    """

    rule: str
    severity: Severity
    where: str
    what: str
    mend: str = ""
    column: str | None = None
    count: int = 1
    rows: tuple[int, ...] = ()

    def problem(self) -> Problem:
        """The finding as it is told on screen."""
        parts = [self.where]
        if self.rows:
            parts.append(row_words(self.count, list(self.rows[:SHOWN_ROWS])))
        if self.column is not None:
            parts.append(f"kolonne «{self.column}»")
        return Problem(", ".join(parts), self.what, self.mend)


def stop_at_fatal(findings: Iterable[Finding]) -> None:
    """Raise ProblemsFound with every FATAL finding."""
    problems = [finding.problem() for finding in findings if finding.severity == "FATAL"]
    stop_if_any(f"Leveransen har feil ({len(problems)}). Ingen verdier vises; slå opp radene i filen.", problems)


def findings_table(findings: Iterable[Finding], card: Card) -> pd.DataFrame:
    """One row per finding, gravest first; `accepted` holds the card's reason (Bokmål) for a finding it accepts."""
    rows = [
        {
            "rule": finding.rule,
            "severity": finding.severity,
            "place": finding.where,
            "column": finding.column or "",
            "count": finding.count,
            "rows": ", ".join(map(str, finding.rows[:SHOWN_ROWS])),
            "what": finding.what,
            "mend": finding.mend,
            "accepted": accepted_reason(finding, card),
        }
        for finding in sorted(findings, key=lambda finding: ORDER.index(finding.severity))
    ]
    return pd.DataFrame(rows, columns=list(FINDINGS)).astype(FINDINGS)


def accepted_reason(finding: Finding, card: Card) -> str:
    """The card's reason for accepting the finding, by rule and, where the card says so, by name of file or table."""
    names = {file_label(file): file.name for file in card.files}
    for accepted in card.accepted:
        if accepted.rule == finding.rule and accepted.file in (None, names.get(finding.where, finding.where)):
            return accepted.reason.nb
    return ""


def stop_at_errors(findings: pd.DataFrame) -> None:
    """Raise ProblemsFound with every ERROR that the card does not accept."""
    open_errors = findings[(findings["severity"] == "ERROR") & (findings["accepted"] == "")]
    problems = [Problem(row.place, row.what, row.mend) for row in open_errors.itertuples()]
    stop_if_any("Kontrollen av leveransen fant feil. Ingenting er frigitt.", problems)
