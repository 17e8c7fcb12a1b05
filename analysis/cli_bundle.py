"""The command `bundle`: pack what a reviewer needs to work the numbers of a released report out once more."""

import argparse
from pathlib import Path
from typing import Any


def add_bundle(commands: Any) -> None:
    """The command `bundle`."""
    bundle = commands.add_parser("bundle", help="pakk det en fagfelle trenger for å regne om tallene i en rapport")
    bundle.add_argument(
        "report", nargs="?", default="", metavar="RAPPORT", help="en kohort som er sluppet ut, eller sammenligning"
    )
    bundle.add_argument(
        "--out", type=Path, default=None, metavar="FIL", help="ellers results/bundles/RAPPORT-KJØRING.zip"
    )
    bundle.set_defaults(command=_bundle)


def _bundle(options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis.bundle.pack import bundle

    path = bundle(options.report, Path(), options.out)
    megabytes = f"{path.stat().st_size / 1e6:.1f}".replace(".", ",")
    print(f"Skrev {path} ({megabytes} MB). Pakk den ut, og kjør make i mappen: da regnes tallene om fra cellene.")
    return 0
