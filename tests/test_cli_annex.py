"""The technical annex is made of what has been run, or not at all; what it holds is tried in test_doc_commands.py."""

import re

import pytest

from analysis import run
from analysis.cli import main
from analysis.cli_annex import ANNEX
from analysis.provenance import ROOT

CAPTIONS = ROOT / "workflow" / "report"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder in which something has been run."""
    (tmp_path / "Snakefile").write_text("", encoding="utf-8")
    (tmp_path / "results" / "review" / "liten").mkdir(parents=True)
    (tmp_path / "results" / "review" / "liten" / "estimates.csv").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_is_made_of_a_project_that_has_not_been_run(project, capsys):
    (project / "results" / "review" / "liten" / "estimates.csv").unlink()
    assert main(["annex"]) == 1
    assert "Kjør make først." in capsys.readouterr().err
    assert not (project / ANNEX).exists()


def test_where_snakemake_stops_there_is_no_annex_and_the_last_one_stays(project, monkeypatch, capsys):
    (project / ANNEX).parent.mkdir(parents=True)
    (project / ANNEX).write_text("before", encoding="utf-8")
    monkeypatch.setattr(run, "snakemake", lambda **_: (1, None))
    assert main(["annex"]) == 1
    assert "Snakemake stoppet" in capsys.readouterr().err
    assert (project / ANNEX).read_text(encoding="utf-8") == "before"
    assert [path.name for path in (project / ANNEX).parent.iterdir()] == [ANNEX.name]


def test_only_the_owner_can_open_it(project, monkeypatch):
    def made(*, cores, extra):
        (project / extra[1]).write_text("made", encoding="utf-8")
        return 0, None

    monkeypatch.setattr(run, "snakemake", made)
    assert main(["annex"]) == 0
    assert (project / ANNEX).read_text(encoding="utf-8") == "made"
    assert (project / ANNEX).parent.stat().st_mode & 0o077 == 0


def test_every_file_of_the_annex_has_its_caption_and_no_caption_is_left_over():
    listed = (ROOT / "workflow" / "rules" / "common.smk").read_text(encoding="utf-8")
    block = listed.partition("ANNEXED = {")[2].partition("\n}")[0]
    names = {name.partition(".")[0] for name in re.findall(r'^    f?"([^"]+)":', block, flags=re.MULTILINE)}
    names = {"sammenligning" if name.startswith("{") else name for name in names}
    assert len(names) > 5
    assert {path.stem for path in CAPTIONS.glob("*.rst")} == names | {"workflow"}
