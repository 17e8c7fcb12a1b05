"""Notebooks: what stands in their text, the pages that the workflow makes of them, the runner, and the laboratory."""

import ast
import json
import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from functools import cache
from types import SimpleNamespace

import jupytext
import lxml.html
import pytest
import stages

from analysis.cohorts import find_cohorts
from analysis.notebook import notebook_page
from analysis.notebook_header import find_notebooks, read_header
from analysis.problems import ProblemsFound
from analysis.provenance import source_files

FOLDER = stages.ROOT / "notebooks"
PATHS = {path.stem: path for path in sorted(FOLDER.glob("*.py"))}
HEADER = """# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   tiltakseffekt: {cohorts: [], reads: [], synthetic: false}
# ---

# %% [markdown]
# # Prøve
#
# **Går det?**
"""
# Files that no notebook may read.
CLOSED = ("results/restricted/x.csv", "results/release/../x", "cohorts/x/data/x.csv", "config/local.yaml")
SMALL = f"""{HEADER}
# %%
import pandas as pd

from analysis.notebook_show import forest, points, table, whole

print("ett")
table(pd.DataFrame({{"a": ["x"], "n": [12345]}}), "Tall", {{"Navn": ("a", None), "Antall": ("n", whole)}})

# %%
rows = [("Første", 0.061, -0.011, 0.130)]
forest(rows, "Forskjell", "Ett intervall som dekker null.", axis="Prosentpoeng", form=points, made_up=False)
"""


@cache
def cells(name):
    """Markdown and code of a notebook, in order."""
    return [(cell.cell_type, cell.source) for cell in jupytext.read(PATHS[name], fmt="py:percent").cells]


def code(name):
    return "\n".join(source for kind, source in cells(name) if kind == "code")


def text(name):
    return "\n".join(source for kind, source in cells(name) if kind == "markdown")


def calls(name, function):
    """The calls of a function in a notebook."""
    tree = ast.walk(ast.parse(code(name)))
    return [node for node in tree if isinstance(node, ast.Call) and getattr(node.func, "id", "") == function]


def written(folder, source):
    path = folder / "prove.py"
    path.write_text(source, encoding="utf-8")
    return path


def test_there_is_a_notebook_for_each_question():
    questions = [header.question for header in find_notebooks(FOLDER, find_cohorts(stages.COHORTS)).values()]
    assert len(set(questions)) == len(PATHS) == 7


@pytest.mark.parametrize("name", PATHS)
def test_title_and_question_open_the_text(name):
    header, (_, first) = read_header(PATHS[name]), cells(name)[0]
    assert first.startswith(f"# {header.title}\n\n**{header.question}**\n")


@pytest.mark.parametrize("name", PATHS)
def test_a_notebook_defines_nothing_that_belongs_in_the_package(name):
    defining = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    assert [node for node in ast.walk(ast.parse(code(name))) if isinstance(node, defining)] == []


@pytest.mark.parametrize("name", PATHS)
def test_a_notebook_reads_what_its_header_says_and_nothing_restricted(name):
    header, cards = read_header(PATHS[name]), find_cohorts(stages.COHORTS)
    read = {f"results/release/{node.args[0].value}/{node.args[1].value}" for node in calls(name, "released")}
    assert read == {path for path in header.reads if path.startswith("results/")}
    assert not re.search(r"results/(restricted|review)|read_parquet|restricted", code(name))
    assert {cards[cohort].data_kind for cohort in header.cohorts} <= {"open", "synthetic", "published"}
    assert all((stages.ROOT / path).is_file() for path in header.reads if not path.startswith("results/"))


@pytest.mark.parametrize("name", PATHS)
def test_made_up_numbers_carry_the_banner_and_so_do_their_figures(name):
    header = read_header(PATHS[name])
    assert header.synthetic == ("default_rng" in code(name) or name == "skjulte_tall")
    words = [word for node in calls(name, "forest") + calls(name, "lines") for word in node.keywords]
    told = [word.value.value for word in words if word.arg == "made_up"]
    assert told == [header.synthetic] * len(told)


@pytest.mark.parametrize("name", PATHS)
def test_every_decimal_number_in_the_text_is_held_against_the_code(name):
    digits = code(name).replace("−", "").replace(",", ".")
    quoted = {number.replace(",", ".") for number in re.findall(r"\d+,\d+", text(name))}
    shares = {number: f"{float(number) / 100:g}" for number in quoted}
    assert {number for number in quoted if number not in digits and shares[number] not in digits} == set()
    assert "assert " in code(name)


def test_the_digest_of_a_notebook_follows_the_modules_it_imports():
    named = {name: {path.stem for path in source_files([path])} for name, path in PATHS.items()}
    assert "bacon" in named["trinnvis_innforing"]
    assert "bacon" not in named["hpmt_fra_publiserte_tall"]
    assert "enumeration" in named["hpmt_fra_publiserte_tall"]


def test_the_guide_lists_every_notebook_with_its_question():
    guide = (stages.ROOT / "docs" / "brukerveiledning.md").read_text(encoding="utf-8")
    assert [name for name, path in PATHS.items() if f"| `{name}` | {read_header(path).question} |" not in guide] == []


def test_a_notebook_without_its_cohort_is_left_out_and_so_is_a_folder_that_is_not_there(tmp_path):
    assert "hpmt_fra_publiserte_tall" in find_notebooks(FOLDER, ["hpmt"])
    assert "nsw_steg_for_steg" not in find_notebooks(FOLDER, ["hpmt"])
    assert find_notebooks(tmp_path / "notebooks", ["hpmt"]) == {}


