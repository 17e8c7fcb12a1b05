"""The end of `make check`: what is missing before an effect can be estimated, or that nothing is, and what is next."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from analysis.cards import Card
from analysis.checklist import FILE, LISTS, read_checklist
from analysis.checklist_rules import STATUSES
from analysis.findings import Finding, accepted_reason
from analysis.missing_parts import Lack, lack_lines
from analysis.plan import LOCKED_KINDS, lock_path

LACKING = "Hva som mangler for å kunne anslå en effekt:"
WEAKER = "Dette gjør anslaget svakere:"


def finding_lacks(card: Card, findings: Sequence[Finding]) -> Iterator[Lack]:
    """Findings that hold back the release until they are mended or accepted."""
    held = [one for one in findings if one.severity == "ERROR" and not accepted_reason(one, card)]
    if held:
        yield Lack(
            f"Leveransen har {len(held)} funn som stopper frigivingen (se over).",
            "Tallene blir regnet ut, men ingen effekt slippes ut så lenge funnene står.",
            "Rett filen, eller undersøk funnet og før det opp under accepted i kortet med regel og grunn.",
        )


def checklist_lacks(path: Path, card: Card) -> Iterator[Lack]:
    """Every item of the reporting checklist that nobody has answered; the report is not written without."""
    own = path.parent / FILE
    items = read_checklist(card.design, card.data_kind, LISTS, own)["items"]
    found = [f"\n       {item['id']}: {item['text']['nb']}" for item in items if not item["answers"]]
    if found:
        yield Lack(
            f"Sjekklisten har {len(found)} punkter som ikke er besvart.",
            "Uten svarene blir rapporten ikke skrevet, og da vises ingen effekt.",
            f"Svar i {own} med {', '.join(STATUSES)}:{''.join(found)}",
        )


def effect_words(path: Path, card: Card, lacks: Sequence[Lack]) -> list[str]:
    """What is missing for an effect, or that nothing is, and what comes next."""
    blocking = [*(lack for lack in lacks if lack.blocks), *lock_lacks(path, card, lacks)]
    if blocking:
        return [LACKING, *lack_lines(blocking)]
    end = "." if is_locked(path, card) else f"; planen er ikke låst ennå: make plan-lock COHORT={path.parent.name}"
    lines = [f"Ingenting mangler for å anslå effekten{end}"]
    return [*lines, WEAKER, *lack_lines(lacks)] if lacks else lines


def lock_lacks(path: Path, card: Card, lacks: Sequence[Lack]) -> Iterator[Lack]:
    """The lock, where there is more that is missing; alone it is no fault of the cohort."""
    if any(lack.blocks for lack in lacks) and not is_locked(path, card):
        yield Lack(
            "Planen er ikke låst.",
            "For data om personer anslås ingenting før planen er fast.",
            f"Når resten er på plass: make plan-lock COHORT={path.parent.name}",
        )


def is_locked(path: Path, card: Card) -> bool:
    """Whether the plan is locked, or need not be."""
    return card.data_kind not in LOCKED_KINDS or lock_path(path).is_file()
