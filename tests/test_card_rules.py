"""Rules between keys of a card, one by one: what breaks them, and that they are silent about what is missing."""

from copy import deepcopy

import pytest
from cards import minimal_card
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.card_parts import chosen_outcomes, mapping, mappings
from analysis.card_rules import RULES, cross_checks
from analysis.cards import ANALYSIS_KEYS, LATER_KEYS


def findings(card):
    """What is told by key; several findings of one key in one text."""
    told = {}
    for key, what, mend in cross_checks(card):
        told.setdefault(".".join(map(str, key)), []).append(f"{what} {mend}".strip())
    return {key: " ".join(words) for key, words in told.items()}


def with_file(**changes):
    card = minimal_card()
    card["files"][0] |= changes
    return card


def with_column(name, column):
    card = minimal_card()
    card["files"][0]["columns"][name] = column
    return card


def outcome(name, month, column="x"):
    return {"outcome": name, "month": month, "column": column}


EARNINGS = "annual_earnings_usd"
ARMS = minimal_card()["arms"]
MADE_UP = {"generator": "hpmt", "effects": [{"outcome": EARNINGS, "value": 0.1, "horizon": 12}]}
BASE, EARLY = outcome(EARNINGS, "2020-12"), outcome(EARNINGS, "2019-12")

JOBS = {
    "name": "jobs",
    "table": "spells",
    "columns": {"person_id": "p", "type": {"constant": "work"}, "from_date": "fra", "to_date": "til"},
}


def with_more_files(*files):
    return minimal_card(files=[*minimal_card()["files"], *files])


def register_card(**changes):
    """A card whose outcome is made from spells: one file of persons, one of jobs."""
    persons = minimal_card()["files"][0] | {"outcomes": []}
    card = minimal_card(
        files=[persons, deepcopy(JOBS)],
        outcomes={"primary": "in_work_last_day"},
        covariates=minimal_card()["covariates"][:2],
        matching={"formula": "age"},
        registers={"first": "2018-01", "last": "2022-12"},
    )
    return {key: value for key, value in (card | changes).items() if value is not None}


def registers(**changes):
    return register_card(registers={"first": "2018-01", "last": "2022-12", **changes})


def history(**keys):
    return register_card(covariates=[*minimal_card()["covariates"][:2], {"name": "h", "label": "a", "history": keys}])


def spells_from(column):
    return register_card(files=[register_card()["files"][0], {**JOBS, "columns": {**JOBS["columns"], **column}}])


ZERO = {"description": "a", "month": "2020-12"}
OFFICES = {"name": "o", "table": "offices", "columns": {"office_id": "k", "arm": "g", "adoption_month": "m"}}
COUNTS = {
    "name": "c",
    "table": "aggregates",
    "columns": {
        **{name: name for name in ("unit_id", "month", "numerator", "denominator")},
        "outcome": {"constant": "in_work_last_day"},
    },
}


def series_card(**changes):
    """A card of counts per office and month."""
    card = minimal_card(
        design="aggregated_series",
        analysis="describe",
        files=[OFFICES, COUNTS],
        outcomes={"primary": "in_work_last_day"},
        time_zero=ZERO,
        covariates=None,
        matching=None,
        base_month=None,
    )
    return {key: value for key, value in (card | changes).items() if value is not None}


def staggered_card(persons=("person_id", "office_id", "time_zero"), files=(OFFICES,)):
    """A card in which the office says when the team came."""
    columns = {name: name for name in persons}
    own = minimal_card()["files"][0] | {"columns": columns}
    return minimal_card(
        design="staggered_did", analysis="describe", files=[own, *files], covariates=None, matching=None
    )


