"""Deliveries after accidents: each must give a correct cohort or a clear refusal, and never show a value of a person.

A delivery of three files (persons, offices, spells) with canaries in every column meets one to three accidents:
bytes and lines dropped, doubled and swapped, strange bytes, cut files, other delimiters, encodings and dates, empty
files. Whatever is accepted must equal an independent, slow reading of the same bytes, row by row; with the row counts
and checksums in the card every accident must be refused. ``python benchmarks/soak_deliveries.py [number]``.
"""

import contextlib
import csv
import hashlib
import io
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.cards import Card
from analysis.files import read_parquet
from analysis.intake import Delivery, read_delivery
from analysis.problems import ProblemsFound

NUMBER = 500
PERSONS = 40
CANARY, CANARY_DIGITS = "KANARI", "76543"
MONTH_ENDS = {"iso": "%Y-%m-%d", "dd.mm.yyyy": "%d.%m.%Y"}

CARD: dict[str, Any] = {
    "title": "Oppdiktede leveranser etter uhell",
    "short_title": "Uhell",
    "intervention_name": "tett oppfølging",
    "data_kind": "synthetic",
    "intervention": "close_follow_up",
    "design": "cluster_randomised",
    "analysis": "describe",
    "report": {"date": "2026-11-21"},
    "background": ["Oppdiktede data."],
    "population": {"description": "oppdiktede personer", "eligibility": ["med i leveransen"]},
    "assignment": {"unit": "office", "randomised": True, "rule": "Annethvert kontor."},
    "content": {"intervention": "Tett oppfølging.", "usual_care": "Vanlig oppfølging."},
    "time_zero": {"description": "måneden da oppfølgingen begynte"},
    "arms": [
        {"id": "treated", "role": "treated", "label": "deltakerne"},
        {"id": "comparison", "role": "comparison", "label": "sammenligningsgruppen"},
    ],
    "outcomes": {"primary": "in_work_last_day"},
    "horizons": [6],
    "estimand": {"quantity": "itt", "scale": "difference", "description": "forskjellen mellom gruppene"},
    "registers": {"first": "2019-01", "last": "2022-12", "covers": ["work"]},
    "files": [
        {
            "name": "persons",
            "path": "personer.csv",
            "format": "csv",
            "encoding": "cp1252",
            "dates": "dd.mm.yyyy",
            "columns": {
                "person_id": "løpenr",
                "arm": {"column": "gruppe", "values": {"T": "treated", "S": "comparison"}},
                "office_id": "kontor",
                "time_zero": "start",
                "age": "alder",
            },
        },
        {
            "name": "offices",
            "table": "offices",
            "path": "kontorer.csv",
            "format": "csv",
            "columns": {"office_id": "kontor", "county": "fylke"},
        },
        {
            "name": "work",
            "table": "spells",
            "path": "arbeid.csv",
            "format": "csv",
            "columns": {"person_id": "løpenr", "type": {"constant": "work"}, "from_date": "fra", "to_date": "til"},
        },
    ],
    "covariates": [{"name": "age", "label": "Alder"}],
    "disclosure": {"profile": "open", "reason": "Dataene er oppdiktet."},
    "sources": [{"id": "made_up", "citation": "Laget av prøven."}],
}


def good_files() -> dict[str, bytes]:
    """The delivery before the accidents, with a canary in every column that can hold one."""
    rng = random.Random(7)
    ids = [f"{CANARY}{number:03d}" for number in range(PERSONS)]
    persons = ["løpenr;gruppe;kontor;start;alder;fritekst"]
    for number, person in enumerate(ids):
        month, office = 1 + number % 12, f"{CANARY}{number % 4}"
        group = "TS"[number % 4 % 2]
        persons.append(
            f"{person};{group};{office};{1 + number % 28:02d}.{month:02d}.2020;{CANARY_DIGITS}{number},5;ærlig {CANARY}"
        )
    offices = ["kontor;fylke", *(f"{CANARY}{number};fylke {CANARY} {number}" for number in range(4))]
    work = ["løpenr;fra;til"]
    for person in rng.choices(ids, k=3 * PERSONS):
        first = pd.Timestamp("2019-01-01") + pd.Timedelta(days=rng.randrange(1000))
        last = first + pd.Timedelta(days=rng.randrange(400))
        work.append(f"{person};{first:%Y-%m-%d};{'' if rng.random() < 0.2 else f'{last:%Y-%m-%d}'}")
    texts = {"personer.csv": persons, "kontorer.csv": offices, "arbeid.csv": work}
    encodings = {file["path"]: file.get("encoding", "utf-8") for file in CARD["files"]}
    return {name: ("\n".join(lines) + "\n").encode(encodings[name]) for name, lines in texts.items()}


