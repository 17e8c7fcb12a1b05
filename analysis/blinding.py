"""A delivery whose assignment is drawn anew, so that code, tables and figures can be made ready before the lock.

Labels (group, adoption month) change places at the level they were given at: offices (or counties) within what the lot
was drawn within, persons within their office. Nothing after `blinded` sees the true assignment.
"""

from collections.abc import Hashable
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.attrition import attrition_rows, stated_rows
from analysis.cards import Card
from analysis.intake import Delivery
from analysis.person_table import adopted_arm
from analysis.problems import Problem, ProblemsFound

GROUP_UNITS = ("office", "county")
# The stratum of units whose own stratum has one label only: there is nothing to change places with at home.
POOLED = "pooled"
HEADING = "Kohorten kan ikke prøvekjøres blindt."


def blinded(card: Card, delivery: Delivery, *, seed: int) -> Delivery:
    """`delivery` with permuted labels: every stratum keeps its number of units with each label.

    Columns and outcomes that are known of one group only, and who got the intervention, would tell who is in it: they
    are drawn among the persons who bear the group's label now. Registers may still hold the intervention as a spell.
    Raises ProblemsFound where persons of one office have several labels that the office should have one of.
    """
    draw = np.random.default_rng(seed)
    if _offices_bear_it(card, delivery):
        persons, offices = _by_office(card, delivery, draw)
    else:
        persons, offices = _by_person(delivery.persons, draw), delivery.offices
    treated = (persons["arm"] == card.arm("treated").id).astype("bool")
    persons = persons.assign(treated=treated) if len(persons) else persons
    moved = replace(
        delivery,
        persons=_redrawn_columns(card, delivery.persons, persons, draw),
        offices=offices,
        outcomes=_redrawn_outcomes(delivery.outcomes, delivery.persons, persons, draw),
    )
    return replace(moved, attrition=_counted(card, moved))


def renamed_offices(card: Card, before: Delivery, after: Delivery) -> Card:
    """The card with the offices that it names exchanged for offices that bear their labels after the permutation.

    An office that the card follows by itself would else be followed without the adoption that it is followed for.
    """
    if not _offices_bear_it(card, before):
        return card
    labels = [_office_labels(card, found.offices, found.persons) for found in (before, after)]

    def heir(office: str) -> str:
        if office not in labels[0].index:
            return office
        wanted = labels[0][office]
        bears = sorted(name for name, label in labels[1].items() if label == wanted)
        rank = sorted(name for name, label in labels[0].items() if label == wanted).index(office)
        return bears[rank % len(bears)]

    whole = card.model_dump(mode="json")
    for asked in (whole["series"] or {}).get("offices", []):
        asked["office"] = heir(asked["office"])
    synthetic = (whole["staggered"] or {}).get("synthetic") or {}
    if "units" in synthetic:
        synthetic["units"] = [heir(name) for name in synthetic["units"]]
    return Card.model_validate(whole)


def permuted(labels: pd.Series, strata: pd.Series, draw: np.random.Generator) -> pd.Series:
    """`labels` in another order within `strata`; strata with one label only are permuted as one."""
    places = np.arange(len(labels))
    home = strata.astype(object).where(strata.notna(), POOLED)
    kinds = labels.groupby(home.to_numpy()).nunique(dropna=False)
    home = home.where(home.map(kinds).to_numpy() > 1, POOLED)
    for _, rows in pd.Series(places).groupby(home.to_numpy()):
        places[rows.to_numpy()] = draw.permutation(rows.to_numpy())
    return pd.Series(labels.to_numpy()[places], index=labels.index, dtype=labels.dtype)


def _offices_bear_it(card: Card, delivery: Delivery) -> bool:
    return card.assignment.unit in GROUP_UNITS and delivery.offices is not None and len(delivery.offices) > 0


