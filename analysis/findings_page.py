"""The page that the person who delivers data reads: what the checks found, where, and how to mend it.

One file that makes no request and runs no script. It holds what a `Finding` holds and nothing else: no value of a row.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jinja2

from analysis.findings import ORDER, Finding, Severity
from analysis.readers.contract import SHOWN_ROWS, row_words
from analysis.report.policy import policy

SHARED = Path(__file__).resolve().parent.parent / "reports" / "_shared"
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
    css = "".join((SHARED / name).read_text(encoding="utf-8") for name in ("report.css", "findings.css"))
    groups = list(_groups(list(findings)))
    return _template().render(title=title, groups=groups, style=css, policy=policy(css))


def _template() -> jinja2.Template:
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(SHARED),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return found.get_template("findings.html.j2")


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
