"""The whole pipeline in a folder of its own: from clone to report, twice, edited, broken, killed, and extended."""

import io
import json
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import office_readers
import page as page_validation
import pandas as pd
import pdf_tags
import printed_numbers
import pytest
from cards import minimal_card, write_cohort, write_small_cohort
from workspace import ROOT, Workspace

from analysis import reproduce
from analysis.cohorts import find_cohorts
from benchmarks import kills

pytestmark = pytest.mark.whole

CANARY = "KANARI777"
COHORTS = sorted(path.parent.name for path in (ROOT / "cohorts").glob("*/cohort.yaml"))
LANGUAGES = ("nb", "nn", "en")
REPORT_RULES = ("subset_fonts", "build_report", "build_comparison", "build_portal")
# One cohort of each way to make numbers, without those that take long.
SMALL = ("hpmt", "mentor_hybrid", "nsw_supported_work", "hpmt_synthetic", "aap_youth_synthetic")


@pytest.fixture(scope="module")
def small(finished, tmp_path_factory):
    """The same with a few cohorts and their tables as they are. Tests that change it put it back."""
    folder = tmp_path_factory.mktemp("small") / "project"
    workspace = Workspace(folder, source=finished[0].folder, results=True, cohorts=SMALL)
    shutil.rmtree(folder / "results" / "release")
    for path in (folder / "results" / "review").iterdir():
        if path.name not in (*SMALL, "fonts"):
            shutil.rmtree(path)
    said = workspace.make()
    assert said.returncode == 0, said.stdout + said.stderr
    return workspace, workspace.released()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A workspace that has not run yet, of published figures and a made-up delivery, and what a run of it releases in
    another folder, time zone, locale, order of sets and, where it can be told another time, clock."""
    workspace = Workspace(tmp_path_factory.mktemp("tiny") / "project", cohorts=("mentor_hybrid",))
    write_small_cohort(workspace.folder)
    where = reproduce.surroundings(can_fake_time=reproduce.can_fake_time())[1]
    elsewhere = tmp_path_factory.mktemp("elsewhere") / where.folder
    cards = find_cohorts(workspace.folder / "cohorts")
    reproduce.copy_project(workspace.folder, elsewhere, cards, list(cards))
    code, said = reproduce.run_there(elsewhere, where)
    assert code == 0, said.read_text(encoding="utf-8")
    return workspace, Workspace.of(elsewhere).released()


@pytest.fixture(scope="module")
def extended(small, tmp_path_factory):
    """The small workspace with a cohort more: its delivery, what was planned then, and what it released."""
    done, _ = small
    workspace = Workspace(tmp_path_factory.mktemp("extended") / "project", source=done.folder, results=True)
    frame = write_small_cohort(workspace.folder)
    planned = workspace.planned()
    said = workspace.make()
    assert said.returncode == 0, said.stdout + said.stderr
    return workspace, frame, planned, workspace.released()


@pytest.fixture
def fresh(small, tmp_path):
    """A copy of the small finished workspace that a test may spoil."""
    done, released = small
    return Workspace(tmp_path / "project", source=done.folder, results=True), released


def test_a_clone_becomes_reports_and_says_where_they_lie(finished):
    workspace, said, released = finished
    assert "Startside: results/release/index.html" in said
    for cohort in COHORTS:
        assert f"results/release/reports/{cohort}/{cohort}.nb.pdf" in said
        assert released[f"reports/{cohort}/{cohort}.nb.pdf"].startswith(b"%PDF")
        assert released[f"reports/{cohort}/{cohort}.nb.html"].startswith(b"<!DOCTYPE html>")
        assert f"{cohort}/estimates.csv" in released
    assert b"Traceback" not in said.encode()


@pytest.mark.parametrize("profile", ["PDF_UA_1", "PDF_A_2A"])
def test_every_released_pdf_is_tagged_for_screen_readers(finished, profile):
    _, _, released = finished
    chosen = page_validation.ValidationProfile.__members__[profile]
    papers = {name: content for name, content in released.items() if name.endswith(".pdf")}
    reports = {name: page_validation.validate_pdf_bytes(paper, profile=chosen) for name, paper in papers.items()}
    assert len(reports) == len(LANGUAGES) * (len(COHORTS) + 1)
    assert {name: list(report.failures) for name, report in reports.items() if not report.is_compliant} == {}


def test_every_released_pdf_has_language_title_scopes_and_figures_in_words(finished):
    papers = {name: content for name, content in finished[2].items() if name.endswith(".pdf")}
    found = {name: pdf_tags.faults(paper, name.split(".")[-2]) for name, paper in papers.items()}
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_every_number_on_paper_and_page_stands_in_the_model(finished):
    released = finished[2]
    stems = [name.removesuffix(".pdf") for name in released if name.endswith(".pdf")]
    assert len(stems) == len(LANGUAGES) * (len(COHORTS) + 1)
    found = {stem: printed_numbers.strangers(released, stem) for stem in stems}
    assert {stem: kinds for stem, kinds in found.items() if kinds["html"] or kinds["pdf"]} == {}
    stem = "reports/hpmt/hpmt.nb"
    spoilt = {**released, f"{stem}.html": released[f"{stem}.html"].replace(b"</main>", b"<p>77,7</p></main>")}
    assert printed_numbers.strangers(spoilt, stem)["html"] == {"77,7"}


def test_every_word_and_excel_file_holds_what_the_report_does(finished):
    released = finished[2]
    stems = [name.removesuffix(".docx") for name in released if name.endswith(".docx")]
    assert len(stems) == len(LANGUAGES) * (len(COHORTS) + 1)
    for stem in stems:
        model = json.loads(released[f"{stem}.json"])
        page = office_readers.word_page(released[f"{stem}.docx"])
        assert office_readers.missing_words(page, model) == [], stem
        assert office_readers.strange_sheets(released[f"{stem}.xlsx"], model) == [], stem


def test_there_is_a_start_page_and_a_comparison_in_every_language(finished):
    released = finished[2]
    for code, name in zip(LANGUAGES, ("index.html", "index.nn.html", "index.en.html"), strict=True):
        assert f'<html lang="{code}">' in released[name].decode("utf-8")
        assert f'<html lang="{code}">' in released[f"reports/sammenligning/sammenligning.{code}.html"].decode("utf-8")
        missing = re.findall(r'href="((?!https?:|#|mailto:)[^"#]+)"', released[name].decode("utf-8"))
        assert {link for link in missing if link not in released} == set()


def test_progress_is_told_in_words_stage_by_stage(finished):
    _, said, _ = finished
    steps = re.findall(r"^\[ *\d+/(\d+)\] (.+)$", said, flags=re.MULTILINE)
    assert len(steps) == int(steps[0][0])
    words = [text for _, text in steps]
    assert any(text.startswith("nsw_supported_work: Matcher") for text in words)
    assert any(text.startswith("hpmt: Regner") for text in words)


def test_the_known_answers_stand_in_the_released_estimates(finished):
    workspace, _, _ = finished
    release = workspace.folder / "results" / "release"
    hpmt = pd.read_csv(release / "hpmt" / "estimates.csv")
    primary = hpmt[hpmt["role"] == "primary"].iloc[0]
    assert primary["estimate"] == pytest.approx(109 / 367 - 59 / 250, abs=1e-15)
    assert (round(100 * primary["conf_low"], 2), round(100 * primary["conf_high"], 2)) == (-1.08, 12.96)
    mentor = pd.read_csv(release / "mentor_hybrid" / "estimates.csv")
    assert mentor.loc[mentor["role"] == "primary", "estimate"].item() == pytest.approx(36 / 49, abs=1e-15)
    nsw = pd.read_csv(release / "nsw_supported_work" / "estimates.csv")
    trial = nsw[
        (nsw["group"] == "trial") & (nsw["outcome"] == "annual_earnings_usd") & (nsw["inference"] == "classical")
    ]
    found = trial.set_index("estimator")["estimate"].round(2).to_dict()
    assert found == {"difference_in_means": 1794.34, "adjusted_difference": 1676.34, "did_2x2": 1529.2}


def test_a_second_run_does_nothing_and_changes_no_byte(finished):
    workspace, _, released = finished
    said = workspace.make()
    assert said.returncode == 0
    assert "ingenting å gjøre" in said.stdout
    assert workspace.released() == released


def test_the_manifest_lists_every_released_file_and_verify_agrees(finished):
    workspace, _, released = finished
    listed = {entry["path"] for entry in json.loads(released["manifest.json"])["files"]}
    assert listed == set(released) - {"manifest.json"}
    assert workspace.command("-m", "analysis", "verify").returncode == 0


def test_a_changed_released_file_is_named_by_verify(fresh):
    workspace, _ = fresh
    path = workspace.folder / "results" / "release" / "hpmt" / "estimates.csv"
    path.write_text(path.read_text().replace("0.06", "0.16", 1))
    said = workspace.command("-m", "analysis", "verify")
    assert said.returncode == 1
    assert "hpmt/estimates.csv" in said.stdout + said.stderr


def test_jobs_import_the_projects_own_analysis_package(finished):
    workspace, _, _ = finished
    said = workspace.command("-c", "import analysis; print(analysis.__file__)")
    assert said.stdout.strip() == str(workspace.folder / "analysis" / "__init__.py")


@pytest.mark.parametrize(
    ("edited", "old", "new", "reruns", "spared"),
    [
        (
            "analysis/balance.py",
            '"""Balance: how alike',
            '"""Edited: how alike',
            # One rule tries the plans of all designs, so that those of the two other deliveries are tried again.
            {"match_persons": 1, "estimate_did": 1, "certify_cohort": 3, "build_report": 3},
            {"read_delivery", "build_panel", "read_published", "estimate_published"},
        ),
        (
            "analysis/report/html.py",
            '"""The report as one web page',
            '"""Edited: the report as one web page',
            {"build_report": len(SMALL), "build_portal": 1, "seal_cohort": len(SMALL)},
            {"read_delivery", "match_persons", "estimate_did", "estimate_published", "release_cohort"},
        ),
        (
            "analysis/synthetic/hpmt.py",
            "SEED = 201105",
            "SEED = 201106",
            {"generate_delivery": 1, "read_delivery": 1, "estimate_trial": 1},
            {"match_persons", "estimate_did", "estimate_published"},
        ),
        (
            "analysis/leakscan.py",
            "import ",
            "import ",
            {},
            {"build_report", "estimate_did", "seal_cohort"},
        ),
        (
            "cohorts/hpmt/cohort.yaml",
            "icc_in_text: 0.02",
            "icc_in_text: 0.05",
            {"read_published": 1, "estimate_published": 1, "build_report": 1, "compare_cohorts": 1},
            {"read_delivery", "match_persons", "estimate_did"},
        ),
        (
            "reports/_shared/strings/nb.yaml",
            "background: Bakgrunn og formål",
            "background: Bakgrunn",
            {"build_report": len(SMALL)},
            {"estimate_published", "estimate_did", "release_cohort"},
        ),
        (
            "cohorts/hpmt/checklist.yaml",
            "Kilden har ingen bakgrunnskjennetegn.",
            "Kilden har ingen kjennetegn.",
            {"release_cohort": 1, "build_report": 1, "build_comparison": 1},
            {"read_published", "estimate_published", "compare_cohorts"},
        ),
    ],
    ids=["estimator module", "renderer", "generator", "nothing", "card", "text", "checklist"],
)
def test_an_edit_reruns_what_depends_on_it_and_nothing_else(small, edited, old, new, reruns, spared):
    workspace, _ = small
    path = workspace.folder / edited
    before = path.read_bytes()
    try:
        if old != new:
            workspace.edit(edited, old, new)
        planned = workspace.planned()
    finally:
        path.write_bytes(before)
    assert {rule: planned.get(rule) for rule in reruns} == reruns
    assert not spared & set(planned)


