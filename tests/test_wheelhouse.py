"""The packages for a machine without network: whether the folder fits, and that nothing else is asked."""

import io
import json
import shutil
import subprocess
import sys
import tarfile

import pytest

from analysis import wheelhouse
from analysis.provenance import ROOT


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the locks and a wheelhouse that fits."""
    for lock in wheelhouse.LOCKS:
        shutil.copy(ROOT / lock, tmp_path)
    monkeypatch.chdir(tmp_path)
    wheelhouse.FOLDER.mkdir()
    (wheelhouse.FOLDER / wheelhouse.MADE_FOR).write_text(json.dumps(wheelhouse.this_machine()), encoding="utf-8")
    return tmp_path


def test_a_wheelhouse_of_this_machine_and_lock_fits(project):
    assert wheelhouse.problem() == ""


def test_a_missing_wheelhouse_is_told_with_the_command_that_makes_it(project):
    shutil.rmtree(wheelhouse.FOLDER)
    assert wheelhouse.problem().startswith("Fant ikke pakkene i wheelhouse/. Lag den på en maskin av samme slag")
    assert "make wheelhouse" in wheelhouse.problem()


@pytest.mark.parametrize(("key", "value"), [("python", "3.99"), ("machine", "linux-riscv64")])
def test_a_wheelhouse_of_another_python_or_machine_is_told(project, key, value):
    path = wheelhouse.FOLDER / wheelhouse.MADE_FOR
    path.write_text(json.dumps(wheelhouse.this_machine() | {key: value}), encoding="utf-8")
    told = wheelhouse.problem()
    assert "er laget for Python" in told
    assert value in told


def test_a_wheelhouse_of_another_lock_is_told(project):
    with open("requirements.lock", "a", encoding="utf-8") as lock:
        lock.write("# changed\n")
    assert "en annen requirements.lock" in wheelhouse.problem()


def test_the_question_needs_no_package_and_its_answer_is_the_exit_code(project):
    # -I and -S: neither this environment's packages nor PYTHONPATH.
    call = [sys.executable, "-I", "-S", str(ROOT / "analysis" / "wheelhouse.py")]
    assert subprocess.run(call, check=False).returncode == 0
    shutil.rmtree(wheelhouse.FOLDER)
    said = subprocess.run(call, check=False, capture_output=True, text=True)
    assert (said.returncode, said.stderr.startswith("Fant ikke pakkene")) == (1, True)


@pytest.mark.parametrize(
    ("text", "needs"), [(b"[build-system]\nrequires = ['hatchling']\n", ["hatchling"]), (None, ["setuptools"])]
)
def test_what_builds_a_package_of_sources_comes_with_it(text, needs, tmp_path):
    with tarfile.open(tmp_path / "a-1.tar.gz", "w:gz") as archive:
        name, content = ("a-1/pyproject.toml", text) if text else ("a-1/setup.py", b"")
        member = tarfile.TarInfo(name)
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    assert wheelhouse.build_requirements(tmp_path / "a-1.tar.gz") == needs


@pytest.mark.parametrize("offline", ["1", ""])
def test_offline_make_asks_no_index(offline, tmp_path):
    call = [
        "make",
        "-n",
        "-f",
        str(ROOT / "Makefile"),
        f"VENV={tmp_path}/venv",
        f"OFFLINE={offline}",
        f"{tmp_path}/venv/.ok",
    ]
    said = subprocess.run(call, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    installs = [line for line in said.splitlines() if "install" in line and "--require-hashes" in line]
    assert len(installs) == 2
    assert [("--no-index --find-links wheelhouse" in line) for line in installs] == [bool(offline)] * 2
    assert ("analysis.wheelhouse" in said) == bool(offline)
