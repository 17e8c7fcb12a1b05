"""Reading and writing files so that a reader never meets a half-written one.

Every output goes to a temporary name in the same folder and is renamed when it is whole; a run that dies
leaves the last good file as it was.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

CHUNK_BYTES = 1 << 20
RESTRICTED = "restricted"


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`; rename it to `path` if the block succeeds.

    What lies under a folder named ``restricted`` is for the owner alone (0700 and 0600).
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o600 if _closed_folders(target) else 0o644
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(mode)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _closed_folders(target: Path) -> list[Path]:
    """Folders named ``restricted`` above `target`, closed to others if they were not."""
    folders = [folder for folder in target.parents if folder.name == RESTRICTED]
    for folder in folders:
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    return folders


def write_bytes(path: str | os.PathLike, content: bytes) -> None:
    """Write `content` to `path` in one step."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | os.PathLike, content: str) -> None:
    """Write `content` as UTF-8 with Unix line ends to `path` in one step."""
    write_bytes(path, content.encode("utf-8"))


def write_json(path: str | os.PathLike, content: Any) -> None:
    """Write JSON that is the same bytes for the same content: sorted keys, no NaN, UTF-8."""
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    write_text(path, text + "\n")


def read_json(path: str | os.PathLike) -> Any:
    """Read a JSON file as UTF-8."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_parquet(frame: pd.DataFrame, path: str | os.PathLike) -> None:
    """Write `frame` as Parquet (zstd) in one step, without the index."""
    with replacing(path) as temporary:
        frame.to_parquet(temporary, index=False, compression="zstd")


def read_parquet(path: str | os.PathLike) -> pd.DataFrame:
    """Read a Parquet file that the pipeline wrote."""
    return pd.read_parquet(path)


def write_csv(frame: pd.DataFrame, path: str | os.PathLike) -> None:
    """Write `frame` as CSV in one step: UTF-8, comma, decimal point, full precision, missing values as ``NA``."""
    with replacing(path) as temporary:
        frame.to_csv(temporary, index=False, na_rep="NA", lineterminator="\n")


def read_csv(path: str | os.PathLike, text: tuple[str, ...] = ()) -> pd.DataFrame:
    """Read a CSV that `write_csv` wrote; the columns in `text` stay text whatever they look like."""
    return pd.read_csv(
        path,
        na_values=["NA"],
        keep_default_na=False,
        dtype=dict.fromkeys(text, "str"),
    )


def sha256(path: str | os.PathLike) -> str:
    """SHA-256 of a file in hex, read in chunks."""
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
