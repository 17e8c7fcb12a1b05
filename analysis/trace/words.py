"""A trace in words, for a screen of 100 columns: what is behind each number, and what they have in common."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.cards import Card
from analysis.provenance import imported_modules
from analysis.trace.cells import Cell, is_table, table_of
from analysis.trace.folder import Folder
from analysis.trace.origin import Estimate, method_sections, specification_words
from analysis.trace.printed import Printed
from analysis.ways import maker

WIDTH, LABEL = 100, 14
SHOWN_PLACES, SHOWN_LINES = 6, 5
UNITS = {
    "percent": "andel, vist som prosent",
    "percentage_points": "forskjell i prosentpoeng",
    "p_value": "p-verdi",
    "kroner": "kroner",
}
CERTAINTIES = {"stated": "oppgitt", "stated_approx": "omtrentlig oppgitt", "inferred": "tolket", "derived": "regnet ut"}
# What treatment did to a row, by the word that its table has for it (analysis/disclosure/release_tables.py).
TREATMENTS = {"exact": "raden er gjengitt uendret", "rounded": "raden er avrundet", "hidden": "raden har skjulte tall"}
OPEN = "open"


@dataclass(frozen=True)
class About:
    """What the words on a number need of its cohort; `cohort` is empty for the tables of all cohorts together, whose
    card and provenance are then those of one of them. `restricted`: the area of untreated tables."""

    cohort: str
    card: Card
    provenance: Mapping[str, Any]
    restricted: Path


def entry(label: str, texts: str | Iterable[str], indent: int = 3) -> list[str]:
    """A label with its lines beside it, folded at the width of the screen."""
    lines = [texts] if isinstance(texts, str) else list(texts)
    start, found = " " * indent + label.ljust(LABEL), []
    for text in lines:
        # Names of files and columns stay whole, so that they can be copied.
        found += textwrap.wrap(
            text, WIDTH, initial_indent=start, subsequent_indent=" " * (indent + LABEL + 2), break_on_hyphens=False
        )
        start = " " * (indent + LABEL)
    return found


def number_words(place: int, number: Printed, cell: Cell, behind: Sequence[Estimate], about: About) -> list[str]:
    """One number: where it is printed, its cell, its row, and what made it."""
    unit = UNITS.get(number.record["unit"], "")
    lines = [f"{place}. {number.text}" + (f" ({unit})" if unit else "")]
    lines += entry("Står i", _place_words(number))
    lines += entry("Frigitt celle", cell_words(cell, number.record["value"], about))
    table = Path(cell.file).stem
    if behind and table != "estimates":
        lines += entry("Hentet fra" if cell.how == "" else "Bygger på", _line_of(behind[0]))
    for one in behind[:1]:
        lines += entry("Anslaget", f"id {one.id}: " + " · ".join(one.identity()))
        lines += entry("Spesifikasjon", specification_words(about.card.model_dump(mode="json"), one.row))
        methods = method_sections([one.row[name] for name in ("estimator", "inference") if one.row[name]])
        lines += entry("Metode", [f"docs/methods.md: {head}" for head in methods])
    if not behind and cell.lines:
        lines += entry("Raden", row_words(cell.rows[0]))
    return lines + entry("Laget av", maker_words(about, number, behind))


def _place_words(number: Printed) -> list[str]:
    shown = [f"{place.section}: {place.part}" for place in number.places[:SHOWN_PLACES]]
    left = len(number.places) - SHOWN_PLACES
    return [*shown, *([f"… og {left} {'sted' if left == 1 else 'steder'} til"] if left > 0 else [])]


def cell_words(cell: Cell, value: Any, about: About) -> Iterator[str]:
    """The file, line and column; how the number comes from several; and what treatment did to the table."""
    places = ", ".join(map(str, cell.lines[:SHOWN_LINES])) + (" …" if len(cell.lines) > SHOWN_LINES else "")
    where = f"linje {places}, kolonnen {cell.column}" if cell.lines else cell.place
    yield f"{cell.file}, {where}"
    if cell.how is None:
        yield f"verdi {value}. Tallet står ikke selv der: det er satt sammen av flere verdier når rapporten skrives."
    elif cell.how == "" and len(cell.lines) < 2:
        yield f"verdi {value}"
    else:
        yield f"verdi {value}: {cell.how or f'den samme på {len(cell.lines)} linjer'}"
    yield treatment_words(about, Path(cell.file).stem, cell)


def treatment_words(about: About, table: str, cell: Cell) -> str:
    """What the disclosure profile did to the row, which says so itself, or to its table."""
    if not about.cohort:
        return "personvern: regnet av kohortenes frigitte tall"
    ledger = about.provenance["disclosure"]
    name = f"personvern, profilen {ledger['profile']}"
    if ledger["profile"] == OPEN:
        return f"{name}: gjengitt uendret"
    told = [row.get("disclosure_status") or row.get("status") for row in cell.rows]
    known = [TREATMENTS[text] for text in told if text in TREATMENTS]
    if known:
        return f"{name}: {known[0]}"
    done = ledger["tables"].get(table)
    return f"{name}: tabellen er {'behandlet' if done else 'regnet av behandlede tall'}"


def row_words(row: Mapping[str, Any]) -> str:
    """The texts of a row that tell it from others."""
    texts = {name: value for name, value in row.items() if isinstance(value, str) and not _is_float(value)}
    return " · ".join(f"{name} {value}" for name, value in list(texts.items())[:8])


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _line_of(one: Estimate) -> str:
    return f"{one.cohort}/estimates.csv, linje {one.line}"


def maker_words(about: About, number: Printed, behind: Sequence[Estimate]) -> Iterator[str]:
    """The rule and the function that make the row, those of the estimate behind it, and the untreated table."""
    table = table_of(number.record["source"])
    made = [maker(about.card, table)]
    made += [maker(about.card, "estimates")] if behind and table not in ("estimates", "planned") else []
    for one in made:
        yield f"{one.function} (regelen {one.rule})"
    source = "estimates" if behind else table
    raw = about.restricted / (about.cohort or "comparison") / f"{source}.parquet"
    if is_table(source) and readable(raw):
        yield f"ubehandlet rad: {raw.as_posix()} (bare for eieren)"


def readable(path: Path) -> bool:
    """Whether a restricted file is here and its reader may open it."""
    try:
        with path.open("rb"):
            return True
    except OSError:
        return False


def run_words(cohort: str, folder: Folder, provenance: Mapping[str, Any], card: Card, numbers: str) -> list[str]:
    """The run behind a cohort's numbers: plan, data, code, packages."""
    digests = provenance["digests"]
    lines = [f"Kjøringen bak {cohort} ({numbers})"]
    lines += entry("run_id", str(provenance["run_id"]))
    locked = provenance["plan_locked"]
    changed = provenance["deviations"]
    plan = f"{provenance['plan_hash'][:12]} … " + (
        f"låst {locked}" if locked else "ikke låst (kreves ikke for slike data)"
    )
    lines += entry("Plan", [plan, f"avvik fra den låste planen: {', '.join(changed) or 'ingen'}"] if locked else plan)
    lines += entry("Data", [f"{name} (SHA-256 {digest[:12]} …)" for name, digest in provenance["inputs"].items()])
    lines += entry("Kilder", fact_words(folder.json(f"{cohort}/cohort.json")["figures"]))
    lines += entry("Kode", f"{digests['estimated'][:12]} … (bak anslagene)")
    lines += entry("Moduler", module_words(card, digests.get("modules", {})))
    return lines + entry("Pakker", f"requirements.lock {digests['lock'][:12]} …")


def module_words(card: Card, modules: Mapping[str, str]) -> Iterator[str]:
    """The modules nearest to the estimates, and how many there are in all."""
    module = maker(card, "estimates").module
    yield f"{module} bygger på {', '.join(imported_modules(module))}"
    if modules:
        yield f"{len(modules)} moduler til sammen, med sjekksum i provenance.json (digests.modules)"


def fact_words(figures: Mapping[str, Any]) -> Iterator[str]:
    """The published figures with a value: id, what, value, source and certainty."""
    facts = [fact for fact in figures.get("facts", []) if fact["value"] is not None]
    for fact in facts:
        time = f", {fact['time']}" if fact["time"] else ""
        certainty = CERTAINTIES.get(fact["certainty"], fact["certainty"])
        yield f"{fact['id']} = {fact['value']} ({fact['what']['nb']}{time}; {fact['source']}, {certainty})"