def test_every_mistake_in_the_headers_is_told_at_once(tmp_path):
    (tmp_path / "a.py").write_text("# %%\n1\n", encoding="utf-8")
    (tmp_path / "b.py").write_text(HEADER.replace("synthetic", "syntetisk"), encoding="utf-8")
    (tmp_path / "c.py").write_text(HEADER.replace("reads: []", f"reads: [{', '.join(CLOSED)}]"), encoding="utf-8")
    with pytest.raises(ProblemsFound) as caught:
        find_notebooks(tmp_path, [])
    said = str(caught.value).splitlines()[1:]
    assert [line.split("/")[-1].split(".py")[0] for line in said if "/a.py" in line] == ["a"]
    assert sum("b.py" in line for line in said) == 2
    assert [path for path in CLOSED if not any(f"{path} kan ikke leses" in line for line in said)] == []


def test_a_notebook_becomes_the_same_page_twice(tmp_path):
    path = written(tmp_path, SMALL)
    page = notebook_page(path, {})
    assert page == notebook_page(path, {})
    assert "12\N{NO-BREAK SPACE}345" in page
    assert "Ett intervall som dekker null." in page
    assert str(tmp_path) not in page


@pytest.mark.parametrize(
    ("cell", "said"), [("assert 1 + 1 == 3", "AssertionError"), ("import warnings\nwarnings.warn('obs')", "obs")]
)
def test_a_cell_that_fails_or_warns_is_named_and_leaves_no_page(tmp_path, monkeypatch, cell, said):
    path = written(tmp_path, f"{HEADER}\n# %%\nprint(1)\n\n# %%\n{cell}\n")
    page = tmp_path / "prove.html"
    monkeypatch.setattr("analysis.logs.log_to", lambda log: None)
    fake = SimpleNamespace(input=SimpleNamespace(notebook=path, fonts=[]), output=[page], log=["log"])
    with pytest.raises(ProblemsFound, match=re.escape("notebooks/prove.py, celle [2]")) as caught:
        runpy.run_path(str(stages.ROOT / "workflow/scripts/build_notebook.py"), init_globals={"snakemake": fake})
    assert said in str(caught.value)
    assert list(tmp_path.iterdir()) == [path]


def test_every_notebook_has_its_page_and_none_is_released(finished):
    workspace, said, released = finished
    pages = {path.stem: path for path in (workspace.folder / "results" / "notebooks").iterdir()}
    assert set(pages) == set(PATHS)
    assert "Kjører notatboken (faa_kontorer)" in said
    assert not [name for name in released if "notebook" in name or "notatbok" in name]
    for name, path in pages.items():
        page, header = path.read_text(encoding="utf-8"), read_header(PATHS[name])
        root = lxml.html.document_fromstring(page)
        assert root.get("lang") == "nb"
        assert root.findtext(".//title") == root.findtext(".//h1") == header.title
        assert bool(root.find_class("banner")) == header.synthetic
        assert not root.xpath("//script|//link|//img|//iframe|//*[starts-with(@src, 'http')]")
        assert str(workspace.folder) not in page
        assert str(stages.ROOT) not in page
        for figure in root.xpath("//*[local-name() = 'svg']"):
            assert figure.get("role") == "img"
            assert [
                part.text_content() for part in figure.xpath("./*[local-name() = 'title' or local-name() = 'desc']")
            ]


def asked(port, path, body=None):
    """What the laboratory answers, as JSON; None while it does not."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, method="PUT" if body else "GET")
    request.add_header("Authorization", "token prove")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except (ConnectionError, urllib.error.URLError):
        return None


def test_the_laboratory_opens_a_notebook_and_saves_it_as_it_was(tmp_path):
    copy = tmp_path / "faa_kontorer.py"
    copy.write_bytes(PATHS["faa_kontorer"].read_bytes())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = [f"--port={port}", "--IdentityProvider.token=prove", "--no-browser"]
    command = [
        sys.executable,
        "-m",
        "analysis",
        "lab",
        "--folder",
        str(tmp_path),
        "--",
        *own,
        "--allow-root",
        "--ServerApp.port_retries=0",
    ]
    home = {**os.environ, "PYTHONPATH": str(stages.ROOT), "HOME": str(tmp_path / "home")}
    with subprocess.Popen(command, cwd=stages.ROOT, env=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as lab:
        try:
            until = time.monotonic() + 120
            while asked(port, "/api/status") is None and lab.poll() is None and time.monotonic() < until:
                time.sleep(0.5)
            found = asked(port, f"/api/contents/{copy.name}")
            viewer = asked(port, "/lab/api/settings/@jupyterlab/docmanager-extension:plugin")
            saved = asked(port, f"/api/contents/{copy.name}", json.dumps(found).encode())
        finally:
            lab.send_signal(signal.SIGTERM)
            said = lab.communicate(timeout=60)[0].decode()
    assert found is not None, said
    assert found["type"] == "notebook"
    assert viewer["schema"]["properties"]["defaultViewers"]["default"] == {"python": "Jupytext Notebook"}
    assert saved["type"] == "notebook"
    assert copy.read_bytes() == PATHS["faa_kontorer"].read_bytes()
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == [copy.name]
    assert not (tmp_path / "home").exists()
