"""Which files a bundle holds, and where each is found. Nothing under a folder for restricted data is among them."""

from collections.abc import Iterable
from pathlib import Path

from analysis.problems import Problem, stop_if_any
from analysis.provenance import ROOT
from analysis.release_files import RELEASE, RESTRICTED
from analysis.tables import COMPARISON_REPORT, REVIEW_FILES

COHORTS, COMPARED = Path("cohorts"), "comparison"
# Of a cohort's folder: what the card says and the figures and texts that it rests on.
OF_COHORT = ("cohort.yaml", "published.yaml", "plan.lock", "translations.yaml", "checklist.yaml")
# A reader in Norway and one abroad; the other forms and languages hold the same numbers.
LANGUAGES, KINDS = ("nb", "en"), ("html", "pdf")
PROJECT = ("LICENSE", "CITATION.cff", "requirements.in", "requirements.lock", "requirements-uv.lock")
# Where restricted data lie on one machine.
LOCAL = "local.yaml"
CODE_KINDS = (".py", ".yaml", ".md", ".mk")


def contents(report: str, cohorts: Iterable[str], root: Path) -> dict[str, Path]:
    """Source of each file by its name in the bundle: released tables and reports, cards, code and lock files.

    The code is that of this program, the rest lies below `root`. Raises ProblemsFound for a link, and for a file that
    lies in the restricted area.
    """
    found = {name: ROOT / name for name in (*PROJECT, *_code(), *_configuration())}
    for cohort in cohorts:
        found |= {f"release/{cohort}/{name}": root / RELEASE / cohort / name for name in REVIEW_FILES}
        own = {f"{COHORTS}/{cohort}/{name}": root / COHORTS / cohort / name for name in OF_COHORT}
        found |= {name: path for name, path in own.items() if path.is_file()}
    if report == COMPARISON_REPORT:
        tables = sorted((root / RELEASE / COMPARED).glob("*.csv"))
        found |= {f"release/{COMPARED}/{path.name}": path for path in tables}
    found |= _reports(report, root)
    _stop_at_restricted(found, root)
    return found


def _code() -> list[str]:
    paths = (path for path in (ROOT / "analysis").rglob("*") if path.suffix in CODE_KINDS)
    return sorted(path.relative_to(ROOT).as_posix() for path in paths)


def _configuration() -> list[str]:
    paths = (path for path in (ROOT / "config").rglob("*") if path.is_file() and path.name != LOCAL)
    return sorted(path.relative_to(ROOT).as_posix() for path in paths)


def _reports(report: str, root: Path) -> dict[str, Path]:
    folder = Path("reports") / report
    names = [folder / f"{report}.{lang}.{kind}" for lang in LANGUAGES for kind in KINDS]
    return {f"release/{name}": root / RELEASE / name for name in names if (root / RELEASE / name).is_file()}


def _stop_at_restricted(found: dict[str, Path], root: Path) -> None:
    """A link may lead there, and so may a name that somebody adds."""
    closed = (root / RESTRICTED).resolve()
    wrong = [name for name, path in found.items() if path.is_symlink() or path.resolve().is_relative_to(closed)]
    what = "er en lenke eller ligger i det lukkede området, og kan ikke pakkes."
    stop_if_any("Pakken kan ikke lages.", [Problem(name, what) for name in wrong])
