"""No false alarm: random numbers are scanned, written in every way that programs write them.

    python benchmarks/soak_leakscan.py [megabytes]

Numbers of many sizes are written as text with 6 to 17 decimals, in full, and in exponents; as CSV with comma and with
semicolon and decimal comma, as JSON, as plain text, as the cells of a web page, of an SVG and of a worksheet. Ids of
two thousand made-up persons are looked for besides, half of them six digits. A tenth of the files hold a planted number
of the tax authority's test range, or the id of one of them, and must be stopped; every other one must pass. Exit code 1
otherwise.
"""

import io
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from analysis.canaries import searched  # noqa: E402
from analysis.leakscan import scan_file  # noqa: E402

MEGABYTES, PER_FILE = 100, 20_000
PLANTED = ("13836065713", "138360 65713", "kanari-0001")
FORMATS = ("%.6f", "%.12f", "%.15f", "%r", "%.17g", "%.10e", "%.11f")
SCALES = (1.0, 100.0, 1e4, 1e6, 1e9)


def birds() -> list[str]:
    return [f"kanari-{number:04x}" for number in range(1000)] + [str(n) for n in range(900_000, 901_000)]


def texts(rng: np.random.Generator, count: int) -> list[str]:
    """Numbers as programs write them; some are whole, as counts and years are."""
    numbers = rng.standard_normal(count) * rng.choice(SCALES, count)
    whole = [str(number) for number in rng.integers(0, 9_000, count // 10)]
    form = FORMATS[int(rng.integers(len(FORMATS)))]
    return [form % number for number in numbers.tolist()] + whole


def rows(numbers: list[str], width: int = 8) -> list[list[str]]:
    return [numbers[start : start + width] for start in range(0, len(numbers), width)]


def table(numbers: list[str]) -> str:
    return "\n".join(",".join(row) for row in rows(numbers))


def norwegian_table(numbers: list[str]) -> str:
    head = ";".join("abcdefgh")
    return "\n".join([head, *(";".join(row).replace(".", ",") for row in rows(numbers))])


def page(numbers: list[str]) -> str:
    cells = "\n".join("<tr>" + "".join(f"<td>{one}</td>" for one in row) + "</tr>" for row in rows(numbers))
    return f"<!DOCTYPE html><html><body><table>{cells}</table></body></html>"


def drawing(numbers: list[str]) -> str:
    marks = "\n".join(f'<path d="M{" ".join(row)}"/><text>{row[0]}</text>' for row in rows(numbers))
    return f'<svg xmlns="http://www.w3.org/2000/svg">{marks}</svg>'


def workbook(numbers: list[str]) -> bytes:
    cells = "".join(
        "<row>" + "".join(f'<c r="A{place}"><v>{one}</v></c>' for one in row) + "</row>"
        for place, row in enumerate(rows(numbers), start=1)
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", f"<worksheet><sheetData>{cells}</sheetData></worksheet>")
    return stream.getvalue()


WRITERS: dict[str, Callable[[list[str]], str | bytes]] = {
    ".csv": table,
    "_no.csv": norwegian_table,
    ".json": lambda numbers: "[[" + "],\n[".join(",".join(row) for row in rows(numbers)) + "]]",
    ".txt": lambda numbers: "\n".join(" ".join(row) for row in rows(numbers, 5)),
    ".html": page,
    ".svg": drawing,
    ".xlsx": workbook,
}


def alarms(seed: int, ending: str, *, planted: bool, count: int = PER_FILE) -> tuple[int, int]:
    """Findings in one file of random numbers, and its characters of text."""
    rng = np.random.default_rng([seed, planted])
    numbers = texts(rng, count)
    if planted:
        numbers[int(rng.integers(len(numbers)))] = PLANTED[seed % len(PLANTED)]
    content = WRITERS[ending](numbers)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"tall{ending}"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        found = scan_file(path, canaries=searched(birds()))
    return len(found), sum(map(len, numbers))


def main(megabytes: int) -> None:
    print(f"random numbers, {megabytes} MB of digits")
    print(f"{'files':12}{'clean':>8}{'MB':>8}{'alarms':>8}{'planted':>9}{'found':>8}")
    share, faults = megabytes * 1_000_000 / len(WRITERS), 0
    for ending in WRITERS:
        read, clean, false, planted, found, seed = 0, 0, 0, 0, 0, 0
        while read < share:
            count, length = alarms(seed, ending, planted=False)
            read, clean, false, seed = read + length, clean + 1, false + count, seed + 1
            if seed % 10 == 0 or planted < len(PLANTED):
                planted += 1
                found += alarms(seed, ending, planted=True)[0] > 0
        faults += false + planted - found
        print(f"{ending:12}{clean:8}{read / 1e6:8.1f}{false:8}{planted:9}{found:8}", flush=True)
    print(f"no false alarm, and every planted one found: {not faults}")
    sys.exit(faults > 0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MEGABYTES)
