"""Entry, exit and those who stayed: an exact split from counts, checked against persons."""

import numpy as np
import pandas as pd
import pytest

from analysis.problems import ProblemsFound
from analysis.series.composition import FLOWS, composition


def counts_of(present, having, *, group="treated"):
    """Stocks and flows of persons (persons × months): who is there, and who has the outcome."""
    rows = []
    for t in range(present.shape[1]):
        here, with_it = present[:, t], present[:, t] & having[:, t]
        row = {"group": group, "month": 100 + t, "denominator": here.sum(), "numerator": with_it.sum()}
        if t:
            new, gone = here & ~present[:, t - 1], present[:, t - 1] & ~here
            row |= {"entries": new.sum(), "entries_numerator": (new & having[:, t]).sum()}
            row |= {"exits": gone.sum(), "exits_numerator": (gone & having[:, t - 1]).sum()}
        rows.append(row)
    return pd.DataFrame(rows).reindex(columns=["group", "month", "numerator", "denominator", *FLOWS])


def persons(seed, count=300, months=6):
    rng = np.random.default_rng(seed)
    return rng.random((count, months)) < 0.7, rng.random((count, months)) < 0.5


def direct(present, having):
    """The parts of each month by persons, added up."""
    entry = leave = stayers = 0.0
    for t in range(1, present.shape[1]):
        both = present[:, t] & present[:, t - 1]
        now, before = having[both, t].mean(), having[both, t - 1].mean()
        entry += having[present[:, t], t].mean() - now
        leave += before - having[present[:, t - 1], t - 1].mean()
        stayers += now - before
    return {"entry": entry, "exit": leave, "stayers": stayers}


@pytest.mark.parametrize("seed", range(5))
def test_the_parts_are_those_of_the_persons_and_sum_to_the_change(seed):
    present, having = persons(seed)
    table = counts_of(present, having)
    found = composition(table, first=100, last=105)
    assert found.parts.loc["treated", ["entry", "exit", "stayers"]].to_dict() == pytest.approx(direct(present, having))
    share = table["numerator"] / table["denominator"]
    assert found.parts.loc["treated", "total"] == pytest.approx(share.iloc[-1] - share.iloc[0], abs=1e-14)
    assert found.flows.loc["treated", "entries"] == table["entries"].sum()


def test_the_same_persons_throughout_have_no_part_of_entry_and_exit():
    _, having = persons(9)
    found = composition(counts_of(np.ones_like(having), having), first=101, last=104)
    assert found.parts.loc["treated", ["entry", "exit"]].tolist() == [0.0, 0.0]


def test_offices_are_added_up_before_they_are_split_and_groups_stay_apart():
    first, second = counts_of(*persons(1)), counts_of(*persons(2))
    together = composition(pd.concat([first, second]), first=100, last=105)
    present, having = (np.vstack(pair) for pair in zip(persons(1), persons(2), strict=True))
    assert together.parts.loc["treated", "entry"] == pytest.approx(direct(present, having)["entry"])
    apart = composition(pd.concat([first, second.assign(group="comparison")]), first=100, last=105)
    assert apart.parts.loc["treated"].tolist() == composition(first, first=100, last=105).parts.loc["treated"].tolist()


def test_flows_that_do_not_lead_from_stock_to_stock_are_refused():
    table = counts_of(*persons(3))
    table.loc[2, "entries"] += 1
    with pytest.raises(ProblemsFound, match="fører ikke fra den ene månedens antall til den neste i 1 måneder"):
        composition(table, first=100, last=105)


def test_missing_flows_are_counted_and_those_of_the_first_month_are_not_needed():
    table = counts_of(*persons(4))
    table.loc[[2, 3], "exits"] = np.nan
    with pytest.raises(ProblemsFound, match="antall rader uten tilgang eller avgang: 2"):
        composition(table, first=100, last=105)
    assert composition(table, first=103, last=105).parts.shape == (1, 4)
