"""What SECURITY.md says of the code: it opens no connection, runs no text as code and reads YAML and XML with care."""

import ast
import re

import pytest

from analysis.provenance import ROOT

SOURCES = sorted([*(ROOT / "analysis").rglob("*.py"), *(ROOT / "workflow" / "scripts").glob("*.py")])
NETWORK = {"socket", "ssl", "urllib.request", "http", "ftplib", "smtplib", "requests", "httpx", "urllib3", "aiohttp"}
CODE = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
SAFE = {"yaml.SafeLoader", "yaml.CSafeLoader"}
RUNS_TEXT = {"eval", "exec", "compile", "__import__"}


def imported(tree):
    """Modules that a source imports, with what it takes from them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def within(module, named):
    return any(f"{module}.".startswith(f"{name}.") for name in named)


def faults(source):
    """What a source does that SECURITY.md says is not done."""
    tree = ast.parse(source)
    yield from (module for module in imported(tree) if within(module, NETWORK | CODE))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            given = {item.arg: ast.unparse(item.value) for item in node.keywords}
            if called in RUNS_TEXT or given.get("shell") == "True":
                yield called
            if called.startswith("yaml.") and "safe" not in called and given.get("Loader") not in SAFE:
                yield from [called] if re.search("load|compose|parse", called) else []
            if called.endswith("XMLParser") and given.get("resolve_entities") != "False":
                yield called


def test_no_source_reaches_for_the_network_or_runs_text():
    assert len(SOURCES) > 300
    found = {str(path.relative_to(ROOT)): list(faults(path.read_text(encoding="utf-8"))) for path in SOURCES}
    assert {path: kinds for path, kinds in found.items() if kinds} == {}


def test_only_the_reader_of_databases_opens_a_connection():
    sources = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}
    found = {path.name for path, tree in sources.items() if any(within(name, {"psycopg"}) for name in imported(tree))}
    assert found == {"postgresql.py"}
    assert "connection.read_only = True" in (ROOT / "analysis" / "readers" / "postgresql.py").read_text("utf-8")


@pytest.mark.parametrize(
    "source",
    [
        "import requests",
        "from urllib.request import urlopen",
        "import pickle",
        "eval(text)",
        "subprocess.run(text, shell=True)",
        "yaml.load(text, Loader=yaml.Loader)",
        "yaml.compose(text)",
        "etree.XMLParser(remove_comments=True)",
    ],
)
def test_each_fault_is_found(source):
    assert len(list(faults(source))) == 1


@pytest.mark.parametrize(
    "source", ["from urllib.parse import quote", "yaml.safe_load(text)", "re.compile(text)", "yaml.safe_dump(made)"]
)
def test_what_is_no_fault_is_let_through(source):
    assert list(faults(source)) == []


def test_every_test_that_the_page_names_is_there():
    named = re.findall(r"`(tests/\w+\.py)`", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).is_file()] == []