def test_what_is_put_back_reruns_nothing(small):
    """After all the edits above."""
    workspace, _ = small
    assert workspace.planned() == {}


def test_add_a_folder_and_get_a_result(small, extended):
    (_, released), (workspace, _, planned, now) = small, extended
    assert planned["read_delivery"] == planned["match_persons"] == planned["build_report"] == 1
    assert "read_published" not in planned
    assert now["reports/liten/liten.nb.pdf"].startswith(b"%PDF")
    assert "Syntetiske data" in now["reports/liten/liten.nb.html"].decode()
    told = workspace.command("-m", "analysis", "diff")
    assert told.returncode == 0, told.stderr
    assert re.search(r"^Nye +liten$", told.stdout, flags=re.MULTILINE)
    assert {name: now[name] for name in released if name.startswith("hpmt/")} == {
        name: content for name, content in released.items() if name.startswith("hpmt/")
    }


def test_a_broken_delivery_tells_everything_at_once_and_leaves_the_last_results(extended):
    """The last test of this workspace: its delivery stays broken."""
    workspace, frame, _, good = extended
    broken = frame.drop(columns="utdanning")
    broken.loc[3, "alder"] = CANARY
    broken.loc[5, "lopenr"] = broken.loc[4, "lopenr"]
    broken.loc[6, "start"] = None
    write_cohort(workspace.folder / "cohorts" / "liten", minimal_card(), broken)
    said = workspace.make()
    text = said.stdout + said.stderr
    assert said.returncode != 0
    for words in (
        "utdanning",
        "skal være et tall",
        "samme person-id",
        "mangler starttidspunkt",
        "read_delivery",
        "liten",
    ):
        assert words in text
    logs = "".join(path.read_text(errors="replace") for path in (workspace.folder / "logs").rglob("*.log"))
    raw = "".join(path.read_text(errors="replace") for path in (workspace.folder / ".snakemake" / "log").glob("*"))
    assert CANARY not in text + logs + raw
    page = (workspace.folder / "logs" / "liten" / "leveranse.html").read_text(encoding="utf-8")
    assert "skal være et tall" in page
    assert CANARY not in page
    assert workspace.released() == good
    checked = workspace.command("-m", "analysis", "check", "liten")
    assert checked.returncode != 0
    assert "skal være et tall" in checked.stdout + checked.stderr


