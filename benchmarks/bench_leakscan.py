"""The leak scan against reading the same files and nothing more, one type at a time.

    python benchmarks/bench_leakscan.py [megabytes]

Files like those that are let out: tables with 60 columns, models of reports as JSON, pages with tables and drawings,
PDFs of 30 pages. The ids of 60 000 made-up persons are looked for in each, as many as the largest synthetic delivery
has. Compare ratios inside one run only.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import typst

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from analysis.canaries import searched  # noqa: E402
from analysis.leakscan import scan_file  # noqa: E402
from analysis.synthetic.common import generator, pseudonyms  # noqa: E402

MEGABYTES, PERSONS = 4, 60_000
LIMITS = {".csv": 4, ".json": 4, ".html": 4, ".pdf": 0.5}  # megabytes a second, of the file as it lies on the disk


def numbers(count: int) -> list[str]:
    return list(map(repr, np.random.default_rng(7).standard_normal(count).tolist()))


def table(size: int) -> bytes:
    found = numbers(size // 20)
    return "\n".join(",".join(found[start : start + 60]) for start in range(0, len(found), 60)).encode()


def model(size: int) -> bytes:
    return json.dumps([{"heading": "Andel i arbeid", "rows": numbers(60)} for _ in range(size // 1400)]).encode()


def page(size: int) -> bytes:
    found = numbers(size // 60)
    cells = "\n".join(f'<tr><td class="n">{one}</td><td>{one[:6]}</td></tr>' for one in found)
    drawing = f"<svg><path d='M{' '.join(found)}'/></svg>"
    return f"<!DOCTYPE html><html><body><table>{cells}</table>{drawing}</body></html>".encode()


def paper(_: int) -> bytes:
    words = " ".join(one[:6] for one in numbers(9_000))
    return typst.compile(f'#set page(numbering: "1")\n{words}'.encode())


WRITERS: dict[str, Callable[[int], bytes]] = {".csv": table, ".json": model, ".html": page, ".pdf": paper}


def seconds(task: Callable[[], object]) -> float:
    start = time.process_time()
    task()
    return time.process_time() - start


def main(megabytes: int) -> None:
    birds = searched(pseudonyms(generator(1), PERSONS, "kvp").tolist())
    print(f"{'files':8}{'MB':>8}{'scan s':>9}{'read s':>9}{'MB/s':>8}{'scan/read':>11}{'at least':>10}")
    kept = True
    for ending, write in WRITERS.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"fil{ending}"
            path.write_bytes(write(megabytes * 1_000_000))
            size = path.stat().st_size / 1e6
            read = min(seconds(path.read_bytes) for _ in range(5))
            taken = seconds(lambda: scan_file(path, canaries=birds))  # noqa: B023 - called at once
        kept = kept and size / taken >= LIMITS[ending]
        ratio = f"{taken / read:.0f}" if read > 1e-5 else "-"
        print(
            f"{ending:8}{size:8.2f}{taken:9.2f}{read:9.4f}{size / taken:8.1f}{ratio:>11}{LIMITS[ending]:>10}",
            flush=True,
        )
    print(f"all limits hold: {kept}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MEGABYTES)
