"""Every command in the documents is typed, in the order of the guide, and says what the page shows that it says."""

import base64
import json
import re
import shutil

import pytest
from cards import write_answers
from doc_commands import PAGES, ROOT, Shown, pattern_of, shown_on
from doc_session import COHORT, EMPTY, GUIDE, Session, write_card

from analysis.cli_annex import ANNEX

pytestmark = pytest.mark.whole

PERSON = "P0001"

# What takes too long for this suite, needs a machine of its own or is typed by another test, and where it is run: a
# test, or a line of .ci/run. Patterns of whole commands; one that no document prints any more fails.
ELSEWHERE = {
    r"make test": (".ci/run", "make test"),
    r"make (bench|soak)": ("tests/test_studies.py", "test_what_the_studies_say_becomes_the_page"),
    # Needs the network.
    r"make audit": (
        "tests/test_cli_audit.py",
        "test_a_service_that_does_not_answer_is_told_in_one_sentence_and_stops_nothing",
    ),
    # Five seconds, which the guide's way does not need.
    r"make blind COHORT=\w+": (
        "tests/test_blinding.py",
        "test_a_restricted_cohort_is_rehearsed_without_a_lock_and_every_page_says_so",
    ),
    r"make requirements": ("tests/test_environment.py", "test_a_lock_is_a_fixed_point_of_its_source"),
    r"make trace.*": (
        "tests/test_trace.py",
        "test_the_chain_of_hpmt_holds_cell_row_specification_plan_data_code_and_function",
    ),
    r"make diff.*": (
        "tests/test_diff.py",
        "test_a_real_run_after_an_edited_card_is_told_with_the_key_as_the_only_cause",
    ),
    r"make bundle.*": ("tests/test_bundle_pack.py", "test_no_number_of_any_cohort_is_further_away_than_is_permitted"),
    r"make lab.*": ("tests/test_notebooks.py", "test_the_laboratory_opens_a_notebook_and_saves_it_as_it_was"),
    # Minutes of runs; the suite kills three and compares one.
    r"make (faults|reproduce)": ("tests/test_workflow.py", "test_three_kills_end_with_the_bytes_of_a_run_elsewhere"),
    r"make (wheelhouse|OFFLINE=1).*": ("tests/test_wheelhouse.py", "test_offline_make_asks_no_index"),
    r"make (SLURM=1|PROFILE=).*": ("tests/test_slurm_queue.py", "test_make_hands_on_the_profile_that_was_asked_for"),
    r"make test-slurm": (".ci/run", "make test-slurm"),
    r"apt install .*": (".ci/run", "apt-get install"),
    r"npm ci .*": (".ci/run", "npm ci"),
}
# Pages that a test of their own types from start to end.
OWN_TEST = {"ny-kohort.md": ("tests/test_ny_kohort.py", "test_every_answer_that_the_page_shows_is_given")}

# What stands for something else in a command, and what is typed there instead.
STAND_INS = {
    r"ADRESSEN": EMPTY,
    # It chooses what the environment is made by, and here there is one.
    r"make PYTHON=\S+": "make",
    r"COHORT=(…|my_cohort|hpmt_synthetic)": f"COHORT={COHORT}",
    r"NAME=… DESIGN=…": "NAME=en_til DESIGN=matched_did",
    r"NAME=jobbkurs (.*) DELIVERY=/sti/til/leveranse.csv": r"NAME=fra_fil \1 DELIVERY=docs/eksempel/deltakere.csv",
    r"DRAWS=2000": "DRAWS=20",
}
# The guide's way, where the order matters; what else the documents print is typed before the last lines.
SYNTHETIC = (
    f"mkdir -p cohorts/{COHORT}/data",
    f"cp docs/eksempel/deltakere.csv cohorts/{COHORT}/data/",
    f"make check COHORT={COHORT}",
    f"make plan-lock COHORT={COHORT}",
    f".venv/bin/python -m analysis plan-lock {COHORT} --replace",
)
RESTRICTED = (
    f"make check COHORT={COHORT}",
    f"make plan COHORT={COHORT}",
    f"make plan-lock COHORT={COHORT}",
    "make",
    f"make release COHORT={COHORT}",
    f'make release COHORT={COHORT} BY="Kari Nordmann"',
    "make CORES=4",
    "make verify",
    "make annex",
)
LAST = (f"make purge COHORT={COHORT}", "make clean", f"rm -r cohorts/{COHORT}")
# Stops, as the guide says that it does: nobody has signed yet.
STOPS = ("make",)
# What the page counts that is not here: six files of a report in each of two other languages, and the rehearsal's.
HERE = {"Lekkasjesøk: 51 filer": "Lekkasjesøk: 39 filer", "  70 filer som": "  34 filer som"}


def typed(command: str) -> str:
    """The command as it is typed here."""
    for found, instead in STAND_INS.items():
        command = re.sub(found, instead, command)
    return command


def documented() -> list[Shown]:
    """Every command of the documents, but those of pages with a test of their own."""
    return [shown for page in PAGES if page.name not in OWN_TEST for shown in shown_on(page)]


