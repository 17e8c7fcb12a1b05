"""A restricted cohort in the making: a synthetic delivery under a card that says it is restricted.

The cards are validated key by key only: a card of restricted data cannot be read from a file before there is a
disclosure profile for it.
"""

import tempfile
from functools import cache
from pathlib import Path

import cards
import pandas as pd
import stages

from analysis.cards import Card, read_card
from analysis.intake import Delivery, read_delivery
from analysis.synthetic import write

TRIAL, STAGGERED = "hpmt_synthetic", "youth_teams_synthetic"
MATCHED_PERSONS = 240


@cache
def delivery(cohort: str) -> Delivery:
    """The synthetic delivery of a cohort, read; its spells stay until the process ends."""
    folder = Path(_place().name) / cohort
    card = stages.card(cohort)
    write(card.synthetic.generator, folder)
    return read_delivery(card, folder, cohort=cohort, spells=folder / "spells.parquet")


@cache
def _place() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory()


@cache
def staggered() -> Delivery:
    """Eight offices of twenty persons, of which five adopt in different months, as youth_teams would deliver them."""
    names = [f"94{number:02d}" for number in range(8)]
    months = pd.array([24120, 24126, 24132, 24132, 24140, pd.NA, pd.NA, pd.NA], dtype="Int16")
    offices = pd.DataFrame({"office_id": names, "county": "Troms", "adoption_month": months, "arm": None})
    persons = pd.DataFrame({"office_id": [name for name in names for _ in range(20)]})
    persons["person_id"] = persons.index.astype("int32")
    persons["time_zero"] = pd.array(24110 + persons["person_id"] % 20 * 2, dtype="Int16")
    adoption = persons["office_id"].map(offices.set_index("office_id")["adoption_month"])
    persons["adoption_month"] = adoption.astype("Int16")
    begun = (persons["adoption_month"] <= persons["time_zero"]).fillna(False).astype(bool)
    persons = persons.assign(arm=begun.map({True: "team", False: "no_team"}), treated=begun)
    return Delivery(persons=persons, outcomes=pd.DataFrame(), offices=offices)


def restricted(card: Card, **changes) -> Card:
    """The same card as one of restricted data, with other keys changed."""
    return card.model_copy(update={"data_kind": "restricted", "synthetic": None, **changes})


def matched_frame() -> pd.DataFrame:
    """A delivery of the minimal card whose treated alone work afterwards: the true assignment is plain to see."""
    rows = pd.Series(range(MATCHED_PERSONS))
    treated = rows % 10 < 4
    return cards.minimal_frame(MATCHED_PERSONS).assign(
        gruppe=treated.map({True: "T", False: "S"}),
        inntekt_2019=((rows // 3) % 4 * 1000).astype("str"),
        inntekt_2020=((rows // 2) % 3 * 1100).astype("str"),
        inntekt_2021=treated.map({True: "50000", False: "0"}),
    )


@cache
def matched() -> tuple[Card, Delivery]:
    """The matched cohort of `matched_frame`, and its delivery."""
    folder = Path(_place().name) / "matched"
    path = cards.write_cohort(folder, cards.minimal_card(), matched_frame())
    card = read_card(path)
    return card, read_delivery(card, folder / "data", cohort="matched")
