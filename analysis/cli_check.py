"""The command that looks at a cohort before anything is calculated: card, data, and what is missing for an effect."""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.problems import ProblemsFound

if TYPE_CHECKING:
    import pandas as pd

    from analysis.cards import Card
    from analysis.findings import Finding
    from analysis.missing_parts import Lack
    from analysis.published import Figures

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


def add_check(commands: Any) -> None:
    """The command `check`."""
    check = commands.add_parser("check", help="kontroller kort og data for én kohort, uten å regne ut noe")
    check.add_argument("cohort", nargs="?", default="", metavar="KOHORT")
    check.set_defaults(command=_check)


def _check(options: argparse.Namespace, _extra: list[str]) -> int:
    from analysis.cards import read_card
    from analysis.cli import card_path
    from analysis.placeholders import placeholders

    path = card_path(options.cohort)
    card = read_card(path)
    print("\n".join(card_words(options.cohort, card)))
    marks = placeholders(path.parent)
    if marks:
        lines = ["", f"Kortet er gyldig, men ikke ferdig. Fyll inn ({len(marks)}):", *map(str, marks)]
        print("\n".join([*lines, "", "Data leses når alt er fylt inn."]))
        return 0
    from analysis.missing_told import checklist_lacks, effect_words

    lacks, refused = told_of_data(path, card)
    notes, lacks = list(deviation_words(path, card)), [*lacks, *checklist_lacks(path, card)]
    if notes:
        print("\n".join(["", "Merk:", *(f"  {line}" for line in notes)]))
    if refused is not None:
        print(f"\n{refused}")
    elif not (notes or any(lack.blocks for lack in lacks)):
        print("\nKort og data er i orden.")
    print("\n".join(["", *effect_words(path, card, lacks)]))
    return 0 if refused is None else 1


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


def told_of_data(path: Path, card: "Card") -> tuple[list["Lack"], ProblemsFound | None]:
    """Print what the data hold, after every check of them; returns what they lack, and why persons cannot be followed.

    Raises ProblemsFound with all problems of figures or of a delivery.
    """
    from analysis.missing_for_effect import lacks_of_card

    if card.data_kind != "published":
        return told_of_delivery(path, card)
    from analysis.missing_published import lacks_of_figures
    from analysis.published import read_figures

    figures = read_figures(path.parent / "published.yaml", card)
    print("\n".join(figure_words(figures)))
    found = list(lacks_of_figures(card, figures))
    # That nobody is compared with stands in the list of a source already, with what to ask the source for.
    return found or list(lacks_of_card(card)), None


def told_of_delivery(path: Path, card: "Card") -> tuple[list["Lack"], ProblemsFound | None]:
    """`told_of_data` of a delivery: who is left after each restriction, and what the checks found."""
    from analysis.cli import fresh_delivery
    from analysis.missing_for_effect import known_of, lacks_of_card, lacks_of_delivery
    from analysis.missing_told import finding_lacks
    from analysis.panel import build_panel

    panel, refused = None, None
    with tempfile.TemporaryDirectory() as place:
        delivery = fresh_delivery(path.parent.name, card, path.parent.parent.parent, Path(place))
        try:
            panel = build_panel(card, delivery)
        except ProblemsFound as error:
            refused = error
        known = known_of(card, delivery, panel)
    attrition = delivery.attrition if panel is None else panel.attrition
    print("\n".join([*attrition_words(card, attrition), *(finding_words(one, card) for one in delivery.findings)]))
    held_back = finding_lacks(card, delivery.findings)
    return [*lacks_of_card(card), *lacks_of_delivery(card, delivery, known), *held_back], refused


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


def deviation_words(path: Path, card: "Card") -> Iterator[str]:
    """Where card and locked plan differ."""
    from analysis.cli import changed_keys
    from analysis.plan import lock_path, read_lock

    lock = lock_path(path)
    if not lock.is_file():
        return
    changed = changed_keys(card, read_lock(card, lock))
    idle = sorted({item.key for item in card.deviations} - set(changed))
    if idle:
        yield (f"Ført som avvik (deviations), men likt i kortet og i låsen: {', '.join(idle)}.")
    if changed:
        yield (f"Kortet avviker fra den låste planen: {', '.join(changed)}. Rapporten viser avvikene.")
        untold = [key for key in changed if key not in {item.key for item in card.deviations}]
        if untold:
            yield (f"Avvik uten dato og grunn i kortet (deviations): {', '.join(untold)}.")
