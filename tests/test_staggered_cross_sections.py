"""Group-time effects from repeated cross-sections and from panels in which persons come and go."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from analysis.problems import ProblemsFound
from analysis.staggered.cross_sections import METHODS, Section, section_effect, section_odds
from analysis.staggered.design import Design
from analysis.staggered.person_effects import person_effects
from analysis.staggered.persons import Roles
from tests.staggered_persons import COVARIATES, OFFICES, ROLES, apart, office_case, offices, std_errors

SECTIONS = Design(base="varying", sampling="cross_section")
STEP = 1e-5


@pytest.mark.parametrize("spec", [spec for spec in OFFICES if not spec.startswith("panel")])
def test_r_did_gives_the_same_numbers_for_persons_who_come_and_go(spec):
    frame, design, roles, method = office_case(spec)
    estimate, error = apart(person_effects(frame, design, roles, method=method), OFFICES[spec])
    assert estimate < 1e-8
    assert error < 1e-8 or OFFICES[spec].get("se_not_golden")


def invented(n: int = 260, seed: int = 3) -> list[Section]:
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), rng.normal(size=n), rng.random(n) < 0.4])
    treated = rng.random(n) < 1 / (1 + np.exp(0.7 - 0.6 * x[:, 1]))
    y, weights = x @ [1, 0.4, 0.2] + rng.normal(size=n) + treated, rng.uniform(0.5, 2, n)
    halves = (slice(None, n // 2 - 20), slice(n // 2 - 20, None))
    return [Section(y[half], x[half], treated[half], weights[half]) for half in halves]


def estimated(month: Section, base: Section, method: str):
    return section_effect(month, base, method=method, odds=section_odds(month, base, method))


def heavier(section: Section, row: int, factor: float) -> Section:
    weights = section.weights.copy()
    weights[row] *= factor
    return Section(section.y, section.z, section.treated, weights)


@pytest.mark.parametrize("method", METHODS)
def test_a_rows_influence_is_what_its_weight_moves_the_estimate_by(method):
    month, base = invented()
    found = estimated(month, base, method)
    for section, influence, late in ((month, found.influence, True), (base, found.influence_base, False)):
        for row in (*np.flatnonzero(section.treated)[:2], *np.flatnonzero(~section.treated)[:2]):
            ends = [heavier(section, row, 1 + step) for step in (STEP, -STEP)]
            up, down = (estimated(*((end, base) if late else (month, end)), method).att for end in ends)
            assert_allclose(influence[row], (up - down) / (2 * STEP), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_without_covariates_every_method_is_the_difference_between_four_means(method):
    month, base = (Section(part.y, part.z[:, :1], part.treated, part.weights) for part in invented())
    four = [
        np.average(part.y[arm], weights=part.weights[arm])
        for part in (month, base)
        for arm in (part.treated, ~part.treated)
    ]
    found = estimated(month, base, method)
    assert_allclose(found.att, four[0] - four[1] - four[2] + four[3], atol=1e-13)
    assert_allclose(found.influence.sum() + found.influence_base.sum(), 0, atol=1e-12)


def test_persons_who_are_all_seen_in_every_month_give_the_panels_regression_estimates_without_knowing_who_is_who():
    roles = Roles(outcome="y", person="id", month="t")
    panel = person_effects(offices(), Design(base="varying"), roles, method="reg").group_time
    sections = person_effects(offices(), SECTIONS, roles, method="reg").group_time
    assert_allclose(sections.table["att"], panel.table["att"], atol=1e-14)
    # Knowing who was seen twice gives the standard errors of the panel too.
    assert_allclose(std_errors(sections.influence), std_errors(panel.influence), atol=1e-14)
    assert sections.groups == pytest.approx(panel.groups)


@pytest.mark.parametrize("method", METHODS)
def test_neither_the_order_of_rows_nor_the_names_of_persons_nor_the_units_of_covariates_matter(method):
    frame = offices("unbalanced")
    changed = frame.sample(frac=1, random_state=4)
    changed = changed.assign(id=9000 - changed["id"], x1=3 + 100 * changed["x1"], t=changed["t"] + 24000)
    changed["adoption_month"] += 24000
    before, after = (person_effects(part, SECTIONS, ROLES, method=method).group_time.table for part in (frame, changed))
    assert_allclose(after["att"], before["att"], atol=1e-10)
    assert (after["month"] == before["month"] + 24000).all()


def test_a_row_without_an_outcome_was_not_observed_and_one_of_weight_zero_counts_nowhere():
    frame = offices("unbalanced")
    extra = frame.iloc[:50].assign(id=lambda part: part["id"] + 5000, y=np.nan)
    unmatched = frame.iloc[100:150].assign(id=lambda part: part["id"] + 7000, w=0.0)
    design = Design(base="varying", sampling="cross_section", weight="w")
    before = person_effects(frame, design, ROLES).group_time
    after = person_effects(pd.concat([frame, extra, unmatched]), design, ROLES).group_time
    pd.testing.assert_frame_equal(before.table, after.table)


def test_a_group_that_nobody_is_seen_of_in_a_month_has_no_effect_there():
    frame = offices("unbalanced")
    found = person_effects(frame[(frame["g"] != 7) | (frame["t"] != 9)], SECTIONS, ROLES)
    here = found.group_time.table
    assert len(here) == 32
    assert here.query("group == 7 and month == 9").empty
    assert found.plan.omitted.to_dict("records") == [{"group": 7, "month": 9, "reason": "empty_cell"}]


def test_a_person_who_is_in_a_month_twice_or_moves_between_offices_stops_everything_at_once():
    frame = offices("unbalanced")
    frame = pd.concat([frame, frame.iloc[:3]], ignore_index=True)
    frame.loc[40, "office"] += 1
    roles = Roles(outcome="y", person="id", month="t", cluster="office", covariates=COVARIATES)
    with pytest.raises(ProblemsFound) as found:
        person_effects(frame, SECTIONS, roles)
    assert [str(problem) for problem in found.value.problems] == [
        "  panelet: 3 personmåneder står mer enn én gang. Lever én rad per person og måned.",
        "  kolonnen «office»: samme person har flere verdier over tid. Gi hver person én verdi.",
    ]


def test_the_doubly_robust_need_persons_for_four_regressions_and_say_whom_they_lack():
    frame = offices("unbalanced")
    frame = frame[(frame["g"] != 7) | (frame["t"] != 9) | (frame.groupby(["g", "t"]).cumcount() < 3)]
    with pytest.raises(ProblemsFound, match="gruppens personer i en måned er 3 personer, for få til 4 koeffisienter"):
        person_effects(frame, SECTIONS, ROLES, method="dr")
    person_effects(frame, SECTIONS, ROLES, method="reg")


def test_the_improved_method_is_refused_with_the_methods_that_will_do():
    with pytest.raises(ProblemsFound, match="gjelder ikke for gjentatte tverrsnitt. Velg blant reg, ipw, dr"):
        person_effects(offices(), SECTIONS, ROLES, method="dr_improved")
