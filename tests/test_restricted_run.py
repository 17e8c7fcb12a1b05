"""Data on persons through the whole pipeline: held at the seal, shown, signed, let out, corrected, taken back."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile

import pandas as pd
import pytest
from cards import minimal_card, minimal_frame, write_answers, write_cohort
from workspace import Workspace

pytestmark = pytest.mark.whole

COHORT, OTHER, NAME = "sperret", "hpmt", "Kari Nordmann"
PROFILE = {"profile": "public", "reason": "Registerdata om personer."}
PAIRS = 18
ERRATUM = {"version": "1.1", "date": "2026-11-22", "text": "Seks deltakere er tatt ut."}
# The rules that follow on the treatment of numbers.
AFTER = (
    "cost_cohort",
    "subset_fonts",
    "build_report",
    "build_comparison",
    "build_portal",
    "seal_cohort",
    "seal_portal",
)
ASKED = f'make release COHORT={COHORT} BY="Navn Navnesen"'


def pairs() -> pd.DataFrame:
    """Pairs that are alike in all but the last year, when each group has as many with income as without."""
    row = pd.Series(range(2 * PAIRS))
    pair, own = row // 2, row % 2
    earned = {
        "inntekt_2019": pair % 2 * 1000,
        "inntekt_2020": (pair % 6 < 3) * 1100,
        "inntekt_2021": ((pair + own * 4) % PAIRS < PAIRS // 2) * 1500,
    }
    return minimal_frame(2 * PAIRS).assign(
        alder=(20 + pair).astype("str"),
        utdanning=(9 + pair % 5).astype("str"),
        **{name: column.astype("str") for name, column in earned.items()},
    )


def put_card(workspace, **report):
    """The card of restricted data, with its checklist; its plan is locked by the command."""
    card = minimal_card(data_kind="restricted", disclosure=PROFILE, report={"date": "2026-11-21", **report})
    write_cohort(workspace.folder / "cohorts" / COHORT, card)
    write_answers(workspace.folder / "cohorts" / COHORT)


def copied(workspace, folder):
    return Workspace(folder / "project", source=workspace.folder, results=True)


def released_of(workspace, cohort):
    return {name: content for name, content in workspace.released().items() if cohort in name}


def sign(workspace):
    said = workspace.command("-m", "analysis", "release", COHORT, "--by", NAME)
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout


def made(workspace, *targets):
    said = workspace.make("--", *targets)
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout


def stopped(workspace):
    said = workspace.make()
    assert said.returncode != 0, said.stdout
    return said.stdout + said.stderr


def kept(workspace):
    """The ledger and the key of the rounding, with the public list."""
    area, folder = workspace.folder / "results" / "restricted" / COHORT, workspace.folder / "cohorts" / COHORT
    paths = [*sorted(area.glob("ledger/*.json")), area / "rounding.key", folder / "ledger.json"]
    return {path.name: path.read_bytes() for path in paths if path.is_file()}


def headline(workspace):
    table = pd.read_csv(workspace.folder / "results" / "release" / COHORT / "estimates.csv")
    return table[table["role"].eq("primary")].iloc[0]


@pytest.fixture(scope="module")
def waiting(tmp_path_factory):
    """After the first `make`, and what it said."""
    workspace = Workspace(tmp_path_factory.mktemp("restricted") / "project", cohorts=[OTHER])
    put_card(workspace)
    pairs().to_csv(workspace.folder / "cohorts" / COHORT / "data" / "persons.csv", sep=";", index=False)
    said = workspace.command("-m", "analysis", "plan-lock", COHORT)
    assert said.returncode == 0, said.stdout + said.stderr
    return workspace, stopped(workspace)


@pytest.fixture(scope="module")
def let_out(waiting, tmp_path_factory):
    """After the sign-off and the `make` that follows."""
    workspace = copied(waiting[0], tmp_path_factory.mktemp("let_out"))
    sign(workspace)
    made(workspace)
    return workspace


def test_a_cohort_that_nobody_has_signed_waits_and_the_others_leave_without_it(waiting):
    workspace, said = waiting
    assert ASKED in said
    assert f"tar ikke med {COHORT} før noen har godkjent" in said
    assert "1 av" in said.split("Kjøringen stoppet: ")[1]
    released = workspace.released()
    assert {f"{OTHER}/estimates.csv", "index.html", "manifest.json"} <= set(released)
    assert not released_of(workspace, COHORT)
    assert [name for name, content in released.items() if COHORT.encode() in content] == []
    assert workspace.command("-m", "analysis", "verify").returncode == 0


def test_the_page_is_shown_without_signing_anything(waiting):
    workspace, _ = waiting
    said = workspace.command("-m", "analysis", "release", COHORT)
    assert said.returncode == 0, said.stderr
    assert "Ikke godkjent." in said.stdout
    page = workspace.folder / "results" / "restricted" / COHORT / "release" / "index.html"
    assert "avrundet eller regnet om" in page.read_text("utf-8")
    assert not (workspace.folder / "cohorts" / COHORT / "release.json").exists()


def test_what_is_signed_leaves_and_stands_in_ledger_portal_and_manifest(let_out):
    released = let_out.released()
    assert f"reports/{COHORT}/{COHORT}.nb.pdf" in released
    assert f"reports/{COHORT}/{COHORT}.nb.html" in released["index.html"].decode()
    assert {"0001.json", "rounding.key", "ledger.json"} == set(kept(let_out))
    listed = json.loads(kept(let_out)["ledger.json"])
    assert listed["cohort"] == COHORT
    assert [(one["report"], one["version"]) for one in listed["entries"]] == [(COHORT, 1)]
    assert headline(let_out)["n_treated"] == PAIRS
    assert headline(let_out)["status"] == "estimated"
    assert {one["path"] for one in json.loads(released["manifest.json"])["files"]} == set(released) - {"manifest.json"}
    assert let_out.command("-m", "analysis", "verify").returncode == 0


def test_a_bundle_of_rounded_counts_gives_the_headline_within_the_rounding_that_it_tells(let_out, tmp_path):
    said = let_out.command("-m", "analysis", "bundle", COHORT, "--out", str(tmp_path / "bundle.zip"))
    assert said.returncode == 0, said.stdout + said.stderr
    folder = tmp_path / "bundle"
    with zipfile.ZipFile(tmp_path / "bundle.zip") as held:
        held.extractall(folder)
    assert not {"release.json", "ledger.json", "rounding.key", "persons.csv"} & {
        path.name for path in folder.rglob("*")
    }
    surroundings = {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    call = [sys.executable, "-m", "analysis.bundle.rerun"]
    said = subprocess.run(call, cwd=folder, env=os.environ | surroundings, text=True, capture_output=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    table = pd.read_csv(folder / "rerun.csv")
    row = table[table["role"].eq("primary") & table["quantity"].eq("estimate")].iloc[0]
    assert row["verdict"] == "within_rounding"
    assert row["released"] == headline(let_out)["estimate"]
    assert abs(row["difference"]) <= row["permitted"]


def test_a_second_run_does_nothing(let_out):
    before = let_out.released(), kept(let_out)
    assert "ingenting å gjøre" in made(let_out)
    assert (let_out.released(), kept(let_out)) == before


def test_an_edited_profile_treats_the_cohort_anew_and_no_other(let_out):
    path = let_out.folder / "config" / "disclosure.yaml"
    before = path.read_bytes()
    path.write_bytes(before + b"# Edited.\n")
    planned = let_out.planned()
    path.write_bytes(before)
    assert (planned["release_cohort"], planned["seal_cohort"]) == (1, 1)
    assert not {"estimate_did", "match_persons", "estimate_published"} & set(planned)
    assert let_out.planned() == {}


def test_after_the_release_nothing_restricted_is_read_but_what_is_declared_of_the_numbers(let_out):
    """What every job declared to read, as Snakemake kept it; `declared.json` is for the ledger of releases."""
    files = [let_out.folder / "workflow" / "rules" / f"{name}.smk" for name in ("cost", "report", "seal")]
    assert {rule for path in files for rule in re.findall(r"^rule (\w+):", path.read_text("utf-8"), re.M)} == set(AFTER)
    said = let_out.command("-m", "snakemake", "--detailed-summary")
    assert said.returncode == 0, said.stderr
    jobs = pd.read_csv(io.StringIO(said.stdout), sep="\t", dtype="str").set_index("rule")["input-file(s)"].fillna("")
    read = {rule: {path for files in jobs[[rule]] for path in files.split(",")} for rule in set(jobs.index)}
    restricted = {rule: {path for path in paths if "restricted" in path} for rule, paths in read.items()}
    assert {rule: restricted[rule] for rule in AFTER} == dict.fromkeys(AFTER, set()) | {
        "seal_cohort": {f"results/restricted/{COHORT}/declared.json"}
    }
    assert restricted["release_cohort"]


def test_what_is_changed_after_the_signature_stays_and_holds_back_the_start_page(let_out, tmp_path):
    """A title in the card, which moves no number. What is changed in the files themselves is made anew (test_run)."""
    workspace = copied(let_out, tmp_path)
    before = workspace.released(), kept(workspace)
    card = workspace.folder / "cohorts" / COHORT / "cohort.yaml"
    text = card.read_text(encoding="utf-8")
    card.write_text(re.sub(r"^title: .*$", "title: Et annet navn", text, flags=re.M), encoding="utf-8")
    said = stopped(workspace)
    assert f"{COHORT}/cohort.json: er endret etter at {NAME} godkjente den" in said
    assert "Startsiden, sammenligningen og manifestet er også som før" in said
    assert ASKED in said
    assert (workspace.released(), kept(workspace)) == before


def test_after_a_cleaning_the_same_signature_lets_out_the_same_bytes(let_out, tmp_path):
    workspace = copied(let_out, tmp_path)
    before, books = released_of(workspace, COHORT), kept(workspace)
    subprocess.run([shutil.which("make"), "clean"], cwd=workspace.folder, check=True, capture_output=True)
    assert workspace.released() == {}
    assert kept(workspace) == books
    # The whole chain of the cohort from the delivery on, without what it is shown beside.
    made(workspace, f"results/release/{COHORT}/cohort.json")
    assert workspace.released() == before
    assert kept(workspace) == books


def test_a_person_withdraws_and_the_corrected_report_leaves_with_its_headline_hidden(let_out, tmp_path):
    workspace = copied(let_out, tmp_path)
    books, delivery = kept(workspace), workspace.folder / "cohorts" / COHORT / "data" / "persons.csv"
    earning = pd.read_csv(delivery, sep=";", dtype="str").query("gruppe == 'T' and inntekt_2021 != '0'")["lopenr"]
    (workspace.folder / "hvem.txt").write_text(earning.iloc[0], encoding="utf-8")
    said = workspace.command("-m", "analysis", "purge", COHORT, "--person-file", "hvem.txt")
    assert said.returncode == 0, said.stderr
    assert kept(workspace) == books
    # Five more in the delivery that comes instead: too few with the outcome are left to show it.
    rest = pd.read_csv(delivery, sep=";", dtype="str")
    rest[~rest["lopenr"].isin(earning.iloc[:6])].to_csv(delivery, sep=";", index=False)
    put_card(workspace, version="1.1", errata=[ERRATUM])
    said = stopped(workspace)
    assert "gjelder versjon 1.0, men rapporten har versjon 1.1." in said
    sign(workspace)
    made(workspace)
    listed = json.loads(kept(workspace)["ledger.json"])["entries"]
    assert [(one["report"], one["version"]) for one in listed] == [(COHORT, 1), (COHORT, 2)]
    assert {name: kept(workspace)[name] for name in ("0001.json", "rounding.key")} == {
        name: books[name] for name in ("0001.json", "rounding.key")
    }
    assert pd.isna(headline(workspace)["estimate"])
    table = pd.read_csv(workspace.folder / "results" / "release" / "comparison" / "comparison.csv")
    row = table[table["cohort"].eq(COHORT)].iloc[0]
    assert (row["status"], row["reason"]) == ("not_estimated", "hidden")
    assert pd.isna(row["estimate"])
    start = workspace.released()["index.html"].decode()
    assert "· versjon 1.1" in start
    assert "vises ikke, av hensyn til personvernet" in start
    assert workspace.command("-m", "analysis", "verify").returncode == 0