def test_a_broken_card_stops_before_anything_runs(fresh):
    workspace, released = fresh
    workspace.edit("cohorts/hpmt/cohort.yaml", "unit: office", "unit: kontor")
    workspace.edit("cohorts/mentor_hybrid/cohort.yaml", "randomised: false", "randomised: nei")
    said = workspace.make()
    text = said.stdout + said.stderr
    assert said.returncode != 0
    assert "cohorts/hpmt/cohort.yaml" in text
    assert "cohorts/mentor_hybrid/cohort.yaml" in text
    assert "Traceback" not in text
    assert workspace.released() == released


def test_a_leak_stops_the_seal_and_the_last_release_stays(fresh):
    workspace, released = fresh
    # A number of the tax authority's test range: month + 80, no real person can have it.
    workspace.edit("cohorts/hpmt/cohort.yaml", "ordinært KVP ved kontorer", "13836065713 ordinært KVP ved kontorer")
    said = workspace.make()
    text = said.stdout + said.stderr
    assert said.returncode != 0
    assert "seal_cohort" in text
    assert "13836065713" not in text
    now = workspace.released()
    assert {name for name in released if released[name] != now.get(name)} == set()


def test_snakemake_has_the_limit_that_the_workflow_takes_away():
    """In a version without it the line would do nothing, and only the time would tell."""
    scheduler = Path(find_spec("snakemake.scheduling.job_scheduler").origin).read_text(encoding="utf-8")
    assert "if self.job_rate_limiter is not None:\n" in scheduler
    assert "workflow.scheduler.job_rate_limiter = None\n" in (ROOT / "Snakefile").read_text(encoding="utf-8")


