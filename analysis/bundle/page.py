"""The page of a rerun, in Bokmål: the headline, every answer at its horizon, and what could not be worked out."""

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from analysis.bundle.reasons import REASONS
from analysis.bundle.verdicts import BEYOND, NEAR, NOT, SAME, WITHIN
from analysis.outcomes import load_outcomes
from analysis.problems import Problem

WORDS = {
    SAME: "likt",
    WITHIN: "innenfor avrundingen",
    BEYOND: "AVVIK",
    NEAR: "til orientering",
    NOT: "ikke regnet om",
}
# What the first sentence counts, and what of it is told even where there is none.
SUMMED = {
    SAME: "er like",
    WITHIN: "er innenfor avrundingen",
    NEAR: "står til orientering",
    NOT: "kan ikke regnes om av det som ligger i pakken",
    BEYOND: "avviker",
}
ALWAYS = (SAME, BEYOND)
# What a row is about, whatever its inference; and terms that an outcome's name tells already.
ABOUT = ["outcome", "horizon_months", "group", "term", "estimator", "spec"]
EVERYBODY = "all"
# What the page lists; the rows beside are counted.
ANSWERS = ("secondary", "described")
PLAIN = ("risk_difference", "mean_difference", "share", "mean", "simple")
QUANTITIES = {
    "estimate": "anslag",
    "std_error": "standardfeil",
    "p_value": "p-verdi",
    "conf_low": "intervall, nedre",
    "conf_high": "intervall, øvre",
}
HEAD = ("Tall", "Utgitt", "Regnet om", "Forskjell", "Tillatt", "Dom")
FILES = "rerun.csv har alle radene med full presisjon."


def page(tables: dict[str, pd.DataFrame], problems: Sequence[Problem], files: int) -> str:
    """`tables`: RERUN by cohort; `problems`: what the checksums found; `files`: how many there are."""
    lines = ["# Omregning fra cellene", "", summary(tables), "", *_checksums(problems, files), ""]
    for cohort, table in tables.items():
        lines += [f"## {cohort}", "", *_headline(table), *_answers(table), *_rest(table)]
    return "\n".join([*lines, FILES, ""])


def summary(tables: dict[str, pd.DataFrame]) -> str:
    """One sentence on all numbers."""
    every = pd.concat(list(tables.values()))
    counts = every["verdict"].value_counts()
    told = [_counted(name, counts.get(name, 0)) for name in SUMMED if name in counts or name in ALWAYS]
    return f"Tall i alt: {whole(len(every))}. {', '.join(told[:-1])} og {told[-1]}."


def headline_words(table: pd.DataFrame) -> list[str]:
    """The headline of a cohort and its verdict, a line for each."""
    rows = _of(table, "primary")
    return [f"{_name(row)}: {_verdict_words(row)}" for row in rows.to_dict("records")]


def _verdict_words(row: dict) -> str:
    if row["verdict"] == NOT:
        value = "" if math.isnan(row["released"]) else f"utgitt {number(row['released'])}, "
        return f"{value}{WORDS[NOT]}. {REASONS[row['reason']]}"
    told = f"utgitt {number(row['released'])}, regnet om {number(row['recomputed'])}, {WORDS[row['verdict']]}."
    return told if row["verdict"] != NEAR else f"{told} {REASONS[row['reason']]}"


def _checksums(problems: Sequence[Problem], files: int) -> list[str]:
    if not problems:
        return [f"Sjekksummer: alle {files} filene er som da pakken ble laget."]
    return [f"**Sjekksummene stemmer ikke ({len(problems)}):**", "", *(f"- {one.where} {one.what}" for one in problems)]


def _headline(table: pd.DataFrame) -> Iterator[str]:
    rows = table[table["role"].eq("primary")]
    if len(rows):
        yield from ("Hovedtallet:", "", *_table(rows, with_quantity=True), "")
        reasons = dict.fromkeys(rows["reason"].dropna())
        yield from (line for reason in reasons for line in (f"{REASONS[reason]}", ""))


