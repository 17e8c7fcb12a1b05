"""Trials with few offices that several tests use: invented persons, R's answers, and small drawn ones."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import strategies as st

REFERENCE = Path(__file__).parent / "reference" / "inference"
COVARIATES = ["alder", "kvinne", "mnd_ledig"]


@cache
def persons():
    """617 invented persons in 18 offices, nine drawn."""
    return pd.read_csv(REFERENCE / "crt18_a.csv")


@cache
def r_answers(name="i_crt18_a"):
    return json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))["results"]


@cache
def offices():
    """The same by office: sums, sizes, treated and pair."""
    found = (
        persons()
        .groupby("kontor")
        .agg(sums=("arbeid", "sum"), sizes=("arbeid", "size"), treated=("tiltak", "first"), pair=("par", "first"))
    )
    return found.astype("float64")


@cache
def changes():
    """Change in the mean share of 24 offices, and which were treated: (24,) and (24,)."""
    quarters = pd.read_csv(REFERENCE / "did24_a.csv")
    mean = quarters.groupby(["kontor", "post"])["andel"].mean().unstack()
    return (mean[1] - mean[0]).to_numpy(), quarters.groupby("kontor")["behandlet"].max().to_numpy()


@st.composite
def small_trials(draw, smallest=3, largest=7):
    """Sums, sizes and treated of a few offices, both groups present, with ties likely."""
    n = draw(st.integers(smallest, largest))
    sizes = np.array(draw(st.lists(st.integers(1, 12), min_size=n, max_size=n)), dtype="float64")
    sums = np.array([draw(st.integers(0, int(size))) for size in sizes], dtype="float64")
    number = draw(st.integers(1, n - 1))
    treated = np.isin(np.arange(n), draw(st.permutations(range(n)))[:number])
    return sums, sizes, treated
