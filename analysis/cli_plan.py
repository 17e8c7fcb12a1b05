"""Commands of the plan: a text that people can read, and a rehearsal with the assignment drawn anew."""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

SHARED = Path("reports/_shared")


def add_plan(commands: Any) -> None:
    """The commands `plan` and `blind`."""
    plan = commands.add_parser("plan", help="skriv analyseplanen for en kohort som lesbar tekst")
    plan.add_argument("cohort", nargs="?", default="", metavar="KOHORT")
    plan.add_argument("--out", type=Path, default=None, metavar="FIL", help="skriv også til en fil")
    plan.set_defaults(command=_plan)
    blind = commands.add_parser("blind", help="kjør alt for én kohort med tildelingen trukket på nytt")
    blind.add_argument("cohort", nargs="?", default="", metavar="KOHORT")
    blind.set_defaults(command=_blind)


def _plan(options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis.cards import read_card
    from analysis.cli import card_path
    from analysis.files import read_json, write_text
    from analysis.plan import lock_path
    from analysis.plan_text import locked_card, plan_text

    path = card_path(options.cohort)
    card = read_card(path)
    lock = read_json(lock_path(path)) if lock_path(path).is_file() else None
    planned = card if lock is None else locked_card(card, lock)
    power = _power_line(planned, options.cohort, path.parent.parent.parent)
    text = plan_text(card, options.cohort, lock, power=power)
    print(text, end="")
    if options.out is not None:
        write_text(options.out, text)
        print(f"Skrev {options.out}", file=sys.stderr)
    return 0


def _power_line(card: Any, cohort: str, root: Path) -> str:
    """What the planned study sees: from the card, else from the delivery, else how it can be known."""
    from analysis.cli import fresh_delivery
    from analysis.plan_power import power_of_card, power_of_sizes
    from analysis.problems import ProblemsFound

    unknown = "Det følger ikke av det som er kjent før utfallene leses. Prøv antakelser med `make power`."
    found = power_of_card(card)
    if found is not None or card.published is not None:
        return found or unknown
    with tempfile.TemporaryDirectory() as place:
        try:
            delivery = fresh_delivery(cohort, card, root, Path(place))
        except ProblemsFound:
            return "Leveransen er ikke kommet, eller kan ikke leses. Prøv antakelser med `make power`."
    return power_of_sizes(card, delivery) or unknown


def _blind(options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis.blind_run import blind_folder, kept_seed, rehearsed, write_rehearsal
    from analysis.cards import read_card
    from analysis.cli import card_path, fresh_delivery
    from analysis.placeholders import placeholders
    from analysis.problems import stop_if_any

    path = card_path(options.cohort)
    card, root = read_card(path), path.parent.parent.parent
    stop_if_any("Kohorten kan ikke prøvekjøres før alt er fylt inn:", placeholders(path.parent))
    folder = blind_folder(options.cohort, root)
    with tempfile.TemporaryDirectory() as place:
        delivery = fresh_delivery(options.cohort, card, root, Path(place))
        made = rehearsed(card, delivery, options.cohort, seed=kept_seed(folder))
    written = write_rehearsal(folder, made, options.cohort, shared=SHARED)
    print("Blindet prøvekjøring: tildelingen er trukket på nytt, og tallene sier ingenting om tiltaket.")
    print("\n".join(f"Skrev {path}" for path in written))
    return 0
