"""The command `release`: look at everything that would leave of a cohort, and sign it."""

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.release_gate import Gate

CONFIG = Path("config/config.yaml")
REFUSED = "{cohort} kan ikke slippes ut ({count}). Siden viser alt: {page}"


def add_release(commands: Any) -> None:
    """The command `release`."""
    release = commands.add_parser("release", help="se over alt som skal ut av en kohort, og godkjenn det")
    release.add_argument("cohort", nargs="?", default="", metavar="KOHORT")
    release.add_argument("--by", default="", metavar="NAVN", help="den som godkjenner; uten navn lagres ingenting")
    release.add_argument("--date", type=dt.date.fromisoformat, default=None, metavar="ÅÅÅÅ-MM-DD", help="ellers i dag")
    release.set_defaults(command=_release)


def _release(options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis.cards import read_card
    from analysis.cli import card_path
    from analysis.files import write_text
    from analysis.problems import stop_if_any
    from analysis.release_files import RESTRICTED, table_changes
    from analysis.release_gate import gate, rule_of
    from analysis.release_page import release_html
    from analysis.yamlio import read_yaml

    path = card_path(options.cohort)
    card, root = read_card(path), path.parent.parent.parent
    found = gate(options.cohort, card, read_yaml(root / CONFIG).data["languages"], root)
    stop_if_any("Det er ingenting å se over ennå.", found.missing)
    page = root / RESTRICTED / options.cohort / "release" / "index.html"
    write_text(page, release_html(found, list(table_changes(options.cohort, root)), rule_of(card, root)))
    print("\n".join([*release_words(found), f"Siden viser alt: {page}"]))
    stop_if_any(REFUSED.format(cohort=options.cohort, count=len(found.problems()), page=page), found.problems())
    print(_signed(options, found, path.parent))
    return 0


def release_words(found: "Gate") -> list[str]:
    """What the page shows, in short."""
    from analysis.release_gate import changed_problems
    from analysis.release_page import audit_words, bound, leak_words, verdict

    lines = [f"{found.cohort}: {found.card.title.nb}"]
    lines += [f"  {term}: {text}" for term, text in bound(found)]
    lines += [f"  Lekkasjesøk: {leak_words(found)}", f"  Utgivelsesbok: {audit_words(found)}"]
    if found.changed and not found.restricted:
        lines += ["Merk:", *map(str, changed_problems(found.changed))]
    return [*lines, verdict(found)]


def _signed(options: argparse.Namespace, found: "Gate", folder: Path) -> str:
    """Store the sign-off where there is one to store; what was done."""
    from analysis.disclosure.records import definition, digest
    from analysis.signoff import standing_sign_off, write_sign_off

    if found.declared is None or found.found is None:
        return "Kjør make for å slippe den ut."
    asked = {"version": found.card.report.version, "definition_sha256": digest(definition(found.declared))}
    if not options.by.strip():
        earlier = standing_sign_off(folder, found.files, **asked)
        if earlier is not None:
            return f"Alt godkjent av {earlier.name} ({earlier.date}). Kjør make for å slippe ut, om det ikke er gjort."
        return f'Ikke godkjent. Se over siden, og kjør: make release COHORT={found.cohort} BY="Navn Navnesen"'
    tried = {name: getattr(found.found, name) for name in ("groups", "numbers", "releases")}
    stored = write_sign_off(
        folder,
        name=options.by,
        # The machine's own day: a sign-off is dated by the person who makes it.
        date=options.date or dt.date.today(),  # noqa: DTZ011
        files=found.files,
        **asked,
        audit={"verdict": "passed", **tried},
    )
    return f"Godkjent av {options.by.strip()}: {stored}. Legg filen i git, og kjør make for å slippe ut."