def elsewhere(command: str) -> bool:
    return any(re.fullmatch(pattern, command) for pattern in ELSEWHERE)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """After every command."""
    session = Session(tmp_path_factory.mktemp("typed") / "project")
    for command in SYNTHETIC[:2]:
        session.type(command)
    write_card(session)
    for command in SYNTHETIC[2:]:
        session.type(command)
    (session.workspace.folder / "cohorts" / COHORT / "plan.lock").unlink()
    kind, disclosure = re.findall(r"^```\n(data_kind: restricted\n)\n(disclosure:\n.*?)^```$", GUIDE, re.M | re.S)[0]
    write_card(session, kind=kind, disclosure=disclosure)
    write_answers(session.workspace.folder / "cohorts" / COHORT)
    for command in RESTRICTED:
        session.type(command)
    session.annex = (session.workspace.folder / ANNEX).read_text(encoding="utf-8")
    # The pages also name cohorts of the project; nothing of them is run.
    shutil.copytree(ROOT / "cohorts" / "hpmt", session.workspace.folder / "cohorts" / "hpmt")
    for command in dict.fromkeys(typed(shown.command) for shown in documented()):
        if command not in (*session.said, *LAST) and not elsewhere(command):
            session.type(command)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda self: True})())
        patch.setattr("getpass.getpass", lambda asked: print(asked) or PERSON)
        session.type(LAST[0])
    for command in LAST[1:]:
        session.type(command)
    return session


def test_every_command_of_the_documents_is_typed_here_or_where_the_table_says(session):
    missing = [shown for shown in documented() if typed(shown.command) not in session.said]
    assert [shown for shown in missing if not elsewhere(typed(shown.command))] == []
    assert len(documented()) > 100


@pytest.mark.parametrize("pattern", ELSEWHERE)
def test_what_is_run_elsewhere_is_still_printed_and_still_run_there(pattern):
    assert any(re.fullmatch(pattern, typed(shown.command)) for shown in documented())
    assert is_run(*ELSEWHERE[pattern])


def is_run(file: str, name: str) -> bool:
    text = (ROOT / file).read_text(encoding="utf-8")
    return f"\ndef {name}(" in text if file.endswith(".py") else f"{name}" in text


def test_a_page_with_a_test_of_its_own_is_there_and_its_test_too():
    assert [page for page in OWN_TEST if page not in {path.name for path in PAGES}] == []
    assert [where for where in OWN_TEST.values() if not is_run(*where)] == []


def test_every_command_does_what_it_says_or_stops_in_words(session):
    """A target that is only named asks for what it needs."""
    for command, answers in session.said.items():
        for code, said in answers:
            assert "Traceback" not in said, (command, said)
            asks = re.fullmatch(r"make [a-z-]+", command) and "oppgitt" in said
            assert code == 0 or command in STOPS or asks, (command, said)


@pytest.mark.parametrize(
    "shown", [shown for shown in documented() if shown.answer], ids=lambda shown: f"{shown.page.stem}: {shown.command}"
)
def test_what_the_page_shows_is_what_the_command_says(session, shown):
    answer = tuple(replaced(line) for line in shown.answer)
    said = [text for _, text in session.said[typed(shown.command)]]
    assert any(pattern_of(answer).search(text) for text in said), "\n".join(said)


def replaced(line: str) -> str:
    for here, there in HERE.items():
        line = line.replace(here, there)
    return line


def test_the_run_that_nobody_has_signed_stops_with_the_sentence_of_the_guide(session):
    (code, said), *_ = session.said["make"]
    assert code != 0
    (shown,) = re.findall(rf"^```\n({COHORT}: Leter etter.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL)
    for line in shown.splitlines():
        assert line.strip() in said


def annexed(session: Session) -> dict[str, str]:
    """The files that the technical annex holds, by path."""
    files = json.loads(re.search(r"^\s*var results = (\{.*\});$", session.annex, re.MULTILINE)[1])
    return {path: base64.b64decode(one["data_uri"].partition(",")[2]).decode() for path, one in files.items()}


def test_the_annex_holds_treated_numbers_and_nothing_of_the_closed_area_or_the_delivery(session):
    files = annexed(session)
    names = {f"{COHORT}/{name}" for name in ("estimates.csv", "checks.json", "provenance.json")}
    names |= {f"comparison/{name}.csv" for name in ("comparison", "horizons", "pairs")}
    assert set(files) == {f"results/review/{name}" for name in (*names, "reports/sammenligning/sammenligning.nb.html")}
    # The whole page, with its code and its graph, and what is packed into it.
    for text in (session.annex, *files.values()):
        assert not re.search(r"\bP\d{4}\b", text)
        assert str(session.workspace.folder) not in text
    assert "disclosure_status" in files[f"results/review/{COHORT}/estimates.csv"]


def test_the_annex_opens_without_network_and_says_in_norwegian_what_it_is(session):
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']?http", session.annex)
    for words in ("Teknisk vedlegg til Tiltakseffekt", "Skal ikke slippes ut.", "Kohortene", "Sammenligningen"):
        assert words in session.annex
    assert len(session.annex) < 10_000_000


def test_an_answer_that_is_not_the_commands_own_is_found():
    shown = ("jobbkurs: et kurs", "...", "  Låst (2026-11-21).")
    assert pattern_of(shown).search("jobbkurs: et kurs\nmer\n\n  Låst (2027-01-01).\n")
    assert not pattern_of(shown).search("jobbkurs: et kurs\n  Låst i går.\n")
    assert not pattern_of(shown).search("  Låst (2027-01-01).\njobbkurs: et kurs\n")


def test_a_command_of_a_page_is_found_in_every_form(tmp_path):
    page = tmp_path / "side.md"
    page.write_text("Kjør `make plan`.\n\n```\n$ make check COHORT=a\nsvar\n```\n\n```bash\nmake  # alt\nsvar\n```\n")
    assert [(shown.command, shown.answer) for shown in shown_on(page)] == [
        ("make check COHORT=a", ("svar",)),
        ("make", ()),
        ("make plan", ()),
    ]
