"""The synthetic deliveries: every margin read back from the files, the same bytes anywhere, and a known truth."""

import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis import nationalid
from analysis.provenance import source_files
from analysis.synthetic import (
    aap_youth,
    generators,
    hpmt,
    klar,
    mentor_hybrid,
    supported_employment,
    write,
    youth_teams,
)
from analysis.synthetic.common import FileFormat, csv_bytes, exact_members, generator, rounded_to_sum, tilted_counts
from analysis.synthetic.histories import AAP, event_states, worked_months
from analysis.synthetic.spells import dated_spells, filled_states, last_day, states_on

ROOT = Path(__file__).resolve().parent.parent
GENERATORS = {f"{name}_synthetic": import_module(f"analysis.synthetic.{name}").generate for name in generators()}
COHORTS = sorted(GENERATORS)
DATE_SHAPES = {"dd.mm.yyyy": r"\d{2}\.\d{2}\.\d{4}", "yyyy-mm-dd": r"\d{4}-\d{2}-\d{2}"}
DATE_CODES = {"dd.mm.yyyy": "%d.%m.%Y", "yyyy-mm-dd": "%Y-%m-%d"}
PRINT_DIGESTS = """
import hashlib
from importlib import import_module
from analysis.synthetic import generators
for generator in generators():
    for name, content in import_module(f"analysis.synthetic.{generator}").generate().files.items():
        print(generator + "_synthetic", name, hashlib.sha256(content).hexdigest())
"""


class Read:
    """A delivery with its files as tables, each read once."""

    def __init__(self, delivery):
        self.files, self.formats = delivery.files, delivery.formats
        self.truth, self.latent = delivery.truth, delivery.latent
        self.tables = {}


@pytest.fixture(scope="module")
def deliveries():
    return {cohort: Read(generate()) for cohort, generate in GENERATORS.items()}


@pytest.fixture(scope="module")
def hpmt_files(deliveries):
    return tables(deliveries["hpmt_synthetic"])


@pytest.fixture(scope="module")
def se(deliveries):
    return deliveries["supported_employment_synthetic"]


@pytest.fixture(scope="module")
def lots(deliveries):
    return deliveries["klar_synthetic"]


@pytest.fixture(scope="module")
def mentor(deliveries):
    return deliveries["mentor_hybrid_synthetic"]


@pytest.fixture(scope="module")
def aap(deliveries):
    return deliveries["aap_youth_synthetic"]


@pytest.fixture(scope="module")
def youth(deliveries):
    return deliveries["youth_teams_synthetic"]


def rows_of(delivery, name):
    """Header and rows as text, read as the format says and nothing else."""
    form = delivery.formats[name]
    text = delivery.files[name].decode("utf-8-sig" if form.encoding == "utf-8-sig" else form.encoding)
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=form.delimiter, strict=True)
    return header, rows


def table(delivery, name):
    """A file with its dates and numbers read as the format says; missing values are None, NaN or NaT."""
    if name not in delivery.tables:
        delivery.tables[name] = read_table(delivery, name)
    return delivery.tables[name]


def read_table(delivery, name):
    form = delivery.formats[name]
    header, rows = rows_of(delivery, name)
    frame = pd.DataFrame(rows, columns=header).replace({form.missing: None})
    for column in header:
        present = frame[column].dropna()
        if column in form.places:
            frame[column] = pd.to_numeric(frame[column].str.replace(form.decimal, ".", regex=False))
        elif len(present) and present.str.fullmatch(DATE_SHAPES[form.dates]).all():
            frame[column] = pd.to_datetime(frame[column], format=DATE_CODES[form.dates])
    return frame


def tables(delivery):
    return {name: table(delivery, name) for name in delivery.files}


def on_day(spells, day, start="fra", end="til"):
    """Spells that cover `day`; an empty end is open."""
    day = pd.Timestamp(day)
    return spells[(spells[start] <= day) & (pd.to_datetime(spells[end]).isna() | (spells[end] >= day))]


def in_days(spells, month, start, end):
    """Spells with at least one day in the month."""
    first = pd.Timestamp(f"{month}-01")
    return spells[(spells[start] <= month_end(month)) & ~(pd.to_datetime(spells[end]) < first)]


def month_end(month):
    return pd.Period(month, "M").end_time.normalize()


# The deliveries as files


@pytest.mark.parametrize("cohort", COHORTS)
def test_a_delivery_is_the_same_bytes_when_generated_again(deliveries, cohort):
    assert GENERATORS[cohort]().files == deliveries[cohort].files


def test_a_delivery_is_the_same_bytes_under_another_locale_time_zone_and_hash_seed(deliveries):
    surroundings = {"TZ": "Pacific/Auckland", "PYTHONHASHSEED": "4711", "LC_ALL": "C", "PYTHONPATH": str(ROOT)}
    said = subprocess.run(
        [sys.executable, "-c", PRINT_DIGESTS],
        env={**os.environ, **surroundings},
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=True,
    )
    found = {tuple(line.split()[:2]): line.split()[2] for line in said.stdout.splitlines()}
    here = {
        (cohort, name): hashlib.sha256(content).hexdigest()
        for cohort, delivery in deliveries.items()
        for name, content in delivery.files.items()
    }
    assert found == here


@pytest.mark.parametrize("cohort", COHORTS)
def test_another_seed_gives_other_bytes(deliveries, cohort):
    other = GENERATORS[cohort](seed=7).files
    assert set(other) == set(deliveries[cohort].files)
    assert other != deliveries[cohort].files


def test_writing_a_cohort_puts_its_files_in_the_folder_and_nothing_else(deliveries, tmp_path):
    paths = write("aap_youth", tmp_path / "aap_youth_synthetic")
    expected = deliveries["aap_youth_synthetic"].files
    assert {path.name: path.read_bytes() for path in paths} == expected
    assert sorted(path.name for path in (tmp_path / "aap_youth_synthetic").iterdir()) == sorted(expected)


@pytest.mark.parametrize("name", ["hpmt_synthetic", "common", "__init__", "../hpmt"])
def test_a_name_that_is_no_generator_is_refused(tmp_path, name):
    with pytest.raises(KeyError):
        write(name, tmp_path)


