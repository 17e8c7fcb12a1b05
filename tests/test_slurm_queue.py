"""What is asked of a cluster's queue before a run. The commands here are stand-ins; `make test-slurm` has the real."""

import subprocess

import pytest

from analysis.problems import ProblemsFound
from analysis.provenance import ROOT
from analysis.slurm_queue import queued_jobs, stop_if_queued, uses_slurm


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """Makes the commands sbatch and squeue the only ones there are; squeue runs the given lines of a script."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def make(squeue):
        for name, lines in (("sbatch", "exit 0"), ("squeue", squeue)):
            (folder / name).write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
            (folder / name).chmod(0o755)

    return make


def test_only_jobs_that_work_in_the_folder_are_found(commands, tmp_path):
    commands(f"echo '12 {tmp_path}'; echo '13 {tmp_path}/other'; echo '14 {tmp_path}'")
    assert queued_jobs(tmp_path) == ["12", "14"]


def test_a_run_does_not_start_beside_jobs_of_an_earlier_one_and_says_how_to_stop_them(commands, tmp_path):
    commands(f"echo '12 {tmp_path}'")
    with pytest.raises(ProblemsFound, match="scancel 12"):
        stop_if_queued(tmp_path)
    commands("exit 0")
    stop_if_queued(tmp_path)


def test_without_slurm_a_run_says_where_it_can_be_started(commands, tmp_path):
    with pytest.raises(ProblemsFound, match="make uten SLURM=1"):
        queued_jobs(tmp_path)


def test_a_cluster_that_is_down_is_told_in_its_own_words(commands, tmp_path):
    commands("echo 'Unable to contact slurm controller' >&2; exit 1")
    with pytest.raises(ProblemsFound, match="Unable to contact slurm controller"):
        queued_jobs(tmp_path)


def test_a_profile_says_whether_jobs_go_to_slurm(tmp_path):
    (tmp_path / "profile.yaml").write_text("executor: slurm\n", encoding="utf-8")
    assert uses_slurm(tmp_path)
    (tmp_path / "profile.yaml").write_text("cores: 2\n", encoding="utf-8")
    assert not uses_slurm(tmp_path)
    with pytest.raises(ProblemsFound, match="Fant ingen profil"):
        uses_slurm(tmp_path / "none")


@pytest.mark.parametrize(
    ("given", "profile"),
    [
        ([], ""),
        (["SLURM=1"], ' --profile "profiles/slurm"'),
        (["PROFILE=mine"], ' --profile "mine"'),
        (["SLURM=0"], ""),
    ],
)
def test_make_hands_on_the_profile_that_was_asked_for(given, profile):
    # Beneath another make it would tell which folder it leaves.
    call = ["make", "--no-print-directory", "-n", "-o", ".venv/.ok", *given, "run"]
    said = subprocess.run(call, cwd=ROOT, check=True, capture_output=True, text=True)
    assert said.stdout.splitlines()[-1].rstrip() == f"python -m analysis run --cores 2{profile}"
