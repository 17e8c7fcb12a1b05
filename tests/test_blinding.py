from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import restricted_cohorts as rc
import stages
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.blind_run import blind_folder, kept_seed, rehearsed, write_rehearsal
from analysis.blinding import blinded, permuted
from analysis.problems import ProblemsFound

SHARED = stages.ROOT / "reports" / "_shared"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), min_size=1, max_size=30), st.integers(0, 99))
def test_labels_stay_in_number_within_strata_that_have_several(pairs, seed):
    labels, strata = (pd.Series(part, dtype="str") for part in zip(*pairs, strict=True))
    moved = permuted(labels, strata, np.random.default_rng(seed))
    assert moved.value_counts().to_dict() == labels.value_counts().to_dict()
    for stratum, rows in labels.groupby(strata):
        if rows.nunique() > 1:
            assert sorted(moved[rows.index]) == sorted(rows), stratum


def test_strata_with_one_label_change_places_with_each_other():
    labels = pd.Series(["t"] * 50 + ["c"] * 50)
    strata = pd.Series(["own"] * 50 + ["other"] * 50)
    moved = permuted(labels, strata, np.random.default_rng(1))
    assert 10 < (moved[:50] == "t").sum() < 40


def test_persons_change_places_within_their_office_and_nothing_but_labels_moves():
    card, delivery = rc.matched()
    hidden = blinded(card, delivery, seed=1).persons
    counts = [frame.groupby(["office_id", "arm"]).size().to_dict() for frame in (delivery.persons, hidden)]
    assert counts[0] == counts[1]
    own = ["person_id", "office_id", "time_zero", "age", "education_years"]
    pd.testing.assert_frame_equal(hidden[own], delivery.persons[own])
    assert (hidden["treated"] == (hidden["arm"] == "treated")).all()


def test_the_true_assignment_cannot_be_told_from_the_labels():
    card, delivery = rc.matched()
    true = delivery.persons["treated"].to_numpy(float)
    found = [np.corrcoef(true, blinded(card, delivery, seed=seed).persons["treated"])[0, 1] for seed in range(40)]
    # 240 persons in three offices: one correlation has a standard deviation of about 1/√240.
    assert abs(np.mean(found)) < 4 / np.sqrt(240 * 40)
    assert max(map(abs, found)) < 4 / np.sqrt(240)


def test_what_is_known_of_one_group_only_follows_the_label():
    card, delivery = rc.matched()
    persons = delivery.persons.assign(told=delivery.persons["age"].where(delivery.persons["treated"]))
    told = delivery.outcomes["person_id"].isin(persons.loc[persons["treated"], "person_id"])
    own = delivery.outcomes[told].assign(outcome="hired")
    outcomes = pd.concat([delivery.outcomes, own], ignore_index=True)
    hidden = blinded(card, replace(delivery, persons=persons, outcomes=outcomes), seed=3)
    known = set(hidden.persons.loc[hidden.persons["told"].notna(), "person_id"])
    bearers = set(hidden.persons.loc[hidden.persons["treated"], "person_id"])
    hired = hidden.outcomes[hidden.outcomes["outcome"] == "hired"]
    assert known == bearers == set(hired["person_id"])
    assert bearers != set(persons.loc[persons["treated"], "person_id"])
    assert len(hired) == len(own)


def test_offices_change_places_with_their_persons_and_keep_their_numbers():
    card, delivery = stages.card(rc.TRIAL), rc.delivery(rc.TRIAL)
    hidden = blinded(card, delivery, seed=2).persons
    assert hidden.groupby("office_id")["arm"].nunique().eq(1).all()
    offices = [
        frame.groupby("office_id")["arm"].first().value_counts().to_dict() for frame in (delivery.persons, hidden)
    ]
    assert offices[0] == offices[1]
    assert (hidden["arm"] != delivery.persons["arm"]).any()


def test_adoption_months_change_places_over_offices_and_persons_follow():
    card, delivery = stages.card(rc.STAGGERED), rc.staggered()
    hidden = blinded(card, delivery, seed=2)
    months = [frame["adoption_month"].dropna().sort_values().tolist() for frame in (delivery.offices, hidden.offices)]
    assert months[0] == months[1]
    assert not hidden.offices["adoption_month"].equals(delivery.offices["adoption_month"])
    by_office = hidden.offices.set_index("office_id")["adoption_month"].astype("float64")
    assert (
        hidden.persons["adoption_month"]
        .astype("float64")
        .equals(hidden.persons["office_id"].map(by_office).astype("float64").rename("adoption_month"))
    )
    begun = (hidden.persons["adoption_month"] <= hidden.persons["time_zero"]).fillna(False).astype(bool)
    assert (hidden.persons["arm"] == card.arm("treated").id).eq(begun).all()


def test_offices_whose_persons_differ_cannot_be_permuted_as_offices():
    card, delivery = rc.matched()
    office = stages.changed(card, assignment__unit="office")
    offices = pd.DataFrame({"office_id": sorted(delivery.persons["office_id"].unique())})
    table = offices.assign(county=None, adoption_month=pd.array([pd.NA] * len(offices), dtype="Int16"), arm=None)
    with pytest.raises(ProblemsFound, match="ulik verdi av arm"):
        blinded(office, replace(delivery, offices=table), seed=1)


def test_the_seed_is_drawn_once_and_kept_where_only_the_owner_reads_it(tmp_path):
    folder = blind_folder("liten", tmp_path)
    assert kept_seed(folder) == kept_seed(folder)
    assert folder == tmp_path / "results" / "restricted" / "liten" / "blinded"
    assert (folder / "seed.json").stat().st_mode & 0o077 == 0
    assert kept_seed(folder) != kept_seed(blind_folder("annen", tmp_path))


def test_a_restricted_cohort_is_rehearsed_without_a_lock_and_every_page_says_so(tmp_path):
    card, delivery = rc.matched()
    found = [rehearsed(rc.restricted(card), delivery, "liten", seed=seed) for seed in (1, 2)]
    tables = [one.tables["estimates"] for one in found]
    assert (tables[0]["run_id"] == "blindet").all()
    effects = [table.loc[table["role"] == "primary", "estimate"].item() for table in tables]
    # The true one is 1.
    assert max(map(abs, effects)) < 0.5
    folder = blind_folder("liten", tmp_path)
    pages = write_rehearsal(folder, found[0], "liten", shared=SHARED)
    assert "Blindet prøvekjøring" in pages[0].read_text(encoding="utf-8")
    assert pages[1].read_bytes().startswith(b"%PDF")
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.rglob("*") if path.is_file())


def test_published_figures_have_nothing_to_hide():
    with pytest.raises(ProblemsFound, match="ikke prøvekjøres blindt"):
        rehearsed(stages.card(stages.HPMT), None, stages.HPMT, seed=1)
