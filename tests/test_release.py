"""The profile open passes every number as it is, in the same files whatever the design; restricted data do not pass."""

import pandas as pd
import pytest
import stages

from analysis.files import read_csv, read_json, write_parquet
from analysis.findings import Finding, findings_table
from analysis.plan import plan_hash
from analysis.problems import ProblemsFound
from analysis.provenance import run_id
from analysis.release import provenance, read_tables, release
from analysis.report.material import NAMES, read_material
from analysis.tables import COST_TABLE, RELEASED

FILES = {*(f"{name}.csv" for name in (*RELEASED, COST_TABLE)), "cohort.json", "checks.json", "provenance.json"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The review folder of every shipped cohort."""
    made = {}
    for cohort in stages.ALL:
        made[cohort] = tmp_path_factory.mktemp("review") / cohort
        stated = stages.figures(cohort) if cohort in stages.PUBLISHED else None
        stages.write_review(made[cohort], stages.card(cohort), stages.tables(cohort), stated)
    return made


@pytest.mark.parametrize("cohort", stages.ALL)
def test_the_files_are_the_same_whatever_the_design(folders, cohort):
    assert {path.name for path in folders[cohort].iterdir()} == FILES


@pytest.mark.parametrize("cohort", stages.ALL)
def test_every_table_has_the_columns_of_its_contract_in_their_order(folders, cohort):
    for name, columns in RELEASED.items():
        header = (folders[cohort] / f"{name}.csv").read_text(encoding="utf-8").split("\n")[0]
        assert header == ",".join(columns), name


@pytest.mark.parametrize("cohort", stages.ALL)
def test_under_the_profile_open_no_bit_of_any_table_is_changed(folders, cohort):
    for name, frame in stages.tables(cohort).items():
        back = read_csv(folders[cohort] / f"{name}.csv", text=NAMES)
        assert len(back) == len(frame)
        for column in frame.columns:
            if frame[column].dtype.kind in "fiu" and frame[column].notna().any():
                left, right = (part[column].to_numpy("float64", na_value=float("nan")) for part in (back, frame))
                assert pd.Series(left).equals(pd.Series(right)), (name, column)
            elif frame[column].dtype == "str":
                assert back[column].fillna("").tolist() == frame[column].fillna("").tolist(), (name, column)


@pytest.mark.parametrize("cohort", stages.ALL)
def test_missing_values_are_na_and_no_field_is_empty(folders, cohort):
    for name in RELEASED:
        text = (folders[cohort] / f"{name}.csv").read_text(encoding="utf-8")
        assert ",," not in text
        assert ",\n" not in text
        assert "nan" not in text.lower().replace("finans", "")
        assert "\r" not in text


def test_a_table_that_the_design_does_not_make_is_there_with_no_rows(folders):
    assert len(read_csv(folders[stages.HPMT] / "balance.csv")) == 0
    assert len(read_csv(folders[stages.NSW] / "scenarios.csv")) == 0


@pytest.mark.parametrize("profile_of", ["restricted"])
def test_restricted_data_are_refused_and_nothing_is_returned(profile_of):
    card = stages.changed(stages.card(stages.NSW), data_kind=profile_of)
    with pytest.raises(ProblemsFound) as caught:
        release(card, stages.tables(stages.NSW))
    assert "Ingenting er frigitt." in str(caught.value)
    assert "restricted" in str(caught.value)


@pytest.mark.parametrize("kind", ["published", "open", "synthetic"])
def test_the_three_kinds_that_may_pass_do_and_the_ledger_says_why(kind):
    card = stages.changed(stages.card(stages.NSW), data_kind=kind)
    ledger = release(card, stages.tables(stages.NSW)).ledger
    assert ledger["profile"] == "open"
    assert ledger["reason"]["nb"] == card.disclosure.reason.nb
    assert ledger["tables"]["estimates"] == {"rows": 121, "changed": 0, "hidden": 0}


def test_findings_are_released_without_row_numbers_and_without_advice():
    card = stages.card(stages.NSW)
    found = [
        Finding(rule="overlap", severity="WARNING", where="nsw", what="overlapper.", mend="Se.", rows=(3, 7), count=2)
    ]
    table = release(card, {**stages.tables(stages.NSW), "findings": findings_table(found, card)}).tables["findings"]
    assert list(table.columns) == ["rule", "severity", "place", "column", "count", "what", "accepted"]
    assert table.iloc[0]["count"] == 2
    assert table[["column", "accepted"]].isna().all(axis=None)


def test_an_error_that_the_card_does_not_accept_stops_the_release():
    card = stages.card(stages.NSW)
    found = [Finding(rule="sum", severity="ERROR", where="nsw", what="summen stemmer ikke.")]
    with pytest.raises(ProblemsFound, match="Ingenting er frigitt"):
        release(card, {"findings": findings_table(found, card)})
    accepting = stages.changed(card, accepted=[{"rule": "sum", "reason": {"nb": "Kjent avvik."}}])
    table = release(accepting, {"findings": findings_table(found, accepting)}).tables["findings"]
    assert table["accepted"].tolist() == ["Kjent avvik."]


def test_a_run_without_an_estimate_has_an_id_of_the_same_parts():
    card = stages.card(stages.NSW)
    digests = {"code": "c", "estimated": "e", "lock": "l"}
    found = provenance(card, release(card, {}), {"a.csv": "1"}, None, digests)
    assert found["run_id"] == run_id(inputs={"a.csv": "1"}, plan=plan_hash(card), code="e", lock="l")


def test_no_released_table_holds_a_row_per_person():
    assert {"weights", "persons", "baseline", "months", "outcomes"} & set(RELEASED) == set()
    for frame in stages.tables(stages.NSW).values():
        assert "person_id" not in frame.columns


def test_only_released_tables_are_read(tmp_path):
    for name in ("estimates", "weights"):
        write_parquet(pd.DataFrame({"a": [1]}), tmp_path / f"{name}.parquet")
    paths = {name: tmp_path / f"{name}.parquet" for name in ("estimates", "weights")}
    assert list(read_tables(paths)) == ["estimates"]


def test_the_provenance_names_run_plan_lock_and_deviations(folders):
    origin = read_json(folders[stages.NSW] / "provenance.json")
    assert origin["run_id"] == stages.DIGEST[:12]
    assert origin["plan_locked"] == "2026-11-21"
    assert origin["deviations"] == []
    assert origin["inputs"] == {"data.csv": stages.DIGEST}
    assert read_json(folders[stages.HPMT] / "provenance.json")["plan_locked"] is None


def test_a_plan_changed_after_the_lock_is_told_by_key():
    card = stages.card(stages.NSW)
    from analysis.cards import analysis_part

    lock = {"plan_hash": "0" * 64, "locked": "2026-01-02", "plan": {**analysis_part(card), "horizons": [24]}}
    released = release(card, stages.tables(stages.NSW))
    assert provenance(card, released, {}, lock, {})["deviations"] == ["horizons"]


@pytest.mark.parametrize("cohort", stages.ALL)
def test_what_is_read_back_for_the_report_is_what_was_written(folders, cohort):
    material = read_material(folders[cohort])
    assert material.cohort == cohort
    assert material.card == stages.card(cohort)
    assert set(material.tables) == {*RELEASED, COST_TABLE}
    assert material.grade == stages.verdicts(stages.card(cohort), stages.tables(cohort)).grade.record()


def test_the_same_tables_give_the_same_bytes(folders, tmp_path):
    again = tmp_path / stages.NSW
    stages.write_review(again, stages.card(stages.NSW), stages.tables(stages.NSW), None)
    for name in FILES:
        assert (again / name).read_bytes() == (folders[stages.NSW] / name).read_bytes()
