"""The commands that a person types. Each imports what it needs itself, so that the quick ones stay quick."""

import argparse
import datetime as dt
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from analysis import __version__
from analysis.cli_plan import add_plan
from analysis.cli_power import add_power
from analysis.cli_purge import add_purge
from analysis.cli_release import add_release
from analysis.problems import Problem, ProblemsFound

if TYPE_CHECKING:
    import pandas as pd

    from analysis.cards import Card
    from analysis.findings import Finding
    from analysis.intake import Delivery
    from analysis.published import Figures

COHORTS = Path("cohorts")
RELEASE = Path("results/release")
SCHEMAS = Path("workflow/schemas")
DESIGNS = {
    "cluster_randomised": "kontorer trukket ved loddtrekning",
    "individually_randomised": "personer trukket ved loddtrekning",
    "matched_did": "matchet forskjell-i-forskjeller",
    "staggered_did": "trinnvis innføring",
    "single_arm": "én gruppe uten egen sammenligningsgruppe",
    "aggregated_series": "tidsserie på gruppenivå",
    "exposures": "beskrivelse av hvem som fikk hva",
}
KINDS = {
    "restricted": "personopplysninger",
    "open": "åpne persondata",
    "published": "publiserte tall",
    "synthetic": "syntetiske data",
}
STEPS = {
    "delivered": "i leveransen",
    "outside_population": "uten personer utenfor populasjonen",
    "measured": "med målte utfall",
    "followed": "som kan følges til og med første horisont",
}
COUNTED = {"persons": "Personer", "offices": "Kontorer"}
SEVERITIES = {"FATAL": "Stopper kjøringen", "ERROR": "Stopper frigivingen", "WARNING": "Merk"}


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
    run.set_defaults(command=_run)
    check = commands.add_parser("check", help="kontroller kort og data for én kohort, uten å regne ut noe")
    check.add_argument("cohort", nargs="?", default="", metavar="KOHORT")
    check.set_defaults(command=_check)
    lock = commands.add_parser("plan-lock", help="lås analyseplanen i kortet")
    lock.add_argument("cohort", nargs="?", default="", metavar="KOHORT")
    lock.add_argument("--date", type=dt.date.fromisoformat, default=None, metavar="ÅÅÅÅ-MM-DD", help="ellers i dag")
    lock.add_argument("--replace", action="store_true", help="erstatt en lås som gjelder en annen plan")
    lock.set_defaults(command=_plan_lock)
    verify = commands.add_parser("verify", help="regn ut sjekksummene av alt som er sluppet ut, på nytt")
    verify.set_defaults(command=_verify)
    add_plan(commands)
    add_power(commands)
    add_purge(commands)
    add_release(commands)
    _add_start(commands)
    schema = commands.add_parser("schema", help="skriv skjemaene som redigeringsprogrammer bruker")
    schema.set_defaults(command=_schema)
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

    return run(cores=options.cores, extra=extra)


