"""Which version of the code a bundle holds: the commit, where git knows it, and whether files differ from it."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

# What of the project a bundle holds the code of.
CODE = ("analysis", "config", "requirements.lock")


def code_version(root: Path) -> dict[str, Any]:
    """`commit` (None without git, or outside a clone) and `changed`: whether code was edited since (None: unknown)."""
    nothing = {"commit": None, "changed": None}
    if shutil.which("git") is None:
        return nothing
    top = _git(root, "rev-parse", "--show-toplevel", "HEAD")
    if top is None:
        return nothing
    folder, commit = top.splitlines()
    if Path(folder).resolve() != root.resolve():
        # A clone of something else, further up.
        return nothing
    edited = _git(root, "status", "--porcelain", "--", *CODE)
    return {"commit": commit, "changed": bool(edited)}


def _git(root: Path, *arguments: str) -> str | None:
    said = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    return said.stdout.strip() if said.returncode == 0 else None
