import json
import stat

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.files import (
    read_csv,
    read_json,
    read_parquet,
    replacing,
    sha256,
    write_bytes,
    write_csv,
    write_json,
    write_parquet,
    write_text,
)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "gammel")

    def half_written():
        with replacing(path) as temporary:
            temporary.write_text("halv")
            raise RuntimeError("died")

    with pytest.raises(RuntimeError, match="died"):
        half_written()
    assert path.read_text(encoding="utf-8") == "gammel"
    assert list(tmp_path.iterdir()) == [path]


def test_readers_see_the_old_file_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "gammel")
    with replacing(path) as temporary:
        temporary.write_text("ny")
        assert path.read_text(encoding="utf-8") == "gammel"
        assert temporary.parent == path.parent
    assert path.read_text(encoding="utf-8") == "ny"
    assert list(tmp_path.iterdir()) == [path]


def test_folders_that_are_missing_are_made_and_files_are_readable_to_all(tmp_path):
    path = tmp_path / "release" / "deep" / "a.json"
    write_json(path, {})
    assert mode(path) == 0o644


def test_what_lies_under_restricted_is_for_the_owner_alone(tmp_path):
    folder = tmp_path / "results" / "restricted"
    path = folder / "cohort" / "persons.parquet"
    write_parquet(pd.DataFrame({"a": [1]}), path)
    assert mode(folder) == 0o700
    assert mode(path) == 0o600


def test_a_restricted_folder_that_was_open_is_closed(tmp_path):
    folder = tmp_path / "restricted"
    folder.mkdir(mode=0o755)
    write_text(folder / "a.txt", "a")
    assert mode(folder) == 0o700


def test_only_the_very_name_restricted_closes_a_folder(tmp_path):
    path = tmp_path / "unrestricted" / "restricted.csv"
    write_text(path, "a")
    assert mode(path) == 0o644
    assert mode(path.parent) & 0o077


def test_text_is_utf8_with_unix_line_ends(tmp_path):
    write_text(tmp_path / "a.txt", "blå\nrød\n")
    assert (tmp_path / "a.txt").read_bytes() == "blå\nrød\n".encode()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_json_refuses_what_is_no_number_and_keeps_the_old_file(tmp_path, number):
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"a": number})
    assert read_json(path) == {"a": 1}


def test_json_has_the_same_bytes_whatever_the_order_of_keys(tmp_path):
    write_json(tmp_path / "a.json", {"b": "æ", "a": [1, 0.1]})
    write_json(tmp_path / "b.json", {"a": [1, 0.1], "b": "æ"})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert "æ" in (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "a.json").read_bytes()) == {"a": [1, 0.1], "b": "æ"}


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.none(), min_size=1, max_size=20))
def test_a_csv_read_back_has_every_number_to_the_last_bit(tmp_path_factory, numbers):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    frame = pd.DataFrame({"x": pd.Series(numbers, dtype="float64"), "i": range(len(numbers))})
    write_csv(frame, path)
    back = read_csv(path)
    assert back["x"].astype("float64").to_numpy().tobytes() == frame["x"].to_numpy().tobytes()
    assert back["i"].tolist() == list(range(len(numbers)))


def test_a_csv_has_na_for_missing_and_keeps_text_that_looks_like_a_number(tmp_path):
    path = tmp_path / "a.csv"
    frame = pd.DataFrame({"office": pd.Series(["0301", None], dtype="str"), "n": pd.Series([None, 3], dtype="Int64")})
    write_csv(frame, path)
    assert path.read_bytes() == b"office,n\n0301,NA\nNA,3\n"
    back = read_csv(path, text=("office",))
    assert back["office"].tolist()[0] == "0301"
    assert back["office"].isna().tolist() == [False, True]
    assert back["n"].isna().tolist() == [True, False]


def test_empty_text_in_a_csv_is_not_missing(tmp_path):
    path = tmp_path / "a.csv"
    write_csv(pd.DataFrame({"a": ["", "x"], "b": [1, 2]}), path)
    assert read_csv(path)["a"].tolist() == ["", "x"]


def test_parquet_keeps_types(tmp_path):
    frame = pd.DataFrame({"i": np.array([1, 2], dtype="int16"), "t": ["a", "b"], "m": pd.array([1, None], "Int16")})
    write_parquet(frame, tmp_path / "a.parquet")
    pd.testing.assert_frame_equal(read_parquet(tmp_path / "a.parquet"), frame)


def test_the_checksum_is_that_of_the_bytes(tmp_path):
    write_bytes(tmp_path / "a", b"abc")
    assert sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    write_bytes(tmp_path / "b", b"x" * (3 << 20))
    assert sha256(tmp_path / "b") != sha256(tmp_path / "a")
