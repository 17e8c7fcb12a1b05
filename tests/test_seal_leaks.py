"""A planted leak of each kind stops the seal: the message says where, never what, and nothing is let out."""

import base64
import json
from pathlib import Path

import pytest
from planted import (
    DATE,
    FRAMES,
    HIDDEN,
    LAST_FIVE,
    LATER,
    LATER_D,
    archived,
    cells,
    pdf_with_title,
    workbook,
    written,
)

from analysis.canaries import canaries
from analysis.problems import ProblemsFound
from analysis.seal import seal
from analysis.synthetic.common import generator, pseudonyms

FOLDERS = {".html": "reports/hpmt", ".pdf": "reports/hpmt"}
IDS = pseudonyms(generator(9), 300, "kvp").tolist()
BIRD = IDS[7]


@pytest.fixture
def delivery(tmp_path):
    """A made-up delivery of 300 persons."""
    folder = tmp_path / "synthetic"
    folder.mkdir()
    rows = "".join(f"{one};K;9201\n" for one in IDS)
    (folder / "personer.csv").write_text(f"person;kjønn;kontor\n{rows}", encoding="latin-1")
    return folder


def stopped(tmp_path: Path, name: str, content: str | bytes, *deliveries: Path) -> str:
    """What the seal says when this file is to be let out with a clean one."""
    clean, source = written(tmp_path, "estimates.csv", "n,share\n617,0.3\n"), written(tmp_path, name, content)
    out = tmp_path / "release"
    targets = [out / "hpmt" / clean.name, out / FOLDERS.get(source.suffix, "hpmt") / name]
    with pytest.raises(ProblemsFound) as caught:
        seal([str(clean), str(source)], [str(target) for target in targets], deliveries=map(str, deliveries))
    assert not out.exists()
    return str(caught.value)


@pytest.mark.parametrize("leak", HIDDEN)
def test_a_number_stops_the_seal_wherever_it_is_planted(leak, tmp_path):
    name, content, place = HIDDEN[leak]
    told = stopped(tmp_path, name, content)
    assert f"{name}, {place}" in told
    assert "(Tenor)" in told
    for secret in (DATE, LAST_FIVE, LATER, LATER[6:], LATER_D, LATER_D[6:]):
        assert secret not in told


@pytest.mark.parametrize("leak", FRAMES)
def test_what_can_carry_a_data_set_stops_the_seal(leak, tmp_path):
    name, content, place = FRAMES[leak]
    assert f"{name}, {place}" in stopped(tmp_path, name, content)


BIRDS = {
    "attribute of a drawing": ("a.html", f'<svg>\n<path id="{BIRD}"/></svg>', "attributtet id, linje 2"),
    "sheet that nobody treated": (
        "a.xlsx",
        workbook("xl/worksheets/sheet2.xml", cells(*IDS)),
        "xl/worksheets/sheet2.xml, celle A1",
    ),
    "table": ("a.csv", f"gruppe,n\n{BIRD},1\n", "linje 2"),
    "key": ("a.json", json.dumps({"rows": {BIRD.upper(): 1}}), "linje 1"),
    "two spans": ("a.html", f"<p><b>{BIRD[:6]}</b>{BIRD[6:]}</p>", "linje 1"),
    "title of a pdf": ("a.pdf", pdf_with_title(f"Om {BIRD}"), "metadata (Title)"),
    "document without its hyphen": (
        "a.docx",
        archived({"word/document.xml": f"<w:t>{BIRD[:3]}\u00ad{BIRD[4:]}</w:t>"}),
        "word/document.xml",
    ),
    "text laid in": (
        "a.html",
        f'<a href="data:text/csv;base64,{base64.b64encode(",".join(IDS).encode()).decode()}">',
        "innebygd innhold på linje 1",
    ),
}


@pytest.mark.parametrize("leak", BIRDS)
def test_the_id_of_a_made_up_person_stops_the_seal(leak, tmp_path, delivery):
    name, content, place = BIRDS[leak]
    told = stopped(tmp_path, name, content, delivery)
    assert f"{name}, {place}" in told
    assert "kanarifugl" in told
    assert not any(secret in told.lower() for secret in (BIRD, BIRD[4:]))


def test_everyone_in_a_made_up_delivery_is_a_canary(delivery):
    assert canaries([delivery]) == set(IDS)
    assert canaries([]) == frozenset()


def test_ids_of_another_delivery_and_digests_are_no_canaries(tmp_path, delivery):
    other = pseudonyms(generator(10), 50, "kvp").tolist()
    source = written(tmp_path, "a.json", json.dumps({"ids": other, "code": f"{BIRD[4:]}{'0' * 56}"}))
    target = tmp_path / "release" / "hpmt" / "a.json"
    seal([str(source)], [str(target)], deliveries=[str(delivery)])
    assert target.exists()
