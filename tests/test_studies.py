"""The pages on validation and performance are written by their commands, from all studies and from no other."""

import re
import subprocess
from dataclasses import replace

import pytest

from analysis.provenance import ROOT
from benchmarks import __main__ as studies

KINDS = sorted(studies.STUDIES)
COMMANDS = {"bench": "python -m benchmarks", **{kind: f"python -m benchmarks {kind}" for kind in ("soak", "faults")}}


def sections(text):
    """Headings outside what the studies printed."""
    return re.findall(r"^## (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_has_a_section_of_every_study_and_no_other(kind):
    study = studies.STUDIES[kind]
    patterns = [other.scripts for other in studies.STUDIES.values() if other.page == study.page]
    titles = sorted(studies.title(path) for pattern in patterns for path in studies.FOLDER.glob(pattern))
    assert len(titles) > 5
    assert sections(study.page.read_text(encoding="utf-8")) == titles


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_begins_as_the_command_writes_it(kind):
    study = studies.STUDIES[kind]
    pattern = re.escape(study.introduction)
    for fact in ("cores", "system", "python"):
        pattern = pattern.replace(re.escape("{" + fact + "}"), r"\S+")
    assert re.match(pattern + "\n## ", study.page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_that_a_person_types_writes_the_page(kind):
    call = ["make", "-n", "-o", ".venv/.ok", kind]
    said = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert COMMANDS[kind] in said.splitlines()
    assert f"`make {kind}`" in studies.STUDIES[kind].introduction


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Two studies in a folder of their own, and the page that they go to."""
    (tmp_path / "bench_b.py").write_text("print('## two')", encoding="utf-8")
    (tmp_path / "bench_a.py").write_text("print('one')", encoding="utf-8")
    study = replace(studies.STUDIES["bench"], page=tmp_path / "page.md", introduction="# Title\n")
    monkeypatch.setattr(studies, "FOLDER", tmp_path)
    monkeypatch.setitem(studies.STUDIES, "bench", study)
    return tmp_path


def test_what_the_studies_say_becomes_the_page(small):
    studies.main("bench")
    text = (small / "page.md").read_text(encoding="utf-8")
    assert text == "# Title\n\n## a\n\n```\none\n```\n\n## b\n\n```\n## two\n```\n"
    assert sections(text) == ["a", "b"]


def test_a_study_that_fails_leaves_the_page_as_it_was(small):
    (small / "page.md").write_text("before", encoding="utf-8")
    (small / "bench_b.py").write_text("raise SystemExit(1)", encoding="utf-8")
    with pytest.raises(SystemExit, match="bench_b.py failed with exit code 1; page.md is unchanged"):
        studies.main("bench")
    assert (small / "page.md").read_text(encoding="utf-8") == "before"
