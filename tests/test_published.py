"""Published figures: every reference that leads nowhere is told at once, and printed values stay as printed."""

from pathlib import Path

import pytest
import stages

from analysis.problems import ProblemsFound
from analysis.published import read_figures, stated_attrition

CARD = stages.card(stages.HPMT)
FACT = (
    "  - {{id: {name}, what: {{nb: x}}, value: {value}, unit: persons, time: null, certainty: stated, "
    "source: {source}}}"
)


def written(folder: Path, text: str) -> Path:
    path = folder / "published.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str, card=CARD) -> str:
    with pytest.raises(ProblemsFound) as caught:
        read_figures(written(folder, text), card)
    return str(caught.value)


def fact(name: str, value: str = '"617"', source: str = "news_2014") -> str:
    return FACT.format(name=name, value=value, source=source)


def two_arms(total="total", treated="t", comparison="c") -> str:
    follow_up = f"    - {{month: 2012-11, treated: {treated}, comparison: {comparison}}}"
    return f"two_arms:\n  outcome: in_paid_work\n  total: {total}\n  follow_ups:\n{follow_up}\n"


def test_every_reference_that_leads_nowhere_is_told_at_once(tmp_path):
    text = "\n".join(["facts:", fact("total"), fact("t", "null"), two_arms("nobody", "t", "c")])
    told = problems(tmp_path, text)
    for name in ("«nobody»", "«t»", "«c»"):
        assert f"{name} er ikke et faktum med verdi." in told
    assert told.count("er ikke et faktum med verdi") == 3


def test_references_of_a_single_arm_are_followed_too(tmp_path):
    single = "single_arm:\n  denominator: n\n  outcomes:\n    - {outcome: hired, numerators: [a, total]}\n"
    told = problems(tmp_path, "\n".join(["facts:", fact("total", source="project_account"), single]))
    assert "single_arm.denominator: «n»" in told
    assert "single_arm.outcomes.0.numerators.0: «a»" in told
    assert "«total»" not in told


def test_an_id_used_twice_is_told_with_its_line(tmp_path):
    told = problems(tmp_path, "\n".join(["facts:", fact("total"), fact("total")]))
    assert "linje 3" in told
    assert "«total» er brukt før." in told


def test_a_source_that_the_card_lacks_and_a_part_that_it_lacks_are_told_together(tmp_path):
    text = "\n".join(["facts:", fact("total", source="hearsay"), fact("t"), fact("c"), two_arms()])
    told = problems(tmp_path, text, card=stages.card(stages.MENTOR))
    assert "kilden «hearsay» står ikke i kortet." in told
    assert "two_arms står bare i én av filene" in told
    assert "single_arm står bare i én av filene" in told


def test_a_percentage_is_text_so_that_its_decimals_are_kept(tmp_path):
    told = problems(tmp_path, "\n".join(["facts:", fact("t", "30.0")]))
    assert "facts.0.value" in told
    assert stages.figures(stages.HPMT).value("s004_f05") == "29.7"


def test_a_fact_without_a_value_cannot_be_read():
    figures = stages.figures(stages.HPMT)
    with pytest.raises(KeyError):
        figures.value("s004_m01")
    with pytest.raises(KeyError):
        figures.value("no_such_fact")


@pytest.mark.parametrize("cohort", stages.PUBLISHED)
def test_every_shipped_figure_has_a_source_in_the_card_and_an_absent_one_no_value(cohort):
    sources = {source.id for source in stages.card(cohort).sources}
    for item in stages.figures(cohort).facts:
        assert item.source in sources
        assert item.certainty != "absent" or item.value is None


def test_the_flow_keeps_both_arms_when_nobody_knows_their_size():
    rows = stated_attrition(CARD, stages.figures(stages.HPMT), {})
    assert rows["arm"].tolist() == ["hpmt", "control"]
    assert rows["persons"].isna().all()
    assert rows["offices"].tolist() == [9, 9]
