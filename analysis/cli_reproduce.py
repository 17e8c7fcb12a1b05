"""The command `reproduce`: the whole pipeline twice, in unlike surroundings, and what is not the same."""

import argparse
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.problems import Problem, ProblemsFound, stop_if_any

if TYPE_CHECKING:
    from analysis.reproduce import Compared, Surroundings

# Closed to others, for everything about persons is made there too; no cohort can have the name.
FOLDER = Path("results/restricted/_reproduce")
SAME_CLOCK = "Klokka er den samme i begge: faketime er ikke installert (apt install faketime)."
NOT_SAME = "Kjøringene ga ikke de samme bytene ({count} av {all} filer). Begge mappene står i {folder}."
NOT_RUN = "Kjøringen ble ikke ferdig, og ingenting er sammenlignet. Begge mappene står i {folder}."
UNSIGNED = "Ikke sammenlignet, for ingen har godkjent det som skal ut: {names}."


def add_reproduce(commands: Any) -> None:
    """The command `reproduce`."""
    words = "kjør alt to ganger i ulike omgivelser, og sammenlign bytene"
    reproduce = commands.add_parser("reproduce", help=words)
    reproduce.add_argument("cohorts", nargs="*", metavar="KOHORT", help="ellers alle")
    reproduce.set_defaults(command=_reproduce)


def _reproduce(options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis import reproduce
    from analysis.cohorts import find_cohorts
    from analysis.files import write_text
    from analysis.signoff import unsigned

    root = Path.cwd()
    cards = find_cohorts("cohorts")
    strange = [name for name in options.cohorts if name not in cards]
    stop_if_any("Fant ikke kohortene.", [Problem(name, "ingen slik kohort.") for name in strange])
    waiting = unsigned(cards, "cohorts")
    chosen = [name for name in options.cohorts or cards if name not in waiting]
    if waiting:
        print(UNSIGNED.format(names=", ".join(waiting)))
    shutil.rmtree(FOLDER, ignore_errors=True)
    # Written so that the folder is closed.
    write_text(FOLDER / "README.txt", "To kjøringer fra ingenting, laget av make reproduce.\n")
    runs = reproduce.surroundings(can_fake_time=reproduce.can_fake_time())
    if not runs[1].days:
        print(SAME_CLOCK)
    folders = [root / FOLDER / where.folder for where in runs]
    for where, folder in zip(runs, folders, strict=True):
        reproduce.copy_project(root, folder, cards, chosen)
        started = time.monotonic()
        print(f"Kjører {len(chosen)} kohorter: {words_of(where)}", flush=True)
        code, said = reproduce.run_there(folder, where)
        print(f"  ferdig på {(time.monotonic() - started) / 60:.1f} min".replace(".", ","), flush=True)
        if code:
            raise ProblemsFound(NOT_RUN.format(folder=FOLDER), [Problem(str(said.relative_to(root)), "sier hvorfor.")])
    found = reproduce.compared(*folders)
    print(table(found))
    if found.unlike:
        heading = NOT_SAME.format(count=len(found.unlike), all=found.all.total(), folder=FOLDER)
        print("\n".join([heading, *(f"  {name}: {what}" for name, what in found.unlike.items())]), file=sys.stderr)
        return 1
    shutil.rmtree(FOLDER)
    print(f"Alle {found.all.total()} filer er like, byte for byte. Ingenting er unntatt.")
    return 0


def words_of(where: "Surroundings") -> str:
    """The surroundings of a run on one line."""
    clock = f", klokka {where.days} døgn foran" if where.days else ""
    cores = "1 kjerne" if where.cores == 1 else f"{where.cores} kjerner"
    return f"{cores}, tidssone {where.zone}, språkdrakt {where.locale}, hashfrø {where.hash_seed}{clock}"


def table(found: "Compared") -> str:
    """How many files of each kind are equal, of how many."""
    return "\n".join(
        f"  {kind or 'uten type':8}{found.equal[kind]:6} av {count}" for kind, count in sorted(found.all.items())
    )
