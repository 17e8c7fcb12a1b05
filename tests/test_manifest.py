"""The manifest lists all there is and nothing else, and every later change is noticed."""

import hashlib
import json
import shutil
import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.manifest import MANIFEST_NAME, environment, manifest, verify
from analysis.problems import ProblemsFound

DIGESTS = {"plan": "a" * 64, "code": "b" * 64, "lock": "c" * 64}
INPUTS = {"hpmt/published.yaml": "d" * 64, "causaldata/nsw": "e" * 64}
FILES = {
    "index.html": b"<p>Hei</p>",
    "reports/hpmt.nb.pdf": b"%PDF",
    "hpmt/estimates.csv": b"a,b\n1,2\n",
    "tom.txt": b"",
}


@pytest.fixture
def folder(tmp_path):
    for name, content in FILES.items():
        path = tmp_path / "utgivelse" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "utgivelse"


def listed(folder):
    return manifest(folder, inputs=INPUTS, digests=DIGESTS)


def told(folder, content):
    return [(problem.where, problem.what) for problem in verify(folder, content)]


def test_every_file_is_listed_by_path_with_digest_and_size(folder):
    expected = [
        {"path": name, "sha256": hashlib.sha256(FILES[name]).hexdigest(), "bytes": len(FILES[name])}
        for name in sorted(FILES)
    ]
    assert listed(folder)["files"] == expected


def test_inputs_digests_and_environment_are_told(folder):
    content = listed(folder)
    assert content["inputs"] == INPUTS
    assert list(content["inputs"]) == sorted(INPUTS)
    assert content["digests"] == DIGESTS
    assert content["environment"] == environment()
    assert {"pandas", "numpy", "snakemake", "fonttools"} <= set(content["environment"]["packages"])
    assert all(content["environment"]["packages"].values())


def test_the_same_content_gives_the_same_bytes_wherever_and_whenever(folder, tmp_path):
    copy = shutil.copytree(folder, tmp_path / "annet sted")
    first, second = (json.dumps(listed(place)) for place in (folder, copy))
    assert first == second
    assert str(tmp_path) not in first
    assert socket.gethostname() not in first


def test_the_manifest_itself_is_not_listed_but_one_further_down_is(folder):
    (folder / MANIFEST_NAME).write_text("{}", encoding="utf-8")
    (folder / "reports" / MANIFEST_NAME).write_text("{}", encoding="utf-8")
    paths = [entry["path"] for entry in listed(folder)["files"]]
    assert MANIFEST_NAME not in paths
    assert f"reports/{MANIFEST_NAME}" in paths


def test_an_untouched_folder_has_no_problems_also_after_a_round_through_json(folder):
    content = json.loads(json.dumps(listed(folder)))
    (folder / MANIFEST_NAME).write_text(json.dumps(content), encoding="utf-8")
    assert verify(folder, content) == []


def test_missing_changed_and_unlisted_files_are_all_told_at_once(folder):
    content = listed(folder)
    (folder / "tom.txt").unlink()
    (folder / "index.html").write_bytes(b"<p>Hai</p>")
    (folder / ".skjult").write_bytes(b"x")
    assert told(folder, content) == [
        (".skjult", "ligger i mappa, men står ikke i manifestet."),
        ("index.html", "er endret etter at manifestet ble skrevet."),
        ("tom.txt", "står i manifestet, men ligger ikke i mappa."),
    ]


def test_links_are_refused_and_told(folder, tmp_path):
    content = listed(folder)
    original = (folder / "index.html").rename(tmp_path / "original.html")
    (folder / "index.html").symlink_to(original)
    (folder / "ute").symlink_to(tmp_path)
    assert told(folder, content) == [
        ("index.html", "er en lenke, og lenker kan ikke slippes ut."),
        ("ute", "er en lenke, og lenker kan ikke slippes ut."),
    ]
    with pytest.raises(ProblemsFound, match=r"(?s)Manifestet kan ikke skrives.*index\.html.*ute"):
        listed(folder)


@pytest.mark.parametrize("path", ["../hemmelig.txt", "/etc/passwd", "a/../../b", "C:/x", "a\\b"])
def test_a_manifest_that_points_out_of_the_folder_is_told(folder, path):
    content = listed(folder)
    content["files"].append({"path": path, "sha256": "0" * 64, "bytes": 1})
    assert told(folder, content) == [(path, "peker ut av mappa.")]


@pytest.mark.parametrize("name", ["/data/x.csv", "../x.csv", "C:\\x.csv"])
def test_an_input_is_not_named_by_a_path_outside(folder, name):
    with pytest.raises(ValueError, match="outside") as error:
        manifest(folder, inputs={name: "0" * 64}, digests=DIGESTS)
    assert name not in str(error.value)


@pytest.mark.parametrize("value", ["", "X" * 64, "ikke beregnet", "ABCDEF012345"])
def test_a_digest_must_be_one(folder, value):
    with pytest.raises(ValueError, match="plan"):
        manifest(folder, inputs=INPUTS, digests={"plan": value})


def test_a_folder_that_is_not_there_is_not_an_empty_one(tmp_path):
    with pytest.raises(ValueError, match="no such folder"):
        manifest(tmp_path / "borte", inputs={}, digests={})


@settings(max_examples=25, deadline=None)
@given(content=st.binary(min_size=1, max_size=200), data=st.data())
def test_one_changed_byte_is_always_noticed(tmp_path_factory, content, data):
    folder = tmp_path_factory.mktemp("bytes")
    (folder / "a.bin").write_bytes(content)
    before = manifest(folder, inputs={}, digests={})
    position = data.draw(st.integers(0, len(content) - 1))
    changed = bytes([content[position] ^ data.draw(st.integers(1, 255))])
    (folder / "a.bin").write_bytes(content[:position] + changed + content[position + 1 :])
    assert told(folder, before) == [("a.bin", "er endret etter at manifestet ble skrevet.")]