def test_the_code_of_one_generator_is_no_part_of_another():
    """The workflow makes a delivery anew when what it was made from is edited, and no other delivery."""
    files = source_files([ROOT / "analysis" / "synthetic" / "hpmt.py"])
    names = {path.stem for path in files if path.parent.name == "synthetic"}
    assert names == {"__init__", "common", "hpmt", "spells"}


def test_all_deliveries_together_are_under_sixty_megabytes(deliveries):
    assert sum(len(content) for delivery in deliveries.values() for content in delivery.files.values()) < 60e6


@pytest.mark.parametrize("cohort", COHORTS)
def test_files_are_written_as_declared(deliveries, cohort):
    delivery = deliveries[cohort]
    for name, form in delivery.formats.items():
        content = delivery.files[name]
        header, rows = rows_of(delivery, name)
        assert header == list(form.columns), name
        assert {len(row) for row in rows} == {len(header)}, name
        assert content.startswith(b"\xef\xbb\xbf") == (form.encoding == "utf-8-sig"), name
        assert content.count(b"\r\n") == (len(rows) + 1 if form.line_end == "\r\n" else 0), name
        assert content.endswith(form.line_end.encode()), name


@pytest.mark.parametrize("cohort", COHORTS)
def test_decimal_numbers_and_dates_have_the_declared_shape(deliveries, cohort):
    delivery = deliveries[cohort]
    for name, form in delivery.formats.items():
        header, rows = rows_of(delivery, name)
        other_date = next(shape for style, shape in DATE_SHAPES.items() if style != form.dates)
        for column, values in zip(header, zip(*rows, strict=True), strict=True):
            present = {value for value in values if value != form.missing}
            assert not any(re.fullmatch(other_date, value) for value in present), (name, column)
            if column in form.places:
                places = form.places[column]
                shape = r"-?\d+" + (rf"{re.escape(form.decimal)}\d{{{places}}}" if places else "")
                assert all(re.fullmatch(shape, value) for value in present), (name, column)


def test_the_awkward_formats_are_all_there(deliveries):
    forms = [form for delivery in deliveries.values() for form in delivery.formats.values()]
    assert {form.encoding for form in forms} == {"utf-8", "utf-8-sig", "cp1252", "latin-1"}
    assert {form.delimiter for form in forms} == {";", ",", "|"}
    assert {form.dates for form in forms} == set(DATE_SHAPES)
    assert {form.line_end for form in forms} == {"\r\n", "\n"}
    assert {form.missing for form in forms} == {"", ".", "NULL"}
    broken = [
        name
        for delivery in deliveries.values()
        for name, content in delivery.files.items()
        if delivery.formats[name].encoding in ("cp1252", "latin-1") and not _is_utf8(content)
    ]
    assert len(broken) >= 6, "old encodings must hold letters that a UTF-8 reader stumbles on"


def _is_utf8(content):
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("cohort", COHORTS)
def test_no_value_has_eleven_digits_or_reads_as_an_identity_number(deliveries, cohort):
    delivery = deliveries[cohort]
    for name, content in delivery.files.items():
        text = content.decode(delivery.formats[name].encoding)
        assert not re.search(r"(?<![0-9])[0-9]{11}(?![0-9])", text), name
        assert not nationalid.find(text, decimal_comma=True), name


@pytest.mark.parametrize("cohort", COHORTS)
def test_office_numbers_are_four_digits_in_a_series_without_nav_units(deliveries, cohort):
    delivery = deliveries[cohort]
    for name in delivery.files:
        frame = table(delivery, name)
        for column in frame.columns[frame.columns.str.lower().str.fullmatch("kontor(nr)?|.*_kontor")]:
            assert frame[column].str.fullmatch("9[0-9]{3}").all(), (name, column)


@pytest.mark.parametrize("cohort", COHORTS)
def test_spells_end_on_or_after_the_day_they_begin(deliveries, cohort):
    starts, ends = ("fra", "startdato", "FRA_DATO", "DATO_FRA"), ("til", "sluttdato", "TIL_DATO", "DATO_TIL")
    for name, frame in tables(deliveries[cohort]).items():
        pairs = [(a, b) for a, b in zip(starts, ends, strict=True) if a in frame and b in frame]
        for start, end in pairs:
            assert frame[start].notna().all(), name
            closed = pd.to_datetime(frame[end]).notna()
            assert (frame.loc[closed, start] <= frame.loc[closed, end]).all(), name


@pytest.mark.parametrize("cohort", ["hpmt_synthetic", "supported_employment_synthetic", "mentor_hybrid_synthetic"])
def test_benefits_of_a_person_do_not_overlap(deliveries, cohort):
    frame = tables(deliveries[cohort])["ytelser.csv"]
    person, _, start, end = frame.columns[:4]
    frame = frame.sort_values([person, start])
    before = frame.groupby(person)[end].shift()
    follows = frame[person] == frame[person].shift()
    assert (before[follows].notna() & (before[follows] < frame.loc[follows, start])).all()


@pytest.mark.parametrize("cohort", COHORTS)
def test_the_truth_is_plain_json(deliveries, cohort):
    truth = deliveries[cohort].truth
    assert json.loads(json.dumps(truth, allow_nan=False))["estimand"] == truth["estimand"]


@pytest.mark.parametrize("cohort", COHORTS)
def test_the_guide_tells_every_file_its_format_and_what_its_columns_hold(deliveries, cohort):
    guide = (ROOT / "docs" / "synthetic.md").read_text(encoding="utf-8")
    section = guide.split(f"\n## {cohort}\n")[1].split("\n## ")[0]
    for name, form in deliveries[cohort].formats.items():
        rows = f"{len(rows_of(deliveries[cohort], name)[1]):,}".replace(",", " ")
        line_end = {"\r\n": "CRLF", "\n": "LF"}[form.line_end]
        cells = [f"`{name}`", rows, form.encoding, f"`{form.delimiter}`".replace("|", "\\|"), f"`{form.decimal}`"]
        cells += [form.dates, f"`{form.missing}`" if form.missing else "tomt", line_end]
        assert "| " + " | ".join(cells) + " |" in section
        assert all(f"`{column}`: {text}" in section for column, text in form.columns.items()), name


# HPMT