REGISTERS_BROKEN = {
    "spells without months": (register_card(registers=None), {"registers": "mangler, men leveransen har perioder"}),
    "history without months": (
        minimal_card(covariates=[{"name": "h", "label": "a", "history": {"measure": "on_the_day", "types": ["work"]}}]),
        {"registers": "historikk. Oppgi første og siste måned"},
    ),
    "months without registers": (
        minimal_card(registers={"first": "2018-01", "last": "2022-12"}),
        {"registers": "ingen fil har perioder eller beløp"},
    ),
    "months that run backwards": (
        registers(first="2023-01"),
        {"registers.last": "er før first"},
    ),
    "drawn before the panel": (registers(drawn="2017-12-31"), {"registers.drawn": "er før første måned"}),
    "known after drawn": (
        registers(drawn="2022-01-31", known_from="2022-02-01"),
        {"registers.known_from": "er etter dagen registrene ble trukket ut"},
    ),
    "amounts after the panel": (registers(amounts_from="2023-01"), {"registers.amounts_from": "er etter siste måned"}),
    "base month outside": (
        register_card(base_month="2017-12"),
        {"base_month": "2017-12 ligger utenfor registrene. Registrene dekker 2018-01 til 2022-12."},
    ),
    "horizon outside": (
        register_card(time_zero=ZERO, horizons=[12, 36]),
        {"horizons.1": "36 måneder etter start ligger utenfor registrene"},
    ),
    "horizon longer than the panel": (
        register_card(horizons=[60]),
        {"horizons.0": "60 måneder etter start ligger utenfor registrene"},
    ),
    "base period outside": (
        register_card(time_zero=ZERO, base_month=None, base_period=-36),
        {"base_period": "36 måneder før start ligger utenfor registrene"},
    ),
    "history before the extracts": (
        register_card(
            time_zero=ZERO,
            registers={"first": "2018-01", "last": "2022-12", "known_from": "2018-01-01"},
            covariates=[
                {"name": "h", "label": "a", "history": {"measure": "days_before", "types": ["work"], "months": 48}}
            ],
        ),
        {"covariates.0.history.months": "historikken begynner 2016-12, men registrene dekker tiden fra 2018-01-01"},
    ),
    "history without months back": (
        history(measure="days_before", types=["work"]),
        {"covariates.2.history": "months mangler"},
    ),
    "history on the day with months": (
        history(measure="on_the_day", types=["work"], months=3),
        {"covariates.2.history.months": "brukes ikke når measure er on_the_day"},
    ),
    "history of a type that is not delivered": (
        history(measure="on_the_day", types=["work", "aap"]),
        {"covariates.2.history.types.1": "typen «aap» er ikke i leveransen. Leveransen dekker: work."},
    ),
    "types that are not delivered": (
        registers(
            participation=["mentor"],
            exclusive=[["work", "aap"]],
            links=[{"attribute": "subsidised", "types": ["work"], "by": ["wage_subsidy"]}],
        ),
        {
            "registers.participation.0": "typen «mentor» er ikke i leveransen",
            "registers.exclusive.0.1": "typen «aap»",
            "registers.links.0.by.0": "typen «wage_subsidy»",
        },
    ),
    "type that is no name": (
        spells_from({"type": {"column": "t", "values": {"J": "Lønnet arbeid"}}}),
        {"files.1.columns.type.values.J": "Skriv typen med små bokstaver"},
    ),
    "truth value that is neither": (
        spells_from({"subsidised": {"column": "t", "values": {"J": "true", "N": "nei"}}}),
        {"files.1.columns.subsidised.values.N": 'Lovlig: "true" og "false".'},
    ),
    "attribute with one value for all": (
        spells_from({"subsidised": {"constant": "true"}}),
        {"files.1.columns.subsidised": "fant constant. Oppgi nøyaktig én av: column."},
    ),
    "outcome whose register is not there": (
        register_card(outcomes={"primary": "in_work_or_education_last_day"}),
        {"files": "utfallet in_work_or_education_last_day leser perioder av typen education"},
    ),
    "outcome whose attribute is not there": (
        register_card(outcomes={"primary": "ordinary_work_last_day"}),
        {"files": "utfallet ordinary_work_last_day leser kolonnen subsidised"},
    ),
    "outcome whose amounts are not there": (
        register_card(outcomes={"primary": "earnings_above_g"}),
        {"files": "utfallet earnings_above_g leser beløp"},
    ),
    "outcome that no register makes": (
        register_card(outcomes={"primary": "in_work_last_day", "secondary": ["hired"]}),
        {"files": "utfallet hired er ikke koblet til noen fil"},
    ),
    "outcome that a register makes, in a column too": (
        register_card(
            files=[
                minimal_card()["files"][0] | {"outcomes": [outcome("in_work_last_day", "2020-12")]},
                JOBS,
            ]
        ),
        {"files.0.outcomes.0.outcome": "utfallet in_work_last_day lages av periodene"},
    ),
    "link that no outcome reads": (
        registers(links=[{"attribute": "share", "types": ["work"], "by": ["work"]}]),
        {"registers.links.0.attribute": "ingen utfall leser «share» som ja eller nei. Lovlig: subsidised."},
    ),
    "series without counts": (series_card(files=[OFFICES]), {"files": "ingen fil har table: aggregates"}),
    "series with persons": (
        series_card(files=[OFFICES, COUNTS, minimal_card()["files"][0]]),
        {"files.2.table": "leser ikke personer"},
    ),
    "series without groups": (
        series_card(files=[{**OFFICES, "columns": {"office_id": "k"}}, COUNTS]),
        {"files.0.columns": "kolonnen arm er ikke koblet"},
    ),
    "series without a start": (
        series_card(time_zero={"description": "a"}),
        {"time_zero": "starttidspunktet mangler"},
    ),
    "counts of another outcome": (
        series_card(outcomes={"primary": "only_medical_in_plan"}),
        {
            "files": "utfallet only_medical_in_plan er ikke talt",
            "files.1.columns.outcome": "utfallet «in_work_last_day» brukes ikke",
        },
    ),
    "adoption that nobody knows": (
        staggered_card(files=[]),
        {"files": "trenger innføringsmåneden", "files.0.columns": "kolonnen arm er ikke koblet"},
    ),
    "adoption of offices that persons do not have": (
        staggered_card(persons=("person_id", "time_zero")),
        {"files": "personene har ikke kontor"},
    ),
}
BROKEN = {
    "restricted data pass unchanged": (
        minimal_card(data_kind="restricted"),
        {"disclosure.profile": "personopplysninger kan ikke frigis uendret"},
    ),
    "open data without licence": (minimal_card(data_kind="open"), {"licence": "åpne data skal ha en lisens"}),
    "published with files and without figures": (
        minimal_card(data_kind="published"),
        {"files": "en publisert kohort har ingen leveranse", "published": "mangler for en publisert kohort"},
    ),
    "data without files": (minimal_card(files=None), {"files": "leveransen er ikke beskrevet"}),
    "no treated arm": (minimal_card(arms=ARMS[1:]), {"arms": "fant 0 grupper med rollen treated"}),
    "no comparison": (minimal_card(arms=ARMS[:1]), {"arms": "trenger en gruppe med rollen comparison"}),
    "matched without matching and base month": (
        minimal_card(matching=None, base_month=None),
        {"matching": "designet matched_did bruker den", "base_month": "designet matched_did bruker den"},
    ),
    "base given twice": (minimal_card(base_period=-1), {"base_period": "base_month er også oppgitt"}),
    "design that is not estimated": (
        minimal_card(design="exposures"),
        {"design": "kan ikke anslås fra en leveranse ennå. Skriv analysis: describe."},
    ),
    "one group without matching": (
        minimal_card(design="single_arm", matching=None),
        {"matching": "uten den har designet single_arm ingen å sammenligne med"},
    ),
    "one group matched with nobody": (
        minimal_card(design="single_arm", arms=ARMS[:1], base_month=None),
        {"arms": "matching trenger en gruppe", "base_month": "designet single_arm bruker den"},
    ),
    "published shares that cannot be used": (
        minimal_card(
            published={
                "single_arm": {
                    "benchmarks": [
                        {"id": "a", "low": 0.5, "high": 0.2, "source": "made_up"},
                        {"id": "a", "low": 0.2, "high": 0.2, "source": "nowhere"},
                    ]
                }
            }
        ),
        {
            "published.single_arm.benchmarks.0.low": "fant 0.5, som er over high (0.2)",
            "published.single_arm.benchmarks.1.id": "«a» er brukt før",
            "published.single_arm.benchmarks.1.source": "kilden «nowhere» står ikke i kortet",
        },
    ),
    "figures of a source described": (
        minimal_card(data_kind="published", analysis="describe"),
        {"analysis": "describe gjelder leveranser"},
    ),
    "made up and not synthetic": (
        minimal_card(data_kind="open", licence="MIT", synthetic=MADE_UP),
        {"synthetic": "gjelder bare data_kind: synthetic"},
    ),
    "no such generator": (
        minimal_card(synthetic={**MADE_UP, "generator": "common"}),
        {"synthetic.generator": "fant «common». Lovlig: aap_youth, hpmt,"},
    ),
    "effect on an outcome that is not chosen": (
        minimal_card(synthetic={**MADE_UP, "effects": [{"outcome": "hired", "value": 0.1, "horizon": 12}]}),
        {"synthetic.effects.0.outcome": "«hired» er ikke blant kortets utfall"},
    ),
    "effect at no time": (
        minimal_card(synthetic={**MADE_UP, "effects": [{"outcome": EARNINGS, "value": 0.1}]}),
        {"synthetic.effects.0": "Oppgi nøyaktig én av: horizon, month."},
    ),
    "accepted for a file that is not there": (
        minimal_card(accepted=[{"rule": "overlap", "file": "jobber", "reason": "a"}]),
        {"accepted.0.file": "ingen fil eller tabell som heter «jobber». Lovlig: persons."},
    ),
    "key to pseudonyms in two places": (
        minimal_card(pseudonyms={"environment": "NOKKEL", "file": True}),
        {"pseudonyms": "nøkkelen skal ligge ett sted"},
    ),
    "key to pseudonyms nowhere": (minimal_card(pseudonyms={}), {"pseudonyms": "nøkkelen skal ligge ett sted"}),
    "municipalities that nobody delivers": (
        minimal_card(municipality={"on": "2024-01-01"}),
        {"municipality": "ingen fil har kommunenumre"},
    ),
    "randomised design that was not": (
        minimal_card(design="cluster_randomised"),
        {"assignment.randomised": "Et slikt design har randomised: true."},
    ),
    "arm twice": (minimal_card(arms=[*ARMS, ARMS[1]]), {"arms.2.id": "«comparison» er brukt før"}),
    "covariate twice": (
        minimal_card(covariates=[*minimal_card()["covariates"], {"name": "age", "label": "Alder"}]),
        {"covariates.3.name": "«age» er brukt før"},
    ),
    "unknown outcome": (
        minimal_card(outcomes={"primary": EARNINGS, "secondary": ["happiness"]}),
        {"outcomes.secondary.0": "utfallet «happiness» finnes ikke"},
    ),
    "no horizon": (minimal_card(horizons=None), {"horizons": "Oppgi minst én måned"}),
    "horizon twice": (minimal_card(horizons=[12, 12]), {"horizons": "samme horisont står to ganger"}),
    "benchmark of no benchmark arm": (
        minimal_card(benchmark={"arm": "comparison", "formula": "age", "title": "a"}),
        {"benchmark.arm": "«comparison» er ikke en gruppe med rollen benchmark"},
    ),
    "column that nobody uses": (with_column("shoe_size", "sko"), {"files.0.columns.shoe_size": "brukes ikke"}),
    "covariate that is not delivered": (
        minimal_card(covariates=[*minimal_card()["covariates"], {"name": "income", "label": "a"}]),
        {"files.0.columns": "kolonnen income er ikke koblet"},
    ),
    "column from nowhere": (with_column("person_id", {}), {"files.0.columns.person_id": "fant ingenting"}),
    "column from two places": (
        with_column("arm", {"column": "gruppe", "constant": "treated"}),
        {"files.0.columns.arm": "fant column og constant. Oppgi nøyaktig én av: column, constant."},
    ),
    "arm from row numbers": (with_column("arm", {"row_number": "A"}), {"files.0.columns.arm": "fant row_number"}),
    "one id for all": (with_column("person_id", {"constant": "1"}), {"files.0.columns.person_id": "fant constant"}),
    "constant that is no number": (
        with_column("age", {"constant": "førti"}),
        {"files.0.columns.age.constant": "fant «førti». Skriv et tall med desimalpunktum"},
    ),
    "value that is no number": (
        with_column("age", {"column": "alder", "values": {"ung": "20", "eldre": "60,5"}}),
        {"files.0.columns.age.values.eldre": "fant «60,5». Skriv et tall med desimalpunktum"},
    ),
    "values of a month": (
        with_column("time_zero", {"column": "start", "values": {"1": "2020-12"}}),
        {"files.0.columns.time_zero.values": "brukes bare for en kolonne med tekst, gruppe, tall eller ja/nei"},
    ),
    "values of a constant": (
        with_column("arm", {"constant": "treated", "values": {"T": "treated"}}),
        {"files.0.columns.arm.values": "brukes bare for en kolonne"},
    ),
    "missing months": (
        with_column("time_zero", {"column": "start", "missing": "2020-12"}),
        {"files.0.columns.time_zero.missing": "brukes bare for en kolonne"},
    ),
    "missing one in an unknown arm": (
        with_column("arm", {"column": "gruppe", "missing": "control"}),
        {"files.0.columns.arm.missing": "gruppen «control» finnes ikke"},
    ),
    "earliest of something that is no date": (
        with_column("age", {"earliest": ["a", "b"]}),
        {"files.0.columns.age": "fant earliest. Oppgi nøyaktig én av: column, constant."},
    ),
    "leaving that is constant": (
        with_column("left_on", {"constant": "2020-01-01"}),
        {"files.0.columns.left_on": "fant constant. Oppgi nøyaktig én av: column, earliest."},
    ),
    "range of a text": (
        with_column("office_id", {"column": "kontor", "range": [1, 2]}),
        {"files.0.columns.office_id.range": "brukes bare for tall"},
    ),
    "range that runs downwards": (
        with_column("age", {"column": "alder", "range": [70, 18]}),
        {"files.0.columns.age.range": "den laveste verdien er større"},
    ),
    "type of a person's column": (
        with_column("age", {"column": "alder", "type": "number"}),
        {"files.0.columns.age.type": "brukes bare for kjennetegn ved kontorer"},
    ),
    "time zero that is no month": (
        with_column("time_zero", {"constant": "våren 2020"}),
        {"files.0.columns.time_zero.constant": "Skriv en måned"},
    ),
    "translation to an unknown arm": (
        with_column("arm", {"column": "gruppe", "values": {"T": "treated", "S": "control"}}),
        {"files.0.columns.arm.values.S": "gruppen «control» finnes ikke. Lovlig: treated, comparison."},
    ),
    "constant unknown arm": (
        with_column("arm", {"constant": "control"}),
        {"files.0.columns.arm.constant": "gruppen «control» finnes ikke"},
    ),
    "outcome that nobody uses": (
        with_file(outcomes=[BASE, EARLY, outcome("hired", "2020-12")]),
        {"files.0.outcomes.2.outcome": "utfallet «hired» brukes ikke"},
    ),
    "outcome twice in a month": (
        with_file(outcomes=[BASE, EARLY, BASE]),
        {"files.0.outcomes.2": "samme utfall står to ganger for samme måned"},
    ),
    "outcome that is not delivered": (
        with_file(outcomes=[]),
        {"files.0": f"utfallet {EARNINGS} er ikke koblet til filen"},
    ),
    "base month that is not delivered": (
        with_file(outcomes=[EARLY]),
        {"base_month": "ingen utfall er levert for 2020-12. Leverte måneder: 2019-12."},
    ),
    "month of a covariate that is not delivered": (
        with_file(outcomes=[BASE]),
        {"covariates.2.month": "ingen utfall er levert for 2019-12"},
    ),
    "covariate with a month and no outcome": (
        minimal_card(covariates=[{"name": "age", "label": "a", "month": "2019-12"}]),
        {"covariates.0": "outcome og month skal stå sammen"},
    ),
    "covariate with two origins": (
        minimal_card(
            covariates=[
                {
                    "name": "e",
                    "label": "a",
                    "outcome": EARNINGS,
                    "month": "2019-12",
                    "history": {"measure": "on_the_day"},
                }
            ]
        ),
        {"covariates.0": "både outcome og history"},
    ),
    "outcomes in a table that has none": (
        with_more_files({"table": "offices", "columns": {"office_id": "k"}, "outcomes": [BASE]}),
        {"files.1.outcomes": "utfall i kolonner leses bare for personer"},
    ),
    "table of outcomes without any": (
        with_more_files({"table": "outcomes", "columns": {"person_id": "p"}}),
        {"files.1.outcomes": "en fil med table: outcomes har ingen utfall"},
    ),
    "attribute that no outcome reads": (
        with_more_files({"table": "offices", "columns": {"county": "fylke"}}, JOBS | {"columns": {"mood": "a"}}),
        {"files.1.columns": "kolonnen office_id er ikke koblet", "files.2.columns.mood": "Lovlig i spells: person_id"},
    ),
    "no persons": (minimal_card(files=[JOBS]), {"files": "ingen fil har table: persons"}),
    "covariate from an outcome that is not chosen": (
        minimal_card(covariates=[{"name": "e", "label": "a", "month": "2019-12", "outcome": "hired"}]),
        {"covariates.0.outcome": "utfallet er ikke blant kortets utfall"},
    ),
}


