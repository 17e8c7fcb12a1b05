"""The archive for researchers holds the tables as printed, the figures, and the released numbers to the last digit."""

import csv
import io
import json
import re
import zipfile

import numpy as np
import pandas as pd
import pypandoc
import pyreadstat
import pytest
import stages
import treated_reports
import trial_reports
from planted import NUMBER, TENOR_RULE, written
from workbook_models import report, small

from analysis.column_labels import COLUMN_LABELS
from analysis.leakscan import Finding, scan_file
from analysis.report import figures, kit
from analysis.report.latex import SIGNS, escaped
from analysis.report.stata import stata_bytes
from analysis.tables import COST, RELEASED, SYNTHESIS

MADE_UP = "made up"
NAMES = ("hpmt en", MADE_UP)
SOFT_HYPHEN = "\u00ad"
# Stata has no infinity, and its text is never missing.
INFINITE = {np.inf: np.nan, -np.inf: np.nan}
LATIN = re.compile("[ -\u00ff–—‘’“”„…•\u0152\u0153]")


def tables(name):
    """The released tables behind a report."""
    return (trial_reports.material() if name == MADE_UP else stages.material(stages.HPMT)).tables


def members(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module", params=NAMES)
def made(request):
    """A report, its tables and the members of its archive."""
    model, released = report(request.param), tables(request.param)
    return model, released, members(kit.render(model, released))


def blocks(model, *kinds):
    return [block for section in model["sections"] for block in section["blocks"] if block["type"] in kinds]


def printed(model):
    """Id, table and block of every table and figure."""
    return [(block["id"], block.get("table", block), block) for block in blocks(model, "table", "figure")]


def text(runs):
    return "".join(run["text"] for run in runs or ()).replace(SOFT_HYPHEN, "")


def test_the_members_are_named_by_the_ids_of_the_report_and_the_released_tables(made):
    model, released, found = made
    ids = [name for name, _, _ in printed(model)]
    drawn = [block["id"] for block in blocks(model, "figure")]
    wanted = {f"tables/{name}.{suffix}" for name in ids for suffix in ("csv", "tex")}
    wanted |= {f"figures/{name}.{suffix}" for name in drawn for suffix in ("svg", "png")}
    wanted |= {f"data/{name}.dta" for name, table in released.items() if len(table)}
    readme = "README.txt" if model["lang"] == "en" else "LES-MEG.txt"
    assert set(found) == {*wanted, readme}
    assert len(wanted) > 10


def test_a_table_is_printed_as_in_the_report(made):
    model, _, found = made
    for name, table, _ in printed(model):
        _, *rows = csv.reader(io.StringIO(found[f"tables/{name}.csv"].decode()))
        assert rows == [[text(cell) for cell in row] for row in table["rows"]]


def test_figures_are_those_of_the_report(made):
    model, _, found = made
    mark = model["banner"]["heading"] if model["banner"] else None
    for block in blocks(model, "figure"):
        assert found[f"figures/{block['id']}.svg"] == figures.draw(block["kind"], block["data"], mark=mark)
        assert found[f"figures/{block['id']}.png"].startswith(b"\x89PNG")


MATHS = {r"\checkmark": "✓", r"\circ": "○", "-": "−"} | {
    re.fullmatch(r"\\ensuremath\{(.*)\}", tex)[1]: chr(sign) for sign, tex in SIGNS.items() if "ensuremath" in tex
}


def read_latex(source):
    """Tables (caption and rows of text, the head of later pages last) and paragraphs, as pandoc reads them."""
    document = json.loads(pypandoc.convert_text(source, "json", format="latex"))
    return list(elements(document["blocks"], "Table")), [spelled(para) for para in elements(document["blocks"], "Para")]


def elements(node, kind):
    """The contents of every element of a kind, however deep."""
    if isinstance(node, dict) and node.get("t") == kind:
        yield node["c"]
    elif isinstance(node, (dict, list)):
        for below in node.values() if isinstance(node, dict) else node:
            yield from elements(below, kind)


def spelled(node):
    """The text of pandoc's inline elements."""
    if isinstance(node, list):
        return "".join(map(spelled, node))
    if not isinstance(node, dict):
        return ""
    kind, content = node.get("t"), node.get("c")
    if kind == "Str":
        return content
    if kind == "Math":
        return MATHS[content[1]]
    if kind == "Quoted":
        return f"“{spelled(content[1])}”"
    return " " if kind in ("Space", "SoftBreak") else spelled(content)


def plain(words):
    """Without soft hyphens, every blank alike, and apostrophes as LaTeX sets them."""
    return " ".join(words.replace(SOFT_HYPHEN, "").replace("'", "’").split())


def test_latex_reads_back_as_what_was_printed(made):
    """All tables in one document, so that pandoc starts once."""
    model, _, found = made
    known = printed(model)
    read, notes = read_latex("\n\n".join(found[f"tables/{name}.tex"].decode() for name, _, _ in known))
    assert len(read) == len(known)
    warning = f"{model['banner']['heading']}. {model['banner']['text']}" if model["banner"] else ""
    assert [plain(note) for note in notes] == [
        plain(f"{warning} {text(block.get('note'))}") for _, _, block in known if warning or block.get("note")
    ]
    for (name, table, block), (_, caption, _, head, body, _) in zip(known, read, strict=True):
        assert plain(spelled(caption)) == plain(text(block["caption"])), name
        rows = [[plain(spelled(cell[4])) for cell in row[1]] for row in [*head[1], *body[0][2], *body[0][3]]]
        heads, *_ = csv.reader(io.StringIO(found[f"tables/{name}.csv"].decode()))
        wanted = [heads, heads, *([text(cell) for cell in row] for row in table["rows"])]
        assert rows == [[plain(cell) for cell in row] for row in wanted], name


def test_latex_has_caption_label_rules_and_the_warning_first(made):
    model, _, found = made
    for name, _, _ in printed(model):
        source = found[f"tables/{name}.tex"].decode()
        assert rf"\label{{{name}}}" in source
        assert all(
            source.count(rule) == count for rule, count in (("\\toprule", 2), ("\\midrule", 2), ("\\bottomrule", 1))
        )
        first = source.split("\n")[0]
        assert first.startswith("% Synt" if model["banner"] else r"\begin{longtable}")
        assert all(LATIN.fullmatch(sign) for sign in source.replace("\n", "")), name


def test_signs_of_latex_are_escaped():
    """A star or a bracket that begins a row would be an option of the line break before it."""
    signs = '\\ { } $ & % # _ ^ ~ < > | " * [ ] a_b 5 % − ± × ≤ ≥ τ² Δ ✓ ○'
    rows = (("x", "1"), ("*", "[2]"), (signs, "y"))
    body = " ".join(rf"{escaped(first)} & {escaped(second)} \\" for first, second in rows)
    ((table,), _) = read_latex(rf"\begin{{longtable}}{{ll}} {body} \end{{longtable}}")
    read = [tuple(plain(spelled(cell[4])) for cell in row[1]) for row in table[4][0][3]]
    assert read == list(rows)
    assert escaped("*[") == "{*}{[}"


def test_stata_reads_the_released_numbers_to_the_last_digit(made):
    model, released, found = made
    for name, content in found.items():
        if not name.endswith(".dta"):
            continue
        table = released[name[5:-4]]
        read = pd.read_stata(io.BytesIO(content), convert_categoricals=False)
        assert list(read) == list(table)
        for column in table:
            if pd.api.types.is_numeric_dtype(table[column]):
                wanted = table[column].astype(float).replace(INFINITE)
                np.testing.assert_array_equal(read[column].astype(float), wanted)
            else:
                assert list(read[column]) == list(table[column].fillna(""))


def test_stata_has_labels_of_the_table_and_its_columns(made):
    model, released, found = made
    _, about = pyreadstat.read_dta(io.BytesIO(found["data/estimates.dta"]))
    heading = f"{model['banner']['heading']}: " if model["banner"] else ""
    assert about.file_label == f"{heading}{model['report']}, estimates"
    assert about.column_names_to_labels == {name: COLUMN_LABELS[name] for name in released["estimates"]}


def mixed():
    """A table with every kind of value that a release may hold."""
    return pd.DataFrame(
        {
            "replace": [True, None, False],
            "is_main": [True, False, True],
            "caliper": [0.1, np.nan, 1 / 3],
            "df": [np.inf, 16.0, -np.inf],
            "n": pd.array([2**31, None, 3], dtype="Int64"),
            "seed": [1, 2, 3],
            "reason": ["æ", None, "x" * 3000],
        }
    )


def test_stata_keeps_what_is_missing_true_large_and_long():
    content = stata_bytes(mixed(), label="L" * 100, date=pd.Timestamp("2026-11-21").date(), no_yes=("nei", "ja"))
    read = pd.read_stata(io.BytesIO(content), convert_categoricals=False)
    rows, about = pyreadstat.read_dta(io.BytesIO(content))
    assert about.variable_value_labels == {"replace": {0: "nei", 1: "ja"}, "is_main": {0: "nei", 1: "ja"}}
    assert about.file_label == "L" * 80
    assert read["replace"].fillna(-1).tolist() == [1, -1, 0]
    assert read["is_main"].tolist() == [1, 0, 1]
    assert read["caliper"].fillna(-1).tolist() == [0.1, -1, 1 / 3]
    assert read["df"].fillna(-1).tolist() == [-1, 16, -1]
    assert read["n"].fillna(-1).tolist() == [2**31, -1, 3]
    assert read["reason"].tolist() == ["æ", "", "x" * 3000]


def test_every_released_column_has_a_label_that_stata_takes():
    treated = treated_reports.material(treated_reports.TRIAL, "nav").tables.values()
    columns = {column for table in [*RELEASED.values(), SYNTHESIS, COST, *treated] for column in table}
    assert "disclosure_status" in columns
    assert columns <= set(COLUMN_LABELS)
    assert max(map(len, COLUMN_LABELS.values())) <= 80
    with pytest.raises(KeyError, match="ukjent"):
        stata_bytes(pd.DataFrame({"ukjent": [1]}), label="", date=pd.Timestamp("2026-11-21").date(), no_yes=("n", "y"))


def test_the_text_says_what_it_is_how_to_cite_it_and_that_made_up_data_are_made_up(made):
    model, _, found = made
    words = found["README.txt" if model["lang"] == "en" else "LES-MEG.txt"].decode()
    assert f"{model['author']}: {model['title']}. {model['version']}, {model['date_text']}." in words
    assert all(f"- {name}: " in words for name, _, _ in printed(model))
    if model["banner"]:
        assert words.startswith(f"{model['banner']['heading']}. {model['banner']['text']}\n\n")
    for kind in ("tables", "figures", "data"):
        assert f"{kind}/*." in words


def test_the_same_report_gives_the_same_bytes_in_order_of_name_and_without_a_clock(made):
    model, released, found = made
    content = kit.render(model, released)
    figures.draw_anew()
    assert kit.render(model, released) == content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == sorted(found)
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_clean_archive_is_let_through(made, tmp_path):
    model, released, _ = made
    assert scan_file(written(tmp_path, "a.zip", kit.render(model, released))) == []


def test_a_planted_number_is_found_in_every_member_that_holds_it(tmp_path):
    released = {"cells": pd.DataFrame({"arm": [NUMBER], "n": [int(NUMBER)]})}
    findings = scan_file(written(tmp_path, "a.zip", kit.render(small(text=f"Sak {NUMBER}"), released)))
    places = {finding.place.partition(", ")[0] for finding in findings if finding.rule == TENOR_RULE}
    assert places == {"LES-MEG.txt", "tables/tab-liten.csv", "tables/tab-liten.tex", "data/cells.dta"}
    assert Finding("a.zip", "data/cells.dta, radene", TENOR_RULE) in findings
    assert NUMBER not in repr(findings)
