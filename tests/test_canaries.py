"""Made-up persons are found in a text, thousands at a time, and nobody else is."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.canaries import canaries, searched
from analysis.synthetic import hpmt, klar
from analysis.synthetic.common import generator, pseudonyms

IDS = pseudonyms(generator(3), 500, "kl").tolist()
SEARCHED = searched(IDS)


@given(st.lists(st.sampled_from([*IDS[:5], "kl-", "kl-00", " ", "x", "7", "-", "\n"]), max_size=30))
def test_ids_are_found_where_a_search_for_each_one_finds_them(pieces):
    text = "".join(pieces)
    spelled = {spelling for one in IDS for spelling in (one, one.replace("-", ""))}
    slow = {at for spelling in spelled for at in range(len(text)) if text.startswith(spelling, at)}
    assert SEARCHED.positions(text) == sorted(slow)


def test_case_does_not_matter_and_the_hyphen_may_be_gone():
    one = IDS[0]
    assert SEARCHED.positions(f"a {one.upper()} {one.replace('-', '')}") == [2, 3 + len(one)]
    assert SEARCHED.positions(f"{one[:-1]} {one[4:]}") == []


def test_ids_of_digits_alone_are_whole_numbers():
    found = searched({"900017", "12"})
    assert found.positions("900017 1900017 0.900017 900017.5 900017.0 12 112") == [0, 33, 42]
    assert found.positions("900017,5", decimal_comma=True) == []
    assert found.positions("900017,5") == [0]


def test_without_ids_nothing_is_found():
    assert searched(()).positions(IDS[0]) == []
    assert searched(SEARCHED) is SEARCHED


@pytest.mark.parametrize("wrong", ["kl-00000000", [""], [" "]])
def test_ids_are_a_collection_of_texts_that_are_not_blank(wrong):
    with pytest.raises(ValueError, match="canaries"):
        searched(wrong)


@pytest.mark.parametrize(("module", "fewest"), [(hpmt, 617), (klar, 268)])
def test_everyone_in_a_delivery_that_a_generator_makes_is_a_canary(module, fewest, tmp_path):
    for name, content in module.generate().files.items():
        (tmp_path / name).write_bytes(content)
    people = (tmp_path / "personer.csv").read_bytes().splitlines()[1:]
    birds = canaries([tmp_path])
    assert len(birds) >= len(people) >= fewest
    chosen = random.Random(1).sample(people, 20)
    assert all(searched(birds).positions(row.decode("latin-1")) for row in chosen)
