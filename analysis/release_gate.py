"""The gate between review and release: what a person sees before signing, and what the seal asks once more.

Restricted cohorts alone pass through it. What is declared of their numbers lies in
results/restricted/<cohort>/declared.json, and the ledger in results/restricted/<cohort>/ledger with its hashes in
cohorts/<cohort>/ledger.json.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analysis.canaries import canaries, searched
from analysis.cards import Card
from analysis.disclosure.corrections import standing, telling_corrections
from analysis.disclosure.declared import Declared
from analysis.disclosure.joint_audit import HEADING, Audit, audit
from analysis.disclosure.kept import DECLARED, read_declared
from analysis.disclosure.ledger import Entry, admit, read_ledger
from analysis.disclosure.profiles import PROFILES_FILE, Profile, profile, read_profiles
from analysis.disclosure.records import definition, digest, values
from analysis.leakscan import scan_file
from analysis.problems import Problem, ProblemsFound, stop_if_any
from analysis.release_files import RELEASE, RESTRICTED, REVIEW, SYNTHETIC, changed_tables, fingerprints, review_files
from analysis.seal import allowed_types
from analysis.signoff import stop_without_sign_off

STOPPED = "Ingenting er sluppet ut."
NEXT = "Gi rapporten neste versjon (report.version), og skriv hva som er rettet (report.errata)."


@dataclass(frozen=True)
class Gate:
    """Everything that would leave of a cohort, and what stops it.

    `files` are fingerprints; `entries` earlier releases; `found` the audit (None where none is asked for, or it could
    not be done); `leaks`, `missing` files, `refused` numbers and `changed` tables stop a restricted cohort.
    """

    cohort: str
    card: Card
    files: tuple[dict[str, Any], ...]
    leaks: tuple[Problem, ...]
    missing: tuple[Problem, ...]
    declared: Declared | None
    entries: tuple[Entry, ...]
    found: Audit | None
    refused: tuple[Problem, ...]
    changed: tuple[str, ...]

    @property
    def restricted(self) -> bool:
        """Whether a person must sign."""
        return self.card.data_kind == "restricted"

    def problems(self) -> list[Problem]:
        """What stops the release; a changed number of data that anybody may see is told and stops nothing."""
        changed = changed_problems(self.changed) if self.restricted else []
        return [*self.missing, *self.leaks, *self.refused, *changed]


def rule_of(card: Card, root: Path) -> Profile:
    """The profile by which a cohort's numbers are treated and audited."""
    return profile(read_profiles(root / PROFILES_FILE), card.disclosure.profile, method=card.disclosure.method)


def gate(cohort: str, card: Card, languages: Iterable[str], root: Path) -> Gate:
    """Look at everything that would leave of a cohort. Nothing is written."""
    paths = {root / REVIEW / name: RELEASE / name for name in review_files(cohort, languages)}
    here = [path for path in paths if path.is_file()]
    missing = [Problem(str(path), "er ikke laget.", "Kjør make først.") for path in paths if not path.is_file()]
    birds = searched(canaries([root / SYNTHETIC / cohort] if card.synthetic else []))
    leaks = [
        finding
        for path in here
        for finding in scan_file(path, canaries=birds, allowed_suffixes=allowed_types(paths[path]))
    ]
    declared, entries, found, refused = None, (), None, []
    if card.data_kind == "restricted":
        try:
            declared, entries, found = _audited(cohort, card, root)
            refused = [finding.problem() for finding in found.findings if not finding.older]
        except ProblemsFound as error:
            refused = list(error.problems) or [Problem(cohort, error.heading)]
    return Gate(
        cohort=cohort,
        card=card,
        files=tuple(fingerprints(here)),
        leaks=tuple(Problem(f"{one.file}, {one.place}", one.rule) for one in leaks),
        missing=tuple(missing),
        declared=declared,
        entries=entries,
        found=found,
        refused=tuple(refused),
        changed=() if missing else tuple(changed_tables(cohort, root)),
    )


def admitted(cohort: str, card: Card, files: Iterable[str], root: Path) -> None:
    """Let a restricted cohort through: signed, bytes as signed, numbers that fit every earlier release, in the ledger.

    Raises ProblemsFound and writes nothing otherwise. The same once more changes nothing.
    """
    declared = _declared(cohort, card, root)
    stop_without_sign_off(
        root / "cohorts" / cohort,
        fingerprints(files),
        version=card.report.version,
        definition_sha256=digest(definition(declared)),
    )
    problems = changed_problems(changed_tables(cohort, root))
    if problems:
        raise ProblemsFound(STOPPED, problems)
    _stop_if_other(read_ledger(*ledger_places(cohort, root)), declared, card)
    admit(*ledger_places(cohort, root), declared, rule_of(card, root))


def ledger_places(cohort: str, root: Path) -> tuple[Path, Path]:
    """The ledger's folder and its public list."""
    return root / RESTRICTED / cohort / "ledger", root / "cohorts" / cohort / "ledger.json"


def changed_problems(tables: Iterable[str]) -> list[Problem]:
    """A released number may not change under the same version."""
    return [
        Problem(f"{name}.csv", "har andre tall enn det som er sluppet ut med samme versjon.", NEXT) for name in tables
    ]


def _declared(cohort: str, card: Card, root: Path) -> Declared:
    path = root / RESTRICTED / cohort / DECLARED
    found = read_declared(path) if path.is_file() else None
    if found is None:
        raise ProblemsFound(STOPPED, [Problem(str(path), "sier ikke hvilke tall som skal ut.", "Kjør make først.")])
    return replace(found, version=card.report.number)


def _audited(cohort: str, card: Card, root: Path) -> tuple[Declared, tuple[Entry, ...], Audit]:
    declared = _declared(cohort, card, root)
    entries = read_ledger(*ledger_places(cohort, root))
    _stop_if_other(entries, declared, card)
    earlier = [entry.release for entry in entries if not _is(entry, declared)]
    rule = rule_of(card, root)
    stop_if_any(HEADING, telling_corrections(earlier, declared, rule))
    return declared, entries, audit(standing(earlier, declared), declared, rule)


def _is(entry: Entry, new: Declared) -> bool:
    return (entry.release.report, entry.release.version) == (new.report, new.version)


def _stop_if_other(entries: Iterable[Entry], new: Declared, card: Card) -> None:
    """Another content under a version that has left is a correction that does not say so."""
    name = digest([definition(new), values(new)])
    others = [entry for entry in entries if _is(entry, new)]
    if any(digest([definition(entry.release), values(entry.release)]) != name for entry in others):
        what = f"versjon {card.report.version} er sluppet ut før, med andre tall."
        raise ProblemsFound(HEADING, [Problem(f"rapport «{new.report}»", what, NEXT)])
