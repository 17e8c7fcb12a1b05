"""Only what the gate lets into one column is put together; the rest is refused by name."""

import numpy as np
import pandas as pd
import printed
import pytest
import stages
from scipy import stats
from scipy.integrate import quad
from test_compare import BASE, GRADE, row

from analysis.compare import CohortResult, comparability
from analysis.files import read_csv, write_csv
from analysis.pooling import Prior, pooled
from analysis.report.book import Book
from analysis.report.language import Language
from analysis.report.pooled import pooled_blocks
from analysis.results import estimates
from analysis.synthesis import Study, synthesise
from analysis.tables import SYNTHESIS
from analysis.yamlio import read_yaml

SCEPTICAL = Prior("skeptisk", "risk_difference", 0.0, 0.03)
EFFECTS = {"a": (0.05, 0.02), "b": (0.09, 0.03), "c": (0.01, 0.025)}


def result(card=BASE, *, estimate=0.05, std_error=0.02, base_rate=0.25, **values):
    ends = {"conf_low": estimate - 2 * std_error, "conf_high": estimate + 2 * std_error}
    made = row(estimate=estimate, std_error=std_error, base_rate=base_rate, **ends, **values)
    return CohortResult(card, estimates([made]), GRADE)


def results(names="abc", **values):
    return {name: result(estimate=EFFECTS[name][0], std_error=EFFECTS[name][1], **values) for name in names}


def of_kind(table, kind):
    return table[table["kind"] == kind]


def test_comparable_cohorts_give_a_row_each_their_mean_and_the_wider_one_beside():
    table = pooled(results())
    assert list(table.columns) == list(SYNTHESIS)
    assert table["kind"].tolist() == ["study"] * 3 + ["mean", "beside"]
    studies = [Study(name, *EFFECTS[name], "risk_difference") for name in "abc"]
    for kind, test in (("mean", "knha"), ("beside", "adhoc")):
        found, own = synthesise(studies, test=test), of_kind(table, kind).iloc[0]
        for column, name in (("estimate", "estimate"), ("conf_low", "low"), ("prediction_high", "prediction_high")):
            assert own[column] == pytest.approx(getattr(found, name), rel=1e-12)
        assert (own["test"], own["k"]) == (test, 3)
    assert of_kind(table, "study")["weight"].sum() == pytest.approx(1, rel=1e-12)


def test_the_base_rate_and_the_ratio_it_gives_stand_beside_every_difference():
    changed = {"a": result(base_rate=0.25), "b": result(base_rate=0.05)}
    found = of_kind(pooled(changed), "study").set_index("cohort")
    assert found["base_rate"].tolist() == [0.25, 0.05]
    assert found["ratio"].tolist() == pytest.approx([1.2, 2.0], rel=1e-12)


def test_two_studies_have_no_prediction_interval_and_three_have():
    assert np.isnan(of_kind(pooled(results("ab")), "mean").iloc[0]["prediction_low"])
    assert of_kind(pooled(results("abc")), "mean").iloc[0]["prediction_low"] < 0.01


@pytest.mark.parametrize(
    ("reason", "other"),
    [
        ("population", lambda: result(stages.changed(BASE, population__description={"nb": "andre"}))),
        ("usual_care", lambda: result(stages.changed(BASE, content__usual_care={"nb": "annet"}))),
        ("outcome", lambda: result(outcome="hired")),
        ("horizon_months", lambda: result(horizon_months=24)),
        ("scale", lambda: result(scale="log_risk_ratio")),
        ("data_kind", lambda: result(stages.changed(BASE, data_kind="synthetic"))),
    ],
)
def test_what_the_gate_refuses_is_never_put_together(reason, other):
    pair = {"a": result(), "b": other()}
    assert comparability(pair).iloc[0]["reasons"] == reason
    assert pooled(pair).empty