@pytest.mark.parametrize(
    ("month", "hpmt_count", "control_count"),
    [("2011-05", 44, 30), ("2012-11", 109, 59), ("2013-05", 113, 61)],
)
def test_hpmt_has_the_published_sums_in_work_on_the_last_day_of_the_month(hpmt_files, month, hpmt_count, control_count):
    assert arm_counts(hpmt_files, on_day(hpmt_files["arbeidsforhold.csv"], month_end(month))["person"]) == (
        hpmt_count,
        control_count,
    )


def arm_counts(files, persons):
    people = files["personer.csv"].set_index("person")["gruppe"]
    found = people[people.index.isin(set(persons))]
    return int((found == "T").sum()), int((found == "K").sum())


@pytest.mark.parametrize("month", ["2011-05", "2012-11", "2013-05", "2013-11"])
def test_every_count_of_the_hpmt_truth_can_be_read_from_the_files(deliveries, hpmt_files, month):
    jobs = on_day(hpmt_files["arbeidsforhold.csv"], month_end(month))
    benefits = set(on_day(hpmt_files["ytelser.csv"], month_end(month), "FRA_DATO", "TIL_DATO")["PERSON"])
    in_month = set(in_days(hpmt_files["ytelser.csv"], month, "FRA_DATO", "TIL_DATO")["PERSON"])
    share = jobs.groupby("person")["stillingsprosent"].sum()
    counted = {
        "in_paid_work": share.index,
        "full_time": share.index[share >= 100],
        "part_time": share.index[share <= 75],
        "self_sufficient": share.index.difference(list(benefits)),
    }
    # The outcome library asks for a whole month without benefits, and one full-time job: the same persons here.
    largest = jobs.groupby("person")["stillingsprosent"].max()
    assert set(counted["self_sufficient"]) == set(share.index) - in_month
    assert set(counted["full_time"]) == set(largest.index[largest >= 100])
    stated = deliveries["hpmt_synthetic"].truth["months"]
    for name, persons in counted.items():
        row = stated[name][month]
        assert arm_counts(hpmt_files, persons) == (row["hpmt"], row["control"]), name
        difference = row["hpmt"] / row["observed_hpmt"] - row["control"] / row["observed_control"]
        assert row["difference"] == pytest.approx(difference, abs=1e-15)


def test_hpmt_has_617_persons_in_nine_and_nine_offices_of_eight_to_101(hpmt_files):
    people = hpmt_files["personer.csv"]
    sizes = people.groupby(["gruppe", "kontornr"]).size()
    assert people["person"].is_unique
    assert people["gruppe"].value_counts().to_dict() == {"T": 367, "K": 250}
    assert sizes.groupby("gruppe").size().to_dict() == {"T": 9, "K": 9}
    assert (sizes.min(), sizes.max()) == (8, 101)
    offices = hpmt_files["kontorer.csv"].set_index("kontornr")["hpmt"]
    assert (people["kontornr"].map(offices) == people["gruppe"].map({"T": "J", "K": "N"})).all()


@pytest.mark.parametrize("month", ["2012-11", "2013-05"])
def test_the_intraclass_correlation_of_the_sample_is_the_chosen_one(deliveries, hpmt_files, month):
    people = hpmt_files["personer.csv"]
    working = people["person"].isin(on_day(hpmt_files["arbeidsforhold.csv"], month_end(month))["person"])
    office = people.assign(working=working).groupby("kontornr").agg(n=("working", "size"), k=("working", "sum"))
    treated = people.drop_duplicates("kontornr").set_index("kontornr")["gruppe"].reindex(office.index) == "T"
    found = hpmt.anova_icc(office["n"].to_numpy(), office["k"].to_numpy(), treated.to_numpy())
    assert found == pytest.approx(hpmt.ICC, abs=0.005)
    assert found == pytest.approx(deliveries["hpmt_synthetic"].truth["icc_sample"][month], abs=1e-12)


def test_the_intraclass_correlation_is_one_when_offices_are_all_or_nothing():
    sizes, arm = np.array([5, 5, 5, 5]), np.array([True, True, False, False])
    assert hpmt.anova_icc(sizes, np.array([5, 0, 5, 0]), arm) == pytest.approx(1.0)


def test_nobody_leaves_hpmt_before_the_last_main_measurement(hpmt_files):
    people = hpmt_files["personer.csv"]
    left = pd.concat([people["utvandret"], people["død"]]).dropna()
    assert len(left) == sum(hpmt.LEFT_BEFORE_NOV13)
    assert left.min() > pd.Timestamp("2013-05-31")
    assert left.max() < pd.Timestamp("2013-11-01")


def test_all_617_have_kvp_through_may_2011_and_nobody_has_it_for_more_than_30_months(hpmt_files):
    spells = hpmt_files["ytelser.csv"]
    kvp = spells[spells["YTELSE"] == "KVP"]
    assert on_day(kvp, "2011-05-01", "FRA_DATO", "TIL_DATO")["PERSON"].nunique() == 617
    assert on_day(kvp, "2011-05-31", "FRA_DATO", "TIL_DATO")["PERSON"].nunique() == 617
    assert (kvp["TIL_DATO"] - kvp["FRA_DATO"]).max() < pd.Timedelta(days=31 * 30)


def test_controls_are_more_often_in_measures_at_eighteen_months(hpmt_files):
    hpmt_count, control_count = arm_counts(
        hpmt_files, on_day(hpmt_files["tiltak.csv"], "2012-11-30", "startdato", "sluttdato")["person"]
    )
    assert control_count / 250 - hpmt_count / 367 > 0.05


def test_some_hpmt_participants_move_to_another_office_and_belong_to_the_first(hpmt_files):
    history = hpmt_files["kontortilknytning.csv"].sort_values(["person", "fra"])
    first = history.drop_duplicates("person").set_index("person")["kontornr"]
    at_assignment = hpmt_files["personer.csv"].set_index("person")["kontornr"]
    assert first.reindex(at_assignment.index).equals(at_assignment)
    moved = history.groupby("person")["kontornr"].nunique()
    assert 0.02 < (moved > 1).mean() < 0.07


# Supported Employment


