"""The commands that a person types. Each imports what it needs itself, so that the quick ones stay quick."""

import argparse
import datetime as dt
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from analysis import __version__
from analysis.cli_annex import add_annex
from analysis.cli_audit import add_audit
from analysis.cli_bundle import add_bundle
from analysis.cli_check import add_check
from analysis.cli_diff import add_diff
from analysis.cli_lab import add_lab
from analysis.cli_plan import add_plan
from analysis.cli_power import add_power
from analysis.cli_purge import add_purge
from analysis.cli_release import add_release
from analysis.cli_reproduce import add_reproduce
from analysis.cli_trace import add_trace
from analysis.cli_wheelhouse import add_wheelhouse
from analysis.problems import Problem, ProblemsFound

if TYPE_CHECKING:
    from analysis.cards import Card
    from analysis.intake import Delivery

COHORTS = Path("cohorts")
RELEASE = Path("results/release")
SCHEMAS = Path("workflow/schemas")


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code. Problems that a person can mend are printed without a traceback."""
    own, extra = _split_at_dashes(arguments)
    options = parser().parse_args(own)
    try:
        return options.command(options, extra)
    except ProblemsFound as error:
        print(error, file=sys.stderr)
        return 1


def _split_at_dashes(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """What stands before and after the first ``--``."""
    words = list(arguments)
    place = words.index("--") if "--" in words else len(words)
    return words[:place], words[place + 1 :]


class Parser(argparse.ArgumentParser):
    """A parser whose complaints begin in Norwegian."""

    def error(self, message: str) -> NoReturn:
        """Print how the command is written, and stop with exit code 2."""
        self.exit(2, f"Kommandoen er ikke forstått ({message}).\n{self.format_usage()}")


def parser() -> argparse.ArgumentParser:
    """The commands and their arguments."""
    top = Parser(prog="python -m analysis", description="Tiltakseffekt: fra leveranse til rapport.")
    commands = top.add_subparsers(required=True, metavar="KOMMANDO")
    run = commands.add_parser("run", help="kjør alle kohorter fram til rapporter og startside")
    run.add_argument(
        "--cores", type=int, default=2, metavar="N", help="kjerner; det som står etter --, går til Snakemake"
    )
    run.add_argument("--profile", type=Path, default=None, metavar="MAPPE", help="profiles/slurm kjører på en klynge")
    run.set_defaults(command=_run)
    add_check(commands)
    lock = commands.add_parser("plan-lock", help="lås analyseplanen i kortet")
    lock.add_argument("cohort", nargs="?", default="", metavar="KOHORT")
    lock.add_argument("--date", type=dt.date.fromisoformat, default=None, metavar="ÅÅÅÅ-MM-DD", help="ellers i dag")
    lock.add_argument("--replace", action="store_true", help="erstatt en lås som gjelder en annen plan")
    lock.set_defaults(command=_plan_lock)
    verify = commands.add_parser("verify", help="regn ut sjekksummene av alt som er sluppet ut, på nytt")
    verify.set_defaults(command=_verify)
    add_diff(commands)
    add_bundle(commands)
    add_lab(commands)
    add_plan(commands)
    add_power(commands)
    add_purge(commands)
    add_release(commands)
    add_reproduce(commands)
    add_trace(commands)
    _add_start(commands)
    schema = commands.add_parser("schema", help="skriv skjemaene som redigeringsprogrammer bruker")
    schema.set_defaults(command=_schema)
    licences = commands.add_parser("licences", help="skriv lisensene til pakkene i docs/licences.md (for utviklere)")
    licences.set_defaults(command=_licences)
    add_annex(commands)
    add_audit(commands)
    add_wheelhouse(commands)
    return top


def _add_start(commands: Any) -> None:
    """The commands before there are data."""
    new = commands.add_parser("new-cohort", help="lag mappen til en ny kohort, med et kort som forklarer seg selv")
    new.add_argument("name", nargs="?", default="", metavar="NAVN", help="små bokstaver a–z, tall og understrek")
    new.add_argument("--design", default="", metavar="DESIGN")
    new.add_argument("--delivery", type=Path, default=None, metavar="FIL", help="CSV; bare første linje leses")
    new.add_argument("--delimiter", default=";", metavar="TEGN", help="tegnet mellom feltene (ellers semikolon)")
    new.add_argument("--encoding", default="utf-8", metavar="TEGNSETT", help="utf-8 (ellers), cp1252 eller latin-1")
    new.set_defaults(command=_new_cohort)
    order = commands.add_parser("order", help="skriv hva som må bestilles fra Nav og SSB for en kohort")
    order.add_argument("cohort", nargs="?", default="", metavar="KOHORT")
    order.add_argument("--out", type=Path, default=None, metavar="FIL", help="skriv også til en fil")
    order.set_defaults(command=_order)


def _run(options: argparse.Namespace, extra: list[str]) -> int:
    if sys.platform == "win32":
        raise ProblemsFound("Windows støttes ikke direkte. Kjør i WSL (Windows Subsystem for Linux).", [])
    from analysis.run import run

    return run(cores=options.cores, profile=options.profile, extra=extra)


def _plan_lock(options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis.cards import read_card
    from analysis.placeholders import placeholders
    from analysis.plan import lock_path, read_lock, write_lock
    from analysis.problems import stop_if_any

    path = card_path(options.cohort)
    card, lock = read_card(path), lock_path(path)
    stop_if_any("Planen kan ikke låses før alt er fylt inn:", placeholders(path.parent))
    held = read_lock(card, lock) if lock.is_file() else None
    changed = changed_keys(card, held)
    if held is not None and not changed:
        print(f"Planen er låst fra før ({held['locked']}) og er ikke endret. Låsen står som den var.")
        return 0
    if held is not None and not options.replace:
        heading = f"{lock} låser en annen plan enn den som står i kortet. Låsen er ikke endret."
        mend = "Rett kortet, eller kjør: python -m analysis plan-lock " + f"{options.cohort} --replace"
        raise ProblemsFound(heading, [Problem("endret siden låsen", ", ".join(changed) + ".", mend)])
    # The machine's own day: a lock is dated by the person who makes it.
    date = options.date or dt.date.today()  # noqa: DTZ011
    write_lock(card, lock, date=date.isoformat(), version=__version__)
    print(f"Planen er låst: {lock} ({date.isoformat()}). Legg filen i git sammen med kortet.")
    return 0


def changed_keys(card: "Card", lock: dict[str, Any] | None) -> list[str]:
    from analysis.plan import deviations, plan_hash

    if lock is None or lock["plan_hash"] == plan_hash(card):
        return []
    # A hash may differ where no key of today does: the lock then holds keys that cards no longer have.
    return deviations(card, lock) or ["nøkler som kortet ikke lenger har"]


def _verify(_options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis.files import read_json
    from analysis.manifest import MANIFEST_NAME, verify
    from analysis.problems import stop_if_any
    from analysis.ro_crate import crate_problems

    path = RELEASE / MANIFEST_NAME
    if not path.is_file():
        raise ProblemsFound(f"Fant ikke {path}. Kjør make først.", [])
    manifest = read_json(path)
    problems = verify(RELEASE, manifest) + crate_problems(RELEASE, manifest)
    stop_if_any(f"{RELEASE} stemmer ikke med manifestet ({len(problems)}):", problems)
    print(f"OK: {len(manifest['files'])} filer i {RELEASE} stemmer med manifestet.")
    return 0


def _new_cohort(options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis.headers import Header
    from analysis.new_cohort import new_cohort

    # A tab cannot be typed in make.
    delimiter = options.delimiter.replace("\\t", "\t")
    header = options.delivery and Header(options.delivery, delimiter=delimiter, encoding=options.encoding)
    written = new_cohort(options.name, design=options.design, cohorts=COHORTS, header=header)
    lines = [f"Skrev {path}" for path in written]
    steps = f"Fyll inn det som er merket i filene. make check COHORT={options.name} sier hva som står igjen."
    print("\n".join([*lines, "", steps]))
    return 0


def _order(options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis.cards import read_card
    from analysis.files import write_text
    from analysis.order import order_list

    text = order_list(read_card(card_path(options.cohort)), options.cohort)
    print(text, end="")
    if options.out is not None:
        write_text(options.out, text)
        print(f"Skrev {options.out}", file=sys.stderr)
    return 0


def _schema(_options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis.files import write_text

    for name, text in schema_texts().items():
        write_text(SCHEMAS / name, text)
        print(f"Skrev {SCHEMAS / name}")
    return 0


def _licences(_options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis.files import write_text
    from analysis.licences import PAGE, ROOT, page

    write_text(PAGE, page())
    print(f"Skrev {PAGE.relative_to(ROOT)}")
    return 0


def card_path(cohort: str) -> Path:
    """Path of the card of `cohort`; raises ProblemsFound with the cohorts that exist if there is no such cohort."""
    paths = {path.parent.name: path for path in sorted(COHORTS.glob("*/cohort.yaml"))}
    if cohort not in paths:
        heading = f"Fant ikke kohorten «{cohort}»." if cohort else "Hvilken kohort? Ingen er oppgitt."
        raise ProblemsFound(
            heading, [Problem("Kohorter", ", ".join(paths) or "ingen; mappen cohorts/ har ingen kort.")]
        )
    return paths[cohort]


def fresh_delivery(cohort: str, card: "Card", root: Path, place: Path) -> "Delivery":
    """The delivery as it lies now, read and checked; its spells go to the folder `place`.

    A synthetic delivery that is not there is made for the purpose.
    """
    from analysis.delivery_files import pseudonym_key
    from analysis.intake import read_delivery
    from analysis.places import data_folders
    from analysis.synthetic import write

    folder = data_folders({cohort: card}, root)[cohort]
    if card.synthetic is not None and not folder.is_dir():
        folder = place / "delivery"
        write(card.synthetic.generator, folder)
    key = pseudonym_key(cohort, card, root)
    return read_delivery(card, folder, cohort=cohort, spells=place / "spells.parquet", key=key)


def schema_texts() -> dict[str, str]:
    """JSON schemas of card, published figures and checklist, by file name; the same bytes for the same models."""
    from pydantic.json_schema import GenerateJsonSchema

    from analysis.cards import Card
    from analysis.checklist import CohortAnswers
    from analysis.published import Figures

    class ShortFormSchema(GenerateJsonSchema):
        """Where a model turns a plain string into an object before it validates, the schema allows the string."""

        def function_before_schema(self, schema: Any) -> dict[str, Any]:
            """The schema of what is read, or of the string that stands for it."""
            inner = super().function_before_schema(schema)
            return inner if inner.get("type") == "string" else {"anyOf": [{"type": "string"}, inner]}

    models = {"cohort.schema.json": Card, "published.schema.json": Figures, "checklist.schema.json": CohortAnswers}
    dialect = {"$schema": GenerateJsonSchema.schema_dialect}
    schemas = {name: model.model_json_schema(schema_generator=ShortFormSchema) for name, model in models.items()}
    return {
        name: json.dumps(dialect | schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        for name, schema in schemas.items()
    }
