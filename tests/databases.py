"""A PostgreSQL server of the test's own: a cluster in a temporary folder, on a socket there."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PORT = 54329
SERVER_USERS = ("postgres", "nobody")


def binaries() -> Path | None:
    """Folder of initdb and pg_ctl: Debian keeps them off the PATH."""
    if found := shutil.which("pg_ctl"):
        return Path(found).parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name))
    return next((folder for folder in reversed(folders) if (folder / "pg_ctl").is_file()), None)


def _user() -> str | None:
    """Whom the server runs as: PostgreSQL refuses root. None for ourselves."""
    if os.geteuid() != 0:
        return None
    return next(name for name in SERVER_USERS if name in {entry.pw_name for entry in pwd.getpwall()})


@contextmanager
def running_server() -> Iterator[str]:
    """The connection of a server that is stopped and removed afterwards.

    Skipped on machines without PostgreSQL, except where CI=true: there it fails.
    """
    folder = binaries()
    if folder is None:
        reason = "PostgreSQL is not on this machine (Debian: apt-get install postgresql)"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    user = _user()
    # A socket's path may have about 100 signs, and pytest's own folders are closed to other users.
    with tempfile.TemporaryDirectory(prefix="pg") as place:
        if user is not None:
            shutil.chown(place, user)
        data = Path(place) / "data"
        _run(user, place, folder / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-k {place} -p {PORT} -c listen_addresses='' -c fsync=off"
        _run(user, place, folder / "pg_ctl", "-D", data, "-w", "-l", Path(place) / "log", "-o", options, "start")
        try:
            yield f"host={place} port={PORT} user=tester dbname=postgres"
        finally:
            _run(user, place, folder / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")


def _run(user: str | None, place: str, *command: str | Path) -> None:
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        command, user=user, cwd=place, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
