"""A Word file as its members, and back as a file that tells nothing of when and where it was packed."""

import datetime as dt
import io
import zipfile
from collections.abc import Mapping

CONTENT_TYPES = "[Content_Types].xml"


def unpacked(content: bytes) -> dict[str, bytes]:
    """Return member → content of a file of Office."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: Mapping[str, bytes], date: dt.date) -> bytes:
    """Return the members as one file, in order of name behind the list of their types, all of `date`."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in sorted(members, key=lambda name: (name != CONTENT_TYPES, name)):
            entry = zipfile.ZipInfo(name, (date.year, date.month, date.day, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, members[name])
    return stream.getvalue()
