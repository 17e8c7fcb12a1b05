"""`python -m analysis.bundle.rerun`, from the folder of an unpacked bundle: work the released numbers out once more.

Writes rerun.csv and omregning.md. Exit code 1 where a number is further from the released one than is permitted, or a
file is not as it was when the bundle was made. `--verify` looks at the files alone.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis.bundle.page import headline_words, page, summary
from analysis.bundle.released import cohorts_of, rerun_cohort
from analysis.bundle.verdicts import BEYOND
from analysis.files import read_json, write_csv, write_text
from analysis.manifest import MANIFEST_NAME, verify
from analysis.problems import Problem, ProblemsFound

TABLE, PAGE = "rerun.csv", "omregning.md"
# What a reader's own runs leave in the folder.
OWN = (TABLE, PAGE, ".venv")


def main(arguments: Sequence[str], folder: Path) -> int:
    """Run the command in `folder`; returns its exit code."""
    try:
        problems, files = changed(folder)
        if "--verify" in arguments:
            print("\n".join(["Filene er endret:", *map(str, problems)]) if problems else f"OK: {files} filer stemmer.")
            return 1 if problems else 0
        tables = {cohort: rerun_cohort(folder, cohort) for cohort in cohorts_of(folder)}
    except ProblemsFound as error:
        print(error, file=sys.stderr)
        return 1
    whole = pd.concat(list(tables.values()), ignore_index=True)
    write_csv(whole, folder / TABLE)
    write_text(folder / PAGE, page(tables, problems, files))
    for cohort, table in tables.items():
        print("\n".join([f"{cohort}:", *(f"  {line}" for line in headline_words(table))]))
    print("\n".join([summary(tables), *(["Filene er endret:", *map(str, problems)] if problems else [])]))
    print(f"Se {PAGE} og {TABLE}.")
    return 1 if problems or whole["verdict"].eq(BEYOND).any() else 0


def changed(folder: Path) -> tuple[list[Problem], int]:
    """Files that are not as the manifest of the bundle says, and how many it lists."""
    path = folder / MANIFEST_NAME
    if not path.is_file():
        raise ProblemsFound(f"Fant ikke {MANIFEST_NAME}. Pakk ut pakken, og kjør make i mappen.", [])
    manifest = read_json(path)
    packed = {entry["path"] for entry in manifest["files"]}
    found = [one for one in verify(folder, manifest) if one.where in packed or not _is_own(one.where)]
    return [Problem(one.where, one.what) for one in found], len(packed)


def _is_own(name: str) -> bool:
    parts = Path(name).parts
    return parts[0] in OWN or "__pycache__" in parts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path()))
