import pytest

from analysis.problems import ProblemsFound
from analysis.yamlio import read_texts, read_yaml


def read(tmp_path, text):
    path = tmp_path / "card.yaml"
    path.write_text(text, encoding="utf-8")
    return read_yaml(path)


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("0301", "0301"),
        ("0118", "0118"),
        ("NO", "NO"),
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("29,7", "29,7"),
        ("29.7", 29.7),
        ("617", 617),
        ("0", 0),
        ("true", True),
        ("'617'", "617"),
        ("1e-3", 0.001),
        ("null", None),
    ],
)
def test_scalars_are_what_they_look_like_to_a_reader(tmp_path, written, read_as):
    assert read(tmp_path, f"a: {written}\n").data == {"a": read_as}


def test_a_key_that_stands_twice_is_a_problem_with_its_line(tmp_path):
    document = read(tmp_path, "a: 1\nb:\n  c: 1\n  c: 2\n")
    assert [str(p) for p in document.problems] == [
        f"  {tmp_path / 'card.yaml'}, linje 4, b.c: nøkkelen står to ganger. Behold én av dem."
    ]
    assert document.data["b"]["c"] == 1


def test_every_key_knows_its_line_and_an_absent_one_gets_its_parents(tmp_path):
    document = read(tmp_path, "a:\n  - x: 1\n  - x: 2\n")
    assert document.line(("a", 1, "x")) == 3
    assert document.line(("a", 1, "y")) == 3


@pytest.mark.parametrize("content", [b"a: [1\nb: 2\n", "a: blå\n".encode("latin-1")])
def test_a_file_that_is_no_yaml_is_told_in_norwegian(tmp_path, content):
    path = tmp_path / "card.yaml"
    path.write_bytes(content)
    with pytest.raises(ProblemsFound, match="YAML"):
        read_yaml(path)


def test_a_file_read_again_gives_data_of_its_own_and_what_stands_in_it_now(tmp_path):
    first = read(tmp_path, "a: [1]\na: 2\n")
    first.data["a"].append(2)
    again = read(tmp_path, "a: [1]\na: 2\n")
    assert again.data == {"a": [1]}
    assert len(again.problems) == 1
    assert read(tmp_path, "a: [3]\n").data == {"a": [3]}


@pytest.mark.parametrize("content", ["[" * 5000, "- " * 5000, "a: &x [*x]\n"])
def test_keys_inside_each_other_without_end_are_told_in_norwegian(tmp_path, content):
    for _ in range(2):
        with pytest.raises(ProblemsFound, match="uten ende"):
            read(tmp_path, content)


def test_a_catalogue_is_read_as_a_card_is_and_one_that_cannot_be_read_is_told_of_as_a_card_is(tmp_path):
    text = "a: 0301\nb: '617'\nc: [1, 29.7, null, true, NO]\nd: >-\n  to\n  linjer\ne:\n"
    card = read(tmp_path, text)
    assert read_texts(card.path) == card.data
    card.path.write_text("a: [1\nb: 2\n", encoding="utf-8")
    with pytest.raises(ProblemsFound) as strict:
        read_yaml(card.path)
    with pytest.raises(ProblemsFound) as quick:
        read_texts(card.path)
    assert str(quick.value) == str(strict.value)
