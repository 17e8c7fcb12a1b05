"""The page that the person who delivers data reads: what the checks found, where, and how to mend it.

One file that makes no request and runs no script. It holds what a `Finding` holds and nothing else: no value of a row.
"""

from collections.abc import Iterable
from typing import Any

from analysis.findings import ORDER, Finding, Severity
from analysis.readers.contract import SHOWN_ROWS, row_words
from analysis.report.policy import policy
from analysis.web_templates import plain_style, web_templates

SEVERITIES: dict[Severity, tuple[str, str, str]] = {
    "FATAL": ("stopper", "Stopper kjøringen", "Leveransen kan ikke brukes før dette er rettet."),
    "ERROR": (
        "feil",
        "Feil",
        "Kjøringen går videre, men ingenting frigis før feilen er rettet eller kohortkortet godtar den med en grunn.",
    ),
    "WARNING": ("merknader", "Merknader", "Se over. Dette stopper ingenting, men det står i rapporten."),
}


def findings_html(title: str, findings: Iterable[Finding]) -> str:
    """The page as HTML in Bokmål: one table, gravest first, with what each severity means.

    `title` says which cohort or delivery it is. Findings of a severity keep their order. The same findings give the
    same page.
    """
    css = plain_style()
    groups = list(_groups(list(findings)))
    return (
        web_templates()
        .get_template("findings.html.j2")
        .render(title=title, groups=groups, style=css, policy=policy(css))
    )


def _groups(findings: list[Finding]) -> Iterable[dict[str, Any]]:
    for severity in ORDER:
        own = [_shown(finding) for finding in findings if finding.severity == severity]
        if own:
            name, heading, meaning = SEVERITIES[severity]
            yield {"severity": severity, "id": name, "name": heading, "meaning": meaning, "findings": own}


def _shown(finding: Finding) -> dict[str, str]:
    """What the page tells of a finding."""
    rows = row_words(finding.count, list(finding.rows[:SHOWN_ROWS])).removeprefix("rad ") if finding.rows else ""
    return {
        "where": finding.where,
        "column": finding.column or "",
        "rows": rows or (f"antall: {finding.count}" if finding.count > 1 else "–"),
        "what": finding.what,
        "mend": finding.mend,
        "rule": finding.rule,
    }
