"""Checking and converting deliveries: all problems at once, never a value, and the same tables whatever the order."""

import contextlib
import hashlib
import logging

import numpy as np
import pandas as pd
import pytest
from cards import minimal_card, minimal_frame, write_cohort
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.cards import Card, read_card
from analysis.delivery import file_path
from analysis.intake import Delivery, read_delivery
from analysis.nationalid import FIRST_WEIGHTS, SECOND_WEIGHTS, SYNTHETIC, kind
from analysis.problems import ProblemsFound
from analysis.provenance import ROOT
from analysis.pseudonyms import dense_ids

CANARY = "KANARI"
# Numbers that stand nowhere else: not as row numbers, lengths or limits.
CANARY_NUMBERS = "7654321"


def canary_frame(persons=12):
    """The minimal delivery with a canary in every column, each still of the right kind."""
    frame = minimal_frame(persons)
    frame["lopenr"] = [f"{CANARY}{row}" for row in range(persons)]
    frame["kontor"] = [f"{CANARY} kontor {row % 3}" for row in range(persons)]
    for name in ("alder", "utdanning", "inntekt_2019", "inntekt_2020", "inntekt_2021"):
        frame[name] = [f"{CANARY_NUMBERS}{row}" for row in range(persons)]
    frame["fritekst"] = f"{CANARY} notat"
    return frame


def deliver(folder, frame, card=None):
    path = write_cohort(folder, card or minimal_card(), frame)
    return read_delivery(read_card(path), path.parent / "data")


def deliver_bytes(folder, content, card=None):
    path = write_cohort(folder, card or minimal_card())
    (path.parent / "data" / "persons.csv").write_bytes(content)
    return read_delivery(read_card(path), path.parent / "data")


def problems_of(folder, frame, card=None):
    with pytest.raises(ProblemsFound) as caught:
        deliver(folder, frame, card)
    assert_tells_no_value(caught.value)
    return {problem.where: problem.what for problem in caught.value.problems}