def test_ever_in_work_and_in_work_at_a_date_never_meet():
    """Evidence brief, section 5, check 11: hired at some time is another outcome than in work at a date."""
    ever, at = result(outcome="hired"), result(outcome="in_work_last_day")
    assert comparability({"a": ever, "b": at}).iloc[0]["reasons"] == "outcome"
    assert pooled({"a": ever, "b": at}).empty


def test_differences_and_ratios_of_the_same_studies_are_two_syntheses():
    """Check 9: a risk ratio is never put together with a risk difference."""
    ratios = results("ab", scale="log_risk_ratio")
    mixed = {f"{name}_ratio": found for name, found in ratios.items()} | results("ab")
    table = pooled(mixed)
    assert table.groupby("synthesis")["measure"].agg(["nunique", "first"]).to_numpy().tolist() == [
        [1, "risk_difference"],
        [1, "log_risk_ratio"],
    ]
    assert of_kind(table, "study").query("measure == 'log_risk_ratio'")["ratio"].isna().all()


def test_amounts_are_differences_in_means():
    found = pooled(results("ab", outcome="annual_earnings_usd"))
    assert set(found["measure"]) == {"mean_difference"}
    assert found["ratio"].isna().all()


def test_other_interventions_may_stand_beside_but_are_not_averaged():
    other = result(stages.changed(BASE, intervention="another"))
    pair = {"a": result(), "b": other}
    assert comparability(pair).iloc[0]["comparable"]
    assert pooled(pair).empty


def test_cards_that_name_the_same_group_and_comparator_agree_in_other_words():
    own = {"population__group": "reduced_capacity", "content__comparator": "ordinary_150"}
    other = {"population__description": {"nb": "andre ord"}, "content__usual_care": {"nb": "med andre ord"}}
    pair = {"a": result(stages.changed(BASE, **own)), "b": result(stages.changed(BASE, **own, **other))}
    assert comparability(pair).iloc[0]["comparable"]
    assert len(of_kind(pooled(pair), "mean")) == 1
    unnamed = {**pair, "b": result(stages.changed(BASE, **other))}
    assert comparability(unnamed).iloc[0]["reasons"] == "population;usual_care"


def test_a_study_without_a_standard_error_is_shown_and_weighs_nothing():
    three = results() | {"c": result(std_error=float("nan"))}
    table = pooled(three).set_index("cohort", drop=False)
    assert (table.loc["c", "status"], table.loc["c", "reason"]) == ("not_estimated", "no_standard_error")
    assert np.isnan(table.loc["c", "weight"])
    assert of_kind(table, "mean").iloc[0]["k"] == 2
    alone = pooled({"a": result(), "b": result(std_error=float("nan"))})
    assert of_kind(alone, "mean").iloc[0]["reason"] == "no_standard_error"
    assert alone["kind"].tolist() == ["study", "study", "mean"]


def test_a_number_that_could_not_be_estimated_enters_no_synthesis():
    """Check 10: a horizon that was not reached is blank with its reason; nothing is carried forward."""
    missing = result(status="not_estimated", reason="horizon_not_reached")
    assert pooled({"a": result(), "b": missing}).empty
    pair = comparability({"a": result(), "b": missing}).iloc[0]
    assert (pair["comparable"], pair["reasons"]) == (False, "scale")


def test_a_probability_is_given_only_with_its_prior_and_says_it():
    assert of_kind(pooled(results()), "probability").empty
    table = pooled(results(), priors=[SCEPTICAL, Prior("vid", "mean_difference", 0.0, 1.0)])
    (own,) = of_kind(table, "probability").to_dict("records")
    assert (own["prior"], own["prior_mean"], own["prior_sd"]) == ("skeptisk", 0.0, 0.03)


def test_the_probability_is_that_of_a_normal_prior_and_a_t_about_the_mean_by_integration():
    table = pooled(results(), priors=[SCEPTICAL])
    own, mean = of_kind(table, "probability").iloc[0], of_kind(table, "beside").iloc[0]

    def density(x):
        return stats.norm.pdf(x, 0, 0.03) * stats.t.pdf(x, 2, mean["estimate"], mean["std_error"])

    whole, above = (quad(density, low, 0.6, points=(0.0, 0.05), epsabs=1e-13)[0] for low in (-0.6, 0.0))
    assert own["probability"] == pytest.approx(above / whole, abs=1e-4)
    assert 0 < own["estimate"] < mean["estimate"]


