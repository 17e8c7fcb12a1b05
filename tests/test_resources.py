"""What jobs ask a cluster for, and that the profile has a place for every rule."""

import re

import pytest
import stages
import yaml

from analysis.resources import LIGHT, NEEDS, Size, memory_mb, runtime_minutes, size_of

RULE_FILES = sorted((stages.ROOT / "workflow" / "rules").glob("*.smk"))
PROFILE = yaml.safe_load((stages.ROOT / "profiles" / "slurm" / "profile.yaml").read_text(encoding="utf-8"))
# Made where `make` runs, on a cluster too.
LOCAL = {"subset_fonts"}
# Groups of one rule each.
ALONE = {"seal_cohort": "seal", "build_notebook": "notebooks"}
# 600 000 persons in 120 months with two outcomes, from 4.2 million spells.
COUNTRY = Size(million_rows=4.8, panel_mb=600_000 * 120 * 26 / 1e6)


def rules():
    """Every rule's text by its name."""
    parts = [re.split(r"^rule (\w+):$", path.read_text(encoding="utf-8"), flags=re.M)[1:] for path in RULE_FILES]
    return {name: text for part in parts for name, text in zip(part[::2], part[1::2], strict=True)}


def test_every_rule_states_its_memory_and_its_minutes():
    missing = [name for name, text in rules().items() if "mem_mb=memory" not in text or "runtime=minutes" not in text]
    assert missing == []


def test_no_rule_asks_for_more_than_one_thread():
    assert [name for name, text in rules().items() if re.search(r"^    threads:", text, flags=re.M)] == []


def test_needs_are_those_of_rules_that_exist():
    assert set(NEEDS) <= set(rules())


def test_the_profile_has_a_group_for_every_rule_that_does_not_run_where_make_does():
    assert set(PROFILE["groups"]) == set(rules()) - LOCAL
    reports = (stages.ROOT / "workflow" / "rules" / "report.smk").read_text(encoding="utf-8")
    assert re.search(r"^localrules:\n    subset_fonts,$", reports, flags=re.M)


def test_what_belongs_to_one_cohort_is_one_group_and_the_seal_the_comparison_and_the_notebooks_are_others():
    # A rule with a wildcard in its log runs once for each cohort.
    own = {name: re.search(r'"logs/\{(cohort|report)\}/', text) is not None for name, text in rules().items()}
    for name, group in PROFILE["groups"].items():
        assert group == ALONE.get(name, "cohort" if own[name] else "comparison")


def test_the_profile_sends_jobs_to_slurm_and_tries_what_fails_once_more():
    assert (PROFILE["executor"], PROFILE["retries"], PROFILE["rerun-incomplete"]) == ("slurm", 1, True)
    # What a group left half done must never be taken for done.
    assert "keep-incomplete" not in PROFILE


def test_a_whole_country_fits_a_node_of_sixteen_gigabytes():
    asked = {rule: memory_mb(rule, COUNTRY, attempt=1) for rule in NEEDS}
    assert max(asked.values()) < 16_000
    assert asked["estimate_did"] > 8_070, "measured by benchmarks/bench_whole_country.py"
    assert asked["build_panel"] > 5_170


def test_a_larger_cohort_and_a_second_attempt_ask_for_more():
    for rule in ("read_delivery", "build_panel", "match_persons"):
        assert memory_mb(rule, Size(), attempt=1) < memory_mb(rule, COUNTRY, attempt=1)
        assert memory_mb(rule, COUNTRY, attempt=2) == 2 * memory_mb(rule, COUNTRY, attempt=1)
        assert runtime_minutes(rule, COUNTRY, attempt=2) == 2 * runtime_minutes(rule, COUNTRY, attempt=1)


def test_a_rule_that_holds_no_persons_asks_for_the_same_whatever_the_cohort():
    assert memory_mb("seal_cohort", COUNTRY, attempt=1) == memory_mb("seal_cohort", Size(), attempt=1) == LIGHT.mb


def test_the_size_is_worked_out_from_the_rows_that_the_card_states(tmp_path):
    card = stages.card("supported_employment_synthetic")
    size = size_of(card, tmp_path)
    assert size.million_rows == pytest.approx(sum(file.rows for file in card.files) / 1e6)
    # 31 200 persons, 84 months, 13 outcomes.
    assert size.panel_mb == pytest.approx(31_200 * 84 * (10 + 8 * 13) / 1e6)


@pytest.mark.parametrize(("changes", "packed"), [({}, 1), ({"compression": "gzip"}, 6), ({"format": "parquet"}, 8)])
def test_without_stated_rows_the_size_is_worked_out_from_the_files(changes, packed, tmp_path):
    card = stages.card("supported_employment_synthetic")
    files = [file.model_copy(update={"rows": None} | changes) for file in card.files if file.table == "persons"]
    card = card.model_copy(update={"files": files})
    assert size_of(card, tmp_path) == Size()
    (tmp_path / files[0].path).write_bytes(b"0" * 4_000)
    assert size_of(card, tmp_path).million_rows == pytest.approx(100 * packed / 1e6)