def chain(error):
    """The error with everything that Python would print below it."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def assert_tells_no_value(error):
    told = " ".join(f"{part!r} {part} {part.args}" for part in chain(error))
    assert CANARY not in told
    assert CANARY_NUMBERS not in told


@pytest.fixture(autouse=True)
def _nothing_is_logged(caplog, capfd):
    caplog.set_level(logging.DEBUG)
    yield
    said = capfd.readouterr()
    assert CANARY not in caplog.text + said.out + said.err
    assert CANARY_NUMBERS not in caplog.text + said.out + said.err


def test_four_different_mistakes_are_told_at_once_with_file_column_rows_and_rule(tmp_path):
    frame = canary_frame().drop(columns="inntekt_2021")
    frame.loc[3, "lopenr"] = frame.loc[7, "lopenr"]
    frame.loc[[1, 4], "alder"] = f"{CANARY} år"
    frame.loc[2, "start"] = ""
    assert problems_of(tmp_path, frame) == {
        "data/persons.csv, kolonne «inntekt_2021»": "kolonnen mangler i filen.",
        "data/persons.csv, rad 5, 9, kolonne «lopenr»": "samme person-id står i flere rader.",
        "data/persons.csv, rad 3, 6, kolonne «alder»": "skal være et tall.",
        "data/persons.csv, rad 4, kolonne «start»": "en deltaker mangler starttidspunkt.",
    }


def test_a_missing_column_does_not_hide_other_mistakes_or_break_rules_that_read_it(tmp_path):
    frame = canary_frame().drop(columns=["gruppe", "kontor"])
    frame.loc[2, "start"] = ""
    frame.loc[3, "alder"] = CANARY
    assert problems_of(tmp_path, frame) == {
        "data/persons.csv, kolonne «gruppe»": "kolonnen mangler i filen.",
        "data/persons.csv, kolonne «kontor»": "kolonnen mangler i filen.",
        "data/persons.csv, rad 5, kolonne «alder»": "skal være et tall.",
    }


def test_many_rows_with_the_same_mistake_are_counted_and_the_first_ones_shown(tmp_path):
    frame = canary_frame(20)
    frame["alder"] = CANARY
    assert list(problems_of(tmp_path, frame)) == ["data/persons.csv, rad 2, 3, 4, 5, 6 … (20 rader), kolonne «alder»"]


def test_ragged_rows_do_not_shift_the_row_numbers_of_other_mistakes(tmp_path):
    lines = canary_frame().assign(alder=["40", *["x"] * 11]).to_csv(index=False, sep=";").splitlines()
    lines[2], lines[3], lines[4] = f"{CANARY};T", "", lines[4] + f";{CANARY}"
    with pytest.raises(ProblemsFound) as caught:
        deliver_bytes(tmp_path, "\n".join(lines).encode())
    told = {problem.where for problem in caught.value.problems}
    assert_tells_no_value(caught.value)
    assert told == {
        "data/persons.csv, rad 3, 5",
        "data/persons.csv, rad 6, 7, 8, 9, 10 … (8 rader), kolonne «alder»",
    }


BAD_CELLS = {
    ("lopenr", ""): "verdien mangler.",
    ("lopenr", "   "): "verdien mangler.",
    ("gruppe", ""): "verdien mangler.",
    ("gruppe", f"{CANARY}"): "verdien er ikke en av gruppene i kortet.",
    ("gruppe", "treated"): "verdien er ikke en av gruppene i kortet.",
    ("start", "2020"): "skal være en måned (ÅÅÅÅ-MM) eller en dato (ÅÅÅÅ-MM-DD).",
    ("start", "2020-13"): "skal være en måned (ÅÅÅÅ-MM) eller en dato (ÅÅÅÅ-MM-DD).",
    ("start", "2021-02-29"): "skal være en måned (ÅÅÅÅ-MM) eller en dato (ÅÅÅÅ-MM-DD).",
    ("start", "31.12.2020"): "skal være en måned (ÅÅÅÅ-MM) eller en dato (ÅÅÅÅ-MM-DD).",
    ("start", "9999-12-31"): "skal være en måned (ÅÅÅÅ-MM) eller en dato (ÅÅÅÅ-MM-DD).",
    ("alder", ""): "verdien mangler.",
    ("alder", f"{CANARY_NUMBERS}.5"): "skal være et tall.",
    ("alder", f"{CANARY_NUMBERS} 000"): "skal være et tall.",
    ("alder", "1e999"): "skal være et tall.",
    ("alder", "nan"): "skal være et tall.",
    ("alder", "inf"): "skal være et tall.",
    ("inntekt_2021", f"{CANARY_NUMBERS} kr"): "skal være et tall.",
    ("inntekt_2021", "0x10"): "skal være et tall.",
}


@pytest.mark.parametrize(("column", "value"), BAD_CELLS, ids=lambda part: str(part))
def test_a_cell_that_breaks_a_rule_is_told_by_row_and_column(tmp_path, column, value):
    frame = canary_frame()
    frame.loc[4, column] = value
    told = problems_of(tmp_path, frame)
    assert told == {f"data/persons.csv, rad 6, kolonne «{column}»": BAD_CELLS[column, value]}


def test_a_missing_outcome_office_or_start_of_a_comparison_person_is_no_mistake(tmp_path):
    frame = minimal_frame()
    frame.loc[1, ["inntekt_2021", "kontor", "start"]] = ["", " ", "NA"]
    delivery = deliver(tmp_path, frame)
    assert delivery.persons["office_id"].isna().sum() == 1
    assert delivery.persons["time_zero"].isna().sum() == 1
    assert len(delivery.outcomes) == 3 * 12 - 1


def test_a_group_without_persons_is_told(tmp_path):
    frame = canary_frame().assign(gruppe="T")
    assert problems_of(tmp_path, frame) == {
        "gruppen comparison": "ingen personer i leveransen hører til denne gruppen."
    }


def test_rows_that_the_card_does_not_keep_are_neither_checked_nor_used(tmp_path):
    card = minimal_card()
    card["files"][0]["keep"] = {"aar": ["2020"]}
    frame = minimal_frame().assign(aar="2020")
    other = minimal_frame(3).assign(aar="2019", alder="x")
    delivery = deliver(tmp_path, pd.concat([other, frame]), card)
    assert len(delivery.persons) == 12


def tenor_numbers(count):
    """Identity numbers of the tax authority's test population (month + 80), made here and borne by nobody."""
    numbers = []
    for serial in range(1000):
        nine = f"01{80 + serial % 12 + 1:02d}50{serial:03d}"
        first = -sum(weight * int(digit) for weight, digit in zip(FIRST_WEIGHTS[:9], nine, strict=True)) % 11
        ten = f"{nine}{first}"
        second = -sum(weight * int(digit) for weight, digit in zip(SECOND_WEIGHTS[:10], ten[:10], strict=True)) % 11
        if max(first, second) <= 9:
            numbers.append(f"{ten}{second}")
    assert all(kind(number) in SYNTHETIC for number in numbers)
    return numbers[:count]