def test_supported_employment_has_its_sizes_and_counties(se):
    people, offices = table(se, "personer.csv"), table(se, "kontorer.csv")
    assert people["se_deltaker"].value_counts().to_dict() == {"0": 30_000, "1": 1_200}
    assert set(offices["Fylke"]) == {"Buskerud", "Østfold", "Vestfold", "Telemark", "Akershus"}
    assert set(people["kontor"]) == set(offices["Kontornr"])
    giving = set(offices.loc[offices["Tilbyr SE"] == "Ja", "Kontornr"])
    assert set(people.loc[people["se_deltaker"] == "1", "kontor"]) <= giving
    county = people["kontor"].map(offices.set_index("Kontornr")["Fylke"])
    assert (county[people["se_deltaker"] == "1"].value_counts().drop(["Buskerud", "Østfold"]) > 0).all()


def test_every_person_has_24_months_before_and_36_after_the_start_inside_the_84(se):
    start = pd.PeriodIndex(table(se, "personer.csv")["oppfolging_start"], freq="M")
    first, last = (pd.Period(month, "M") for month in se.truth["window"])
    assert (last - first).n + 1 == 84
    assert (start.min() - first).n >= 24
    assert (last - start.max()).n >= 36


def test_the_effect_of_se_is_recovered_from_the_potential_outcomes(se):
    known, treated = se.latent, se.latent["treated"]
    happens, without = (
        event_states(known[name], known["people"].start, -24, 36)[treated] for name in ("work", "untreated")
    )
    effect = (happens.astype(int) - without).sum(axis=0) / 1_200
    assert effect.tolist() == list(se.truth["att"].values())
    assert effect[24:].tolist() == (supported_employment.HELPED / 1_200).tolist()
    assert (known["work"] == known["untreated"])[~treated].all()
    assert (happens >= without).all()


def test_the_gain_from_se_comes_at_6_to_18_months_and_is_gone_at_36(se):
    att = {int(month): value for month, value in se.truth["att"].items()}
    assert all(att[month] == 0 for month in [*range(-24, 3), 36])
    assert min(att[month] for month in range(6, 19)) == att[6] == 0.08
    assert max(att.values()) == att[12] == 0.12
    assert all(att[month] >= att[month + 1] for month in range(15, 36))


@pytest.mark.parametrize("day", ["2013-06-30", "2015-12-31", "2017-08-31", "2018-12-31"])
def test_jobs_in_the_file_are_the_states_that_the_generator_keeps(se, day):
    """Those who have left are not in work; all others are exactly as the month's state says, both kinds of job."""
    people, jobs = se.latent["people"], on_day(table(se, "arbeidsforhold.csv"), day, "startdato", "sluttdato")
    state = se.latent["states"][:, (pd.Period(day, "M") - pd.Period("2012-01", "M")).n] > 0
    gone = ~np.isnat(se.latent["left"]) & (se.latent["left"] < np.datetime64(day))
    assert jobs["pid"].nunique() == int((state & ~gone).sum())
    assert len(people.start) == 31_200


def event_shares(delivery, names, group):
    states = event_states(delivery.latent["work"], delivery.latent["people"].start, min(names), max(names)) == 1
    return {month: states[group][:, month - min(names)].mean() for month in names}


def test_se_participants_were_more_in_work_long_ago_and_dip_deeper_before_the_start(se):
    treated, months = se.latent["treated"], [-24, -18, -1, 12]
    participants, others = event_shares(se, months, treated), event_shares(se, months, ~treated)
    assert participants[-18] - others[-18] > 0.05
    assert participants[-1] - others[-1] < -0.05
    assert participants[-18] - participants[-1] > 0.25
    assert others[-18] - others[-1] > 0.10


def test_the_plain_difference_in_differences_is_wrong_and_the_history_puts_it_right(se):
    known = se.latent
    start, treated = known["people"].start, known["treated"]
    work = event_states(known["work"], start, -24, 36) == 1
    for month in (12, 36):
        change = work[:, 24 + month].astype(float) - work[:, 23]
        plain = change[treated].mean() - change[~treated].mean()
        assert plain == pytest.approx(se.truth["raw_did"][str(month)], abs=1e-12)
        assert plain - se.truth["att"][str(month)] > 0.06
    history = [worked_months(known["work"], start, *span) for span in ((-24, -13), (-12, -7), (-6, -1))]
    on_aap = known["benefits"][np.arange(len(start)), start - 1] == AAP
    people = known["people"]
    design = np.column_stack(
        [np.ones(len(start)), treated, *history, work[:, 23], work[:, 22], on_aap, people.age, people.education]
    ).astype(float)
    for month, tolerance in ((12, 0.035), (36, 0.035)):
        adjusted = np.linalg.lstsq(design, work[:, 24 + month].astype(float), rcond=None)[0][1]
        assert adjusted == pytest.approx(se.truth["att"][str(month)], abs=tolerance)


def test_wage_subsidy_covers_exactly_the_subsidised_jobs(se):
    measures, jobs = table(se, "tiltak.csv"), table(se, "arbeidsforhold.csv")
    subsidised = measures[measures["tiltak"] == "Midlertidig lønnstilskudd"]
    both = subsidised.merge(jobs, left_on=["pid", "fra", "til"], right_on=["pid", "startdato", "sluttdato"])
    assert len(subsidised) == len(both) > 300
    day = np.datetime64("2016-05-31")
    state = se.latent["states"][:, 52]
    gone = ~np.isnat(se.latent["left"]) & (se.latent["left"] < day)
    assert on_day(subsidised, day)["pid"].nunique() == int(((state == 2) & ~gone).sum()) > 100


def test_caseload_and_fidelity_are_recorded_per_office_with_gaps(se):
    offices = table(se, "kontorer.csv")
    giving = offices["Tilbyr SE"] == "Ja"
    assert offices.loc[giving, "Brukere per jobbveileder"].between(15, 20).all()
    assert offices.loc[~giving, ["Brukere per jobbveileder", "Metodetrofasthet"]].isna().all(axis=None)
    assert offices["Brukere per veileder"].mean() == pytest.approx(150, abs=8)
    assert offices["Metodetrofasthet"].dropna().between(25, 125).all()
    assert 0 < offices.loc[giving, "Metodetrofasthet"].isna().sum() < giving.sum() / 3
    by_fidelity = se.truth["att_12_by_fidelity"]
    assert by_fidelity["high"] > by_fidelity["low"] > 0


def gains(latent, happens, without):
    """Who is in ordinary work 12 months after the start because of it (1), or would have been anyhow (0)."""
    rows = np.arange(len(latent["people"].start))
    at = latent["people"].start + 12
    return (latent[happens][rows, at] == 1).astype(int) - (latent[without][rows, at] == 1)


