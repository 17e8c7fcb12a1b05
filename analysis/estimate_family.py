"""Every estimator of a staggered cohort beside each other: rows of estimates, what each compares with and weighs.

The main outcome at the main horizon. The headline of the card is the one with the role primary; the others are there to
show how far the answer depends on the estimator, and why: they weigh different effects, or get at them by comparing
with others.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from analysis.card_staggered import HEADLINE, SYNTHETIC, TRIPLE
from analysis.cards import Card
from analysis.cells import cells
from analysis.family_estimators import (
    FROM_CELLS,
    Estimator,
    Given,
    applicable,
    estimand_of,
    moved_rank,
    weights_of_headline,
)
from analysis.family_synthetic import single_offices, synthetic_result
from analysis.months import month_text
from analysis.office_cells import KEYS, arrays_of, design_of, is_panel, people_at, people_by_month, with_county
from analysis.problems import Problem, ProblemsFound
from analysis.staggered.bacon import bacon
from analysis.staggered.design import NEVER
from analysis.staggered.estimated import EFFECT, Estimated, estimated_rows
from analysis.staggered.parameters import ATT_GT
from analysis.staggered.triple_differences import subgroup_arrays, triple_differences
from analysis.staggered_analysis import Source, main_horizon, not_estimated, placed_row
from analysis.tables import (
    BACON,
    DONORS,
    FAMILY,
    FAMILY_SPEC,
    FAMILY_WEIGHTS,
    MAIN,
    STATIC,
    SYNTHETIC_FIT,
    SYNTHETIC_PATHS,
)

RANKS = ("placebo_rank", "permutation")
QUOTED = "cr1_fixest"
# What an estimator compares the treated months with, and what the effects weigh in the overall number: names of texts.
WEIGHS = {
    "stacked": "window",
    "local_projections": "variance",
    TRIPLE: "affected",
    **dict.fromkeys(SYNTHETIC, "months"),
    STATIC: "variance_signed",
}
COMPARES = {
    HEADLINE: "{control}_base",
    "sun_abraham": "never_base",
    "imputation": "untreated_months",
    "two_stage": "untreated_months",
    "etwfe": "untreated_months",
    "etwfe_logit": "untreated_odds",
    "stacked": "clean_window",
    "local_projections": "{control}_base",
    TRIPLE: "unaffected",
    "synthetic_control": "donors",
    "synthetic_did": "donors_months",
    STATIC: "already_treated",
}
# Specifications of an estimator itself, and of it for one office.
PLAIN = re.compile(rf"{MAIN}|{FAMILY_SPEC}(;unit=[^;]+)?")
# Extended two-way fixed effects with those never treated alone is Sun and Abraham's regression.
OF_NEVER = ("etwfe", "etwfe_logit")


@dataclass(frozen=True)
class People:
    """Persons and offices, for what cells of all persons do not hold: subgroups."""

    baseline: pd.DataFrame
    months: pd.DataFrame
    offices: pd.DataFrame


@dataclass(frozen=True)
class Family:
    """`rows` of estimates; `tables` by name, as released: family_weights, bacon, synthetic_paths, donors and
    synthetic_fit. The table `family` is made of all rows of the cohort (`family_table`)."""

    rows: list[dict[str, Any]]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)


@dataclass(frozen=True)
class _One:
    """What one estimator gave: `found` is None where it gave nothing."""

    spec: str
    found: Estimated | None
    rows: list[dict[str, Any]]
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)


def family(card: Card, source: Source, people: People) -> Family:
    """All estimators that the card asks for, beside Callaway and Sant'Anna's, which stand elsewhere.

    Role primary for the one the card's conclusion rests on, sensitivity for the others; its other outcomes and horizons
    are secondary. What cannot be estimated has a row with the reason; ProblemsFound where that is the headline.
    """
    given = given_of(card, source, card.outcomes.primary, main_horizon(card))
    names = applicable(card.staggered, card.outcomes.primary, given.arrays, given.design)
    made = [one for name in names for one in _made(card, source, people, given, name)]
    headline = weights_of_headline(given.arrays, given.design)
    rows = [row for one in made for row in _with_estimand(one, headline)]
    if card.staggered.estimator != HEADLINE:
        rows += _other_rows(card, source, people)
    return Family([_headline_told(card, row) for row in rows], _tables(given, made, headline))


def family_table(rows: Iterable[dict[str, Any]], control: str) -> pd.DataFrame:
    """FAMILY: the overall average of each estimator, from the rows of the main outcome at the main horizon."""
    rows = list(rows)
    # The regression last: it stands there to be seen failing.
    told = sorted((row for row in rows if _is_overall(row)), key=lambda row: row["estimator"] == STATIC)
    ranks = {_key(row): row for row in told if row.get("inference") in RANKS}
    made, seen = [], set()
    for row in told:
        if row.get("inference") not in RANKS and _key(row) not in seen:
            seen.add(_key(row))
            made.append({"status": "estimated"} | row | _described(row, control) | _ranked(ranks.get(_key(row))))
    return pd.DataFrame(made).reindex(columns=list(FAMILY)).astype(FAMILY)


def _is_overall(row: dict[str, Any]) -> bool:
    """Whether a row is the overall average of an estimator and no variant of it."""
    if row["estimator"] == STATIC:
        return row["term"] == "coefficient" and row.get("inference", QUOTED) == QUOTED
    return row["term"] == "simple" and PLAIN.fullmatch(row["spec"]) is not None and row["role"] != "secondary"


def _key(row: dict[str, Any]) -> tuple[str, str]:
    return row["estimator"], row["spec"]


def _described(row: dict[str, Any], control: str) -> dict[str, str]:
    name = row["estimator"]
    compares = "never_base" if name in OF_NEVER and control == "never" else COMPARES[name].format(control=control)
    return {"compares": compares, "weighs": WEIGHS.get(name, "treated")}


def _ranked(rank: dict[str, Any] | None) -> dict[str, Any]:
    return {} if rank is None else {"rank": rank["statistic"], "assignments": rank["df"]}


def given_of(card: Card, source: Source, outcome: str, horizon: int | None) -> Given:
    """The cells of an outcome at a horizon, with the unit of the card."""
    arrays = arrays_of(source.cells, outcome, horizon, card.staggered.unit)
    return Given(arrays, design_of(card), card.staggered)


def _made(card: Card, source: Source, people: People, given: Given, name: str) -> Iterator[_One]:
    """An estimator of the main outcome, and of single offices where the card looks at some."""
    offices = [None, *(single_offices(card) if name in SYNTHETIC else [])]
    for office in offices:
        try:
            yield _one(card, source, people, given, name, office)
        except ProblemsFound as error:
            if name == card.staggered.estimator and office is None:
                raise
            spec = FAMILY_SPEC if office is None else f"{FAMILY_SPEC};unit={office}"
            row = not_estimated(card.outcomes.primary, main_horizon(card), spec, "sensitivity", error, estimator=name)
            yield _One(spec, None, [row])


def _one(card: Card, source: Source, people: People, given: Given, name: str, office: str | None) -> _One:
    headline = name == card.staggered.estimator and office is None
    spec, primary = (MAIN, "simple") if headline else (FAMILY_SPEC, None)
    if name in SYNTHETIC:
        made = synthetic_result(card, source.cells, name, office=office, primary=primary, spec=spec)
        _stop_without(made.found, made.rows, headline)
        rows = [_placed(card, row, "county" if office is None else "office") for row in made.rows]
        tables = {"synthetic_paths": made.paths, "donors": made.donors, "synthetic_fit": made.fit}
        return _One(rows[0]["spec"], made.found, rows, tables)
    estimator = _estimator(card, people, name, card.outcomes.primary, main_horizon(card))
    found = estimator(given)
    rank = None if name == TRIPLE else moved_rank(given, estimator, found, randomised=card.assignment.randomised)
    told = {"outcome": card.outcomes.primary, "level": card.inference.level, "rank": rank, "primary": primary}
    horizon = main_horizon(card)
    rows = [_people(row, found, given, horizon) for row in estimated_rows(found, spec=spec, **told)]
    rows = [_placed(card, row) for row in rows if _kept(row, headline)]
    return _One(spec, found, rows)


def _stop_without(found: Estimated | None, rows: list[dict[str, Any]], headline: bool) -> None:
    if found is None and headline:
        what = f"ingen enhet har en syntetisk kontroll som kan brukes ({rows[0]['reason']})."
        raise ProblemsFound("Hovedtallet kan ikke anslås:", [Problem("staggered.estimator", what, "Velg en annen.")])


def _estimator(
    card: Card, people: People, name: str, outcome: str | None = None, horizon: int | None = None
) -> Estimator:
    """The estimator by its name; triple differences from cells of subgroups of their own."""
    if name != TRIPLE:
        return FROM_CELLS[name]
    outcome = outcome or card.outcomes.primary
    horizon = main_horizon(card) if horizon is None else horizon
    return lambda given: triple_differences(_subgroups(card, people, outcome, horizon), given.design)


def _subgroups(card: Card, people: People, outcome: str, horizon: int | None) -> Any:
    """Cells of those whom the measure affects and of the others; persons without the characteristic are left out."""
    triple, unit = card.staggered.triple, "county" if card.staggered.unit == "county" else "office_id"
    if is_panel(card):
        found = people_by_month(card, people.baseline, people.months)
    else:
        found = people_at(card, people.baseline, people.months, horizon)
    found = found[found[triple.subgroup].notna()]
    found = with_county(found, people.offices).assign(affected=found[triple.subgroup].eq(triple.affected))
    by = [*KEYS, "affected"]
    made = cells(found, outcomes=[outcome], by=by, weight=card.staggered.weight)
    if made["affected"].nunique() < 2:
        what = f"alle eller ingen har verdien {triple.affected:g} i {triple.subgroup}."
        raise ProblemsFound("Trippel forskjell:", [Problem("staggered.triple.affected", what, "Skriv en annen verdi.")])
    return subgroup_arrays(made, affected="affected", outcome=outcome, office=unit)


def _people(row: dict[str, Any], found: Estimated, given: Given, horizon: int | None) -> dict[str, Any]:
    """The row with persons counted as there are others every month: the treated of the overall average in the months of
    its effects, and no number where that is not known from the cells."""
    if horizon is None or "n_treated" not in row:
        return row
    return row | {"n_treated": _treated(found, given) if row["term"] == "simple" else None, "n_comparison": None}


def _treated(found: Estimated, given: Given) -> int | None:
    if found.name == TRIPLE:
        return None
    rows = found.weights[found.weights["kind"].eq(EFFECT) & found.weights["weight"].ne(0)]
    n = given.arrays.n.sum(axis=0)
    c = given.arrays.cohorts.searchsorted(rows["group"].to_numpy(dtype="int64"))
    return int(n[c, rows["month"].to_numpy(dtype="int64") - given.arrays.months[0]].sum())


def _kept(row: dict[str, Any], headline: bool) -> bool:
    """All rows of the headline; of the others averages, and under the quoted inference alone by group and time."""
    if row["term"] == ATT_GT:
        return headline
    overall = row["term"] == "simple" or row["term"].endswith("_overall")
    return headline or overall or (row["term"] in ("group", "dynamic") and row["role"] == "secondary")


def _placed(card: Card, row: dict[str, Any], unit: str | None = None) -> dict[str, Any]:
    own = card.staggered.unit if unit in (None, "county") else unit
    return placed_row(row, main_horizon(card), own)


def _headline_told(card: Card, row: dict[str, Any]) -> dict[str, Any]:
    """Secondary and primary rows are those of the headline alone."""
    own = row["estimator"] == card.staggered.estimator and row["spec"] == MAIN
    return row if own else row | {"role": "sensitivity"}


def overall_rows(card: Card, source: Source, people: People) -> Iterator[dict[str, Any]]:
    """The overall average of the main outcome by the headline's estimator, under the inference that is quoted.

    Raises ProblemsFound where it cannot be worked out; synthetic controls have no such average.
    """
    name, horizon = card.staggered.estimator, main_horizon(card)
    if name in SYNTHETIC:
        what = "den syntetiske kontrollen er laget for hovedutfallet alene."
        raise ProblemsFound("Kontrollen kan ikke anslås:", [Problem("staggered.estimator", what, "")])
    given = given_of(card, source, card.outcomes.primary, horizon)
    found = _estimator(card, people, name)(given)
    told = {"outcome": card.outcomes.primary, "level": card.inference.level, "primary": "simple", "terms": ("simple",)}
    for row in estimated_rows(found, **told):
        if row["role"] == "primary":
            yield placed_row(_people(row, found, given, horizon), horizon, card.staggered.unit)


def _other_rows(card: Card, source: Source, people: People) -> Iterator[dict[str, Any]]:
    """The other outcomes, and all of them at the other horizons, by the headline's estimator."""
    horizons = [None] if main_horizon(card) is None else card.horizons
    name = card.staggered.estimator
    for outcome in card.outcome_names():
        for horizon in horizons:
            if (outcome, horizon) == (card.outcomes.primary, horizons[0]) or name in SYNTHETIC:
                continue
            given = given_of(card, source, outcome, horizon)
            try:
                found = _estimator(card, people, name, outcome, horizon)(given)
            except ProblemsFound as error:
                yield not_estimated(outcome, horizon, MAIN, "secondary", error, estimator=name)
                continue
            for row in estimated_rows(found, outcome=outcome, level=card.inference.level, terms=("simple", "group")):
                if row["role"] == "secondary":
                    yield placed_row(_people(row, found, given, horizon), horizon, card.staggered.unit)


