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


def test_a_value_that_cannot_be_calculated_on_and_more_persons_than_the_group_are_told(tmp_path):
    facts = [fact("total", '"om lag 600"'), fact("t", '"ca. 30"'), fact("c", '"24.4"')]
    told = problems(tmp_path, "\n".join(["facts:", *facts, two_arms()]))
    assert "two_arms.total: «total» har verdien «om lag 600». Her trengs et helt tall" in told
    assert "two_arms.follow_ups.0.treated: «t» har verdien «ca. 30». Her trengs en prosent" in told
    assert "comparison: «c»" not in told
    single = "single_arm:\n  denominator: n\n  outcomes:\n    - {outcome: hired, numerators: [a, b]}\n"
    facts = [fact(name, f'"{value}"', source="project_account") for name, value in (("n", 49), ("a", 36), ("b", 14))]
    told = problems(tmp_path, "\n".join(["facts:", *facts, single]), card=stages.card(stages.MENTOR))
    assert "antallene er til sammen 50, men gruppen har 49." in told


def test_a_file_has_one_part_and_a_follow_up_one_date(tmp_path):
    told = problems(tmp_path, "\n".join(["facts:", fact("total")]))
    assert "filen sier ikke hva som kan regnes ut." in told
    both = two_arms() + "no_figures: {outcome: hired, reason: x}\n"
    facts = [fact("total"), fact("t", '"30"'), fact("c", '"24"')]
    told = problems(tmp_path, "\n".join(["facts:", *facts, both]))
    assert "two_arms og no_figures står i samme fil." in told
    twice = two_arms().replace("month: 2012-11,", "month: 2012-11, horizon: 18,")
    told = problems(tmp_path, "\n".join(["facts:", *facts, twice]))
    assert "tidspunktet skal stå én gang." in told


def test_a_relation_without_its_whole_or_with_the_wrong_figures_is_told(tmp_path):
    facts = [fact("n"), fact("k", '"15–20"'), fact("p", '"30"').replace("persons", "percent")]
    part = "no_figures: {outcome: hired, reason: x}\n"
    relations = [
        "{id: a, what: x, kind: sum, parts: [n]}",
        "{id: b, what: x, kind: complement, parts: [n, p]}",
        "{id: c, what: x, kind: share_of, parts: [n], total: n}",
        "{id: d, what: x, kind: at_most, parts: [k], total: n}",
        "{id: d, what: x, kind: sum, parts: [p, gone]}",
    ]
    lines = "relations:\n" + "".join(f"  - {relation}\n" for relation in relations)
    told = problems(tmp_path, "\n".join(["facts:", *facts, part + lines]))
    assert "relations.0.total: mangler." in told
    assert "complement gjelder to andeler i prosent." in told
    assert "share_of gjelder en andel i prosent" in told
    assert "«k» er ikke ett tall." in told
    assert "relations.4.id: «d» er brukt før." in told
    assert "«gone» er ikke et faktum med verdi." in told


def test_exposures_belong_to_their_design_and_calendar_months_need_a_start(tmp_path):
    facts = [fact("total"), fact("t", '"30"'), fact("c", '"24"')]
    told = problems(tmp_path, "\n".join(["facts:", *facts, two_arms()]), card=stages.changed(CARD, design="exposures"))
    assert "two_arms passer ikke med designet exposures." in told
    told = problems(
        tmp_path, "\n".join(["facts:", *facts, two_arms()]), card=stages.changed(CARD, time_zero__month=None)
    )
    assert "kortet sier ikke når starttidspunktet er." in told