def test_studies_that_agree_by_chance_do_not_make_the_probability_a_certainty():
    alike = {name: result(estimate=0.02, std_error=0.05) for name in "ab"}
    table = pooled(alike, priors=[SCEPTICAL])
    assert of_kind(table, "mean").iloc[0]["std_error"] < 1e-9
    assert of_kind(table, "probability").iloc[0]["probability"] < 0.7


def test_the_order_of_the_cohorts_changes_nothing():
    one, other = pooled(results("abc")), pooled(results("cba"))
    pd.testing.assert_frame_equal(one, other)


def test_no_two_shipped_cohorts_are_put_together():
    own = {c: CohortResult(stages.card(c), stages.estimates(c), stages.material(c).grade) for c in stages.ALL}
    assert pooled(own).empty


def said(table, tmp_path):
    write_csv(table, tmp_path / "synthesis.csv")
    book = Book(Language("nb", "nb_NO"), read_yaml(stages.STRINGS).data)
    models = {name: {"short_title": f"Undersøkelse {name}"} for name in "abc"}
    found = list(pooled_blocks(book, read_csv(tmp_path / "synthesis.csv"), models))
    cells = [[printed.text(cell) for cell in line] for block in found for line in block.get("rows", [])]
    return cells, " ".join(printed.text(block["runs"]) for block in found if block["type"] == "paragraph")


def test_the_page_says_that_nothing_can_be_put_together(tmp_path):
    cells, text = said(pooled({"a": result()}), tmp_path)
    assert cells == []
    assert text.startswith("Ingen av rapportene i tabellen er like nok til å slås sammen")


def test_the_page_shows_each_study_with_its_base_rate_the_mean_and_the_next_one(tmp_path):
    cells, text = said(pooled(results(), priors=[SCEPTICAL]), tmp_path)
    assert cells[0][:5] == ["Undersøkelse a", "+5,0", "1,0 til 9,0", "25,0\u00a0%", "1,20"]
    assert cells[3][0] == "Gjennomsnitt av 3 (Hartung og Knapp)"
    assert len(cells) == 4
    assert "I en ny undersøkelse av samme slag ventes forskjellen å ligge fra" in text
    assert (
        "Med skeptisk forhåndstro (normalfordelt om 0,0 med standardavvik 3,0 prosentpoeng) er sannsynligheten" in text
    )


def test_the_wider_interval_stands_only_where_it_is_wider(tmp_path):
    apart, alike = ({"a": result(estimate=0.05), "b": result(estimate=other)} for other in (-0.1, 0.051))
    rows = [[line[0] for line in said(pooled(found), tmp_path)[0][2:]] for found in (apart, alike)]
    mean = "Gjennomsnitt av 2 (Hartung og Knapp)"
    assert rows == [[mean], [mean, "Det samme, uten å la likhet mellom studiene gjøre intervallet smalere"]]


def test_the_page_has_words_for_two_studies_for_none_with_an_error_and_for_ratios(tmp_path):
    assert "To undersøkelser er for få" in said(pooled(results("ab")), tmp_path)[1]
    alone = pooled({"a": result(std_error=float("nan")), "b": result()})
    assert "gjennomsnittet kan ikke regnes ut" in said(alone, tmp_path)[1]
    cells, _ = said(pooled(results("ab", scale="log_risk_ratio")), tmp_path)
    assert cells[0][1] == "+0,05"


def test_made_up_studies_stay_out_of_the_chapter(tmp_path):
    made_up = stages.changed(BASE, data_kind="synthetic")
    table = pooled({name: result(made_up) for name in "ab"})
    assert len(of_kind(table, "mean")) == 1
    assert said(table, tmp_path)[0] == []