def _cut_in(rng: random.Random, content: bytes) -> int:
    return rng.randrange(max(1, len(content)))


def drop_byte(rng: random.Random, content: bytes) -> bytes:
    """One byte gone."""
    place = _cut_in(rng, content)
    return content[:place] + content[place + 1 :]


def double_byte(rng: random.Random, content: bytes) -> bytes:
    """One byte twice."""
    place = _cut_in(rng, content)
    return content[:place] + content[place : place + 1] + content[place:]


def swap_bytes(rng: random.Random, content: bytes) -> bytes:
    """Two neighbours in each other's place."""
    place = _cut_in(rng, content)
    return content[:place] + content[place : place + 2][::-1] + content[place + 2 :]


def strange_byte(rng: random.Random, content: bytes) -> bytes:
    """A byte that means something to readers of files, or nothing to them."""
    place = _cut_in(rng, content)
    return (
        content[:place] + rng.choice([b"\0", b'"', b"\xff", b"\x81", b"\r", b"\n", b";", b"'"]) + content[place + 1 :]
    )


def mistype(rng: random.Random, content: bytes) -> bytes:
    """A letter or a digit for another."""
    place = _cut_in(rng, content)
    return content[:place] + rng.choice([b"0", b"9", b"O", b"x", b" ", b"-", b","]) + content[place + 1 :]


def drop_line(rng: random.Random, content: bytes) -> bytes:
    """One line gone."""
    lines = content.split(b"\n")
    del lines[rng.randrange(len(lines))]
    return b"\n".join(lines)


def double_line(rng: random.Random, content: bytes) -> bytes:
    """One line twice."""
    lines = content.split(b"\n")
    place = rng.randrange(len(lines))
    return b"\n".join([*lines[:place], lines[place], *lines[place:]])


def swap_lines(rng: random.Random, content: bytes) -> bytes:
    """Two lines in each other's place."""
    lines = content.split(b"\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def drop_column(rng: random.Random, content: bytes) -> bytes:
    """One column gone, whole."""
    rows = [line.split(b";") for line in content.split(b"\n")]
    place = rng.randrange(max(1, len(rows[0])))
    return b"\n".join(b";".join(row[:place] + row[place + 1 :]) for row in rows)


def cut(rng: random.Random, content: bytes) -> bytes:
    """The transfer broke off; sometimes before the first byte."""
    return b"" if rng.random() < 0.2 else content[: _cut_in(rng, content)]


def other_delimiter(rng: random.Random, content: bytes) -> bytes:
    """Saved with another delimiter than the card says."""
    return content.replace(b";", rng.choice([b",", b"\t", b"|", b""]))


def other_encoding(rng: random.Random, content: bytes) -> bytes:
    """Saved in another encoding than the card says."""
    encoding = rng.choice(["utf-8", "utf-16", "utf-32", "cp865", "mac_roman"])
    return content.decode("latin-1").encode(encoding, errors="replace")


def byte_order_mark(rng: random.Random, content: bytes) -> bytes:
    """A mark in front, as some programs write it."""
    return rng.choice([b"\xef\xbb\xbf", b"\xff\xfe"]) + content


def other_dates(rng: random.Random, content: bytes) -> bytes:
    """Some dates turned the other way."""

    def turned(match: re.Match[bytes]) -> bytes:
        return b".".join(reversed(match.groups())) if rng.random() < 0.3 else match.group()

    content = re.sub(rb"(\d{4})-(\d\d)-(\d\d)", turned, content)
    return content if rng.random() < 0.5 else re.sub(rb"(\d\d)\.(\d\d)\.(\d{4})", rb"\3-\2-\1", content)


ACCIDENTS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    drop_byte, double_byte, swap_bytes, strange_byte, mistype, drop_line, double_line, swap_lines, drop_column, cut,
    other_delimiter, other_encoding, byte_order_mark, other_dates,
)  # fmt: skip


def mutated(seed: int) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The files after one to three accidents, the same for the same seed, and the names of the accidents."""
    rng = random.Random(seed)
    files, names = good_files(), []
    for _ in range(rng.randint(1, 3)):
        file, accident = rng.choice(sorted(files)), rng.choice(ACCIDENTS)
        files[file] = accident(rng, files[file])
        names.append(f"{accident.__name__} in {file}")
    return files, tuple(names)


def card_of(files: Mapping[str, bytes] | None = None) -> Card:
    """The card; with `files` it states their row counts and checksums."""
    card = deepcopy(CARD)
    for file in card["files"] if files else []:
        content = files[file["path"]]
        file |= {"rows": content.count(b"\n") - 1, "sha256": hashlib.sha256(content).hexdigest()}
    return Card.model_validate(card)


def taken(card: Card, files: Mapping[str, bytes], folder: Path) -> tuple[Delivery | ProblemsFound, str]:
    """What intake makes of the files, and everything that was printed meanwhile."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            result: Delivery | ProblemsFound = read_delivery(card, folder, spells=folder / "spells.parquet")
        except ProblemsFound as refused:
            result = refused
    return result, printed.getvalue()