def _answers(table: pd.DataFrame) -> Iterator[str]:
    """Estimates beside the headline; curves and effects month by month are counted, and stand in rerun.csv."""
    rows = table[table["role"].ne("primary") & table["quantity"].eq("estimate")]
    answers = rows["role"].isin(ANSWERS)
    shown = rows[answers & rows["event_time"].isna() & rows["verdict"].ne(NOT)].drop_duplicates(ABOUT)
    if len(shown):
        yield from ("De andre tallene:", "", *_table(shown, with_quantity=False), "")
    wrong = table[table["verdict"].eq(BEYOND) & ~table.index.isin(shown.index) & table["role"].ne("primary")]
    if len(wrong):
        yield from ("Andre avvik:", "", *_table(wrong, with_quantity=True), "")
    counted = {"Måned for måned": answers & rows["event_time"].notna(), "Følsomhetsrader og nabotall": ~answers}
    for name, chosen in counted.items():
        told = ", ".join(_counted(verdict, count) for verdict, count in rows[chosen]["verdict"].value_counts().items())
        yield from ((f"{name}: {told}.", "") if told else ())


def _counted(verdict: str, count: int) -> str:
    return f"{whole(count)} {SUMMED[verdict]}"


def _rest(table: pd.DataFrame) -> Iterator[str]:
    rows = table[table["verdict"].eq(NOT) & table["role"].ne("primary")]
    counts = rows["reason"].value_counts()
    if len(counts):
        told = (f"- {whole(count)} tall. {REASONS[name]}" for name, count in counts.items())
        yield from ("Ikke regnet om:", "", *told, "")


def _table(rows: pd.DataFrame, *, with_quantity: bool) -> Iterator[str]:
    yield "| " + " | ".join(HEAD) + " |"
    yield "|---|---:|---:|---:|---:|---|"
    for row in rows.to_dict("records"):
        name = _name(row) + (f", {QUANTITIES[row['quantity']]}" if with_quantity else "")
        told = [number(row["released"]), number(row["recomputed"]), small(row["difference"]), small(row["permitted"])]
        yield "| " + " | ".join([name, *told, WORDS[row["verdict"]]]) + " |"


def _of(table: pd.DataFrame, role: str) -> pd.DataFrame:
    return table[table["role"].eq(role) & table["quantity"].eq("estimate")]


def _name(row: dict) -> str:
    """What a row is about: the outcome, when, of whom, and by which estimator, as far as they are known."""
    outcome, library = row["outcome"], load_outcomes()
    label = library[outcome].label["nb"] if outcome in library else outcome
    codes = (row["term"] if row["term"] not in PLAIN else None, row["estimator"])
    codes = (*codes, row["spec"] if row["spec"] != "main" else None)
    codes = (row["group"] if row["group"] != EVERYBODY else None, *codes)
    parts = [label, _months(row["horizon_months"]), *(f"`{code}`" for code in codes if isinstance(code, str))]
    return ", ".join(part for part in parts if isinstance(part, str)) or "hovedtallet"


def _months(horizon: float) -> str | None:
    return None if pd.isna(horizon) else f"{int(horizon)} måneder"


def whole(count: int) -> str:
    """A count, with a space for thousands from five digits on."""
    return f"{count:,}".replace(",", "\N{NO-BREAK SPACE}") if count >= 10_000 else str(count)


def number(value: float) -> str:
    """Six decimals with a comma; en dash where there is none."""
    return "–" if math.isnan(value) else _norwegian(f"{value:.6f}")


def small(value: float) -> str:
    """A distance: 0, or with two digits."""
    return "–" if math.isnan(value) else "0" if value == 0 else _norwegian(f"{value:.1e}")


def _norwegian(text: str) -> str:
    return text.replace(".", ",").replace("-", "−")
