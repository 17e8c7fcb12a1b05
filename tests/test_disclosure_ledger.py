"""The ledger: what left is kept, chained and compared with what leaves next; tampering is noticed."""

import fcntl
import hashlib
import json
import random
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from analysis.disclosure import ledger
from analysis.disclosure.declared import Measure, cell
from analysis.disclosure.ledger import admit, read_ledger
from analysis.disclosure.records import definition, digest, restored, values
from analysis.disclosure.shown import derived, exact, hidden
from analysis.problems import ProblemsFound
from tests.disclosure_releases import (
    CLASSIFICATION,
    HIDES,
    YES,
    count,
    effect,
    mean,
    office_cell,
    release,
    share,
    two_reports,
)

SECRET = 4711
# SHA-256 of the definitions of the first of two_reports(): what lies in the open must mean the same for years.
DIGEST = "76479aaaa19dd0a0b84cd284ece8a03352696d2d9b855df8384002e0fc4e9794"


@pytest.fixture
def places(tmp_path):
    return tmp_path / "restricted" / "oppdiktet" / "ledger", tmp_path / "release" / "ledger" / "oppdiktet.json"


@pytest.fixture
def three(places):
    """A ledger with three releases."""
    for number in range(3):
        name = f"Rapport {number}"
        admit(*places, release(name, count(name, cell(), SECRET), count(name, cell(arm="tiltak"), 2000)), HIDES)
    return places


def told(places):
    with pytest.raises(ProblemsFound) as refused:
        read_ledger(*places)
    return [(problem.where, problem.what) for problem in refused.value.problems]


def everything():
    """A release with a number of each kind."""
    inner, outer = office_cell("A", {"arbeid 24": YES}), office_cell("A")
    return release(
        "R",
        count("R", outer, 40),
        count("R", inner, 3, hidden()),
        share("R", inner, outer, (3, 40), None, shown=hidden()),
        mean("R", cell(arm="tiltak"), 900.5, 50, "18.0"),
        effect("R", (40, 50), shown=derived("3.1", scale=100), df=12),
        classification=replace(CLASSIFICATION, impossible=(cell(kontor="B", matchet=YES),)),
    )


# Records.


def test_a_record_is_the_same_whatever_the_order():
    one = everything()
    shuffle = random.Random(3).sample
    dimensions = tuple(
        replace(part, categories=tuple(shuffle(part.categories, len(part.categories))))
        for part in shuffle(CLASSIFICATION.dimensions, 4)
    )
    other = replace(
        one,
        numbers=tuple(shuffle(one.numbers, len(one.numbers))),
        classification=replace(one.classification, dimensions=dimensions, measures=(Measure("lønn", 0, None),)),
    )
    assert digest(definition(one)) == digest(definition(other))
    assert values(one) == values(other)


def test_a_record_of_definitions_is_known_by_its_digest():
    assert digest(definition(two_reports()[0])) == DIGEST
    assert digest(definition(two_reports()[1])) != DIGEST


def test_definitions_hold_no_value():
    secrets = release("R", count("R", cell(), SECRET), mean("R", cell(), 815.25, SECRET, "0.173"))
    assert not re.search("4711|815|0.173|173", json.dumps(definition(secrets)))
    other = release("R", count("R", cell(), SECRET + 1), mean("R", cell(), 12, 3, "4.000"))
    assert definition(secrets) == definition(other)


def test_decimals_and_the_way_of_showing_are_part_of_the_definition():
    one, other = (release("R", mean("R", cell(), 900, 50, text)) for text in ("18.0", "18"))
    assert digest(definition(one)) != digest(definition(other))


def test_a_release_comes_back_from_its_record_through_json():
    one = everything()
    back = restored(*json.loads(json.dumps([definition(one), values(one)])))
    assert definition(back) == definition(one)
    assert values(back) == values(one)
    assert {number.place: number for number in back.numbers}.keys() == {number.place for number in one.numbers}


def test_numbers_of_numpy_are_written_as_the_others():
    one, other = (release("R", count("R", cell(), value)) for value in (40, np.int64(40)))
    assert json.dumps(values(one)) == json.dumps(values(other))


def test_another_schema_is_not_read():
    with pytest.raises(ValueError, match="schema"):
        restored(definition(everything()) | {"schema": 99}, values(everything()))


# The chain.


def test_releases_come_back_in_the_order_they_left(three):
    entries = read_ledger(*three)
    assert [entry.release.report for entry in entries] == ["Rapport 0", "Rapport 1", "Rapport 2"]
    listed = json.loads(three[1].read_text(encoding="utf-8"))["entries"]
    assert [line["entry_sha256"] for line in listed] == [entry.entry_sha256 for entry in entries]
    assert listed[0]["definition_sha256"] == digest(definition(entries[0].release))


def test_the_public_list_holds_no_value_and_the_folder_is_for_the_owner_alone(three):
    folder, public = three
    assert not re.search(r"4711\b(?!\w)", re.sub("[0-9a-f]{64}", "", public.read_text(encoding="utf-8")))
    assert (folder / "0001.json").stat().st_mode & 0o077 == 0
    assert folder.parent.parent.stat().st_mode & 0o077 == 0