def slow_tables(files: Mapping[str, bytes]) -> dict[str, list[tuple]]:
    """Persons, offices and spells of an accepted delivery, read one row at a time with nothing but `csv`."""
    rows = {file["path"]: _slow_rows(files[file["path"]], file) for file in CARD["files"]}
    persons = {
        row["løpenr"]: (
            {"T": "treated", "S": "comparison"}[row["gruppe"]],
            row["kontor"],
            _month(row["start"], "dd.mm.yyyy"),
            float(row["alder"].replace(",", ".")),
        )
        for row in rows["personer.csv"]
    }
    place = {text: number for number, text in enumerate(sorted(persons, key=_hashed))}
    spells = [(place[row["løpenr"]], row["fra"], row["til"]) for row in rows["arbeid.csv"] if row["løpenr"] in place]
    return {
        "persons": sorted((place[person], *rest) for person, rest in persons.items()),
        "offices": sorted((row["kontor"], row["fylke"]) for row in rows["kontorer.csv"]),
        "spells": sorted(spells, key=str),
    }


def _hashed(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _slow_rows(content: bytes, file: Mapping[str, Any]) -> list[dict[str, str | None]]:
    encoding = file.get("encoding", "utf-8").replace("utf-8", "utf-8-sig")
    text = io.StringIO(content.decode(encoding), newline="")
    header, *rows = csv.reader(text, delimiter=";", strict=True)
    names = [name.strip() for name in header]
    filled = [row for row in rows if any(row)]
    return [
        {name: None if cell in ("", "NA") else cell.strip() for name, cell in zip(names, row, strict=True)}
        for row in filled
    ]


def _month(text: str | None, dates: str) -> int | None:
    if text is None:
        return None
    date = pd.to_datetime(text, format=MONTH_ENDS[dates])
    return date.year * 12 + date.month - 1


def found_tables(delivery: Delivery) -> dict[str, list[tuple]]:
    """The same tables as `slow_tables`, from what intake gave."""
    persons = delivery.persons[["person_id", "arm", "office_id", "time_zero", "age"]].astype(object)
    persons = persons.where(persons.notna(), None)
    spells = read_parquet(delivery.spells)
    days = {
        name: pd.to_datetime(spells[name]).dt.strftime("%Y-%m-%d").astype(object) for name in ("from_date", "to_date")
    }
    last = days["to_date"].where(days["to_date"].notna(), None)
    offices = delivery.offices[["office_id", "county"]].astype(object)
    return {
        "persons": sorted(persons.itertuples(index=False, name=None)),
        "offices": sorted(offices.where(offices.notna(), None).itertuples(index=False, name=None)),
        "spells": sorted(zip(spells["person_id"], days["from_date"], last, strict=True), key=str),
    }


def fault_of(seed: int) -> tuple[str, str | None]:
    """What became of a delivery (correct, refused), and what was wrong with that; None when all is as it should be."""
    files, accidents = mutated(seed)
    told = ", ".join(accidents)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        stated, _ = taken(card_of(good_files()), files, folder)
        if isinstance(stated, Delivery) and files != good_files():
            return "correct", f"accepted against the stated row counts and checksums: {told}"
        result, printed = taken(card_of(), files, folder)
        words = printed + (str(result) if isinstance(result, ProblemsFound) else "")
        if CANARY in words or CANARY_DIGITS in words:
            return "refused", f"a value was shown: {told}"
        if isinstance(result, ProblemsFound):
            return "refused", None if result.problems else f"refused without a word: {told}"
        same = found_tables(result) == slow_tables(files)
        return "correct", None if same else f"accepted, but not as it stands in the files: {told}"


def main() -> None:
    """Run the seeds and tell the counts; exits with 1 when any delivery was treated wrongly."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else NUMBER
    outcomes, faults = Counter(), []
    for seed in range(number):
        outcome, fault = fault_of(seed)
        outcomes[outcome] += 1
        faults += [f"seed {seed}: {fault}"] if fault else []
    print(f"{number} deliveries after one to three accidents each ({len(ACCIDENTS)} kinds)")
    print(f"  refused with a message: {outcomes['refused']}")
    print(f"  accepted, equal to a slow reading of the same bytes: {outcomes['correct'] - len(faults)}")
    print("  with row counts and checksums stated in the card: all refused, but for files that came out unchanged")
    print(f"  treated wrongly: {len(faults)}")
    print("\n".join(faults))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