def test_three_kills_end_with_the_bytes_of_a_run_elsewhere(tiny, tmp_path):
    """All of the run, Snakemake alone, and one job; `make faults` kills fifty times, `make reproduce` makes all."""
    not_run, released = tiny
    workspace = Workspace(tmp_path / "project", source=not_run.folder)
    found, wrong = kills.kill_until_done(workspace, released, np.random.default_rng(1), most=3)
    assert found == list(kills.KINDS)
    assert wrong == []
    assert workspace.command("-m", "analysis", "verify").returncode == 0


def test_no_report_rule_reads_the_restricted_area():
    text = (ROOT / "workflow" / "rules" / "report.smk").read_text(encoding="utf-8")
    assert "restricted" not in text
    assert set(re.findall(r"^rule (\w+):", text, flags=re.MULTILINE)) == set(REPORT_RULES)


def test_no_job_that_writes_a_report_was_given_a_restricted_file(finished):
    """What every job of the finished run declared to read, as Snakemake kept it."""
    workspace, _, _ = finished
    said = workspace.command("-m", "snakemake", "--detailed-summary")
    assert said.returncode == 0, said.stderr
    jobs = pd.read_csv(io.StringIO(said.stdout), sep="\t", dtype="str")
    restricted = jobs["input-file(s)"].fillna("").str.contains("restricted", regex=False).groupby(jobs["rule"]).any()
    assert not restricted[[*REPORT_RULES, "seal_portal"]].any()
    # The question has an answer: the rule before them reads nothing else.
    assert restricted["release_cohort"]


