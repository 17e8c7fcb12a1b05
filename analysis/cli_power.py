"""Commands on what a study can see: `power` before there are data, `certify` on a cohort's own structure."""

import argparse
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any

RESULTS = Path("results/restricted")
# Beside the run's own certificate.json, which has the number of draws of the card.
NAME = "certify.json"


def add_power(commands: Any) -> None:
    """The commands `power` and `certify`."""
    power = commands.add_parser("power", help="regn ut hvor små forskjeller en planlagt undersøkelse kan oppdage")
    power.add_argument("--design", default="cluster", help="cluster, did, matched, single_arm eller persons")
    for name, metavar, kind in ARGUMENTS:
        power.add_argument(f"--{name}", type=kind, default=None, metavar=metavar)
    power.set_defaults(command=_power)
    certify = commands.add_parser("certify", help="prøv planen på oppdiktede personer i kohortens egen struktur")
    certify.add_argument("cohort", nargs="?", default="", metavar="KOHORT")
    certify.add_argument("--draws", type=_draws, default=None, metavar="N", help="ellers certify.draws i kortet")
    certify.set_defaults(command=_certify)


def _number(text: str) -> float:
    """A number with a decimal comma or point."""
    return float(text.replace(",", "."))


def _draws(text: str) -> int:
    if int(text) < 2:
        raise argparse.ArgumentTypeError("minst 2")
    return int(text)


# Names of `planning.Planned`, as make hands them over.
ARGUMENTS = (
    *((name, "N", int) for name in ("offices", "persons", "before", "after")),
    *((name, "TALL", _number) for name in ("icc", "base", "cv", "serial", "effective", "r_squared", "level")),
)


def _power(options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis.planning import Planned, power_words

    given = {field.name: getattr(options, field.name) for field in fields(Planned)}
    planned = Planned(**{name: value for name, value in given.items() if value is not None})
    print("\n".join(power_words(options.design, planned)))
    return 0


def _certify(options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis.cards import read_card
    from analysis.certify import certificate_words
    from analysis.certify.cohort import certified
    from analysis.cli import card_path, fresh_delivery
    from analysis.files import write_json
    from analysis.panel import build_panel
    from analysis.placeholders import placeholders
    from analysis.problems import ProblemsFound, stop_if_any

    path = card_path(options.cohort)
    card = read_card(path)
    stop_if_any("Planen kan ikke prøves før alt er fylt inn:", placeholders(path.parent))
    _stop_unlocked(card, path)
    with tempfile.TemporaryDirectory() as place:
        delivery = fresh_delivery(options.cohort, card, path.parent.parent.parent, Path(place))
        panel = build_panel(card, delivery)
        made = certified(card, options.cohort, panel, delivery.offices, delivery.aggregates, draws=options.draws)
    if made.reason is not None:
        raise ProblemsFound(certificate_words(made)[0], [])
    target = RESULTS / options.cohort / NAME
    write_json(target, made.record())
    print("\n".join([*certificate_words(made), f"Skrev {target}"]))
    return 0


def _stop_unlocked(card: Any, path: Path) -> None:
    """Shares and correlations are read from outcomes, which nobody reads of restricted data before the lock."""
    from analysis.plan import LOCKED_KINDS, lock_path
    from analysis.problems import ProblemsFound

    if card.published is not None:
        heading = f"{path.parent.name} har publiserte tall og ingen personer. Bruk make power."
        raise ProblemsFound(heading, [])
    if card.data_kind in LOCKED_KINDS and not lock_path(path).is_file():
        heading = (
            f"Planen for {path.parent.name} er ikke låst, og utfallene leses ikke. Bruk make power, eller lås planen."
        )
        raise ProblemsFound(heading, [])