def without_time_zero():
    card = minimal_card()
    del card["files"][0]["columns"]["time_zero"]
    return card


def test_the_minimal_card_breaks_no_rule():
    assert findings(minimal_card()) == {}


@pytest.mark.parametrize("card", [register_card(), series_card(), staggered_card()], ids=["spells", "counts", "teams"])
def test_cards_of_other_tables_break_no_rule(card):
    assert findings(card) == {}


def test_types_that_only_the_file_names_are_not_asked_for():
    card = spells_from({"type": "art"}) | {"outcomes": {"primary": "in_education_last_day"}}
    assert findings(card | {"registers": {"first": "2018-01", "last": "2022-12", "participation": ["course"]}}) == {}


def test_types_that_nobody_had_may_be_covered_all_the_same():
    card = register_card(outcomes={"primary": "in_work_or_education_last_day"})
    card["registers"]["covers"] = ["education"]
    assert findings(card) == {}


def test_an_attribute_may_come_from_another_register():
    card = register_card(outcomes={"primary": "ordinary_work_last_day"})
    card["registers"] |= {"covers": ["wage_subsidy"]}
    card["registers"]["links"] = [{"attribute": "subsidised", "types": ["work"], "by": ["wage_subsidy"]}]
    assert findings(card) == {}


def test_an_outcome_may_stand_in_a_table_of_its_own():
    card = register_card(outcomes={"primary": "in_work_last_day", "secondary": ["hired"]})
    card["files"].append(
        {"name": "r", "table": "outcomes", "columns": {"person_id": "p"}, "outcomes": [outcome("hired", "2020-12")]}
    )
    assert findings(card) == {}