def _by_person(persons: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    """Persons with group and adoption month of another person at the same office."""
    place = pd.Series(np.arange(len(persons)), index=persons.index)
    kinds = persons["arm"].astype(object)
    key = pd.Series(list(zip(kinds, persons["adoption_month"].astype(object), strict=True)), index=persons.index)
    codes = pd.Series(pd.factorize(key)[0], index=persons.index)
    first = place.groupby(codes).first()
    donor = permuted(codes, persons["office_id"], draw).map(first).to_numpy()
    return persons.assign(**{name: persons[name].to_numpy()[donor] for name in ("arm", "adoption_month")})


def _by_office(card: Card, delivery: Delivery, draw: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Persons and offices with the labels of another office (or county) in the same stratum."""
    offices, persons = delivery.offices, delivery.persons
    labels = _office_labels(card, offices, persons)
    unit = _units(card, offices, labels)
    chosen = labels.groupby(unit.to_numpy()).first()
    column = card.trial.strata if card.trial is not None else None
    drawn_within = pd.Series("all", index=unit.index)
    if column is not None:
        drawn_within = offices.set_index("office_id")[column].astype("str")
    strata = drawn_within.groupby(unit.to_numpy()).first()
    moved = unit.map(permuted(chosen, strata, draw))
    adoption, arm = moved.str[0], moved.str[1]
    if "adoption_month" in offices:
        months = offices["office_id"].map(adoption).astype("float64").astype("Int16")
        offices = offices.assign(adoption_month=months)
        if offices["arm"].notna().any():
            offices = offices.assign(arm=offices["office_id"].map(arm).astype("str"))
    return _moved_persons(card, persons, adoption, arm), offices


def _moved_persons(card: Card, persons: pd.DataFrame, adoption: pd.Series, arm: pd.Series) -> pd.DataFrame:
    if persons.empty:
        return persons
    months = persons["office_id"].map(adoption).astype("float64").astype("Int16")
    persons = persons.assign(adoption_month=months)
    if card.design == "staggered_did":
        return persons.assign(arm=adopted_arm(card, persons))
    return persons.assign(arm=persons["office_id"].map(arm).astype("str"))


def _office_labels(card: Card, offices: pd.DataFrame, persons: pd.DataFrame) -> pd.Series:
    """(adoption month or None, group or None) of each office, by its number."""
    names = offices["office_id"]
    adoption = offices.set_index("office_id")["adoption_month"].astype("float64")
    arm = offices.set_index("office_id")["arm"].astype(object)
    if len(persons):
        adoption = adoption.fillna(_one_label(persons, "adoption_month").astype("float64").reindex(names))
        if card.design != "staggered_did":  # there the group follows from the month
            arm = arm.where(arm.notna(), _one_label(persons, "arm").reindex(names))
    pairs = zip(adoption.where(adoption.notna(), None), arm.where(arm.notna(), None), strict=True)
    return pd.Series([(None if pd.isna(month) else month, group) for month, group in pairs], index=names, dtype=object)


def _one_label(persons: pd.DataFrame, name: str) -> pd.Series:
    """The label that all persons of an office share."""
    found = persons[persons["office_id"].notna()].groupby("office_id")[name]
    several = int((found.nunique() > 1).sum())
    if several:
        what = f"{several} kontorer har personer med ulik verdi av {name}, men kortet sier at kontorer ble fordelt."
        mend = "Skriv assignment.unit: person hvis personer ble fordelt."
        raise ProblemsFound(HEADING, [Problem("assignment.unit", what, mend)])
    return found.first()


def _units(card: Card, offices: pd.DataFrame, labels: pd.Series) -> pd.Series:
    """What the labels belong to, by office: the county where all its offices have the same, otherwise the office."""
    own = pd.Series(labels.index, index=labels.index)
    if card.assignment.unit != "county":
        return own
    county = offices.set_index("office_id")["county"]
    same = labels.groupby(county.to_numpy()).nunique().eq(1).all() and county.notna().all()
    return county if same else own


def _redrawn_columns(card: Card, before: pd.DataFrame, after: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    """Columns of persons that tell the group, drawn anew among those who bear its label now."""
    kept = ("person_id", "office_id", "arm", "adoption_month", "treated")
    received = None if card.trial is None else card.trial.delivery
    for name in [name for name in before.columns if name not in kept]:
        if name == received or (len(before) and _only_arm(before["arm"], before[name].notna()) is not None):
            after = after.assign(**{name: _redrawn(before, after, name, draw)})
    return after


def _redrawn(before: pd.DataFrame, after: pd.DataFrame, name: str, draw: np.random.Generator) -> pd.Series:
    """The values of each group, in another order, for those with its label; drawn with replacement where too few."""
    found = after[name].copy()
    for arm, rows in after.groupby("arm").groups.items():
        values = before.loc[(before["arm"] == arm).to_numpy(), name]
        chosen = draw.choice(len(values), size=len(rows), replace=len(rows) > len(values))
        found.loc[rows] = values.iloc[chosen].to_numpy()
    return found


def _only_arm(arm: pd.Series, known: pd.Series) -> Hashable | None:
    """The group that something is known of, where that is not so of the others; None where it is."""
    arms = arm[known.to_numpy()].unique()
    return arms[0] if len(arms) == 1 and arm.nunique() > 1 else None


def _redrawn_outcomes(
    outcomes: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame, draw: np.random.Generator
) -> pd.DataFrame:
    """Outcomes known of one group only, moved to persons with its label now; the others as they were."""
    if outcomes.empty or before.empty:
        return outcomes
    arm_of = before.set_index("person_id")["arm"]
    parts = []
    for _, rows in outcomes.groupby("outcome", sort=False, observed=True):
        arm = _only_arm(before["arm"], before["person_id"].isin(rows["person_id"]))
        if arm is None or not rows["person_id"].map(arm_of).eq(arm).all():
            parts.append(rows)
            continue
        givers = rows["person_id"].unique()
        takers = after.loc[(after["arm"] == arm).to_numpy(), "person_id"].to_numpy()
        size = min(len(givers), len(takers))
        pairs = dict(zip(draw.permutation(givers)[:size], draw.permutation(takers)[:size], strict=True))
        moved = rows[rows["person_id"].isin(pairs)]
        parts.append(moved.assign(person_id=moved["person_id"].map(pairs).astype(rows["person_id"].dtype)))
    return pd.concat(parts).sort_values(["person_id", "outcome", "month"], ignore_index=True, kind="stable")


def _counted(card: Card, delivery: Delivery) -> pd.DataFrame:
    """Step 1 by the new labels: the true counts by office would tell which labels moved."""
    arms = [arm.id for arm in card.arms]
    if len(delivery.persons):
        return attrition_rows(1, "delivered", delivery.persons, arms)
    counts = delivery.offices["arm"].value_counts()
    return stated_rows(1, "delivered", dict.fromkeys(arms), {arm: int(counts.get(arm, 0)) for arm in arms})
