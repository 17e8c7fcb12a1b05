"""docs/ny-kohort.md done from start to end, as a person without programmers would: what it shows is what happens."""

import csv
import html
import re
import runpy
import shutil
from dataclasses import dataclass

import pytest
from tutorial import do, not_said, quotations, settled, steps
from workspace import ROOT, Workspace

pytestmark = pytest.mark.whole

PAGE = ROOT / "docs" / "ny-kohort.md"
EXAMPLES = ROOT / "docs" / "eksempel"
RESTRICTED, TRIAL, STAGGERED = "jobbveiledning", "kontorforsok", "ungdomskoordinator"
TIDIED = "$ rm -r cohorts/jobbveiledning"


@dataclass(frozen=True)
class Followed:
    """The workspace as it lies before the page tidies up, and what each command answered, with what the page shows."""

    workspace: Workspace
    answers: list[tuple[str, str, str]]


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    workspace = Workspace(tmp_path_factory.mktemp("ny_kohort") / "project", cohorts=[])
    shutil.copytree(EXAMPLES, workspace.folder / "docs" / "eksempel")
    own = [step for step in steps(PAGE) if TIDIED not in step.body]
    return Followed(workspace, [answer for step in own for answer in do(workspace, step)])


def page_text(report):
    """The words of an HTML report, with plain spaces."""
    words = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", "", report.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(words))


def test_every_answer_that_the_page_shows_is_given(followed):
    """The heart of it: messages of first tries that fail, counts, what is missing, and where the reports lie."""
    wrong = {line: gone for line, shown, answer in followed.answers if (gone := not_said(shown, answer))}
    assert wrong == {}
    assert len([shown for _, shown, _ in followed.answers if shown.strip()]) > 20


def test_the_three_designs_are_made_and_let_out_with_every_file_of_a_report(followed):
    released = followed.workspace.released()
    for cohort in (RESTRICTED, TRIAL, STAGGERED):
        for kind in ("html", "pdf", "docx", "xlsx"):
            assert f"reports/{cohort}/{cohort}.nb.{kind}" in released
        rows = list(csv.DictReader(released[f"{cohort}/estimates.csv"].decode().splitlines()))
        assert [row["status"] for row in rows if row["role"] == "primary"] == ["estimated"]
        assert f"reports/{cohort}/{cohort}.nb.html" in released["index.html"].decode()


def test_the_reports_say_what_the_page_says_they_say(followed):
    released, quoted = followed.workspace.released(), quotations(PAGE)
    assert set(quoted) == {RESTRICTED, TRIAL, STAGGERED}
    for cohort, sentences in quoted.items():
        text = page_text(released[f"reports/{cohort}/{cohort}.nb.html"])
        assert [sentence for sentence in sentences if sentence not in text] == []


def test_nothing_of_the_restricted_cohort_leaves_before_the_signature(followed):
    before, after = [answer for line, _, answer in followed.answers if line == "make"]
    assert "Ingenting er sluppet ut av jobbveiledning" in before
    assert "Ingenting er sluppet ut" not in after


def test_no_step_shows_a_value_of_a_person(followed):
    """Pseudonyms of the deliveries stand in what the page prints of a file with `head`, and nowhere else."""
    said = "".join(answer for line, _, answer in followed.answers if line.startswith("make"))
    assert re.findall(r"\b[LKU]\d{4,5}\b", said) == []


def test_a_page_that_shows_another_answer_is_caught():
    assert not_said("Alt er bra.\n...\nDato 2026-01-02\n", "Noe er galt.\nDato 2027-03-04\n") == ["Alt er bra."]
    assert not_said("b\na\n", "a\nb\n") == ["a"]
    assert settled("  Lekkasjesøk: 39 filer") == settled("  Lekkasjesøk: 41 filer")


def test_the_deliveries_are_what_their_script_makes_and_belong_to_no_cohort():
    made = runpy.run_path(str(EXAMPLES / "lag_leveranser.py"))["leveranser"]()
    assert {name: (EXAMPLES / name).read_bytes() for name in made} == made
    assert sorted(made) == sorted(str(path.relative_to(EXAMPLES)) for path in EXAMPLES.glob("*/*.csv"))
    assert not {RESTRICTED, TRIAL, STAGGERED} & {path.name for path in (ROOT / "cohorts").iterdir()}
    with pytest.raises(UnicodeDecodeError):
        made[f"{RESTRICTED}/leveranse.csv"].decode("utf-8")