@pytest.mark.parametrize("persons", [4, 12, 40])
@pytest.mark.parametrize("spelling", ["{}", "{} ", "{0:.6} {1}", "{0:.6}-{1}", "{}.0"])
def test_national_identity_numbers_are_refused_in_any_column_and_spelling(tmp_path, persons, spelling):
    numbers = [spelling.format(number, number[6:]) for number in tenor_numbers(persons)]
    for column in ("lopenr", "notat"):
        with pytest.raises(ProblemsFound) as caught:
            deliver(tmp_path, canary_frame(persons).assign(**{column: numbers}))
        (problem,) = caught.value.problems
        assert problem.where == f"data/persons.csv, kolonne «{column}»"
        assert problem.what == "kolonnen ser ut til å inneholde fødselsnumre."
        assert not any(number in str(caught.value) for number in numbers)


def test_pseudonyms_of_eleven_digits_are_not_taken_for_identity_numbers(tmp_path):
    generator = np.random.default_rng(4)
    for persons in (30, 99, 400):
        refused = 0
        for _ in range(4):
            numbers = pd.Series(generator.choice(10**11, persons, replace=False)).astype(str).str.zfill(11)
            try:
                deliver(tmp_path, minimal_frame(persons).assign(lopenr=numbers.to_numpy()))
            except ProblemsFound:
                refused += 1
        assert refused == 0


def test_tables_have_the_types_of_the_contract_and_the_values_of_the_file(tmp_path):
    delivery = deliver(tmp_path, minimal_frame())
    persons = delivery.persons
    assert persons.dtypes.astype(str).to_dict() == {
        "person_id": "int32",
        "office_id": "str",
        "arm": "str",
        "time_zero": "Int16",
        "adoption_month": "Int16",
        "left_on": "datetime64[us]",
        "age": "float64",
        "education_years": "float64",
        "treated": "bool",
    }
    assert persons["person_id"].tolist() == list(range(12))
    assert set(persons["office_id"]) == {"0300", "0301", "0302"}
    assert persons["age"].sum() == sum(25.5 + row % 7 * 3 for row in range(12))
    assert persons["treated"].sum() == 6
    assert (persons["treated"] == (persons["arm"] == "treated")).all()
    assert (persons["time_zero"] == 2020 * 12 + 11).all()
    assert persons["adoption_month"].isna().all()
    outcomes = delivery.outcomes
    assert outcomes.dtypes.astype(str).to_dict() == {
        "person_id": "int32",
        "month": "int16",
        "outcome": "str",
        "value": "float64",
    }
    at_the_end = outcomes.loc[outcomes["month"] == 2021 * 12 + 11, "value"]
    assert sorted(at_the_end) == sorted(row % 3 * 1500 + 0.75 for row in range(12))


@pytest.mark.parametrize(("decimal", "written"), [(",", "{},5"), (".", "{}.5")])
def test_the_decimal_sign_is_the_card_s(tmp_path, decimal, written):
    card = minimal_card()
    card["files"][0]["decimal"] = decimal
    frame = minimal_frame()
    for column in ("alder", "inntekt_2019", "inntekt_2020", "inntekt_2021"):
        frame[column] = [written.format(row) for row in range(12)]
    persons = deliver(tmp_path, frame, card).persons
    assert sorted(persons["age"]) == [row + 0.5 for row in range(12)]


def test_leading_zeros_of_ids_and_offices_survive(tmp_path):
    frame = minimal_frame().assign(lopenr=[*"0123456789", "00", "01"], kontor="0301")
    persons = deliver(tmp_path, frame).persons
    assert len(persons) == 12
    assert set(persons["office_id"]) == {"0301"}