def _check(options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis.cards import read_card
    from analysis.placeholders import placeholders

    path = card_path(options.cohort)
    card = read_card(path)
    print("\n".join(card_words(options.cohort, card)))
    marks = placeholders(path.parent)
    if marks:
        lines = ["", f"Kortet er gyldig, men ikke ferdig. Fyll inn ({len(marks)}):", *map(str, marks)]
        print("\n".join([*lines, "", "Data leses når alt er fylt inn."]))
        return 0
    print("\n".join(data_words(path, card)))
    missing = [*missing_words(path, card), *checklist_words(path, card)]
    print(
        "\n".join(["", "Mangler:", *(f"  {line}" for line in missing)] if missing else ["", "Kort og data er i orden."])
    )
    return 0


def _plan_lock(options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis.cards import read_card
    from analysis.placeholders import placeholders
    from analysis.plan import lock_path, read_lock, write_lock
    from analysis.problems import stop_if_any

    path = card_path(options.cohort)
    card, lock = read_card(path), lock_path(path)
    stop_if_any("Planen kan ikke låses før alt er fylt inn:", placeholders(path.parent))
    held = read_lock(card, lock) if lock.is_file() else None
    changed = _changed_keys(card, held)
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


def _changed_keys(card: "Card", lock: dict[str, Any] | None) -> list[str]:
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


def card_path(cohort: str) -> Path:
    """Path of the card of `cohort`; raises ProblemsFound with the cohorts that exist if there is no such cohort."""
    paths = {path.parent.name: path for path in sorted(COHORTS.glob("*/cohort.yaml"))}
    if cohort not in paths:
        heading = f"Fant ikke kohorten «{cohort}»." if cohort else "Hvilken kohort? Ingen er oppgitt."
        raise ProblemsFound(
            heading, [Problem("Kohorter", ", ".join(paths) or "ingen; mappen cohorts/ har ingen kort.")]
        )
    return paths[cohort]


def card_words(cohort: str, card: "Card") -> list[str]:
    """Title, design, data kind and outcomes."""
    from analysis.outcomes import load_outcomes

    library = load_outcomes()
    return [
        f"{cohort}: {card.title.nb}",
        f"  Design: {DESIGNS[card.design]}",
        f"  Data: {KINDS[card.data_kind]}",
        f"  Utfall: {'; '.join(library[name].label['nb'] for name in card.outcome_names())}",
    ]


def data_words(path: Path, card: "Card") -> list[str]:
    """What the data hold, after every check of them; raises ProblemsFound with all problems."""
    if card.data_kind == "published":
        from analysis.published import read_figures

        return figure_words(read_figures(path.parent / "published.yaml", card))
    return delivery_words(path.parent.name, card, path.parent.parent.parent)


def delivery_words(cohort: str, card: "Card", root: Path) -> list[str]:
    """Who is left after each restriction, and what the checks found."""
    from analysis.panel import build_panel

    with tempfile.TemporaryDirectory() as place:
        delivery = fresh_delivery(cohort, card, root, Path(place))
        lines = attrition_words(card, build_panel(card, delivery).attrition)
    return lines + [finding_words(finding, card) for finding in delivery.findings]


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


def finding_words(finding: "Finding", card: "Card") -> str:
    """What a finding does, and what it is."""
    from analysis.findings import accepted_reason

    accepted = finding.severity == "ERROR" and accepted_reason(finding, card)
    return f"  {'Godtatt i kortet' if accepted else SEVERITIES[finding.severity]}: {str(finding.problem()).strip()}"


def figure_words(figures: "Figures") -> list[str]:
    """How many facts have a value, and how many persons they are about."""
    known = sum(fact.value is not None for fact in figures.facts)
    lines = [f"  Tall fra kilder: {known} med verdi, {len(figures.facts) - known} som kilden ikke oppgir"]
    if figures.two_arms is not None:
        lines.append(f"  Personer: {figures.value(figures.two_arms.total)} i begge gruppene samlet")
    if figures.single_arm is not None:
        lines.append(f"  Personer: {figures.value(figures.single_arm.denominator)} i gruppen")
    return lines


def attrition_words(card: "Card", attrition: "pd.DataFrame") -> list[str]:
    """Persons (and offices, where known) per group after each restriction."""
    labels = {arm.id: arm.label.nb for arm in card.arms}
    lines = []
    for reason, rows in attrition.groupby("reason", sort=False):
        counted = "persons" if rows["persons"].notna().any() else "offices"
        parts = [_count_words(labels[row.arm], row, counted) for row in rows.itertuples()]
        lines.append(f"  {COUNTED[counted]} {STEPS.get(reason, reason)}: {'; '.join(parts)}")
    return lines


def _count_words(label: str, row: Any, counted: str) -> str:
    import pandas as pd

    offices = counted == "persons" and not pd.isna(row.offices)
    return f"{label} {getattr(row, counted)}" + (f" ved {row.offices} kontorer" if offices else "")


def checklist_words(path: Path, card: "Card") -> list[str]:
    """Every item of the reporting checklist that nobody has answered; the report is not written without."""
    from analysis.checklist import FILE, LISTS, read_checklist, unanswered

    own = path.parent / FILE
    found = unanswered(read_checklist(card.design, card.data_kind, LISTS, own), own)
    return [f"Sjekklisten: {len(found)} punkter er ikke besvart:", *map(str, found)] if found else []


def missing_words(path: Path, card: "Card") -> list[str]:
    """What stands between this cohort and a statement about an effect."""
    from analysis.plan import LOCKED_KINDS, lock_path, read_lock

    lines = []
    if all(arm.role != "comparison" for arm in card.arms):
        lines.append("Ingen sammenligningsgruppe: kohorten kan beskrives, men ikke gi en effekt.")
    lock = lock_path(path)
    if not lock.is_file():
        if card.data_kind in LOCKED_KINDS:
            lines.append(f"Planen er ikke låst. Kjør: make plan-lock COHORT={path.parent.name}")
        return lines
    changed = _changed_keys(card, read_lock(card, lock))
    idle = sorted({item.key for item in card.deviations} - set(changed))
    if idle:
        lines.append(f"Ført som avvik (deviations), men likt i kortet og i låsen: {', '.join(idle)}.")
    if changed:
        lines.append(f"Kortet avviker fra den låste planen: {', '.join(changed)}. Rapporten viser avvikene.")
        untold = [key for key in changed if key not in {item.key for item in card.deviations}]
        if untold:
            lines.append(f"Avvik uten dato og grunn i kortet (deviations): {', '.join(untold)}.")
    return lines


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