def test_the_effect_of_se_is_larger_with_aap_and_alike_for_women_and_men(se):
    treated, people = se.latent["treated"], se.latent["people"]
    gain = gains(se.latent, "work", "untreated")
    aap = se.latent["benefits"][np.arange(len(treated)), people.start] == 1
    told = {(1, 0): 0.0933, (1, 1): 0.1327, (2, 0): 0.1186, (2, 1): 0.1214}
    for (place, value), effect in told.items():
        of = (aap, people.woman)[place - 1] == value
        assert gain[treated & of].mean() == pytest.approx(effect, abs=5e-5)


def test_the_effect_of_the_lots_is_nearly_alike_for_women_and_men_and_by_education(lots):
    people, gain = lots.latent["people"], gains(lots.latent, "offered", "without")
    found = [gain[of].mean() for of in (people.education > 0, people.education == 0, ~people.woman, people.woman)]
    assert found == pytest.approx([0.1739, 0.1231, 0.1653, 0.1361], abs=5e-5)


def test_the_effect_of_youth_teams_is_the_same_in_both_effort_groups(youth):
    latent = youth.latent
    gain = latent["happens"][12].astype(int) - latent["untreated"][12]
    taken = gain[latent["seekers"].situational & (gain != 0)].size / (gain != 0).sum()
    # 40 of 100 are in situational effort, and so are those whom a team moved.
    assert taken == pytest.approx(0.4, abs=0.04)


def test_se_has_drop_out_moves_between_offices_and_overlapping_jobs(se):
    people, moves = table(se, "personer.csv"), table(se, "kontorflytting.csv")
    left = people[["utvandringsdato", "doedsdato"]].notna()
    assert 0.025 < left.any(axis=1).mean() < 0.045
    assert left.sum().min() > 100
    assert 0.02 < len(moves) / len(people) < 0.04
    assert (moves["fra_kontor"] != moves["til_kontor"]).all()
    office = moves["pid"].map(people.set_index("pid")["kontor"])
    assert (office == moves["fra_kontor"]).all()
    jobs = table(se, "arbeidsforhold.csv")
    assert jobs["arbforh_id"].is_unique
    assert on_day(jobs, "2014-06-30", "startdato", "sluttdato")["pid"].duplicated().sum() > 20


# Supported Employment by lot


def test_lots_gave_167_and_101_persons_in_four_offices_in_shares_near_62_per_cent(lots):
    people = table(lots, "personer.csv")
    assert people["trukket_til"].value_counts().to_dict() == {"SE": 167, "ORD": 101}
    cells = pd.crosstab(people["kontor"], people["trukket_til"])
    assert list(zip(cells["SE"], cells["ORD"], strict=True)) == list(
        zip(klar.OFFERED, klar.ORDINARY_FOLLOW_UP, strict=True)
    )
    assert (cells["SE"] / cells.sum(axis=1)).between(0.60, 0.64).all()
    assert people.loc[people["trukket_til"] == "ORD", "begynte_i_SE"].eq("N").all()


def test_everybody_of_the_lots_has_24_months_before_and_60_after_inside_the_window(lots):
    start = pd.PeriodIndex(pd.to_datetime(table(lots, "personer.csv")["loddtrekning"], format="%d.%m.%Y"), freq="M")
    first, last = (pd.Period(month, "M") for month in lots.truth["window"])
    assert (start.min() - first).n >= 24
    assert (last - start.max()).n >= 60


def test_the_effect_of_the_offer_is_recovered_from_the_potential_outcomes(lots):
    known = lots.latent
    offered, without = (event_states(known[name], known["people"].start, 0, 60) for name in ("offered", "without"))
    effect = (offered.astype(int) - without).sum(axis=0)
    assert effect.tolist() == klar.HELPED.tolist()
    assert (effect / 268).tolist() == pytest.approx(list(lots.truth["effect"].values()), abs=1e-12)
    assert (offered >= without).all()
    seen = np.where(known["treated"][:, None], known["offered"], known["without"])
    assert (known["work"] == seen).all()


def test_the_gain_from_the_offer_comes_at_6_to_18_months_and_is_gone_at_36(lots):
    effect = {int(month): value for month, value in lots.truth["effect"].items()}
    assert all(effect[month] == 0 for month in [*range(4), *range(36, 61)])
    assert min(effect[month] for month in range(6, 19)) > 0.08
    assert max(effect.values()) == effect[12]


@pytest.mark.parametrize("day", ["2013-12-31", "2015-06-30", "2018-12-31"])
def test_jobs_of_the_lots_are_the_states_that_the_generator_keeps(lots, day):
    jobs = on_day(table(lots, "arbeidsforhold.csv"), day, "startdato", "sluttdato")
    state = lots.latent["states"][:, (pd.Period(day, "M") - pd.Period("2011-01", "M")).n] > 0
    gone = ~np.isnat(lots.latent["left"]) & (lots.latent["left"] < np.datetime64(day))
    assert jobs["deltaker"].nunique() == int((state & ~gone).sum())


def test_nobody_has_a_job_or_benefit_after_leaving_the_register(se):
    people = table(se, "personer.csv").set_index("pid")
    left = people["utvandringsdato"].fillna(people["doedsdato"]).dropna()
    for name, person, end in (("arbeidsforhold.csv", "pid", "sluttdato"), ("ytelser.csv", "PID", "DATO_TIL")):
        spells = table(se, name)
        spells = spells[spells[person].isin(left.index)]
        assert (spells[end] <= spells[person].map(left)).all(), name


# Mentor hybrid model


def test_the_49_mentor_users_have_the_reported_results_and_nobody_two(mentor):
    users = table(mentor, "deltakere.csv")
    assert users["Deltaker"].is_unique
    assert users["Resultat"].value_counts().to_dict() == {"ANSATT": 36, "INGEN": 9, "LÆREPLASS": 2, "UTDANNING": 2}
    assert (users["Resultat dato"].isna() == (users["Resultat"] == "INGEN")).all()
    assert (users["Resultat dato"].dropna() >= users.loc[users["Resultat"] != "INGEN", "Valgt dato"]).all()


