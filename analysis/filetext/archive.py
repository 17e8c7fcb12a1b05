"""Archives of tables, figures and Stata files (analysis/report/kit.py), member by member."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath

from analysis.filetext.contract import EMBEDDED, LOCKED, WHOLE_FILE, Inside, Part, Refused, decoded, placed

# What may lie in an archive: each has a reader, and none can hold another file that is not looked into.
MEMBERS = frozenset({".txt", ".csv", ".tex", ".svg", ".png", ".dta"})
MOST_MEMBERS = 2_000
LARGEST = 200_000_000  # bytes of all members unpacked: far above what a report takes, far below what fills a machine
TOO_LARGE = "arkivet er for stort til å kontrolleres"
BETWEEN = "det ligger data i arkivet utenom filene i det"
LOCAL_HEADER, END_RECORD = 30, 22


def archive_file(content: bytes, inside: Inside) -> Iterator[Part]:
    """The members of an archive, their names and comments; other archives in it are refused."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        yield placed("navn og merknader i arkivet", names_and_comments(archive))
        if not_bounded(members):
            yield Refused(WHOLE_FILE, TOO_LARGE)
            return
        if not _tiled(content, archive):
            yield Refused(WHOLE_FILE, BETWEEN)
        for member in members:
            suffix = PurePosixPath(member.filename).suffix.lower()
            if member.flag_bits & 1:
                yield Refused(member.filename, LOCKED)
            elif suffix not in MEMBERS:
                yield Refused(member.filename, EMBEDDED)
            else:
                yield from inside(member.filename, suffix, archive.read(member))


def names_and_comments(archive: zipfile.ZipFile) -> str:
    """What an archive says of itself and its members, beside what they hold."""
    members = archive.infolist()
    comments = [archive.comment, *(member.comment for member in members), *(member.extra for member in members)]
    return "\n".join([member.filename for member in members] + [decoded(comment) for comment in comments])


def not_bounded(members: list[zipfile.ZipInfo]) -> bool:
    """Whether unpacking could fill the machine; no more is ever unpacked than a member says that it holds."""
    return len(members) > MOST_MEMBERS or sum(member.file_size for member in members) > LARGEST


def _tiled(content: bytes, archive: zipfile.ZipFile) -> bool:
    """Whether the members, the list of them and its end fill the file with nothing between."""
    place = 0
    for member in sorted(archive.infolist(), key=lambda one: one.header_offset):
        if member.header_offset != place:
            return False
        names = (content[place + start : place + start + 2] for start in (26, 28))
        lengths = sum(int.from_bytes(length, "little") for length in names)
        place += LOCAL_HEADER + lengths + member.compress_size
    end = content.rfind(b"PK\5\6")
    return place == archive.start_dir and end + END_RECORD + len(archive.comment) == len(content)
