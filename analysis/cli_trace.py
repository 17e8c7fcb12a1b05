"""The command `trace`: from a printed number to the data, the plan and the code behind it."""

import argparse
from pathlib import Path
from typing import Any

from analysis.problems import ProblemsFound

USE = """Skriv hvilket tall og hvilken rapport, for eksempel:
  make trace NUMBER="6,1" REPORT=hpmt
  make trace ESTIMATE=6f49682f6f REPORT=hpmt
  make trace NUMBER="6.1" REPORT=hpmt LANGUAGE=en"""


def add_trace(commands: Any) -> None:
    """The command `trace`."""
    trace = commands.add_parser("trace", help="vis hele kjeden bak et tall i en rapport")
    trace.add_argument("--number", default="", metavar="TALL", help="tallet slik det er trykt, som 6,1 eller 29,7 %%")
    trace.add_argument("--estimate", default="", metavar="ID", help="id-en til et anslag, i stedet for tallet")
    trace.add_argument("--report", default="", metavar="RAPPORT")
    trace.add_argument("--language", default="nb", metavar="SPRÅK", help="nb (ellers), nn eller en")
    trace.add_argument(
        "--folder", type=Path, default=Path("results/release"), metavar="MAPPE", help="ellers results/release"
    )
    trace.set_defaults(command=_trace)


def _trace(options: argparse.Namespace, _extra: list[str]) -> int:
    if not options.report or not (options.number or options.estimate):
        raise ProblemsFound(USE, [])
    from analysis.trace.report import Trace

    # The cards and the restricted area of the project that the folder stands in, where it does.
    root = options.folder.parent.parent if options.folder.parts[-2:] == ("results", "release") else Path()
    trace = Trace(options.folder, options.report, options.language, root)
    lines = trace.of_estimate(options.estimate) if options.estimate else trace.of_number(options.number)
    print("\n".join(lines))
    return 0