def test_there_are_45_mentors_at_39_workplaces_and_all_49_have_one(mentor):
    mentors, users = table(mentor, "mentorer.csv"), table(mentor, "deltakere.csv")
    assert mentors["Mentor"].nunique() == 45
    assert mentors["Arbeidsplass"].nunique() == 39
    assert (mentors.groupby("Mentor")["Arbeidsplass"].nunique() == 1).all()
    assert mentors.groupby("Arbeidsplass")["Mentor"].nunique().value_counts().to_dict() == {1: 33, 2: 6}
    assert mentors["Mentor"].value_counts().value_counts().to_dict() == {1: 41, 2: 4}
    assert set(mentors["Deltaker"]) == set(users["Deltaker"])


def test_43_staff_share_the_49_cases_with_one_to_five_each(mentor):
    staff, users = table(mentor, "ansatte.csv").set_index("Ansatt"), table(mentor, "deltakere.csv")
    assert staff["Enhetstype"].value_counts().to_dict() == {"Nav-kontor": 30, "Nav arbeidslivssenter": 13}
    cases = users["Veileder"].value_counts()
    advisers = staff[staff["Enhetstype"] == "Nav-kontor"]
    assert cases.reindex(advisers.index).tolist() == advisers["Antall saker"].astype(int).tolist()
    assert cases.between(1, 5).all()
    assert (users["Veileder"].map(advisers["Enhet"]) == users["Kontor"]).all()
    centres = staff[staff["Enhetstype"] == "Nav arbeidslivssenter"]
    assert set(centres["Enhet"]) == {"Akershus", "Trøndelag"}
    assert centres["Antall saker"].astype(int).sum() == 39


def test_the_register_holds_the_49_and_a_pool_of_20_000_that_overlaps_with_them(mentor):
    people, users = table(mentor, "personer.csv"), table(mentor, "deltakere.csv")
    assert set(people.loc[people["deltaker"] == "J", "person"]) == set(users["Deltaker"])
    assert (people["deltaker"] == "N").sum() == 20_000
    known = mentor.latent
    pool = np.setdiff1d(np.arange(20_049), known["users"])
    for values in (known["people"].age, worked_months(known["work"], known["people"].start, -24, -1)):
        assert values[pool].min() <= values[known["users"]].min()
        assert values[pool].max() >= values[known["users"]].max()


def test_the_effect_of_the_mentor_model_is_recovered_from_the_potential_outcomes(mentor):
    known, users = mentor.latent, mentor.latent["users"]
    happens, without = (
        event_states(known[name], known["people"].start, 0, 36)[users].astype(int) for name in ("work", "untreated")
    )
    gained = (happens - without).sum(axis=0)
    assert gained.tolist() == mentor_hybrid.HELPED.tolist()
    for month, count in ((12, 10), (18, 10), (24, 8), (36, 6)):
        assert gained[month] == count
        assert mentor.truth["att"][str(month)] == pytest.approx(count / 49, abs=1e-15)
    unchanged = np.setdiff1d(np.arange(20_049), users)
    assert (known["work"] == known["untreated"])[unchanged].all()


def test_the_mentor_users_were_picked_among_the_more_employable(mentor):
    known = mentor.latent
    worked = worked_months(known["work"], known["people"].start, -24, -1)
    assert worked[known["users"]].mean() - worked.mean() > 1
    assert known["people"].age[known["users"]].mean() < known["people"].age.mean() - 3


def test_all_who_are_reported_hired_have_a_job_in_the_register_and_some_on_wage_subsidy(mentor):
    users = table(mentor, "deltakere.csv").query("Resultat == 'ANSATT'")
    jobs = table(mentor, "arbeid.csv").merge(users, left_on="person", right_on="Deltaker")
    within = (jobs["fra"] <= jobs["Valgt dato"] + pd.DateOffset(months=19)) & (
        jobs["til"].isna() | (jobs["til"] >= jobs["Valgt dato"])
    )
    assert jobs.loc[within, "person"].nunique() == 36
    subsidy = table(mentor, "tiltak.csv").query("tiltakskode == 'MIDLONTIL'")
    assert 1 <= subsidy.loc[subsidy["person"].isin(users["Deltaker"]), "person"].nunique() <= 15


def test_the_mentor_users_began_with_work_training_and_two_started_school(mentor):
    users, measures = table(mentor, "deltakere.csv"), table(mentor, "tiltak.csv")
    for code in ("ARBTREN", "MENTOR"):
        assert set(users["Deltaker"]) <= set(measures.loc[measures["tiltakskode"] == code, "person"])
    schooled = users["Deltaker"].isin(table(mentor, "utdanning.csv")["person"])
    assert set(users.loc[schooled, "Resultat"]) == {"UTDANNING"}
    assert schooled.sum() == 2


# Young people on AAP


def row_of(frame, unit, month):
    return frame[(frame.iloc[:, 1] == unit) & (frame.iloc[:, 0] == pd.Timestamp(month))]


def test_the_county_and_the_office_have_the_published_shares(aap):
    counties, offices = table(aap, "aap_unge_fylke.csv"), table(aap, "aap_unge_kontor.csv")
    for month, percent in (("2020-10-01", 62), ("2021-05-01", 52)):
        row = row_of(counties, "Troms og Finnmark", month)
        share = 100 * int(row["kun_medisinsk"].iloc[0]) / int(row["mottakere"].iloc[0])
        assert round(share) == percent
        assert share == pytest.approx(percent, abs=0.05)  # also with one decimal
    star = row_of(offices, "9360", "2021-04-01")
    assert (star["Kun medisinsk behandling"].item(), star["Antall mottakere"].item()) == ("14", "50")
    assert star["Fylke"].item() == "Troms og Finnmark"


def test_sixty_offices_in_all_eleven_counties_have_36_months_and_add_up(aap):
    offices, counties = table(aap, "aap_unge_kontor.csv"), table(aap, "aap_unge_fylke.csv")
    assert offices.groupby("Kontornr").size().tolist() == [36] * 60
    assert not offices.duplicated(["Måned", "Kontornr"]).any()
    assert set(offices["Fylke"]) == set(aap_youth.COUNTIES) == set(counties["fylke"])
    assert len(aap_youth.COUNTIES) == 11
    numbers = offices.assign(
        mottakere=offices["Antall mottakere"].astype(int), kun=offices["Kun medisinsk behandling"].astype(int)
    )
    assert (numbers["kun"].between(4, numbers["mottakere"])).all()
    summed = numbers.groupby(["Måned", "Fylke"])[["mottakere", "kun"]].sum()
    stated = counties.set_index(["maned", "fylke"])[["mottakere", "kun_medisinsk"]].astype(int)
    assert (summed.to_numpy() == stated.reindex(summed.index).to_numpy()).all()


