"""`python -m analysis wheelhouse`: the packages for a machine without network."""

import argparse
import subprocess
from typing import Any

from analysis.problems import Problem, ProblemsFound


def add_wheelhouse(commands: Any) -> None:
    """The command among the others."""
    wheelhouse = commands.add_parser("wheelhouse", help="hent alle pakkene til en maskin uten nett")
    wheelhouse.set_defaults(command=_wheelhouse)


def _wheelhouse(_options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis.wheelhouse import FOLDER, LOCKS, collect

    print(f"Henter pakkene i {' og '.join(LOCKS)} (ett til to minutter)", flush=True)
    try:
        count = collect()
    except subprocess.CalledProcessError as error:
        problem = Problem("pip", "pakkene ble ikke hentet; meldingen står over.", "Er nettet og pakkeindeksen oppe?")
        raise ProblemsFound(f"{FOLDER}/ er ikke laget.", [problem]) from error
    megabytes = sum(path.stat().st_size for path in FOLDER.iterdir()) / 1e6
    print(f"{FOLDER}/ har {count} filer ({megabytes:.0f} MB). Kopier mappen inn i klonen på maskinen uten nett,")
    print("og kjør make OFFLINE=1 der.")
    return 0
