"""The packages of the locks as files in a folder, for a machine without network.

`python -m analysis.wheelhouse` asks, before there is an environment, whether the folder fits this machine; therefore
only the standard library is used here. The locks' own hashes hold for every file that is installed.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
from pathlib import Path

FOLDER = Path("wheelhouse")
LOCKS = ("requirements.lock", "requirements-uv.lock")
# What the folder was made for.
MADE_FOR = "made-for.json"
MAKE = "Lag den på en maskin av samme slag med nett: make wheelhouse. Kopier så mappen hit."
# What a package that states nothing is built with (PEP 518).
BUILT_WITH = ["setuptools"]


def collect(folder: Path = FOLDER) -> int:
    """Fetch every package of the locks of the current folder, for this Python and machine, into `folder`.

    Returns the number of files. Packages without a wheel come as sources, with what builds them. The folder appears
    whole or not at all; raises CalledProcessError when pip, which tells why, cannot fetch.
    """
    unfinished = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    locks = [part for lock in LOCKS for part in ("-r", lock)]
    _download(unfinished, "--require-hashes", "--no-deps", *locks)
    builders = sorted({name for source in unfinished.glob("*.tar.gz") for name in build_requirements(source)})
    if builders:
        _download(unfinished, "--only-binary", ":all:", *builders)
    (unfinished / MADE_FOR).write_text(json.dumps(this_machine(), indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.replace(folder)
    return len(list(folder.iterdir())) - 1


def _download(folder: Path, *wanted: str) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest", str(folder)]
    subprocess.run([*pip, *wanted], check=True)


def build_requirements(source: Path) -> list[str]:
    """What a package of sources (.tar.gz) says that it is built with."""
    with tarfile.open(source) as archive:
        names = [name for name in archive.getnames() if name.count("/") == 1 and name.endswith("/pyproject.toml")]
        found = archive.extractfile(names[0]) if names else None
        text = found.read().decode("utf-8") if found else ""
    return tomllib.loads(text).get("build-system", {}).get("requires", BUILT_WITH)


def this_machine() -> dict[str, str]:
    """What decides which files are fetched: Python, the kind of machine, and the locks of the current folder."""
    digest = hashlib.sha256(b"".join(Path(lock).read_bytes() for lock in LOCKS)).hexdigest()
    return {"python": "{}.{}".format(*sys.version_info), "machine": sysconfig.get_platform(), "locks": digest}


def problem(folder: Path = FOLDER) -> str:
    """Why `folder` cannot be installed from here, in one line with the way to mend it; empty when it can."""
    path = folder / MADE_FOR
    if not path.is_file():
        return f"Fant ikke pakkene i {folder}/. {MAKE}"
    made, here = json.loads(path.read_text(encoding="utf-8")), this_machine()
    if (made["python"], made["machine"]) != (here["python"], here["machine"]):
        told = f"{folder}/ er laget for Python {made['python']} på {made['machine']}"
        return f"{told}, og her er Python {here['python']} på {here['machine']}. {MAKE}"
    if made["locks"] != here["locks"]:
        return f"{folder}/ er laget for en annen requirements.lock enn den som ligger her. {MAKE}"
    return ""


if __name__ == "__main__":
    sys.exit(problem() or 0)