def _with_estimand(one: _One, headline: Estimated) -> list[dict[str, Any]]:
    """The rows, whose overall average says whether it weighs as Callaway and Sant'Anna's."""
    if one.found is None:
        return one.rows
    estimand = estimand_of(one.found, headline)
    return [row | {"estimand": estimand} if row["term"] == "simple" else row for row in one.rows]


def _tables(given: Given, made: list[_One], headline: Estimated) -> dict[str, pd.DataFrame]:
    found = [_One(MAIN, headline, []), *(one for one in made if one.found is not None)]
    joined = {"family_weights": _joined((_weight_rows(one) for one in found), FAMILY_WEIGHTS)}
    for name, columns in (("synthetic_paths", SYNTHETIC_PATHS), ("donors", DONORS), ("synthetic_fit", SYNTHETIC_FIT)):
        joined[name] = _joined((one.tables[name] for one in made if name in one.tables), columns)
    return joined | {"bacon": bacon_table(given)}


def _joined(parts: Iterable[pd.DataFrame], columns: dict[str, str]) -> pd.DataFrame:
    parts = [part.astype(columns) for part in parts if len(part)]
    empty = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
    return pd.concat(parts, ignore_index=True) if parts else empty


def _weight_rows(one: _One) -> pd.DataFrame:
    """FAMILY_WEIGHTS of one estimator, without zeros."""
    rows = one.found.weights
    rows = rows[rows["weight"].ne(0)]
    event = pd.to_numeric(rows["month"] - rows["group"]) if len(rows) else None
    made = rows.assign(estimator=one.found.name, spec=one.spec, event_time=event)
    names = {name: [_month_or_none(value) for value in rows[name]] for name in ("group", "month")}
    return made.assign(**names)[list(FAMILY_WEIGHTS)]


def _month_or_none(value: Any) -> str | None:
    return None if pd.isna(value) or int(value) == NEVER else month_text(int(value))


def bacon_table(given: Given) -> pd.DataFrame:
    """BACON: the comparisons that two-way fixed effects averages; none where a group has a month without anybody."""
    try:
        found = bacon(given.arrays, given.design).table
    except ProblemsFound:
        return _joined([], BACON)
    texts = {name: [_month_or_none(value) for value in found[name]] for name in ("group", "compared", "first", "last")}
    texts["compared"] = [text or "never" for text in texts["compared"]]
    return found.assign(**texts)[list(BACON)].astype(BACON)