def test_a_matched_cohort_that_is_described_needs_no_matching():
    assert findings(minimal_card(analysis="describe", matching=None, base_month=None)) == {}


def test_each_person_may_have_the_month_that_changes_are_counted_from():
    assert findings(register_card(base_month=None, base_period=-1)) == {}


@pytest.mark.parametrize("name", BROKEN | REGISTERS_BROKEN)
def test_a_broken_rule_is_told_at_its_key_with_what_is_allowed(name):
    card, expected = (BROKEN | REGISTERS_BROKEN)[name]
    told = findings(card)
    for key, words in expected.items():
        assert words in told.get(key, ""), told


def test_a_delivery_needs_a_time_zero_for_all_or_for_each():
    card = without_time_zero()
    assert "starttidspunktet mangler" in findings(card)["files.0.columns"]
    card["time_zero"]["month"] = "2020-12"
    assert findings(card) == {}


@pytest.mark.parametrize(
    "key", [*ANALYSIS_KEYS, *LATER_KEYS, "synthetic", "accepted", "disclosure", "sources", "report", "title"]
)
@pytest.mark.parametrize("value", [None, 3, "tekst", [], [3], [[]], [{}], {}, {"id": []}, {"arm": {}}, [{"id": {}}]])
def test_rules_say_nothing_foolish_and_do_not_fall_over_misshapen_parts(key, value):
    for card in (minimal_card(), register_card(), series_card(), staggered_card()):
        for found, what, _ in cross_checks({**card, key: value}):
            assert isinstance(found, tuple)
            assert what


