"""Finding cohorts by their folders: a folder with a card is a cohort, and no list of names exists anywhere."""

from pathlib import Path

from analysis.cards import Card, read_card
from analysis.problems import Problem, ProblemsFound, stop_if_any

# Folders under results/ that are not cohorts.
RESERVED = ("comparison", "reports", "portal", "sammenligning")


def find_cohorts(folder: str | Path) -> dict[str, Card]:
    """Every ``<folder>/<cohort>/cohort.yaml``, by name; raises ProblemsFound with the mistakes of all cards at once."""
    cards: dict[str, Card] = {}
    problems: list[Problem] = []
    for path in sorted(Path(folder).glob("*/cohort.yaml")):
        name = path.parent.name
        problems += _name_problems(path, name)
        try:
            cards[name] = read_card(path)
        except ProblemsFound as error:
            problems += error.problems
    stop_if_any(f"Kortene har feil ({len(problems)}). Ingenting er kjørt; tidligere resultater er urørt.", problems)
    if not cards:
        raise ProblemsFound("Fant ingen kohorter.", [Problem(str(folder), "ingen mappe har en cohort.yaml.")])
    return cards


def _name_problems(path: Path, name: str) -> list[Problem]:
    if name in RESERVED:
        return [Problem(str(path.parent), "navnet er opptatt.", f"Opptatte navn: {', '.join(RESERVED)}.")]
    if not name.isascii() or not name.replace("_", "a").isalnum() or not name[0].isalpha() or name != name.lower():
        return [Problem(str(path.parent), "mappenavnet er ugyldig.", "Bruk små bokstaver a–z, tall og understrek.")]
    return []
