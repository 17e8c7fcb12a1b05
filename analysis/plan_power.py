"""What the planned study could see, for the plan: from the card alone, else from the sizes in the delivery.

No outcome is read. The share without the intervention is put at a half, where the uncertainty is largest, so that the
study sees at least as much as is said; what else is assumed is told.
"""

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from analysis.card_staggered import STAGGERED_DESIGNS
from analysis.cards import Card
from analysis.detectable import POWER, of_error, tenths
from analysis.intake import Delivery
from analysis.outcomes import load_outcomes
from analysis.power import Offices
from analysis.power_designs import Months, matched_std_error, serial_did_std_error

HALF = 0.5
# Assumed where the card has no planned one; persons of one office are seldom more alike (docs/methods.md).
ICC = 0.02
SERIAL = 0.5


@dataclass(frozen=True)
class Reckoned:
    """A standard error with its degrees of freedom, and what it rests on, in Norwegian."""

    std_error: float
    df: float
    told: list[str] = field(default_factory=list)


def power_of_card(card: Card) -> str | None:
    """The line on what the study sees, where the card alone says it: a trial of so many offices and persons."""
    if card.design != "cluster_randomised" or not _is_share(card):
        return None
    persons = sum(item.rows for item in card.files if item.table == "persons" and item.rows)
    offices = (card.assignment.offices_treated, card.assignment.offices_comparison)
    if not persons or None in offices:
        return None
    return _words(card, _of_offices(card, *offices, persons / sum(offices), 0.0), "kortet alene")


def power_of_sizes(card: Card, delivery: Delivery) -> str | None:
    """The line from the sizes in the delivery; None where they do not say it."""
    if not _is_share(card):
        return None
    found = _reckoned(card, delivery)
    return None if found is None else _words(card, found, "størrelsene i leveransen, uten utfall")


def _is_share(card: Card) -> bool:
    return load_outcomes()[card.outcomes.primary].kind == "share"


def _reckoned(card: Card, delivery: Delivery) -> Reckoned | None:
    if card.design in STAGGERED_DESIGNS:
        return _of_adoption(card, delivery)
    arms = delivery.persons["arm"]
    treated, comparison = (int((arms == card.arm(role).id).sum()) for role in ("treated", "comparison"))
    if min(treated, comparison) < 2:
        return None
    if card.design == "cluster_randomised":
        own = delivery.persons[arms.isin([card.arm("treated").id, card.arm("comparison").id])]
        sizes = own.groupby("office_id").size()
        drawn = own.groupby("office_id")["arm"].first() == card.arm("treated").id
        counts = (int(drawn.sum()), int((~drawn).sum()))
        return _of_offices(card, *counts, float(sizes.mean()), float(sizes.std(ddof=0) / sizes.mean()))
    effective = comparison if card.matching is None else min(comparison, round(card.matching.ratio * treated))
    told = [f"{treated} personer med tiltaket", f"{effective} å sammenligne med"]
    return Reckoned(matched_std_error(HALF, treated, effective), treated + effective - 2, told)


def _of_offices(card: Card, treated: int, comparison: int, persons: float, cv: float) -> Reckoned:
    planned = None if card.trial is None else card.trial.planned_icc
    icc = ICC if planned is None else planned
    design = Offices(treated, comparison, persons, icc, cv)
    told = [f"{treated} kontorer med tiltaket og {comparison} uten", f"i snitt {_number(persons, 0)} personer i hvert"]
    told.append(f"ICC {_number(icc, 2)} ({'antatt' if planned is None else 'planlagt'})")
    return Reckoned(design.std_error(HALF * HALF, HALF * HALF), design.df, told)


def _of_adoption(card: Card, delivery: Delivery) -> Reckoned | None:
    """As if all that adopt did so in the month of the middle one; None with too few for an interval, or none that never
    adopt."""
    adopted = delivery.offices.set_index("office_id")["adoption_month"].astype("Float64")
    people = _by_office_and_month(card, delivery)
    offices = adopted.reindex(people["office_id"].unique())
    if card.staggered.unit == "county":
        county = delivery.offices.set_index("office_id")["county"].reindex(offices.index)
        offices, people = offices.groupby(county).first(), people.assign(office_id=people["office_id"].map(county))
    treated, comparison = int(offices.notna().sum()), int(offices.isna().sum())
    first, last = int(people["month"].min()), int(people["month"].max())
    start = int(offices.dropna().median()) if treated else first
    few = treated < card.checks.few_treated_offices or comparison == 0
    if few or not first < start <= last:
        return None
    persons = people.groupby(["office_id", "month"])["n"].sum().mean()
    design = Offices(treated, comparison, float(persons), ICC)
    error = serial_did_std_error(HALF, design, Months(start - first, last - start + 1, SERIAL))
    unit = "fylker" if card.staggered.unit == "county" else "kontorer"
    told = [f"{treated} {unit} med tiltaket og {comparison} uten", f"{_number(persons, 0)} personer i hvert per måned"]
    told += [f"ICC {_number(ICC, 2)} og en sammenheng fra måned til måned på {_number(SERIAL, 1)} (antatt)"]
    return Reckoned(error, design.df, [*told, "som om alle begynte samtidig"])


def _by_office_and_month(card: Card, delivery: Delivery) -> pd.DataFrame:
    """Persons by office and month (columns office_id, month, n): those who start, or the denominators of counts."""
    if card.design == "aggregated_series":
        own = delivery.aggregates[delivery.aggregates["unit_type"].eq("office")]
        return own.rename(columns={"unit_id": "office_id"}).assign(n=own["denominator"].astype("float64"))
    own = delivery.persons.dropna(subset=["office_id", "time_zero"])
    counted = own.groupby(["office_id", "time_zero"], as_index=False).size()
    return counted.rename(columns={"time_zero": "month", "size": "n"})


def _words(card: Card, found: Reckoned, source: str) -> str:
    effect, level = card.certify.effect, card.inference.level
    seen = of_error(found.std_error, found.df, difference=effect, level=level)
    number = tenths(seen.power)
    often = {0: "færre enn én av ti", 10: "mer enn ni av ti"}.get(number, f"{number} av 10")
    sentences = (
        f"En undersøkelse som denne oppdager {_number(100 * effect, 1)} prosentpoeng i {often} tilfeller.",
        f"Minste forskjell som oppdages i {_number(10 * POWER, 0)} av 10 tilfeller, er",
        f"{_number(100 * seen.smallest, 1)} prosentpoeng. Regnet av {source}: {', '.join(found.told)}.",
        "Andelen uten tiltaket er satt til 50 prosent, der usikkerheten er størst.",
    )
    return " ".join(sentences)


def _number(value: float, decimals: int) -> str:
    if not math.isfinite(value):
        raise ValueError("not a number to print")
    text = f"{np.round(value, decimals):.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", ",")