@settings(max_examples=8, deadline=None)
@given(st.permutations(range(12)))
def test_the_order_of_the_file_does_not_matter(tmp_path_factory, order):
    frame = minimal_frame().assign(inntekt_2019=[f"{row},125" for row in range(12)])
    folder = tmp_path_factory.mktemp("order")
    frame.to_csv(folder / "persons.csv", index=False, sep=";")
    straight = read_delivery(CARD, folder)
    frame.iloc[list(order)].to_csv(folder / "persons.csv", index=False, sep=";")
    shuffled = read_delivery(CARD, folder)
    pd.testing.assert_frame_equal(straight.persons, shuffled.persons)
    pd.testing.assert_frame_equal(straight.outcomes, shuffled.outcomes)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=12), unique=True, max_size=40))
def test_ids_are_dense_and_in_the_order_of_their_hashes(texts):
    ids = dense_ids(pd.Series(texts, dtype="object"))
    assert sorted(ids) == list(range(len(texts)))
    assert set(ids.index) == set(texts)
    digests = [hashlib.sha256(text.encode()).digest() for text in ids.index]
    assert digests == sorted(digests)


def test_persons_of_several_files_are_one_table_and_an_id_in_both_is_told(tmp_path):
    card = minimal_card()
    card["files"].append(card["files"][0] | {"name": "more", "path": "more.csv"})
    path = write_cohort(tmp_path, card, canary_frame(12))
    more = canary_frame(20).iloc[11:]
    more.to_csv(path.parent / "data" / "more.csv", index=False, sep=";")
    with pytest.raises(ProblemsFound) as caught:
        read_delivery(read_card(path), path.parent / "data")
    assert_tells_no_value(caught.value)
    assert [problem.where for problem in caught.value.problems] == [
        "data/persons.csv, rad 13, kolonne «lopenr»",
        "data/more.csv, rad 2, kolonne «lopenr»",
    ]
    more.iloc[1:].to_csv(path.parent / "data" / "more.csv", index=False, sep=";")
    assert len(read_delivery(read_card(path), path.parent / "data").persons) == 20


def test_a_file_that_is_missing_does_not_hide_mistakes_in_another(tmp_path):
    card = minimal_card()
    card["files"].append(card["files"][0] | {"name": "more", "path": "more.csv"})
    frame = canary_frame()
    frame.loc[0, "alder"] = CANARY
    assert problems_of(tmp_path, frame, card) == {
        "data/persons.csv, rad 2, kolonne «alder»": "skal være et tall.",
        "data/more.csv": "filen finnes ikke.",
    }


def test_the_open_microdata_come_with_every_number_of_the_package():
    card = read_card(ROOT / "cohorts" / "nsw_supported_work" / "cohort.yaml")
    delivery = read_delivery(card, ROOT / "not" / "there")
    counts = delivery.persons["arm"].value_counts().to_dict()
    assert counts == {"participants": 185, "trial_control": 260, "cps": 15992}
    raw = [pd.read_stata(file_path(file, ROOT)) for file in card.files]
    assert [len(frame) for frame in raw] == [445, 15992]
    values = delivery.outcomes
    for column, month in (("re74", 1974 * 12 + 11), ("re75", 1975 * 12 + 11), ("re78", 1978 * 12 + 11)):
        expected = np.concatenate([frame[column].astype("float64").to_numpy() for frame in raw])
        found = values.loc[values["month"] == month, "value"].to_numpy()
        assert np.array_equal(np.sort(found), np.sort(expected))
        assert np.sort(found).sum() == np.sort(expected).sum()


def test_small_whole_numbers_of_stata_come_as_floats_with_the_same_values():
    card = read_card(ROOT / "cohorts" / "nsw_supported_work" / "cohort.yaml")
    raw = [pd.read_stata(file_path(file, ROOT)) for file in card.files]
    assert "int8" in {str(kind) for frame in raw for kind in frame.dtypes}
    persons = read_delivery(card, ROOT / "not" / "there").persons
    for name, column in card.files[0].columns.items():
        if name not in ("person_id", "arm"):
            assert persons[name].dtype == "float64"
            expected = np.sort(np.concatenate([frame[column.column].to_numpy(dtype="float64") for frame in raw]))
            assert np.array_equal(np.sort(persons[name].to_numpy()), expected), name


