"""The command that takes a person out. The id is asked for: a command line is seen by others and kept in a history."""

import argparse
import datetime as dt
import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.cards import Card
    from analysis.purge import Purged

VARIABLE = "PERSON"
ASKED = "Id-en slik den står i leveransen (vises ikke): "
WHO = "Hvem skal tas ut? Ingen id er oppgitt."


def add_purge(commands: Any) -> None:
    """The command `purge`."""
    purge = commands.add_parser("purge", help="ta en person som har trukket seg, ut av leveransen og alt som er lukket")
    purge.add_argument("cohort", nargs="?", default="", metavar="KOHORT")
    purge.add_argument("--person-file", type=Path, default=None, metavar="FIL", help="fil med id-en på én linje")
    purge.add_argument("--gone", action="store_true", help="leveransen er alt uten personen; fjern det som er laget")
    purge.set_defaults(command=_purge)


def _purge(options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis.cards import read_card
    from analysis.cli import card_path
    from analysis.places import data_folders
    from analysis.purge import purge
    from analysis.run import STATE, exclusive_run

    path = card_path(options.cohort)
    card, root = read_card(path), path.parent.parent.parent
    folder = data_folders({options.cohort: card}, root)[options.cohort]
    person = _person(options.person_file)
    # The machine's own day: a receipt is dated by the one who makes it.
    date = dt.date.today().isoformat()  # noqa: DTZ011
    STATE.mkdir(exist_ok=True)
    with exclusive_run():
        done = purge(card, options.cohort, folder, person, root=root, date=date, gone=options.gone)
    print("\n".join(purged_words(card, done, options)))
    return 0


def _person(file: Path | None) -> str:
    """The id from a file, the environment, a question without echo, or standard input, in that order."""
    from analysis.problems import Problem, ProblemsFound

    if file is not None and not file.is_file():
        raise ProblemsFound(WHO, [Problem("PERSON_FILE", "filen finnes ikke.")])
    if file is not None:
        given = file.read_text(encoding="utf-8-sig")
    elif VARIABLE in os.environ:
        given = os.environ[VARIABLE]
    else:
        given = getpass.getpass(ASKED) if sys.stdin.isatty() else sys.stdin.readline()
    person = given.strip()
    if not person or len(person.splitlines()) > 1:
        what = "skriv én id, slik den står i leveransen."
        raise ProblemsFound(WHO if not person else "Mer enn én id er oppgitt.", [Problem("PERSON", what)])
    return person


def purged_words(card: "Card", done: "Purged", options: argparse.Namespace) -> list[str]:
    """What was done, and what is left for a person to do. The id is not among the words."""
    lines = ["Personen er tatt ut.", *(_changed_words(item) for item in done.changed)]
    lines += [f"  {len(done.removed)} filer som var laget av leveransen, er fjernet fra det lukkede området."]
    lines += [f"  Kvittering uten navn: {_shown(done.receipt)}", "", "Gjør dette nå:"]
    lines += [f"  {line}" for line in (*_card_words(card, done), *_next_words(done, options))]
    if done.mentions:
        lines += ["", "Disse filene inneholder fortsatt id-en. Slett dem, eller se etter hvorfor:"]
        lines += [f"  {_shown(path)}" for path in done.mentions]
    if done.unfinished:
        lines += ["", "Disse kvitteringene er fra slettinger som ble avbrutt. Kjør dem på nytt for samme person:"]
        lines += [f"  {_shown(path)}" for path in done.unfinished]
    return lines


def _changed_words(item: dict[str, Any]) -> str:
    return f"  {item['file']}: {item['rows_before']} rader før, {item['rows_after']} nå"


def _card_words(card: "Card", done: "Purged") -> list[str]:
    """What the card states of a file that is not so any more."""
    from analysis.delivery import file_label

    files = {file_label(file): file for file in card.files}
    lines = []
    for item in done.changed:
        file = files[item["file"]]
        stated = [f"rows: {item['rows_after']}"] if file.rows is not None else []
        stated += [f"sha256: {item['sha256_after']}"] if file.sha256 is not None else []
        if stated:
            lines.append(f"Rett kortet, files, {file.name}: {', '.join(stated)}")
    if lines:
        lines.append("Er planen låst, før endringen av files under deviations i kortet, med dato og grunn.")
    return lines


def _next_words(done: "Purged", options: argparse.Namespace) -> list[str]:
    # A run begins with what has changed; nothing has where the delivery was clean already.
    lines = ["Kjør kohorten på nytt: " + ("make" if done.changed else "make clean og så make")]
    if options.person_file is not None:
        lines.append("Slett filen med id-en.")
    return [
        *lines,
        "Slett personen i sikkerhetskopier og i andre kopier av leveransen, og si fra til leverandøren.",
        "Det som alt er sluppet ut, kan ikke kalles tilbake. Neste utgivelse prøves mot de tidligere.",
    ]


def _shown(path: Path) -> str:
    """The path from here, or the file's name where it lies outside the project."""
    absolute, here = path.absolute(), Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else path.name
