"""Keyed pseudonyms: where a key may come from, what it does, and that it is seen nowhere."""

import hashlib
import os
import pickle
import traceback

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import pseudonyms as module
from analysis.problems import ProblemsFound
from analysis.pseudonyms import Key, dense_ids, key_from_environment, key_from_file, pseudonyms, write_new_key

SECRET = bytes(range(100, 132))
KEY = Key(SECRET)


@pytest.fixture
def key_file(tmp_path):
    def write(content, mode=0o600):
        path = tmp_path / "nokkel"
        path.write_bytes(content)
        path.chmod(mode)
        return path

    return write


def refused(function, *arguments):
    with pytest.raises(ProblemsFound) as caught:
        function(*arguments)
    return str(caught.value), "".join(traceback.format_exception(caught.value))


def test_the_pseudonym_is_keyed_blake2b_with_the_cohort_as_personalisation():
    person = hashlib.blake2b(b"person\0hpmt", digest_size=16).digest()
    expected = hashlib.blake2b(b"0001", digest_size=8, key=SECRET, person=person).hexdigest()
    assert pseudonyms(pd.Series(["0001"]), key=KEY, cohort="hpmt").tolist() == [expected]
    assert len(expected) == 16


def test_the_same_id_gets_the_same_pseudonym_and_missing_stays_missing():
    found = pseudonyms(pd.Series(["a", None, "b", "a"], index=[4, 3, 2, 1]), key=KEY, cohort="x")
    assert found.index.tolist() == [4, 3, 2, 1]
    assert found.isna().tolist() == [False, True, False, False]
    assert found[4] == found[1] != found[2]


def test_neither_another_cohort_nor_another_key_gives_the_same_pseudonyms():
    ids = pd.Series([str(number) for number in range(200)])
    first = set(pseudonyms(ids, key=KEY, cohort="x"))
    assert not first & set(pseudonyms(ids, key=KEY, cohort="y"))
    assert not first & set(pseudonyms(ids, key=Key(SECRET[::-1]), cohort="x"))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=12), unique=True, max_size=40), st.randoms(use_true_random=False))
def test_neither_depends_on_the_order_of_the_rows(texts, random):
    texts = [text for text in texts if text.isprintable()]
    shuffled = random.sample(texts, len(texts))
    for function in (pseudonyms, dense_ids):
        one = function(pd.Series(texts, dtype="str"), key=KEY, cohort="x")
        two = function(pd.Series(shuffled, dtype="str"), key=KEY, cohort="x")
        if function is pseudonyms:
            one.index, two.index = texts, shuffled
        assert one.sort_index().to_dict() == two.sort_index().to_dict()


def test_dense_ids_are_every_number_once_in_an_order_that_says_nothing():
    ids = pd.Series([f"{number:05d}" for number in range(2000)] * 2)
    places = dense_ids(ids, key=KEY, cohort="x")
    assert sorted(places) == list(range(2000))
    assert places.dtype == "int32"
    names = pseudonyms(pd.Series(places.index), key=KEY, cohort="x")
    by_id = places.sort_index().reset_index(drop=True)
    by_name = places.set_axis(names.to_numpy()).sort_index().reset_index(drop=True)
    # Rank correlation of 2 000 random pairs has standard deviation 0.022.
    assert abs(by_id.corr(pd.Series(range(2000)))) < 0.1
    assert abs(by_name.corr(pd.Series(range(2000)))) < 0.1


def test_a_collision_is_refused_without_a_value(monkeypatch):
    monkeypatch.setattr(Key, "digest", lambda self, text, *, context, purpose: text[:1].encode())
    text, _ = refused(lambda: pseudonyms(pd.Series(["CANARY1", "CANARY2", "B"]), key=KEY, cohort="x"))
    assert "samme pseudonym som en annen: 1." in text
    assert "CANARY" not in text


@pytest.mark.parametrize("content", [SECRET.hex().encode(), SECRET.hex().upper().encode() + b"\n", b"\x00\xff" * 16])
def test_a_key_is_read_from_hex_or_raw_bytes(key_file, content):
    key = key_from_file(key_file(content))
    expected = SECRET if b"\xff" not in content else content
    assert pseudonyms(pd.Series(["a"]), key=key, cohort="x").equals(
        pseudonyms(pd.Series(["a"]), key=Key(expected), cohort="x")
    )


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o400, 0o700, 0o604])
def test_a_key_file_with_another_mode_than_0600_is_refused(key_file, mode):
    text, _ = refused(key_from_file, key_file(SECRET.hex().encode(), mode))
    assert f"{mode:04o}" in text
    assert "chmod 600" in text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"abcd" * 8,
        SECRET[:31].hex().encode(),
        SECRET[:31],
        bytes(range(128, 193)),
        b"correct horse battery staple and more words",
        b"1" * 33 + b"\n",
    ],
)
def test_a_key_that_is_short_long_or_a_sentence_is_refused_and_not_shown(key_file, content):
    text, whole = refused(key_from_file, key_file(content))
    shown = content.strip().decode("latin-1")
    assert "nøkkelfilen nokkel" in text
    assert not shown or shown not in text + whole


def test_a_link_a_folder_and_a_missing_file_are_refused(key_file, tmp_path):
    path = key_file(SECRET.hex().encode())
    link = tmp_path / "lenke"
    link.symlink_to(path)
    for wrong in (link, tmp_path, tmp_path / "mangler"):
        text, whole = refused(key_from_file, wrong)
        assert str(tmp_path) not in text
        assert SECRET.hex() not in whole


def test_a_key_is_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("TILTAK_KEY", SECRET.hex())
    key = key_from_environment("TILTAK_KEY", os.environ)
    assert pseudonyms(pd.Series(["a"]), key=key, cohort="x").equals(pseudonyms(pd.Series(["a"]), key=KEY, cohort="x"))
    for value in ("", SECRET[:31].hex(), "hemmelig passord som er langt nok til 32"):
        text, whole = refused(key_from_environment, "TILTAK_KEY", {"TILTAK_KEY": value})
        assert "miljøvariabelen TILTAK_KEY" in text
        assert not value or value not in text + whole
    refused(key_from_environment, "TILTAK_KEY", {})


def test_a_new_key_is_random_closed_and_never_written_over(tmp_path):
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        write_new_key(path)
        assert path.stat().st_mode & 0o777 == 0o600
        key_from_file(path)
    assert paths[0].read_bytes() != paths[1].read_bytes()
    with pytest.raises(FileExistsError):
        write_new_key(paths[0])


def test_the_key_is_not_shown_stored_or_made_too_short():
    assert repr(KEY) == str(KEY) == f"{KEY}" == "Key(hidden)"
    assert not hasattr(KEY, "__dict__")
    with pytest.raises(TypeError, match="not stored"):
        pickle.dumps(KEY)
    with pytest.raises(ValueError, match="32 to 64 bytes") as caught:
        Key(b"short")
    assert "short" not in str(caught.value)


def test_the_module_takes_no_key_from_text_in_a_card_or_on_a_command_line():
    doors = {name for name in vars(module) if name.startswith("key_from")}
    assert doors == {"key_from_file", "key_from_environment"}