def test_reports_become_the_same_bytes_elsewhere_where_the_restricted_area_cannot_be_read(fresh):
    """Another folder, time zone, locale and order of sets; the area is a link to itself: to open, list or look at
    anything in it fails, for root too."""
    workspace, released = fresh
    area, review = workspace.folder / "results" / "restricted", workspace.folder / "results" / "review"
    area.rename(workspace.folder / "put_away")
    area.symlink_to(area.name)
    with pytest.raises(OSError, match="symbolic link"):
        (area / "hpmt").stat()
    rebuilt = [review / "reports" / name for name in ("hpmt", "hpmt_synthetic", "sammenligning")]
    made = [path for folder in (*rebuilt, review / "portal") for path in folder.iterdir()]
    before = {path: path.read_bytes() for path in made}
    for path in made:
        path.unlink()
    targets = [str(path.relative_to(workspace.folder)) for path in made]
    call = ["-m", "snakemake", "--cores", "2", "--allowed-rules", *REPORT_RULES, "--", *targets]
    said = workspace.command(*call, TZ="Pacific/Auckland", LC_ALL="C", PYTHONHASHSEED="4711")
    assert said.returncode == 0, said.stdout + said.stderr
    assert {path.name for path in made if path.read_bytes() != before[path]} == set()
    # Every kind of file that leaves in a report was among them, and left as it was made.
    left = {path.name: content for path, content in before.items()}
    assert {Path(name).suffix for name in released if name.startswith("reports/")} == {path.suffix for path in made}
    assert {name for name, content in released.items() if left.get(Path(name).name, content) != content} == set()


def test_the_id_of_a_made_up_person_stops_the_seal_and_the_last_release_stays(fresh):
    workspace, released = fresh
    people = workspace.folder / "results" / "synthetic" / "hpmt_synthetic" / "personer.csv"
    bird = re.search(r"kvp-[0-9a-f]{8}", people.read_text(encoding="latin-1")).group()
    table = workspace.folder / "results" / "review" / "hpmt_synthetic" / "balance.csv"
    table.write_text(table.read_text(encoding="utf-8") + f"{bird}\n", encoding="utf-8")
    target = "results/release/hpmt_synthetic/balance.csv"
    said = workspace.command("-m", "snakemake", "--cores", "1", "--allowed-rules", "seal_cohort", "--", target)
    text = said.stdout + said.stderr + (workspace.folder / "logs" / "hpmt_synthetic" / "seal_cohort.log").read_text()
    assert said.returncode != 0
    assert "kanarifugl" in text
    assert bird not in text
    assert workspace.released() == released


def test_the_restricted_area_is_closed_to_others(finished):
    workspace, _, _ = finished
    folder = workspace.folder / "results" / "restricted"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.rglob("*.parquet"))


def test_lint_and_format_are_clean():
    for call in (
        ["-m", "ruff", "check", "analysis", "workflow", "tests", "benchmarks"],
        ["-m", "ruff", "format", "--check", "analysis", "workflow", "tests", "benchmarks"],
        ["-m", "snakefmt", "--check", "Snakefile", "workflow/rules"],
        ["-m", "snakemake", "--lint"],
    ):
        said = subprocess.run([sys.executable, *call], cwd=ROOT, capture_output=True, text=True, check=False)
        assert said.returncode == 0, said.stdout + said.stderr
