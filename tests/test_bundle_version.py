"""Which code a bundle says that it holds."""

import subprocess

from analysis.bundle import version
from analysis.bundle.version import code_version

NOTHING = {"commit": None, "changed": None}


def git(folder, *arguments):
    names = ["-c", "user.name=a", "-c", "user.email=a@b.no"]
    said = subprocess.run(["git", *names, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return said.stdout.strip()


def test_a_clone_has_its_commit_and_tells_of_edited_code_alone(tmp_path):
    (tmp_path / "analysis").mkdir()
    code = tmp_path / "analysis" / "a.py"
    code.write_text("A = 1\n", encoding="utf-8")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "a")
    commit = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "notes.txt").write_text("", encoding="utf-8")
    assert code_version(tmp_path) == {"commit": commit, "changed": False}
    code.write_text("A = 2\n", encoding="utf-8")
    assert code_version(tmp_path) == {"commit": commit, "changed": True}
    # A copy that lies inside somebody else's clone is none of it.
    assert code_version(tmp_path / "analysis") == NOTHING


def test_without_git_or_outside_a_clone_nothing_is_said(tmp_path, monkeypatch):
    assert code_version(tmp_path) == NOTHING
    monkeypatch.setattr(version.shutil, "which", lambda name: None)
    assert code_version(tmp_path) == NOTHING
