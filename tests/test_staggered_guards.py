"""Panels that cannot carry a staggered design are stopped, with every problem at once and no value of a person."""

import numpy as np
import pandas as pd
import pytest
from staggered_cases import START, staggered_panel

from analysis.problems import ProblemsFound
from analysis.staggered.design import Design
from analysis.staggered.guards import Columns, checked_panel

FLAG = Columns(treated="treated")


def flagged(seed=1):
    panel = staggered_panel(seed)
    return panel.assign(treated=(panel["month"] >= panel["adoption_month"]).astype("int64"))


def told(panel, design=None, columns=None):
    with pytest.raises(ProblemsFound) as found:
        checked_panel(panel, design or Design(), outcome="y", columns=columns)
    return found.value.problems


def test_a_sound_panel_passes_whole():
    panel = flagged()
    found = checked_panel(panel, Design(weight="w"), outcome="y", columns=FLAG)
    pd.testing.assert_frame_equal(found.panel, panel)
    assert found.ledger.empty
    assert set(found.notes) == {"missing"}


def broken(panel, name):
    if name == "twice":
        return pd.concat([panel, panel.iloc[[3]]])
    if name == "office":
        panel.loc[3, "office_id"] = "k07"
    elif name == "no_office":
        panel.loc[panel["person_id"] == 3, "office_id"] = None
    elif name == "adoption":
        panel.loc[3, "adoption_month"] = START + 4
    elif name == "half_missing":
        panel.loc[3, "adoption_month"] = np.nan
    elif name == "sentinel":
        panel["adoption_month"] = panel["adoption_month"].fillna(999_999)
    elif name == "zero":
        panel["adoption_month"] = panel["adoption_month"].fillna(0)
    elif name == "off":
        panel.loc[(panel["person_id"] == 0) & (panel["month"] == START + 7), "treated"] = 0
    elif name == "never_flagged":
        panel.loc[(panel["office_id"] == "k02") & (panel["month"] >= START + 5), "treated"] = 1
    elif name == "late":
        panel.loc[(panel["person_id"] == 0) & (panel["month"] == START + 3), "treated"] = 0
    elif name == "flag_values":
        panel.loc[3, "treated"] = 2
    elif name == "gap":
        return panel[panel["month"] != START + 4]
    elif name == "weight":
        panel.loc[3, "w"] = -1
    elif name == "infinite":
        panel.loc[3, "y"] = np.inf
    elif name == "one_office":
        panel["office_id"] = "k00"
    elif name == "nobody":
        panel["adoption_month"] = np.nan
        panel["treated"] = 0
    return panel


CAUSES = {
    "twice": "1 personmåneder finnes mer enn én gang",
    "office": "1 personer har mer enn ett kontor",
    "no_office": "8 rader mangler kontor",
    "adoption": "1 personer har mer enn én oppstartsmåned",
    "half_missing": "1 personer har mer enn én oppstartsmåned",
    "sentinel": "altså en kode",
    "zero": "altså en kode",
    "off": "i en måned og ikke i en senere",
    "never_flagged": "12 personer får tiltaket, men mangler oppstartsmåned",
    "late": "1 personer får ikke tiltaket fra og med",
    "flag_values": "1 rader har ikke 0 eller 1",
    "gap": "1 måneder midt i perioden har ingen rader, den første er 2000-05",
    "weight": "1 vekter mangler eller er negative",
    "infinite": "1 utfall er uendelige",
    "one_office": "ett kontor",
    "nobody": "ingen har en oppstartsmåned",
}


@pytest.mark.parametrize("name", CAUSES)
def test_each_cause_is_named_with_a_way_out(name):
    problems = told(broken(flagged(), name), Design(weight="w"), FLAG)
    assert any(CAUSES[name] in problem.what for problem in problems), [str(p) for p in problems]
    assert all(problem.mend for problem in problems)


def test_everything_is_told_at_once_and_no_value_of_a_person():
    panel = flagged()
    for name in ("office", "adoption", "off", "weight", "infinite"):
        panel = broken(panel, name)
    problems = told(panel, Design(weight="w"), FLAG)
    assert len(problems) >= 5
    text = " ".join(map(str, problems))
    assert "k07" not in text
    assert str(START + 4) not in text


def test_columns_that_are_not_there_are_named():
    assert {p.where for p in told(staggered_panel(1), Design(weight="vekt"), FLAG)} == {
        "kolonnen «vekt»",
        "kolonnen «treated»",
    }


def test_persons_left_out_stand_in_the_ledger():
    panel = staggered_panel(1)
    panel.loc[panel["office_id"] == "k00", "adoption_month"] = START
    panel.loc[(panel["person_id"] == 20) & (panel["month"] == START + 6), "y"] = np.nan
    panel = panel[~((panel["person_id"] == 30) & (panel["month"] == START + 6))]
    found = checked_panel(panel, Design(), outcome="y")
    assert found.ledger.to_dict("records") == [
        {"reason": "adopted_before_window", "persons": 12, "rows": 96},
        {"reason": "missing_outcome", "persons": 1, "rows": 8},
        {"reason": "missing_month", "persons": 1, "rows": 7},
    ]
    assert found.panel["person_id"].nunique() == 96 - 14
    assert len(found.panel) + found.ledger["rows"].sum() == len(panel)


def test_kept_pairwise_a_person_loses_only_the_unknown_months():
    panel = staggered_panel(1)
    panel.loc[(panel["person_id"] == 20) & (panel["month"] == START + 6), "y"] = np.nan
    found = checked_panel(panel, Design(missing="pairwise"), outcome="y")
    assert found.ledger.to_dict("records") == [{"reason": "missing_outcome_in_month", "persons": 1, "rows": 1}]
    assert "teller i de månedene" in found.notes["missing"]


def test_late_adopters_and_small_cells_are_told():
    panel = staggered_panel(1, persons=4)
    panel.loc[panel["office_id"] == "k01", "adoption_month"] = START + 30
    notes = checked_panel(panel, Design(), outcome="y").notes
    assert notes["adopts_after_window"].startswith("4 personer starter etter siste måned")
    assert notes["small_cells"] == "64 av 64 celler bygger på færre enn 5 personer."


def test_true_and_false_outcomes_become_numbers():
    panel = staggered_panel(1)
    found = checked_panel(panel.assign(y=panel["y"] > 0), Design(), outcome="y")
    assert found.panel["y"].dtype == "float64"


def test_nobody_left_with_treatment_is_told():
    panel = staggered_panel(1)
    panel.loc[panel["adoption_month"].notna(), "adoption_month"] = START
    assert "ingen med tiltak står igjen" in told(panel)[0].what