def test_the_effect_of_the_campaign_is_recovered_from_the_counts_without_it(aap):
    known = aap.latent
    here = known["county"] == aap_youth.CAMPAIGN
    total = known["recipients"][here].sum(axis=0)
    effect = (known["counts"][here].sum(axis=0) - known["untreated"][here].sum(axis=0)) / total
    assert effect == pytest.approx(list(aap.truth["effect"].values()), abs=1e-15)
    assert (known["counts"] == known["untreated"])[~here].all()
    assert (effect[: aap_youth.BEFORE + 1] == 0).all()
    assert effect[aap_youth.AFTER] == pytest.approx(-0.028, abs=0.001)
    assert effect[aap_youth.AFTER + 1 :] == pytest.approx([-0.028] * 7, abs=0.001)


def test_most_of_the_fall_is_regression_to_the_mean_and_trend(aap):
    fall = aap.truth["fall_2020-10_to_2021-05"]
    assert fall["total"] == pytest.approx(-0.10, abs=0.001)
    parts = [fall["national_trend"], fall["regression_to_the_mean"], fall["effect"]]
    assert sum(parts) == pytest.approx(fall["total"], abs=1e-12)
    assert all(part < 0 for part in parts)
    assert fall["regression_to_the_mean"] < fall["effect"]
    # Chance built up and faded month by month; no month was bent into place.
    untreated = np.array(list(aap.truth["untreated_share"].values()))
    assert np.abs(np.diff(untreated)).max() < 0.03
    assert untreated[aap_youth.BEFORE - 1 : aap_youth.BEFORE + 2].min() > 0.595


def test_the_county_was_worst_when_it_was_picked_and_the_office_best_when_it_was(aap):
    known = aap.latent
    county = aap_youth.county_sums(known["county"], known["counts"]) / aap_youth.county_sums(
        known["county"], known["recipients"]
    )
    assert county[:, aap_youth.BEFORE].argmax() == 10
    assert (county[:, aap_youth.AFTER] - county[:, aap_youth.BEFORE]).argmin() == 10
    star = known["counts"][aap_youth.STAR] / known["recipients"][aap_youth.STAR]
    assert star.argmin() == aap_youth.APRIL
    assert star[aap_youth.APRIL + 1 : aap_youth.APRIL + 5].mean() > star[aap_youth.APRIL] + 0.05


# Youth teams


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("Region", {"Nord-Norge": 6, "Trøndelag": 2, "Vestlandet": 4, "Sørlandet": 2, "Østlandet": 10}),
        ("Sentralitet", {"sentrale": 10, "noe sentrale": 7, "mindre sentrale": 4, "minst sentrale": 3}),
        ("Kontortype", {"distriktskontor": 5, "bykommune": 15, "bydel": 4}),
        ("Status våren 2011", {"egne ungdomsveiledere": 13, "ungdomsprosjekt": 3, "ingen av delene": 8}),
    ],
)
def test_the_24_offices_have_the_published_breakdown(youth, column, expected):
    assert table(youth, "kontorer.csv")[column].value_counts().to_dict() == expected


def staff_band(offices):
    return pd.cut(offices["Årsverk"], [4.9, 11, 36, 82], labels=["små", "middels", "store"])


def test_the_24_offices_have_the_published_staff_and_unemployment(youth):
    offices = table(youth, "kontorer.csv")
    staff, unemployment = offices["Årsverk"], offices["Ledighet"]
    assert [staff.between(*band).sum() for band in ((5, 11), (15, 36), (52, 82))] == [6, 13, 5]
    assert [unemployment.between(*band).sum() for band in ((0.8, 2.0), (2.1, 2.9), (3.0, 3.8))] == [7, 13, 4]
    with_team = offices[offices["Status våren 2011"] == "egne ungdomsveiledere"]
    assert staff_band(with_team).value_counts().to_dict() == {"små": 3, "middels": 6, "store": 4}
    assert offices["Brukere per veileder"].astype(int).between(200, 250).all()


def test_adoption_fits_the_status_in_spring_2011_and_goes_on_to_2015(youth):
    offices = table(youth, "kontorer.csv").set_index("Kontornr")["Status våren 2011"]
    adopted = table(youth, "ungdomsteam.csv").set_index("kontornr")["team_fra"].reindex(offices.index)
    assert ((adopted < "2011-06") == (offices == "egne ungdomsveiledere")).all()
    assert (adopted[offices == "ungdomsprosjekt"].dt.year == 2011).all()
    later = adopted[adopted > "2011-06"]
    assert later.dt.year.between(2011, 2016).all()
    assert later.dt.strftime("%Y-%m").nunique() == 3
    assert adopted.isna().sum() == 3
    assert (adopted < "2009-01").sum() == 4


def test_60_000_young_persons_register_over_96_months_at_their_first_office(youth):
    people = table(youth, "personer.csv").set_index("PERSON")
    assert len(people) == 60_000
    assert people.index.is_unique
    assert people["ALDER"].astype(int).between(18, 24).all()
    assert people["REGISTRERT"].dt.to_period("M").nunique() == 96
    registrations = table(youth, "registreringer.csv")
    first = registrations.sort_values("dato", kind="stable").drop_duplicates("person").set_index("person")
    assert first["dato"].reindex(people.index).tolist() == people["REGISTRERT"].tolist()
    assert first["kontornr"].reindex(people.index).tolist() == people["FOERSTE_KONTOR"].tolist()
    assert len(registrations) > 60_000