def test_an_empty_card_breaks_no_rule_between_keys():
    assert findings({}) == {}


def test_misshapen_parts_count_as_not_there():
    assert mapping([1]) == {}
    assert mappings({"a": 1}) == []
    assert mappings([1, {"a": 1}]) == [{}, {"a": 1}]
    assert chosen_outcomes({"outcomes": {"primary": 3, "secondary": ["a", {}]}}) == ["a"]
    assert chosen_outcomes({"outcomes": []}) == []


def test_every_rule_says_what_it_holds():
    assert len(RULES) == len(set(RULES))
    assert all(rule.__doc__ for rule in RULES)


def places(value, key=()):
    """Every key path of plain data but the whole."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, child in children:
        yield (*key, part)
        yield from places(child, (*key, part))


def whole_card():
    """A card with every key about registers and columns."""
    card = history(measure="days_before", types=["work"], months=12)
    card["registers"] |= {"drawn": "2022-12-31", "known_from": "2018-01-01", "covers": ["aap"], "exclusive": [["work"]]}
    card["registers"] |= {"links": [{"attribute": "subsidised", "types": ["work"], "by": ["aap"], "dates": "same"}]}
    card["files"][0]["columns"] |= {"left_on": {"earliest": ["a", "b"]}, "age": {"column": "a", "range": [1, 2]}}
    return card | {"synthetic": MADE_UP, "accepted": [{"rule": "a", "file": "jobs", "reason": "b"}], "base_period": -1}


STRANGE = [None, True, 0, -1, 10**9, "", "2020-13", "x", [], [[]], [None], [{}], {}, {"a": {}}, {3: [3]}]
CARDS = {"registers": whole_card(), "counts": series_card(), "teams": staggered_card()}


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_whatever_stands_anywhere_a_rule_tells_or_is_silent(data):
    card = deepcopy(CARDS[data.draw(st.sampled_from(sorted(CARDS)))])
    *above, last = data.draw(st.sampled_from(list(places(card))))
    parent = card
    for part in above:
        parent = parent[part]
    parent[last] = data.draw(st.sampled_from(STRANGE))
    assert all(what for _, what, _ in cross_checks(card))
