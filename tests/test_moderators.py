"""The moderator table: counts of a source, joined onto the offices of another cohort by name or by range."""

import pandas as pd
import pytest
import stages

from analysis.moderators import office_moderators, published_moderators, with_moderators
from analysis.synthetic.youth_teams import OFFICES
from analysis.tables import MODERATORS

YOUTH = "youth_teams"
TABLE = published_moderators(stages.figures(YOUTH))


def synthetic_offices():
    """The 24 offices of the synthetic cohort, which have the distributions of the source."""
    names = ["region", "centrality", "office_type", "staff", "unemployment"]
    return pd.DataFrame([office[:5] for office in OFFICES], columns=names).assign(other="x")


def test_the_published_exposures_are_counts_per_category_with_source_and_certainty():
    assert list(TABLE.columns) == list(MODERATORS)
    assert set(TABLE["unit"]) == {"office"}
    assert TABLE.groupby("moderator")["n_offices"].sum().to_dict() == dict.fromkeys(TABLE["moderator"], 24)
    assert set(TABLE["source"]) == {"myklebo_2012"}
    status = TABLE[TABLE["moderator"] == "status_2011"]
    assert dict(zip(status["category"], status["n_offices"], strict=True)) == {
        "egne ungdomsveiledere": 13,
        "ungdomsprosjekt": 3,
        "ingen av delene": 8,
    }


@pytest.mark.parametrize("cohort", sorted(set(stages.PUBLISHED) - {YOUTH}))
def test_other_published_figures_have_no_moderators(cohort):
    found = published_moderators(stages.figures(cohort))
    assert found.empty
    assert list(found.columns) == list(MODERATORS)


def test_every_office_of_the_synthetic_cohort_finds_its_category():
    joined = with_moderators(synthetic_offices(), TABLE)
    for name in ("region", "centrality", "office_type", "staff", "unemployment"):
        counts = joined.groupby(f"{name}_category").size()
        assert (counts == joined.groupby(f"{name}_category")[f"{name}_n_offices"].first()).all(), name
        assert counts.sum() == 24
    assert "status_2011_category" not in joined
    assert joined["other"].eq("x").all()


def test_an_office_between_the_bands_or_with_an_unknown_name_has_no_category():
    offices = pd.DataFrame({"staff": [13.0, 11.0, 37.0, 52.0], "region": ["Nord", "Nord-Norge", None, "Vestlandet"]})
    joined = with_moderators(offices, TABLE)
    assert joined["staff_category"].isna().tolist() == [True, False, True, False]
    assert joined["staff_n_offices"].tolist()[1] == 6
    assert joined["region_category"].isna().tolist() == [True, False, True, False]
    assert joined["region_n_offices"].isna().tolist() == [True, False, True, False]


def test_delivered_offices_are_counted_into_the_same_table_and_join_themselves():
    offices = synthetic_offices()
    counted = office_moderators(offices, ["region", "centrality"])
    assert list(counted.columns) == list(MODERATORS)
    assert counted.set_index(["moderator", "category"])["n_offices"].to_dict() == (
        TABLE[TABLE["moderator"].isin(["region", "centrality"])]
        .set_index(["moderator", "category"])["n_offices"]
        .to_dict()
    )
    assert with_moderators(offices, counted)["region_n_offices"].notna().all()
    with pytest.raises(ValueError, match="lacks columns"):
        office_moderators(offices, ["nothing"])
