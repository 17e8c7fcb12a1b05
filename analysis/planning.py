"""`make power`: what a study that has no data yet could see, from a handful of assumptions.

Every line rests on a closed form of `analysis.power` or `analysis.power_designs`; the simulation that uses a cohort's
own structure is `make certify`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

from analysis.power import (
    Offices,
    binary_power,
    binary_smallest,
    even_offices,
    two_shares_persons,
    two_shares_power,
    two_shares_smallest,
)
from analysis.power_designs import (
    Months,
    error_power,
    error_smallest,
    matched_std_error,
    offices_for,
    one_share_power,
    one_share_smallest,
    serial_did_std_error,
)
from analysis.problems import Problem, stop_if_any

POWER = 0.8
POINTS = (0.03, 0.05, 0.10)
# Beyond this, a number of offices is told as «more than Norway has».
MOST_OFFICES = 10_000


@dataclass(frozen=True)
class Planned:
    """Assumptions of a study: shares 0–1, `offices` and `persons` (per office, and per month for did) in each group.

    Of `matched`, `persons` is the number of treated persons and `effective` the effective number compared with;
    of `persons`, the persons in each group; of `single_arm`, those in the group.
    """

    offices: int = 20
    persons: int = 40
    icc: float = 0.02
    base: float = 0.4
    cv: float = 0.4
    before: int = 12
    after: int = 12
    serial: float = 0.5
    effective: float | None = None
    r_squared: float = 0.0
    level: float = 0.95


@dataclass(frozen=True)
class PowerFound:
    """`smallest` difference seen with power 0.8 (nan: none); `power` for 3, 5 and 10 points, in that order; `needed`:
    offices or persons in each group for power 0.8 at each of them (nan: no number is enough, or there is none to ask).
    """

    smallest: float
    power: tuple[float, ...]
    needed: tuple[float, ...]


# What each design is reckoned from; other arguments do not apply to it.
ARGUMENTS = {
    "cluster": ("offices", "persons", "icc", "cv", "base", "level"),
    "did": ("offices", "persons", "icc", "cv", "before", "after", "serial", "base", "level"),
    "matched": ("persons", "effective", "r_squared", "base", "level"),
    "single_arm": ("persons", "base", "level"),
    "persons": ("persons", "base", "level"),
}
BOUNDS = {
    "offices": (2, 10_000, "kontorer i hver gruppe"),
    "persons": (2, 1_000_000, "personer (per kontor, eller i gruppen)"),
    "icc": (0.0, 0.999, "ICC"),
    "base": (0.001, 0.999, "andelen uten tiltaket"),
    "cv": (0.0, 5.0, "variasjonskoeffisienten til kontorstørrelsene"),
    "before": (1, 600, "måneder før"),
    "after": (1, 600, "måneder etter"),
    "serial": (-0.999, 0.999, "korrelasjonen fra en måned til den neste"),
    "effective": (2, 1e9, "effektivt antall sammenligningspersoner"),
    "r_squared": (-1.0, 0.999, "det matchingen og tiden før forklarer"),
    "level": (0.5, 0.999, "nivået"),
}


def power_found(design: str, planned: Planned) -> PowerFound:
    """Power of a study. Raises ProblemsFound for a design there is none of, and for values out of bounds."""
    stop_if_any("Styrken kan ikke regnes ut:", [*_design_problems(design), *_value_problems(planned)])
    return REACHED[design](planned)


def _design_problems(design: str) -> list[Problem]:
    if design in ARGUMENTS:
        return []
    return [Problem("DESIGN", f"«{design}» finnes ikke.", f"Velg {', '.join(ARGUMENTS)}.")]


def _value_problems(planned: Planned) -> list[Problem]:
    found = []
    for field in fields(planned):
        value, (low, high, what) = getattr(planned, field.name), BOUNDS[field.name]
        if value is not None and not low <= value <= high:
            found.append(Problem(field.name.upper(), f"{what}: {value:g} går ikke.", f"Velg fra {low:g} til {high:g}."))
    return found


def _raised(base: float, points: float) -> float:
    """The share with the intervention: above `base`, or below it where there is no room above."""
    return base + points if base + points < 1 else base - points


def _cluster(planned: Planned) -> PowerFound:
    def design(offices: float) -> Offices:
        return even_offices(offices, persons=planned.persons, icc=planned.icc, cv=planned.cv)

    def power(points: float, offices: float) -> float:
        return binary_power(_raised(planned.base, points), planned.base, design(offices), level=planned.level)

    smallest = binary_smallest(planned.base, design(planned.offices), power=POWER, level=planned.level)
    return _of_offices(planned, abs(smallest - planned.base), power)


def _did(planned: Planned) -> PowerFound:
    months = Months(planned.before, planned.after, planned.serial)

    def error(offices: float) -> float:
        design = even_offices(offices, persons=planned.persons, icc=planned.icc, cv=planned.cv)
        return serial_did_std_error(planned.base, design, months)

    def power(points: float, offices: float) -> float:
        return error_power(points, error(offices), 2 * offices - 2, level=planned.level)

    df = 2 * planned.offices - 2
    return _of_offices(planned, error_smallest(error(planned.offices), df, power=POWER, level=planned.level), power)


def _of_offices(planned: Planned, smallest: float, power: Callable[[float, float], float]) -> PowerFound:
    powers = tuple(power(points, planned.offices) for points in POINTS)
    needed = tuple(offices_for(lambda offices, points=points: power(points, offices), power=POWER) for points in POINTS)
    return PowerFound(smallest, powers, needed)


def _matched(planned: Planned) -> PowerFound:
    effective = planned.effective or planned.persons
    per_treated = effective / planned.persons

    def power(points: float, persons: float) -> float:
        error = matched_std_error(planned.base, persons, persons * per_treated, r_squared=planned.r_squared)
        return error_power(points, error, persons * (1 + per_treated) - 2, level=planned.level)

    own = matched_std_error(planned.base, planned.persons, effective, r_squared=planned.r_squared)
    smallest = error_smallest(own, planned.persons + effective - 2, power=POWER, level=planned.level)
    return _of_offices(_counted(planned), smallest, power)


def _counted(planned: Planned) -> Planned:
    """Persons in the place of offices: the number that is sought."""
    return Planned(offices=planned.persons, level=planned.level)


def _single_arm(planned: Planned) -> PowerFound:
    powers = tuple(
        one_share_power(_raised(planned.base, points), planned.base, planned.persons, level=planned.level)
        for points in POINTS
    )
    smallest = one_share_smallest(planned.base, planned.persons, power=POWER, level=planned.level)
    return PowerFound(smallest, powers, (math.nan,) * len(POINTS))


def _persons(planned: Planned) -> PowerFound:
    base, n, level = planned.base, planned.persons, planned.level
    powers = tuple(two_shares_power(_raised(base, points), base, n, n, level=level) for points in POINTS)
    smallest = abs(two_shares_smallest(base, n, n, power=POWER, level=level) - base)
    needed = (two_shares_persons(_raised(base, points), base, power=POWER, level=level) for points in POINTS)
    return PowerFound(smallest, powers, tuple(math.ceil(number) for number in needed))


REACHED: dict[str, Callable[[Planned], PowerFound]] = {
    "cluster": _cluster,
    "did": _did,
    "matched": _matched,
    "single_arm": _single_arm,
    "persons": _persons,
}


def power_words(design: str, planned: Planned) -> list[str]:
    """What `make power` prints, in Norwegian: assumptions, smallest difference, power, and how many are needed."""
    found = power_found(design, planned)
    assumed = ", ".join(
        f"{BOUNDS[name][2]} {_number(getattr(planned, name), 3)}"
        for name in ARGUMENTS[design]
        if getattr(planned, name) is not None
    )
    lines = [f"Forutsatt: {assumed}."]
    if math.isnan(found.smallest):
        lines.append("Ingen forskjell er stor nok til å oppdages i 8 av 10 tilfeller.")
    else:
        lines.append(
            f"Minste forskjell som oppdages i 8 av 10 tilfeller: {_number(100 * found.smallest, 1)} prosentpoeng."
        )
    unit = {"cluster": "kontorer", "did": "kontorer", "matched": "personer med tiltak"}.get(design, "personer")
    for points, power, needed in zip(POINTS, found.power, found.needed, strict=True):
        often = "mer enn 99" if power > 0.995 else _number(100 * power, 0)
        line = f"{100 * points:.0f} prosentpoeng oppdages i {often} av 100 tilfeller"
        lines.append(f"  {line}{_needed_words(needed, unit, design)}.")
    lines.append("Regnet med formel. Når kohorten har kort og data: make certify COHORT=...")
    return lines


def _needed_words(needed: float, unit: str, design: str) -> str:
    if design == "single_arm":
        return ""
    if math.isnan(needed) or (unit == "kontorer" and needed > MOST_OFFICES):
        return f"; ingen mengde {unit} er nok til 80"
    each = "" if design == "matched" else " i hver gruppe"
    return f"; 80 krever {_number(needed, 0)} {unit}{each}"


def _number(value: float, decimals: int) -> str:
    text = f"{value:.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if "." in text and decimals > 1 else text).replace(".", ",")
