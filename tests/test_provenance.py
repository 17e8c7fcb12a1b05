"""Digests of the code behind a result, on a small tree of modules of our own."""

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import provenance
from analysis.provenance import (
    canonical_digest,
    imported_modules,
    module_digests,
    run_id,
    source_digest,
    source_files,
)

TREE = {
    "analysis/__init__.py": "from analysis.version import VERSION\n",
    "analysis/version.py": "VERSION = 1\n",
    "analysis/direct.py": "import analysis.indirect\nimport json\n",
    "analysis/indirect.py": "def late():\n    from analysis.inside import thing\n    return thing\n",
    "analysis/inside.py": "thing = 1\n",
    "analysis/package/__init__.py": "from analysis.startup import begin\n",
    "analysis/package/part.py": "import analysis.circle_a\n",
    "analysis/startup.py": "begin = 1\n",
    "analysis/circle_a.py": "from analysis import circle_b\n",
    "analysis/circle_b.py": "from analysis.circle_a import *\n",
    "analysis/unused.py": "x = 1\n",
    "other/module.py": "x = 1\n",
    "script.py": "from analysis.direct import late\nfrom analysis.package.part import name\nimport other.module\n",
}
BEHIND_SCRIPT = sorted(set(TREE) - {"analysis/unused.py", "other/module.py"})


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """The small tree in place of the project's."""
    root = tmp_path.resolve()
    for name, text in TREE.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(provenance, "ROOT", root)
    provenance._imported_files.cache_clear()
    yield root
    provenance._imported_files.cache_clear()


def edit(path, text):
    """Change a file as between two runs: what a process remembers of imports is forgotten."""
    path.write_text(text, encoding="utf-8")
    provenance._imported_files.cache_clear()


def names(root, *paths):
    return [str(path.relative_to(root)) for path in source_files(paths)]


def test_a_script_rests_on_modules_imported_directly_indirectly_inside_functions_and_by_packages(tree):
    assert names(tree, tree / "script.py") == BEHIND_SCRIPT


def test_a_module_that_is_not_imported_is_no_part(tree):
    assert names(tree, tree / "analysis" / "unused.py") == ["analysis/unused.py"]
    assert "analysis/unused.py" not in names(tree, tree / "script.py")


@pytest.mark.parametrize("name", BEHIND_SCRIPT)
def test_the_digest_changes_when_any_file_behind_the_script_changes(tree, name):
    before = source_digest(tree / "script.py")
    assert source_digest(tree / "script.py") == before
    edit(tree / name, TREE[name] + "# changed\n")
    assert source_digest(tree / "script.py") != before
    edit(tree / name, TREE[name])
    assert source_digest(tree / "script.py") == before


@pytest.mark.parametrize("name", ["analysis/unused.py", "other/module.py"])
def test_the_digest_does_not_change_with_other_files(tree, name):
    before = source_digest(tree / "script.py")
    edit(tree / name, "x = 2\n")
    assert source_digest(tree / "script.py") == before


def test_the_digest_changes_when_a_module_moves_or_a_new_import_comes_in(tree):
    before = source_digest(tree / "script.py")
    edit(tree / "analysis" / "inside.py", "import analysis.unused\n")
    assert "analysis/unused.py" in names(tree, tree / "script.py")
    assert source_digest(tree / "script.py") != before


def test_the_digest_of_several_scripts_does_not_depend_on_their_order(tree):
    first, second = tree / "script.py", tree / "analysis" / "unused.py"
    assert source_digest(first, second) == source_digest(second, first)
    assert source_digest(first, second) != source_digest(first)


def test_the_digest_does_not_depend_on_where_the_project_lies(tree, tmp_path, monkeypatch):
    before = source_digest(tree / "script.py")
    moved = tmp_path / "elsewhere"
    for name in TREE:
        (moved / name).parent.mkdir(parents=True, exist_ok=True)
        (moved / name).write_bytes((tree / name).read_bytes())
    monkeypatch.setattr(provenance, "ROOT", moved)
    assert source_digest(moved / "script.py") == before


def test_the_project_s_own_adapters_rest_on_the_modules_that_do_the_work():
    script = provenance.ROOT / "workflow" / "scripts" / "read_delivery.py"
    found = {path.name for path in source_files([script])}
    assert {"read_delivery.py", "intake.py", "delivery.py", "csv_rows.py", "nationalid.py", "card_rules.py"} <= found
    assert "did.py" not in found


