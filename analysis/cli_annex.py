"""The command `annex`: the technical annex, Snakemake's own report of the run with captions. It is never let out."""

import argparse
import tempfile
from pathlib import Path
from typing import Any

ANNEX = Path("results/annex/index.html")
REVIEW = Path("results/review")
UNRUN = "Vedlegget er ikke laget, for ingen tall er ferdige ennå. Kjør make først."
STOPPED = "Vedlegget er ikke laget, for Snakemake stoppet. Kjør make, som sier hva som er galt, og prøv igjen."
KEPT = "Vedlegget sier når og hvor lenge stegene ble kjørt, og skal ikke slippes ut."


def add_annex(commands: Any) -> None:
    """The command `annex`."""
    annex = commands.add_parser("annex", help="lag det tekniske vedlegget: stegene, koden, tidene og tallene")
    annex.set_defaults(command=_annex)


def _annex(_options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis.problems import ProblemsFound
    from analysis.run import check_folder, exclusive_run, snakemake

    check_folder()
    # Snakemake passes over what is not made, and would report of nothing.
    if not any(REVIEW.glob("*/estimates.csv")):
        raise ProblemsFound(UNRUN, [])
    ANNEX.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclusive_run(), tempfile.TemporaryDirectory(dir=ANNEX.parent) as place:
        made = Path(place) / ANNEX.name
        code, _ = snakemake(cores=1, extra=["--report", str(made)])
        if code or not made.is_file():
            raise ProblemsFound(STOPPED, [])
        made.replace(ANNEX)
    print(f"Skrev {ANNEX} ({ANNEX.stat().st_size / 1e6:.0f} MB). {KEPT}")
    return 0
