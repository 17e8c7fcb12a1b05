"""The comparison of two runs in words, for a screen of 100 columns: cohort by cohort, causes first."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from analysis.diff.causes import Cause, causes, cost_causes, report_causes
from analysis.diff.headlines import headline_words, verdict_words, wording
from analysis.diff.tables import Cell, Row, TableDiff, same_file, table_diffs
from analysis.earlier import kept_files
from analysis.problems import Problem, ProblemsFound
from analysis.report.language import Language
from analysis.tables import COMPARISON_REPORT, COST_TABLE
from analysis.trace.folder import Folder, as_number
from analysis.trace.words import entry

NORWEGIAN = Language("nb", "nb_NO")
SHARED = "comparison"
SHOWN_CAUSES, SHOWN_STILL = 12, 3
NO_CAUSE = "Ingen årsak som er ført, er endret. "
BY_HAND = "Filene kan være endret for hånd. Kjør: make verify"
NEW_KEY = "Nøkkelen som tallene rundes av med, kan være ny."
MANY = "{count} ting er endret samtidig, så bevegelsen kan ikke deles mellom dem."
# From here on decimals say nothing.
LARGE = 10_000
KINDS = {"moved": "flyttet", "new": "ny", "gone": "borte"}


def release_folder(path: Path) -> Path:
    """The released folder that a path means: itself, or the one inside a project or a bundle."""
    tries = [path, path / "results" / "release", path / "release"]
    found = next((folder for folder in tries if any(folder.glob("*/provenance.json"))), None)
    if found is None:
        what = "mappen har ingen frigitte tall (<kohort>/provenance.json)."
        raise ProblemsFound(
            "Kjøringene kan ikke sammenlignes.", [Problem(str(path), what, "Oppgi en results/release.")]
        )
    return found


def diff_words(old_path: Path, new_path: Path, *, every: bool = False) -> list[str]:
    """What moved from one released folder to another, and why; `every` lists every row."""
    old, new = Folder(release_folder(old_path)), Folder(release_folder(new_path))
    before, after = set(old.cohorts()), set(new.cohorts())
    lines = [f"Fra {old.path.as_posix()}", f"til {new.path.as_posix()}"]
    unchanged, still = [], []
    for cohort in sorted(before & after):
        if found := list(_cohort(old, new, cohort, every=every)):
            lines += ["", *found]
        elif other := causes(old, new, cohort):
            still.append(f"{cohort} ({'; '.join(_listed(other, SHOWN_STILL))})")
        else:
            unchanged.append(cohort)
    lines += ["", *shared] if (shared := list(_shared(old, new, every=every))) else []
    lines += [""] if unchanged or still or before ^ after else []
    lines += (
        entry("Står stille", ["Annet bak tallene, men ingen tall eller ord er flyttet:", *still], indent=0)
        if still
        else []
    )
    for label, names in (("Nye", after - before), ("Borte", before - after), ("Uendret", unchanged)):
        lines += entry(label, ", ".join(sorted(names)), indent=0) if names else []
    return lines


def _cohort(old: Folder, new: Folder, cohort: str, *, every: bool) -> Iterator[str]:
    """A cohort whose numbers, verdicts or words differ."""
    names = {name for folder in (old, new) for name in kept_files(folder.path)}
    own = [name for name in names if name.startswith((f"{cohort}/", f"reports/{cohort}/"))]
    if all(same_file(old, new, name) for name in own):
        return
    tables = list(table_diffs(old, new, cohort))
    verdicts, words = list(verdict_words(old, new, cohort)), wording(old, new, cohort)
    if not (tables or verdicts or words):
        return
    treated = "rule" in new.json(f"{cohort}/provenance.json")["disclosure"]
    found = causes(old, new, cohort)
    if any(table.name == COST_TABLE for table in tables):
        found += cost_causes(old, new)
    yield cohort
    yield from cause_words(found, moved=bool(tables or verdicts))
    if not any(one.moves for one in found) and (tables or verdicts):
        yield from entry("" if found else "Årsaker", NO_CAUSE + (NEW_KEY if treated else BY_HAND))
    yield from entry("Hovedtall", headline_words(old, new, cohort))
    for label, text in verdicts:
        yield from entry(label, text)
    if not verdicts:
        yield from entry("Kontroller", "tillit og kontroller er uendret")
    yield from entry("Ordlyd", words or "uendret")
    if treated:
        yield from entry(
            "Personvern", "frigitte tall er sammenlignet; avrundingen kan skjule eller lage små bevegelser"
        )
    yield from table_words(tables, every=every)


def _shared(old: Folder, new: Folder, *, every: bool) -> Iterator[str]:
    """The comparison of all cohorts, and what the reports are made with."""
    tables = list(table_diffs(old, new, SHARED))
    words, found = wording(old, new, COMPARISON_REPORT), report_causes(old, new)
    if tables or words or found:
        yield f"{COMPARISON_REPORT} og det rapportene lages med"
        if found:
            yield from cause_words(found, moved=bool(tables), told=False)
        yield from entry("Ordlyd", words or "uendret")
        yield from table_words(tables, every=every)


def cause_words(found: Sequence[Cause], *, moved: bool, told: bool = True) -> Iterator[str]:
    """The causes by kind, and whether the movement has one or several of them; `told`: whether to say so."""
    listed = _listed(found, SHOWN_CAUSES)
    moving = [one for one in found if one.moves]
    if listed:
        yield from entry("Eneste årsak" if told and len(found) == 1 else "Årsaker", listed)
    if not told:
        return
    if moved and len(moving) > 1:
        yield from entry("", MANY.format(count=len(moving)))
    elif not moved and moving:
        yield from entry("", "Endringen flyttet ingen tall.")


def _listed(found: Sequence[Cause], most: int) -> list[str]:
    """Causes by kind, so many of each."""
    kinds: dict[str, list[str]] = {}
    for one in found:
        kinds.setdefault(one.kind, []).append(one.name)
    more = {kind: f" og {len(names) - most} til" if len(names) > most else "" for kind, names in kinds.items()}
    return [f"{kind}: {', '.join(names[:most])}{more[kind]}" for kind, names in kinds.items()]


def table_words(tables: Sequence[TableDiff], *, every: bool) -> Iterator[str]:
    """A line per table that differs: rows moved, new and gone, and the largest movement; with `every` each row."""
    if not tables:
        yield from entry("Tabeller", "ingen rader har flyttet seg")
        return
    yield f"   {'Tabell':<20}{'flyttet':>9}{'nye':>7}{'borte':>7}   største bevegelse"
    for table in tables:
        counts = "".join(f"{table.count(kind):>{width}}" for kind, width in (("moved", 9), ("new", 7), ("gone", 7)))
        largest = table.largest()
        yield f"   {table.name:<20}{counts}   {'' if largest is None else change_words(*largest)}".rstrip()
        if largest is not None:
            yield from entry("", largest[0].named, indent=9)
        for row in table.rows if every else ():
            yield from entry(KINDS[row.kind], "; ".join([row.named, *_cells(row)]), indent=6)


def _cells(row: Row) -> list[str]:
    return [change_words(row, cell) for cell in row.cells] if row.kind == "moved" else []


def change_words(row: Row, cell: Cell) -> str:
    """``estimate 6,10 → 6,40 (+0,30) prosentpoeng``; texts as they are."""
    one, other = as_number(cell.before), as_number(cell.after)
    if one is None or other is None:
        return f"{cell.column}: {cell.before or 'mangler'} → {cell.after or 'mangler'}"
    shares = row.shares and cell.column in ("estimate", "std_error", "conf_low", "conf_high", "base_rate")
    if shares:
        before, after, moved = (NORWEGIAN.number(100 * value, 2) for value in (one, other, other - one))
        sign = "+" if other > one else ""
        return f"{cell.column} {before} → {after} ({sign}{moved} prosentpoeng)"
    return f"{cell.column} {_plain(one)} → {_plain(other)}"


def _plain(value: float) -> str:
    if abs(value) >= LARGE:
        return NORWEGIAN.number(value)
    return f"{value:.5g}".replace(".", ",").replace("-", "−")
