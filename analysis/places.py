"""Where the data of each cohort lie on this machine: in the cohort's folder, or where config/local.yaml says.

Deliveries that are made up lie under results/, where the run makes them.
The file is not in git, and a place never leaves the machine: messages name the key, provenance the file's label.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from analysis.card_parts import mapping
from analysis.cards import Card
from analysis.problems import Problem, stop_if_any
from analysis.strict import Filled, Finding, Slug, Strict, read_strict

LOCAL = Path("config/local.yaml")
MADE_UP = Path("results/synthetic")
PLACES = {"data": "mappen", "keys": "filen"}


class Local(Strict):
    """config/local.yaml: data folders outside the clone, and files with keys to pseudonyms, by cohort."""

    data: dict[Slug, Filled] | None = None
    keys: dict[Slug, Filled] | None = None


def data_folders(cards: Mapping[str, Card], root: Path) -> dict[str, Path]:
    """Folder of every cohort's delivery, by name; raises ProblemsFound with every mistake at once.

    cards: cohorts that have a delivery, by name (published ones may be among them); root: the project's folder.
    A delivery that is made up lies where the run makes it. A folder beside the card need not be there, one outside
    must: a share that is not mounted would else look like a delivery that was forgotten.
    """
    given = _local(cards, root).data or {}
    folders = {
        name: Path(given[name]) if name in given else _own_folder(name, card, root) for name, card in cards.items()
    }
    missing = [name for name, folder in folders.items() if name in given and not _is(folder, Path.is_dir)]
    what, mend = "mappen finnes ikke, eller du har ikke tilgang til den.", "Er området koblet til? Er stien riktig?"
    stop_if_any("Data ble ikke funnet:", [Problem(f"{root / LOCAL}, data.{name}", what, mend) for name in missing])
    return folders


def key_files(cards: Mapping[str, Card], root: Path) -> dict[str, Path]:
    """File with the key to pseudonyms, by name, of every cohort whose card says that it lies in one.

    Raises ProblemsFound with every cohort whose file config/local.yaml does not name, or that is away.
    """
    given = _local(cards, root).keys or {}
    asked = [name for name, card in cards.items() if card.pseudonyms is not None and card.pseudonyms.file]
    missing = [name for name in asked if name not in given or not _is(Path(given[name]), Path.is_file)]
    what, mend = "nøkkelfilen finnes ikke, eller du har ikke tilgang til den.", "Skriv hele stien til filen."
    problems = [Problem(f"{root / LOCAL}, keys.{name}", what, mend) for name in missing]
    stop_if_any("Nøkkelen til pseudonymer ble ikke funnet:", problems)
    return {name: Path(given[name]) for name in asked}


def _local(cards: Mapping[str, Card], root: Path) -> Local:
    """What this machine's file says; nothing if there is none."""
    path = root / LOCAL
    made_up = [name for name, card in cards.items() if card.synthetic is not None]
    return read_strict(path, Local, _places_fit(root, made_up)) if path.is_file() else Local()


def _own_folder(name: str, card: Card, root: Path) -> Path:
    return root / "cohorts" / name / "data" if card.synthetic is None else root / MADE_UP / name


def _places_fit(root: Path, made_up: Collection[str]) -> Callable[[dict[str, Any]], Iterator[Finding]]:
    """The rules of the file: whole paths, of cohorts that exist and whose delivery is not made by the run."""

    def rules(data: dict[str, Any]) -> Iterator[Finding]:
        for part in ("data", "keys"):
            for name, place in mapping(data.get(part)).items():
                if not (root / "cohorts" / name).is_dir():
                    mend = "Skriv navnet på en mappe under cohorts/, eller fjern linjen."
                    yield (part, name), "det finnes ingen slik kohort.", mend
                if part == "data" and name in made_up:
                    yield (part, name), "leveransen er syntetisk og lages av kjøringen.", "Fjern linjen."
                if isinstance(place, str) and place and not Path(place).is_absolute():
                    yield (part, name), "stien er ikke hel.", f"Skriv hele stien til {PLACES[part]}, fra /."

    return rules


def _is(path: Path, kind: Callable[[Path], bool]) -> bool:
    try:
        return kind(path)
    except PermissionError:
        return False
