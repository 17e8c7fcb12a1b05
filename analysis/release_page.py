"""The page that a person reads before signing: everything that would leave, beside what it was before treatment.

It shows untreated numbers and stays in the restricted area.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from analysis.disclosure.profiles import Profile
from analysis.disclosure.records import digest
from analysis.release_files import TableChange
from analysis.release_gate import Gate
from analysis.report.policy import policy
from analysis.web_templates import plain_style, web_templates

# Changed cells of a table that are listed; the rest are counted.
SHOWN = 1000
KINDS = ("skjult", "avrundet eller regnet om", "tatt ut", "lagt til")
METHODS = {
    "rounding": "Antall rundes av til nærmeste av to multipler av {base}, slik at tabellene går opp.",
    "suppression": "Antall under {threshold} skjules, og så få andre som mulig, slik at ingen kan regnes ut.",
    "redact_and_round": "Antall under {threshold} skjules, og resten rundes av til nærmeste multiplum av {base}.",
    "none": "Ingenting endres.",
}


def release_html(found: Gate, tables: Sequence[TableChange], profile: Profile) -> str:
    """The page as HTML in Bokmål. The same material gives the same page."""
    css = plain_style()
    return (
        web_templates()
        .get_template("release.html.j2")
        .render(
            style=css,
            policy=policy(css),
            title=f"{found.cohort}: {found.card.title.nb}",
            verdict=verdict(found),
            problems=[str(problem).strip() for problem in found.problems()],
            bound=bound(found),
            files=[(one["path"], one["bytes"], one["sha256"]) for one in found.files],
            leaks=leak_words(found),
            audit=audit_words(found),
            entries=[
                (entry.sequence, entry.release.report, entry.release.version, len(entry.release.numbers))
                for entry in found.entries
            ],
            older=[str(one.problem()).strip() for one in found.found.findings if one.older] if found.found else [],
            why=" ".join(_why(found, profile)),
            summary=[_summary(table) for table in tables],
            tables=[_shown(table) for table in tables if table.changes],
        )
    )


def verdict(found: Gate) -> str:
    """Whether it may leave, in a sentence."""
    if found.problems():
        return "Dette kan ikke slippes ut."
    if not found.restricted:
        return "Dette kan slippes ut. Data av denne typen trenger ingen godkjenning."
    return "Dette kan slippes ut når en person har godkjent det."


def bound(found: Gate) -> list[tuple[str, str]]:
    """What a sign-off binds: version, correction, files and the hash over them."""
    report = found.card.report
    pairs = [("Versjon", report.version)]
    if report.errata:
        last = report.errata[-1]
        pairs.append(("Rettelse", f"{last.date.isoformat()}: {last.text.nb}"))
    size = sum(one["bytes"] for one in found.files)
    pairs.append(("Filer", f"{len(found.files)} ({size} byte)"))
    return [*pairs, ("Sjekksum over filene", digest(list(found.files)))]


def leak_words(found: Gate) -> str:
    """What the leak scan of the finished files said."""
    if found.leaks:
        return f"Søket fant noe i {len({problem.where.split(',')[0] for problem in found.leaks})} filer; se over."
    return f"{len(found.files)} filer er gjennomsøkt, og ingenting ble funnet."


def audit_words(found: Gate) -> str:
    """What the audit against earlier releases said."""
    if not found.restricted:
        return "Data av denne typen føres ikke i utgivelsesboka."
    if found.found is None:
        return "Tallene kunne ikke prøves mot tidligere utgivelser; se over."
    tried = found.found
    releases = "denne utgivelsen" if tried.releases == 1 else f"{tried.releases} utgivelser"
    numbers = f"{tried.numbers} tall i {releases} er prøvd samlet mot {tried.groups} grupper."
    return numbers + (f" Funn: {len(found.refused)}." if found.refused else " Ingen få personer røpes.")


def _why(found: Gate, profile: Profile) -> Iterable[str]:
    yield f"Profil: {profile.key} ({profile.name})."
    yield METHODS[profile.method].format(threshold=profile.threshold, base=profile.base)
    yield profile.zeros_words
    yield f"Grunnen i kortet: {found.card.disclosure.reason.nb}"


def _summary(table: TableChange) -> tuple[Any, ...]:
    done = Counter(change.kind for change in table.changes)
    return (table.name, table.rows_before, table.rows_after, *(done[kind] for kind in KINDS))


def _shown(table: TableChange) -> dict[str, Any]:
    rows = [
        (one.row, one.about, one.column, one.before or "–", one.after or "–", one.kind) for one in table.changes[:SHOWN]
    ]
    more = len(table.changes) - SHOWN
    return {"name": table.name, "changes": rows, "more": f" (de første {SHOWN}; {more} til)" if more > 0 else ""}