def test_guesses_at_the_values_cannot_be_tried_against_the_public_hash(tmp_path):
    """Two ledgers of the same release have different hashes, for the salt is restricted."""
    one = release("R", count("R", cell(), SECRET))
    entries = []
    for name in ("a", "b"):
        place = tmp_path / name / "ledger", tmp_path / f"{name}.json"
        admit(*place, one, HIDES)
        entries += read_ledger(*place)
    assert entries[0].entry_sha256 != entries[1].entry_sha256
    assert entries[0].definition_sha256 == entries[1].definition_sha256


def test_a_ledger_of_nothing_is_empty(places):
    assert read_ledger(*places) == ()


def changed(path, old, new):
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


TAMPERING = {
    "a value in the first": lambda folder, public: changed(folder / "0001.json", str(SECRET), "4712"),
    "a value in the last": lambda folder, public: changed(folder / "0003.json", str(SECRET), "4712"),
    "a space": lambda folder, public: (folder / "0003.json").write_text((folder / "0003.json").read_text() + " "),
    "the last one removed": lambda folder, public: (folder / "0003.json").unlink(),
    "one in the middle removed": lambda folder, public: (folder / "0002.json").unlink(),
    "two swapped": lambda folder, public: swapped(folder),
    "one added": lambda folder, public: shutil.copy(folder / "0003.json", folder / "0004.json"),
    "no JSON": lambda folder, public: (folder / "0002.json").write_text("4711"),
    "cut short": lambda folder, public: (folder / "0002.json").write_text((folder / "0002.json").read_text()[:99]),
    "the public list removed": lambda folder, public: public.unlink(),
    "the public list changed": lambda folder, public: changed(public, '"version": 1', '"version": 2'),
    "the public list cut short": lambda folder, public: public.write_text(public.read_text()[:50]),
    "the whole folder removed": lambda folder, public: shutil.rmtree(folder),
}


def swapped(folder):
    one, other = ((folder / name).read_bytes() for name in ("0001.json", "0002.json"))
    (folder / "0001.json").write_bytes(other)
    (folder / "0002.json").write_bytes(one)


@pytest.mark.parametrize("kind", TAMPERING)
def test_tampering_is_noticed_and_told_of_without_a_value(three, kind):
    TAMPERING[kind](*three)
    problems = told(three)
    assert problems
    assert not re.search("4711|4712|2000", str(problems))
    with pytest.raises(ProblemsFound, match="ikke til å stole på"):
        admit(*three, two_reports()[0], HIDES)


def test_a_forged_chain_is_noticed_by_the_public_list(three):
    """Somebody changes a value and mends every later link, but cannot change what lies in the open."""
    folder, _ = three
    previous = ledger.BEFORE_THE_FIRST
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8").replace(str(SECRET), "4712"))
        path.write_text(json.dumps(content | {"previous": previous}), encoding="utf-8")
        previous = hashlib.sha256(path.read_bytes()).hexdigest()
    assert [what for _, what in told(three)] == ["er endret siden den ble skrevet."] * 3


# Admission.


def test_what_gives_a_group_away_is_not_written(places):
    first, second = two_reports()
    admit(*places, first, HIDES)
    before = [path.read_bytes() for path in (places[0] / "0001.json", places[1])]
    with pytest.raises(ProblemsFound, match="røper for mye"):
        admit(*places, second, HIDES)
    assert len(read_ledger(*places)) == 1
    assert [path.read_bytes() for path in (places[0] / "0001.json", places[1])] == before
    assert [path.name for path in places[0].iterdir() if path.name.endswith(".tmp")] == []


def test_the_same_release_again_is_not_written_twice(places):
    first, _ = two_reports()
    assert admit(*places, first, HIDES) == admit(*places, first, HIDES)
    assert len(read_ledger(*places)) == 1


def test_another_content_under_the_same_version_is_refused_and_a_new_version_is_not(places):
    first, _ = two_reports()
    admit(*places, first, HIDES)
    corrected = replace(first, numbers=(replace(first.numbers[0], shown=exact(40)), *first.numbers[1:]))
    with pytest.raises(ProblemsFound, match="neste versjonsnummer|ikke godkjent"):
        admit(*places, corrected, HIDES)
    fewer = replace(first, numbers=first.numbers[1:], version=2)
    admit(*places, fewer, HIDES)
    assert [entry.release.version for entry in read_ledger(*places)] == [1, 2]


def test_a_run_that_dies_before_the_public_list_is_written_leaves_a_ledger_that_goes_on(places, monkeypatch):
    first, _ = two_reports()
    admit(*places, first, HIDES)
    other = release("Rapport 3", count("Rapport 3", cell(arm="tiltak"), 70))
    kept = ledger.write_json

    def dies_at_the_list(path, content):
        if path == places[1]:
            raise KeyboardInterrupt
        kept(path, content)

    monkeypatch.setattr(ledger, "write_json", dies_at_the_list)
    with pytest.raises(KeyboardInterrupt):
        admit(*places, other, HIDES)
    monkeypatch.setattr(ledger, "write_json", kept)
    assert len(read_ledger(*places)) == 2
    admit(*places, other, HIDES)
    assert len(json.loads(places[1].read_text(encoding="utf-8"))["entries"]) == len(read_ledger(*places)) == 2


def test_two_at_a_time_are_refused(places):
    first, _ = two_reports()
    admit(*places, first, HIDES)
    with open(places[0] / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ProblemsFound, match="ikke godkjent"):
            admit(*places, first, HIDES)