CARD = Card.model_validate(minimal_card())
GOOD = canary_frame().to_csv(index=False, sep=";").encode()


@st.composite
def mutated(draw):
    """The good file after one to three accidents."""
    content = GOOD
    for _ in range(draw(st.integers(1, 3))):
        content = draw(st.sampled_from(ACCIDENTS))(draw, content)
    return content


def _at(draw, content):
    return draw(st.integers(0, max(0, len(content) - 1)))


def _lines(draw, content):
    lines = content.split(b"\n")
    return lines, draw(st.integers(0, len(lines) - 1))


def drop_byte(draw, content):
    place = _at(draw, content)
    return content[:place] + content[place + 1 :]


def double_byte(draw, content):
    place = _at(draw, content)
    return content[:place] + content[place : place + 1] + content[place:]


def swap_bytes(draw, content):
    place = _at(draw, content)
    return content[:place] + content[place : place + 2][::-1] + content[place + 2 :]


def strange_byte(draw, content):
    place, byte = _at(draw, content), draw(st.sampled_from([b"\0", b'"', b"\xff", b"\xe5", b"\r", b"\n", b";", b"'"]))
    return content[:place] + byte + content[place + 1 :]


def drop_line(draw, content):
    lines, place = _lines(draw, content)
    return b"\n".join(lines[:place] + lines[place + 1 :])


def double_line(draw, content):
    lines, place = _lines(draw, content)
    return b"\n".join(lines[:place] + lines[place : place + 1] + lines[place:])


def swap_lines(draw, content):
    lines, place = _lines(draw, content)
    return b"\n".join(lines[:place] + lines[place : place + 2][::-1] + lines[place + 2 :])


def cut(draw, content):
    return content[: _at(draw, content)]


def other_delimiter(draw, content):
    return content.replace(b";", draw(st.sampled_from([b",", b"\t", b"|", b""])))


def other_encoding(draw, content):
    encoding = draw(st.sampled_from(["utf-16", "utf-32", "utf-7"]))
    return content.decode("latin-1").encode(encoding)


ACCIDENTS = [
    drop_byte,
    double_byte,
    swap_bytes,
    strange_byte,
    drop_line,
    double_line,
    swap_lines,
    cut,
    other_delimiter,
    other_encoding,
]


@settings(max_examples=60, deadline=None)
@given(mutated())
def test_a_file_after_accidents_gives_tables_or_problems_without_values_and_never_a_traceback(
    tmp_path_factory, content
):
    folder = tmp_path_factory.mktemp("mutated")
    (folder / "persons.csv").write_bytes(content)
    try:
        result = read_delivery(CARD, folder)
    except ProblemsFound as error:
        result = error
    if isinstance(result, Delivery):
        assert_is_sound(result, content)
    else:
        assert_tells_no_value(result)


def assert_is_sound(delivery: Delivery, content: bytes):
    persons = delivery.persons
    assert persons["person_id"].tolist() == list(range(len(persons)))
    assert set(persons["arm"]) == {"treated", "comparison"}
    assert persons[["age", "education_years"]].notna().all(axis=None)
    assert delivery.outcomes["value"].notna().all()
    assert set(delivery.outcomes["person_id"]) <= set(persons["person_id"])
    # Nobody disappears: every row with content is a person.
    filled = [line for line in content.replace(b"\r", b"\n").split(b"\n") if line.strip(b';"')]
    assert len(persons) >= len(filled) - 1 - content.count(b'"')


@settings(max_examples=30, deadline=None)
@given(st.integers(0, GOOD.index(b"\n")), st.binary(min_size=1, max_size=3))
def test_a_spoilt_first_row_is_told_and_never_a_traceback(tmp_path_factory, place, spoilt):
    folder = tmp_path_factory.mktemp("header")
    (folder / "persons.csv").write_bytes(GOOD[:place] + spoilt + GOOD[place:])
    with contextlib.suppress(ProblemsFound):
        assert isinstance(read_delivery(CARD, folder), Delivery)


def test_the_file_before_the_accidents_is_sound(tmp_path):
    assert_is_sound(deliver_bytes(tmp_path, GOOD), GOOD)
