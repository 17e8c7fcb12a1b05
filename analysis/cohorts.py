"""Finding cohorts by their folders: a folder with a card is a cohort, and no list of names exists anywhere."""

from pathlib import Path

from analysis.cards import Card, read_card
from analysis.placeholders import placeholders
from analysis.problems import Problem, ProblemsFound, stop_if_any
from analysis.tables import COMPARISON_REPORT

# Folders under results/ that are not cohorts.
RESERVED = ("comparison", "reports", "portal", COMPARISON_REPORT)


def find_cohorts(folder: str | Path) -> dict[str, Card]:
    """Every ``<folder>/<cohort>/cohort.yaml``, by name; raises ProblemsFound with the mistakes of all cards at once."""
    cards: dict[str, Card] = {}
    problems: list[Problem] = []
    for path in sorted(Path(folder).glob("*/cohort.yaml")):
        name = path.parent.name
        problems += name_problems(path.parent, name)
        try:
            cards[name] = read_card(path)
            problems += _unfinished(path.parent, name)
        except ProblemsFound as error:
            problems += error.problems
    stop_if_any(f"Kortene har feil ({len(problems)}). Ingenting er kjørt; tidligere resultater er urørt.", problems)
    if not cards:
        raise ProblemsFound("Fant ingen kohorter.", [Problem(str(folder), "ingen mappe har en cohort.yaml.")])
    return cards


def name_problems(folder: Path, name: str) -> list[Problem]:
    """What is wrong with the name of a cohort's folder."""
    if name in RESERVED:
        return [Problem(str(folder), "navnet er opptatt.", f"Opptatte navn: {', '.join(RESERVED)}.")]
    if not name.isascii() or not name.replace("_", "a").isalnum() or not name[0].isalpha() or name != name.lower():
        return [Problem(str(folder), "mappenavnet er ugyldig.", "Bruk små bokstaver a–z, tall og understrek.")]
    return []


def _unfinished(folder: Path, name: str) -> list[Problem]:
    """A card may be valid before it is finished; nothing is calculated from it until then."""
    count = len(placeholders(folder))
    what = f"{count} {'sted' if count == 1 else 'steder'} er ikke fylt inn."
    return [Problem(str(folder), what, f"Se dem med: make check COHORT={name}")] if count else []