def test_the_project_imports_in_no_way_that_the_digest_would_miss():
    for path in [*provenance.ROOT.glob("analysis/**/*.py"), *provenance.ROOT.glob("workflow/scripts/*.py")]:
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            assert not (isinstance(node, ast.ImportFrom) and node.level), path
        # The rule that makes a delivery names the one generator's file itself, next to the adapter.
        assert "import_module" not in text or path.name == "__init__.py" and path.parent.name == "synthetic", path
        assert "__import__" not in text, path


@settings(max_examples=50)
@given(st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.booleans()), max_size=6))
def test_a_digest_of_plain_data_does_not_depend_on_the_order_of_keys(content):
    backwards = dict(reversed(list(content.items())))
    assert canonical_digest(content) == canonical_digest(backwards)
    assert canonical_digest(content) != canonical_digest({**content, "\0new": 1})


def test_plain_data_without_a_number_where_one_should_be_have_no_digest():
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_digest({"a": float("nan")})


RUN = {"inputs": {"data/a.csv": "1", "data/b.csv": "2"}, "plan": "p", "code": "c", "lock": "l"}


def test_a_run_has_twelve_hex_digits_and_the_same_ones_each_time():
    assert len(run_id(**RUN)) == 12
    assert set(run_id(**RUN)) <= set("0123456789abcdef")
    assert run_id(**RUN) == run_id(**{**RUN, "inputs": dict(reversed(list(RUN["inputs"].items())))})


@pytest.mark.parametrize(("digest", "expected"), [("3826076533ab", "826076533ab0"), ("13836065713c", "3836065713c0")])
def test_a_run_is_not_named_by_what_reads_as_an_identity_number(monkeypatch, digest, expected):
    """Numbers of the tax authority's test range: one without its zero in front, one whole."""
    monkeypatch.setattr(provenance, "canonical_digest", lambda content: digest.ljust(64, "0"))
    assert run_id(**RUN) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"inputs": {"data/a.csv": "1", "data/b.csv": "3"}},
        {"inputs": {"data/a.csv": "2", "data/b.csv": "1"}},
        {"inputs": {"data/a.csv": "1", "data/c.csv": "2"}},
        {"inputs": {}},
        {"plan": "q"},
        {"code": "d"},
        {"lock": "m"},
        {"plan": "c", "code": "p"},
    ],
    ids=str,
)
def test_a_run_is_another_when_any_part_of_it_is_another(changes):
    assert run_id(**{**RUN, **changes}) != run_id(**RUN)


def test_an_edited_module_is_the_only_one_whose_digest_is_another(tree):
    before = module_digests([tree / "script.py"])
    assert set(before) == {name[:-3].replace("/", ".").removesuffix(".__init__") for name in BEHIND_SCRIPT} - {"script"}
    edit(tree / "analysis" / "inside.py", "thing = 2\n")
    after = module_digests([tree / "script.py"])
    assert [name for name in before if after[name] != before[name]] == ["analysis.inside"]
    assert {len(digest) for digest in after.values()} == {10}


def found(text):
    """The modules that the statements of a text import, and those of the whole of it."""

    def names(statements):
        for node in statements:
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield ast.unparse(node)

    return set(names(provenance._imports(text))), set(names(ast.walk(ast.parse(text))))


@pytest.mark.parametrize(
    "text",
    [
        "import a, b as c; import d\n",
        "from a import (\n    b,\n    c as d,\n)\n",
        "from a import (  # with ) in a remark\n    b,\n)\n",
        "from a import b, \\\n    c\nx = 1\n",
        "if True: import a\n",
        "x = 1; import a\n",
        "def late():\n\tfrom a import b\n\treturn b\n",
        '"""Months\nfrom the start on, and\nimport duties."""\nimport a\n',
        "x = (1,\nimport_of := 2)\nfrom .a import b\n",
    ],
)
def test_imports_are_found_however_they_are_written(text):
    quick, all_of_them = found(text)
    assert quick == all_of_them
    assert len(quick) == text.count("import ") - text.count("import duties")


def test_no_import_of_the_project_is_missed_by_reading_lines_alone():
    for folder in ("analysis", "workflow"):
        for path in (provenance.ROOT / folder).rglob("*.py"):
            quick, all_of_them = found(path.read_text(encoding="utf-8"))
            assert quick == all_of_them, path


def test_the_modules_that_a_module_imports_itself_are_named_without_packages(tree):
    assert imported_modules("analysis.direct") == ["analysis.indirect"]
    assert imported_modules("analysis.package.part") == ["analysis.circle_a"]
    assert imported_modules("analysis.nowhere") == []