@pytest.mark.parametrize("horizon", [0, 6, 12, 24])
def test_work_or_education_in_the_files_is_the_outcome_that_the_generator_keeps(youth, horizon):
    seekers, happens = youth.latent["seekers"], youth.latent["happens"]
    seen = seekers.month + horizon < 96
    days = last_day(youth_teams.FIRST + seekers.month + horizon)
    people = table(youth, "personer.csv")
    due = {}
    for name, start, end in (("arbeidsforhold.csv", "fra", "til"), ("utdanning.csv", "startdato", "sluttdato")):
        spells = table(youth, name)
        spells = spells.merge(people[["PERSON", "REGISTRERT", "UTVANDRET"]], left_on="person", right_on="PERSON")
        day = (spells["REGISTRERT"].dt.to_period("M") + horizon).dt.end_time.dt.normalize()
        covers = (spells[start] <= day) & (spells[end].isna() | (spells[end] >= day)) & (day <= "2016-12-31")
        due |= dict.fromkeys(spells.loc[covers, "person"], True)
    left = people["UTVANDRET"].notna().sum()
    expected = int((happens[horizon] & seen).sum()) if horizon else 0
    assert days.max() >= np.datetime64("2016-12-31")
    assert 0 <= expected - len(due) <= left


def test_the_effect_of_youth_teams_is_recovered_from_the_potential_outcomes(youth):
    seekers, gains = youth.latent["seekers"], youth_teams.effects_by_office()
    own = gains[seekers.office, seekers.month]
    group = youth_teams.groups()[seekers.office]
    for horizon, scale in youth_teams.HORIZONS.items():
        gained = youth.latent["happens"][horizon].astype(float) - youth.latent["untreated"][horizon]
        assert (gained[own == 0] == 0).all()
        for name in youth.truth["att_gt"]:
            cells = (group == name) & (own != 0)
            noise = 4 * np.sqrt(np.abs(own[cells]).mean() / cells.sum())
            assert gained[cells].mean() == pytest.approx(scale * own[cells].mean(), abs=noise), (horizon, name)


def test_att_gt_is_the_design_and_differs_by_group(youth):
    truth = youth.truth
    assert truth["att_gt"]["2010-01"]["2010-01"] == 0.02
    assert truth["att_gt"]["2010-01"]["2014-01"] == pytest.approx(0.14)
    assert truth["att_gt"]["2010-10"]["2013-10"] == pytest.approx(0.10)
    assert set(truth["att_gt"]["2011-10"].values()) == {0.06}
    assert truth["att_gt"]["2013-03"]["2013-03"] == 0.09
    assert truth["att_gt"]["2013-03"]["2015-09"] == 0.0
    assert set(truth["att_gt"]["2015-03"].values()) == {-0.02}
    assert all(min(path) == group for group, path in truth["att_gt"].items())
    ordered = [truth["att_group"][group] for group in sorted(truth["att_group"])]
    assert ordered == sorted(ordered, reverse=True)


def test_two_way_fixed_effects_misses_the_average_effect(youth):
    assert youth.truth["att_simple"] == pytest.approx(0.0807, abs=0.0005)
    assert youth.truth["two_way_fixed_effects"] < youth.truth["att_simple"] / 2
    assert youth.truth["two_way_fixed_effects_all"] < youth.truth["att_simple"] - 0.03


def test_two_way_fixed_effects_finds_a_constant_effect_of_one_group():
    treated = np.zeros((4, 6), dtype=bool)
    treated[:2, 3:] = True
    levels = np.array([0.1, 0.3, 0.2, 0.4])[:, None] + np.linspace(0, 0.1, 6)
    found = youth_teams.two_way_fixed_effects(levels + 0.05 * treated, treated, np.ones((4, 6)))
    assert found == pytest.approx(0.05, abs=1e-12)


# The tools


def test_a_column_that_is_not_declared_is_refused():
    with pytest.raises(ValueError, match="not those declared"):
        csv_bytes(FileFormat({"person": ""}), {"person": ["a"], "alder": [30]})


def test_values_with_the_delimiter_or_quotes_are_quoted_and_missing_ones_marked():
    form = FileFormat({"navn": "", "andel": "", "dag": ""}, missing=".", places={"andel": 1}, line_end="\n")
    day = np.array(["2013-05-31", "NaT"], dtype="datetime64[D]")
    content = csv_bytes(form, {"navn": ["a;b", 'c"d'], "andel": [2.25, np.nan], "dag": day})
    assert content.decode() == 'navn;andel;dag\n"a;b";2,2;31.05.2013\n"c""d";.;.\n'


@pytest.mark.parametrize("seed", range(5))
def test_spells_say_on_the_last_day_of_each_month_what_the_states_say(seed):
    rng = generator(seed)
    states = rng.choice(3, size=(60, 24), p=[0.5, 0.3, 0.2]).astype(np.int8)
    spells = dated_spells(rng, states, 2015 * 12 + rng.integers(0, 12, 60))
    again = dated_spells(generator(seed), states, 2015 * 12)
    for month in range(24):
        assert (states_on(again, 60, last_day(2015 * 12 + month)) == states[:, month]).all()
    assert (np.isnat(spells.end) | (spells.end >= spells.start)).all()
    last = np.flatnonzero(np.append(spells.row[1:] != spells.row[:-1], True))
    assert set(spells.row[np.isnat(spells.end)]) == set(np.flatnonzero(states[:, -1]))
    assert np.isin(np.flatnonzero(np.isnat(spells.end)), last).all()
    same = spells.row[1:] == spells.row[:-1]
    assert (spells.start[1:] > spells.end[:-1])[same].all()


def test_filled_states_keep_every_anchor():
    rng = generator(3)
    anchors = {column: rng.integers(0, 3, 500).astype(np.int8) for column in (0, 5, 20, 21, 40)}
    states = filled_states(rng, anchors, pause=0.9)
    assert states.shape == (500, 41)
    for column, state in anchors.items():
        assert (states[:, column] == state).all()


def test_counts_that_must_sum_do_so():
    sizes, rates = np.array([8, 20, 101]), np.array([0.01, 0.5, 0.3])
    counts = tilted_counts(sizes, rates, 40)
    assert counts.sum() == 40
    assert (counts <= sizes).all()
    assert rounded_to_sum(np.array([-1.4, -0.6]), -2).tolist() == [-1, -1]
    with pytest.raises(ValueError, match="do not sum"):
        rounded_to_sum(np.array([1.0, 2.0]), 9)


def test_more_members_than_there_are_places_is_refused():
    with pytest.raises(ValueError, match="3 places asked for, 2 allowed"):
        exact_members(generator(1), np.zeros(2, dtype=bool), 3, persistence=0.5)
