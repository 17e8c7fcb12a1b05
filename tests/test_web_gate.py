"""Every released web page is held against WCAG in a browser, and the browser finds each defect that is put in."""

import json
import os
import shutil
import subprocess

import gates
import pytest
import stages

pytestmark = pytest.mark.whole

FOLDER = stages.ROOT / "tests" / "web_gate"
MODULES = FOLDER / "node_modules"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
INSTALL = "npm ci --prefix tests/web_gate --ignore-scripts --no-audit --no-fund"
CSS = (stages.ROOT / "reports" / "_shared" / "report.css").read_text(encoding="utf-8")
PAGE = f"""<!DOCTYPE html>
<html lang="nb"><head><meta charset="utf-8"><title>Prøve</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{CSS}</style></head>
<body><a class="skip" href="#main">Hopp til innholdet</a>
<header><h1>Prøve</h1></header>
<main id="main" tabindex="-1"><h2>Tabell</h2>
<p>Se <a id="first" href="#table">tabellen</a> og <a id="second" href="#figure">figuren</a>.</p>
<div class="scroll" id="table" role="region" aria-label="Tabell" tabindex="0">
<table><thead><tr><th scope="col">{"Et langt ord " * 9}</th><th scope="col">Tall</th></tr></thead>
<tbody><tr><th scope="row">{"uten_mellomrom" * 4}</th><td>1</td></tr></tbody></table></div>
<figure id="figure"><svg role="img" aria-label="En strek" width="40" height="10"><path d="M0 5h40"/></svg>
<img alt="Ingenting" src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=" width="20" height="20"></figure>
<details id="details"><summary id="summary">Vis tallene</summary><p><a href="#table">Tabellen</a></p></details>
<label>Søk <input id="search" type="search"></label></main></body></html>
"""
# What is replaced by what, and the rules that find it.
DEFECTS = {
    "no language": (' lang="nb"', "", {"html-has-lang"}),
    "no title": ("<title>Prøve</title>", "", {"document-title"}),
    "header without scope": ('<th scope="row">', "<th>", {"th-scope"}),
    "unnamed graphic": (' aria-label="En strek"', "", {"svg-img-alt"}),
    "picture without words": (' alt="Ingenting"', "", {"image-alt"}),
    "heading left out": ("<h2>Tabell</h2>", "<h3>Tabell</h3>", {"heading-order"}),
    "field without label": ("<label>Søk", "<label>", {"label"}),
    "pale text": ("<h2>Tabell", '<h2 style="color: #bbb">Tabell', {"color-contrast"}),
    "table out of reach of the keyboard": (' tabindex="0"', "", {"scrollable-region-focusable"}),
    "page moved sideways": ('class="scroll"', "", {"sideways-scroll"}),
    "message on the console": ("</body>", '<script>console.error("feil")</script></body>', {"console"}),
    "script that breaks": ("</body>", "<script>missing()</script></body>", {"console"}),
    "request outside": ('src="data:', 'src="https://example.invalid/', {"console", "request"}),
    "no way past the top": ('<a class="skip" href="#main">Hopp til innholdet</a>', "", {"focus-first"}),
    "own order of stops": ('id="second"', 'id="second" tabindex="1"', {"tabindex", "focus-first", "focus-order"}),
    "trap": (
        "</body>",
        '<script>second.onkeydown = (e) => { if (e.key === "Tab") e.preventDefault(); }</script></body>',
        {"focus-order", "focus-never", "focus-trap"},
    ),
    "invisible focus": ("</style>", "#second:focus-visible { outline: none; }</style>", {"focus-unseen"}),
    "fold that does not open": (
        "</body>",
        "<script>summary.onclick = (e) => e.preventDefault()</script></body>",
        {"fold"},
    ),
}


def held(pages):
    """What the gate says of each page, by path."""
    there = {"chromium": CHROMIUM, "node": shutil.which("node"), "tests/web_gate/node_modules": MODULES.is_dir()}
    gates.stop_without([name for name, found in there.items() if not found], f"npm fills the folder: {INSTALL}")
    said = subprocess.run(
        ["node", FOLDER / "gate.mjs"],
        input=json.dumps([str(page) for page in pages]),
        env={**os.environ, "CHROMIUM": CHROMIUM},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout[-2000:] + said.stderr
    return {record["page"]: record for record in map(json.loads, said.stdout.splitlines())}


def test_every_released_page_is_passed_by_the_browser(finished):
    release = finished[0].folder / "results" / "release"
    pages = sorted(release.rglob("*.html"))
    found = held(pages)
    assert sorted(found) == [str(page) for page in pages]
    assert {path: record["findings"] for path, record in found.items() if record["findings"]} == {}
    # A page without stops for the keyboard would mean that the keyboard was not heard.
    assert min(record["stops"] for record in found.values()) > 10


@pytest.fixture(scope="module")
def defects(tmp_path_factory):
    """The rules that find something on each page with a defect, and on the page as it is."""
    folder = tmp_path_factory.mktemp("pages")
    spoilt = {"none": PAGE}
    for name, (old, new, _) in DEFECTS.items():
        assert old in PAGE
        spoilt[name] = PAGE.replace(old, new, 1)
    for name, text in spoilt.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    found = held([folder / f"{name}.html" for name in spoilt])
    return {name: {f["rule"] for f in found[str(folder / f"{name}.html")]["findings"]} for name in spoilt}


def test_a_page_without_defects_is_passed(defects):
    assert defects["none"] == set()


@pytest.mark.parametrize("defect", DEFECTS)
def test_each_defect_is_found_by_its_rules_alone(defects, defect):
    assert defects[defect] == DEFECTS[defect][2]


@pytest.mark.parametrize(("required", "stop"), [(False, pytest.skip.Exception), (True, pytest.fail.Exception)])
def test_a_gate_that_cannot_be_tried_is_skipped_or_where_it_is_required_fails(monkeypatch, required, stop):
    monkeypatch.setattr(gates, "REQUIRED", required)
    with pytest.raises(stop, match="missing: chromium; npm ci"):
        gates.stop_without(["chromium"], "npm ci")
    gates.stop_without([], "npm ci")
