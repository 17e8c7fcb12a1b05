"""Where the data of each cohort lie on this machine: in the cohort's folder, or where config/local.yaml says.

The file is not in git, and a place never leaves the machine: messages name the key, provenance the file's label.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from analysis.card_parts import mapping
from analysis.problems import Problem, stop_if_any
from analysis.strict import Filled, Finding, Slug, Strict, read_strict

LOCAL = Path("config/local.yaml")


class Local(Strict):
    """config/local.yaml: the data folder of each cohort whose data lie outside the clone."""

    data: dict[Slug, Filled] | None = None


def data_folder(cohort: str, root: Path) -> Path:
    """Folder of the cohort's delivery; raises ProblemsFound if config/local.yaml has mistakes or the folder is away."""
    return data_folders([cohort], root)[cohort]


def data_folders(cohorts: Iterable[str], root: Path) -> dict[str, Path]:
    """Folder of every cohort's delivery, by name; raises ProblemsFound with every mistake at once.

    root: the project's folder. A folder beside the card need not be there, one outside must: a share that is not
    mounted would else look like a delivery that was forgotten.
    """
    path = root / LOCAL
    given = (read_strict(path, Local, _places_fit(root)).data or {}) if path.is_file() else {}
    folders = {name: Path(given[name]) if name in given else root / "cohorts" / name / "data" for name in cohorts}
    missing = [name for name, folder in folders.items() if name in given and not _is_folder(folder)]
    what, mend = "mappen finnes ikke, eller du har ikke tilgang til den.", "Er området koblet til? Er stien riktig?"
    stop_if_any("Data ble ikke funnet:", [Problem(f"{path}, data.{name}", what, mend) for name in missing])
    return folders


def _places_fit(root: Path) -> Callable[[dict[str, Any]], Iterator[Finding]]:
    """The rules of the file: whole paths, of cohorts that exist."""

    def rules(data: dict[str, Any]) -> Iterator[Finding]:
        for name, place in mapping(data.get("data")).items():
            if not (root / "cohorts" / name).is_dir():
                mend = "Skriv navnet på en mappe under cohorts/, eller fjern linjen."
                yield ("data", name), "det finnes ingen slik kohort.", mend
            if isinstance(place, str) and place and not Path(place).is_absolute():
                yield ("data", name), "stien er ikke hel.", "Skriv hele stien til mappen, fra /."

    return rules


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except PermissionError:
        return False
