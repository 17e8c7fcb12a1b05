"""The command `lab`: JupyterLab on the notebooks, with the settings of the project and none of the user's."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from analysis.problems import Problem, ProblemsFound
from analysis.provenance import ROOT

NOTEBOOKS = ROOT / "notebooks"
# What the laboratory remembers between two sessions; `make clean` forgets it.
OWN = ROOT / ".snakemake" / "lab"


def add_lab(commands: Any) -> None:
    """The command `lab`."""
    lab = commands.add_parser("lab", help="åpne notatbøkene i JupyterLab; det som står etter --, går til JupyterLab")
    lab.add_argument("--folder", type=Path, default=NOTEBOOKS, metavar="MAPPE", help="en annen mappe med notatbøker")
    lab.set_defaults(command=_lab)


def lab_command(folder: Path) -> list[str]:
    """JupyterLab in this Python, on a folder of notebooks: a .py opens as one, and nothing is asked of the web."""
    return [
        *(sys.executable, "-m", "jupyterlab"),
        f"--ServerApp.root_dir={folder.resolve()}",
        f"--LabApp.app_settings_dir={ROOT / 'config' / 'lab'}",
        "--LabApp.extension_manager=readonly",
        # Looking for language servers starts npm, which writes to the home folder.
        "--LanguageServerManager.autodetect=False",
    ]


def lab_surroundings() -> dict[str, str]:
    """The environment: this package first, and folders of the project where Jupyter would use the user's."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    folders = {name: str(OWN / name.lower()) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    return {**os.environ, **folders, "PYTHONPATH": path}


def _lab(options: argparse.Namespace, extra: list[str]) -> int:
    if not any(options.folder.glob("*.py")):
        problem = Problem(f"{options.folder.name}/", "mappen har ingen notatbøker.", "Hent dem fra git.")
        raise ProblemsFound("Det er ingenting å åpne.", [problem])
    os.execve(sys.executable, [*lab_command(options.folder), *extra], lab_surroundings())
