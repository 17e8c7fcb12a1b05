"""The queue of a cluster with SLURM: what must be there for a run, and what an earlier run has left in it.

Jobs of a run that was killed go on, on machines whose processes are not seen from here; SLURM knows the folder that
each works in.
"""

import shutil
import subprocess
from pathlib import Path

import yaml

from analysis.problems import Problem, ProblemsFound

EXECUTOR = "slurm"
PROFILE_FILES = ("profile.yaml", "config.yaml")
# A controller that is away makes the commands wait.
PATIENCE_SECONDS = 30


def uses_slurm(profile: Path) -> bool:
    """Whether the jobs of Snakemake's `profile` (a folder) go to SLURM; raises ProblemsFound when there is none."""
    found = [profile / name for name in PROFILE_FILES if (profile / name).is_file()]
    if not found:
        profiles = ", ".join(str(path.parent) for path in sorted(Path("profiles").glob("*/profile.yaml")))
        raise ProblemsFound(f"Fant ingen profil i {profile}/. Profiler: {profiles or 'ingen'}.", [])
    return (yaml.safe_load(found[0].read_text(encoding="utf-8")) or {}).get("executor") == EXECUTOR


def stop_if_queued(folder: Path) -> None:
    """Raise ProblemsFound when SLURM cannot be asked here, or has jobs of this person that work in `folder`.

    Two jobs of the same step would write the same files.
    """
    jobs = queued_jobs(folder)
    if jobs:
        what = f"jobbene {', '.join(jobs)} fra en tidligere kjøring venter eller går ennå."
        mend = f"Vent til de er ferdige, eller stopp dem med: scancel {' '.join(jobs)}"
        raise ProblemsFound("Kjøringen kan ikke starte:", [Problem("køen i klyngen", what, mend)])


def queued_jobs(folder: Path) -> list[str]:
    """Numbers of this person's jobs, waiting or running, whose working folder is `folder`."""
    if shutil.which("squeue") is None or shutil.which("sbatch") is None:
        heading = (
            "Kjøringen kan ikke starte, for SLURM (squeue og sbatch) finnes ikke her. Kjør på en maskin der klyngen "
        )
        raise ProblemsFound(heading + "tar imot jobber, eller kjør make uten SLURM=1.", [])
    command = ["squeue", "--me", "--noheader", "--format=%i %Z"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        told = (error.stderr or "").strip() if isinstance(error, subprocess.CalledProcessError) else "svarer ikke"
        problem = Problem("squeue", f"{told}.", "Er klyngen oppe? Prøv kommandoen squeue alene.")
        raise ProblemsFound("Kjøringen kan ikke starte, for SLURM svarte ikke som det skal.", [problem]) from error
    jobs = [line.split(maxsplit=1) for line in said.stdout.splitlines() if line.strip()]
    return [number for number, place in jobs if Path(place) == folder]
