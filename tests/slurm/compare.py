"""Two halves of `make test-slurm`: a run on this machine, and one through SLURM in which a job is cancelled underway.

python tests/slurm/compare.py local FOLDER
python tests/slurm/compare.py slurm FOLDER
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from workspace import Workspace

# Published figures, and persons who are made up.
COHORTS = ("hpmt", "klar_synthetic")
# Of SLURM only for this test, which waits for every one of its jobs.
IMPATIENT = ("--slurm-init-seconds-before-status-checks", "2", "--seconds-between-status-checks", "2")
PATIENCE_SECONDS = 900


def run_here(place: Path) -> None:
    """The project on this machine."""
    workspace = Workspace(place / "local", cohorts=COHORTS)
    started = time.monotonic()
    said = workspace.make()
    if said.returncode:
        sys.exit(said.stdout + said.stderr)
    print(f"På denne maskinen: {time.monotonic() - started:.0f} s", flush=True)


def run_in_slurm(place: Path) -> None:
    """The same project through SLURM, where whatever runs is cancelled once."""
    workspace = Workspace(place / "slurm_run", cohorts=COHORTS)
    started = time.monotonic()
    command = [sys.executable, "-m", "analysis", "run", "--profile", "profiles/slurm", "--cores", "1", "--", *IMPATIENT]
    said = place / "said.txt"
    with open(said, "w", encoding="utf-8") as out:
        process = subprocess.Popen(
            command,
            cwd=workspace.folder,
            env=workspace.environment(),
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            cancelled = cancel_when_begun(workspace.folder / "logs" / COHORTS[1] / "read_delivery.log", process)
            code = process.wait(timeout=PATIENCE_SECONDS)
        finally:
            # Snakemake too, where the run is given up.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    seconds = time.monotonic() - started
    text = said.read_text(encoding="utf-8")
    if code:
        sys.exit(f"Kjøringen gjennom SLURM feilet ({code}):\n{text}")
    logs = "".join(path.read_text(encoding="utf-8") for path in (workspace.folder / ".snakemake" / "log").glob("*.log"))
    again = logs.count("Trying to restart job")
    # One of those that ran may have come to its end just before it was cancelled.
    if not 1 <= again <= len(cancelled):
        sys.exit(f"Avbrutt: {cancelled}. Prøvd på nytt: {again}.\n{logs}")
    here, there = Workspace.of(place / "local").released(), workspace.released()
    differ = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
    if differ or not here:
        sys.exit(f"Ikke de samme filene som på denne maskinen ({len(differ)} av {len(here)}):\n" + "\n".join(differ))
    print(f"Gjennom SLURM: {seconds:.0f} s, {again} avbrutt jobb prøvd på nytt; {len(here)} filer er like.")


def cancel_when_begun(log: Path, process: subprocess.Popen) -> list[str]:
    """Cancel what runs as soon as `log` is there; returns the numbers of the jobs."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not log.is_file():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"{log.name} kom ikke: kjøringen gjennom SLURM er for treg, eller den er over.")
        time.sleep(0.1)
    asked = ["squeue", "--me", "--noheader", "--states=RUNNING", "--format=%i"]
    jobs = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.split()
    subprocess.run(["scancel", *jobs], check=True)
    return jobs


if __name__ == "__main__":
    # As an exception, so that what was started is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    {"local": run_here, "slurm": run_in_slurm}[sys.argv[1]](Path(sys.argv[2]))
