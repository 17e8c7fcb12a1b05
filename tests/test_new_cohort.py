"""A new cohort's folder: valid from the first minute, explained key by key, and refused by the run until filled in."""

import csv
import io
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.cards import read_card
from analysis.cli import main
from analysis.cohorts import find_cohorts
from analysis.headers import KNOWN_NAMES, Header, looks_like_data, read_header, suggest_columns
from analysis.intake import read_delivery
from analysis.new_cohort import DESIGNS, cohort_texts, new_cohort
from analysis.placeholders import MARK, placeholders
from analysis.problems import ProblemsFound
from analysis.provenance import ROOT
from analysis.published import read_figures
from analysis.yamlio import read_yaml

CANARY = "KANARI777"
KEY = re.compile(r"^\s*(?:- )?(\w+):")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty project folder as the working folder."""
    (tmp_path / "cohorts").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def started(tmp_path, design, **options):
    new_cohort("ny", design=design, cohorts=tmp_path / "cohorts", **options)
    return tmp_path / "cohorts" / "ny"


def delivered(folder, content, name="leveranse.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(content.encode(encoding))
    return path


def refused(action):
    with pytest.raises(ProblemsFound) as caught:
        action()
    return str(caught.value)


def fill_in(path):
    """Take every mark of a file away, as a person would who keeps what stands there."""
    text = re.sub(rf"\s*# {MARK}.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    path.write_text(text.replace(f"{MARK}: ", ""), encoding="utf-8")


@pytest.mark.parametrize("design", DESIGNS)
def test_a_new_card_is_valid_and_knows_its_kind_of_data(tmp_path, design):
    folder = started(tmp_path, design)
    card = read_card(folder / "cohort.yaml")
    skeleton = DESIGNS[design]
    assert (card.design, card.data_kind, card.intervention) == (skeleton.design, skeleton.data_kind, "ny")
    assert (card.analysis == "describe") == skeleton.described
    assert (folder / "published.yaml").is_file() == (card.data_kind == "published")
    assert bool(card.files) == (card.data_kind != "published")
    assert (folder / "data" / "README.md").is_file()
    page = (folder / "README.md").read_text(encoding="utf-8")
    assert "**Data:**" in page
    assert "**Hva kohorten er til:**" in page


@pytest.mark.parametrize("design", DESIGNS)
def test_every_key_that_is_set_is_explained_where_it_stands(design):
    texts = cohort_texts("ny", design=design)
    # Keys that repeat in every fact are explained once, at the top of the file.
    in_every_fact = {"id", "what", "value", "unit", "time", "certainty", "source"}
    for name, told in (("cohort.yaml", set()), ("published.yaml", in_every_fact)):
        lines = texts.get(name, "").splitlines()
        keys = [(before, line) for before, line in zip(lines, lines[1:], strict=False) if KEY.match(line)]
        bare = [line for before, line in keys if "#" not in line and not before.lstrip().startswith("#")]
        assert [line for line in bare if KEY.match(line)[1] not in told] == []
        assert all(re.search(rf"# .*\b{key}\b", "\n".join(lines[:8])) for key in told if lines)


@pytest.mark.parametrize("design", DESIGNS)
def test_every_text_and_month_that_was_made_up_is_marked(tmp_path, design):
    folder = started(tmp_path, design)
    for name in ("cohort.yaml", "published.yaml"):
        if (folder / name).is_file():
            for line in (folder / name).read_text(encoding="utf-8").splitlines():
                if re.search(r"(1999|2000|2001)-\d\d", line):
                    assert MARK in line, line


@pytest.mark.parametrize("design", DESIGNS)
def test_the_check_names_every_mark_and_the_run_and_the_lock_refuse(project, capsys, design):
    assert main(["new-cohort", "ny", "--design", design]) == 0
    capsys.readouterr()
    assert main(["check", "ny"]) == 0
    out = capsys.readouterr().out
    marks = placeholders(project / "cohorts" / "ny")
    assert f"Kortet er gyldig, men ikke ferdig. Fyll inn ({len(marks)}):" in out
    assert out.count(": fyll inn ") == len(marks) > 10
    assert "cohort.yaml, linje 8, title: fyll inn tittelen på rapporten." in out
    assert "limitations.0.text: fyll inn noe tallene ikke kan svare på." in out
    said = refused(lambda: find_cohorts("cohorts"))
    assert f"cohorts/ny: {len(marks)} steder er ikke fylt inn. Se dem med: make check COHORT=ny" in said
    assert main(["plan-lock", "ny"]) == 1
    assert "Planen kan ikke låses før alt er fylt inn" in capsys.readouterr().err
    assert not (project / "cohorts" / "ny" / "plan.lock").exists()


@pytest.mark.parametrize(("design", "facts"), [("cluster_randomised", 3), ("single_arm", 2)])
def test_figures_are_absent_and_cannot_be_calculated_on_even_without_marks(tmp_path, design, facts):
    folder = started(tmp_path, design)
    data = read_yaml(folder / "published.yaml").data
    assert [(fact["value"], fact["certainty"]) for fact in data["facts"]] == [(None, "absent")] * facts
    for name in ("cohort.yaml", "published.yaml", "checklist.yaml"):
        fill_in(folder / name)
    assert placeholders(folder) == []
    said = refused(lambda: read_figures(folder / "published.yaml", read_card(folder / "cohort.yaml")))
    assert said.count("er ikke et faktum med verdi") == facts


@pytest.mark.parametrize(
    ("design", "values"), [("cluster_randomised", ("617", "29.7", "23.6")), ("single_arm", ("49", "36"))]
)
def test_published_figures_that_are_filled_in_pass_the_check(project, capsys, design, values):
    folder = started(project, design)
    for name in ("cohort.yaml", "published.yaml", "checklist.yaml"):
        fill_in(folder / name)
    text = (folder / "published.yaml").read_text(encoding="utf-8")
    for value in values:
        text = text.replace("value: null\n", f'value: "{value}"\n', 1).replace(
            "certainty: absent\n", "certainty: stated\n", 1
        )
    (folder / "published.yaml").write_text(text, encoding="utf-8")
    assert main(["check", "ny"]) == 0
    assert f"Personer: {values[0]} i " in capsys.readouterr().out


def test_a_card_that_is_filled_in_reads_a_delivery(project, capsys):
    folder = started(project, "matched_did")
    for name in ("cohort.yaml", "checklist.yaml"):
        fill_in(folder / name)
    assert placeholders(folder) == []
    rows = range(40)
    frame = pd.DataFrame({"person_id": [f"P{row}" for row in rows], "gruppe": [row % 2 for row in rows], "alder": 30})
    for month in ("1999_01", "2000_01", "2001_01"):
        frame[f"arbeid_{month}"] = [row % 3 == 0 for row in rows]
        frame[f"arbeid_{month}"] = frame[f"arbeid_{month}"].astype(int)
    frame.to_csv(folder / "data" / "leveranse.csv", sep=";", index=False)
    assert main(["check", "ny"]) == 0
    assert "Personer i leveransen: deltakerne 20; sammenligningsgruppen 20" in capsys.readouterr().out


def small_delivery(folder):
    """Files with the columns that the skeletons with registers begin with: 24 persons at 6 offices."""
    persons, offices = range(24), range(6)
    ids = [f"P{person}" for person in persons]
    office = [f"90{person % 6:02d}" for person in persons]
    numbers = [f"90{number:02d}" for number in offices]
    months = ["2000-01-01", "2000-02-01"]
    tables = {
        "leveranse": {"person_id": ids, "gruppe": [person % 2 for person in persons], "kontor": office, "alder": 30}
        | {"startdato": "2000-06-15", "utvandret": "", "dod": ""},
        "kontorer": {"kontor": numbers, "fylke": "Oslo", "brukere": 20, "gruppe": [number % 2 for number in offices]}
        | {"innfort": ["2000-01-01" if number % 2 else "" for number in offices]},
        "arbeidsforhold": {"person_id": ids, "fra": "1999-12-01", "til": ""},
        "antall": {"kontor": numbers * 2, "maned": [month for month in months for _ in offices]}
        | {"teller": 3, "nevner": 10},
    }
    for name, table in tables.items():
        pd.DataFrame(table).to_csv(folder / "data" / f"{name}.csv", sep=";", index=False)


@pytest.mark.parametrize(
    "design", ["individually_randomised", "cluster_randomised_delivery", "staggered_did", "aggregated_series"]
)
def test_a_card_with_more_tables_that_is_filled_in_reads_a_delivery(project, design):
    folder = started(project, design)
    fill_in(folder / "cohort.yaml")
    small_delivery(folder)
    card = read_card(folder / "cohort.yaml")
    found = read_delivery(card, folder / "data", cohort="ny", spells=folder / "spells.parquet")
    arms = found.offices if design == "aggregated_series" else found.persons
    assert sorted(arms["arm"].value_counts().tolist()) == ([3, 3] if design == "aggregated_series" else [12, 12])
    assert len(found.aggregates) == (12 if design == "aggregated_series" else 0)


def test_an_existing_folder_is_not_touched(tmp_path):
    folder = started(tmp_path, "single_arm")
    (folder / "cohort.yaml").write_text("mitt arbeid", encoding="utf-8")
    said = refused(lambda: started(tmp_path, "matched_did"))
    assert "mappen finnes fra før og er ikke endret" in said
    assert (folder / "cohort.yaml").read_text(encoding="utf-8") == "mitt arbeid"


@pytest.mark.parametrize("design", ["exposures", "single_arm_delivery", "", "x"])
def test_a_design_without_a_skeleton_is_refused_with_those_that_have_one(tmp_path, design):
    said = refused(lambda: started(tmp_path, design))
    for known in DESIGNS:
        assert known in said
    assert not (tmp_path / "cohorts").exists()


@pytest.mark.parametrize("name", ["", "Store", "1ste", "bind-strek", "../ut", "comparison", "sti/under", "Æble"])
def test_a_name_that_cannot_be_a_cohort_is_refused_and_nothing_is_written(tmp_path, name):
    with pytest.raises(ProblemsFound):
        new_cohort(name, design="matched_did", cohorts=tmp_path / "cohorts")
    assert list(tmp_path.iterdir()) == []


def test_all_mistakes_are_told_at_once(project, capsys):
    assert main(["new-cohort", "Feil navn", "--design", "x"]) == 1
    err = capsys.readouterr().err
    assert "mappenavnet er ugyldig" in err
    assert "DESIGN" in err


@pytest.mark.parametrize("design", ["single_arm", "cluster_randomised", "aggregated_series"])
def test_a_skeleton_without_persons_takes_no_first_line_of_persons(tmp_path, design):
    path = delivered(tmp_path, "lopenr;gruppe\n")
    said = refused(lambda: started(tmp_path, design, header=Header(path)))
    assert "DESIGN=matched_did eller staggered_did" in said


@pytest.mark.parametrize(
    ("design", "groups"),
    [
        ("matched_did", '{"1": deltakere, "0": sammenligning}'),
        ("individually_randomised", '{"1": tiltak, "0": kontroll}'),
        ("staggered_did", None),
    ],
)
def test_a_suggested_group_has_the_names_of_the_card(tmp_path, design, groups):
    path = delivered(tmp_path, "lopenr;gruppe\n")
    text = (started(tmp_path, design, header=Header(path)) / "cohort.yaml").read_text(encoding="utf-8")
    assert ("# arm: {column" in text) == (groups is not None)
    assert groups is None or f'# arm: {{column: "gruppe", values: {groups}}}  # forslag' in text


def test_columns_that_resemble_the_contract_are_suggested_as_comments(tmp_path):
    path = delivered(tmp_path, f"Løpenr;GRUPPE;Startmåned;Enhetsnr;alder\n{CANARY};T;2024-01;0301;44\n")
    folder = started(tmp_path, "matched_did", header=Header(path))
    text = (folder / "cohort.yaml").read_text(encoding="utf-8")
    assert '# person_id: "Løpenr"  # forslag, bekreft' in text
    assert '# arm: {column: "GRUPPE", values: {"1": deltakere, "0": sammenligning}}  # forslag, bekreft' in text
    assert '# time_zero: "Startmåned"  # forslag, bekreft' in text
    assert '# office_id: "Enhetsnr"  # forslag, bekreft' in text
    assert "4 av 5 kolonner" in text
    assert CANARY not in text
    assert "alder" not in re.findall(r'"(\w+)"  # forslag', text)
    file = read_card(folder / "cohort.yaml").files[0]
    assert (file.path, file.delimiter, file.encoding) == ("leveranse.csv", ";", "utf-8")


def test_a_suggestion_that_is_confirmed_gives_a_valid_card(tmp_path):
    path = delivered(tmp_path, "lopenr;gruppe;alder\n")
    folder = started(tmp_path, "matched_did", header=Header(path))
    text = (folder / "cohort.yaml").read_text(encoding="utf-8")
    text = re.sub(r"^      (person_id|arm): .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^      # ((person_id|arm): .*)  # forslag, bekreft$", r"      \1", text, flags=re.MULTILINE)
    (folder / "cohort.yaml").write_text(text, encoding="utf-8")
    columns = read_card(folder / "cohort.yaml").files[0].columns
    assert (columns["person_id"].column, columns["arm"].column) == ("lopenr", "gruppe")


def test_nothing_below_the_first_line_is_read(tmp_path):
    path = tmp_path / "leveranse.csv"
    path.write_bytes(b"lopenr;gruppe\n\xff\xfe\x00" + CANARY.encode() + b"\n")
    assert read_header(Header(path)) == ["lopenr", "gruppe"]


@pytest.mark.parametrize(
    ("content", "options"),
    [
        ("lopenr,gruppe\n", {"delimiter": ","}),
        ("\ufefflopenr;gruppe\r\n", {}),
        ("lopenr\tgruppe\n", {"delimiter": "\t"}),
        ('"lopenr";"gruppe"\n', {}),
        ("lopenr;gruppe", {"encoding": "latin-1"}),
    ],
)
def test_a_header_is_read_as_it_is_said_to_be_written(tmp_path, content, options):
    assert read_header(Header(delivered(tmp_path, content), **options)) == ["lopenr", "gruppe"]


def test_a_tab_can_be_given_on_the_command_line(project):
    delivered(project, "lopenr\tgruppe\n")
    command = ["new-cohort", "ny", "--design", "matched_did", "--delivery", "leveranse.csv", "--delimiter", "\\t"]
    assert main(command) == 0
    assert read_card(project / "cohorts" / "ny" / "cohort.yaml").files[0].delimiter == "\t"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"13836065713;{CANARY};T\n", "felt 1 ser ut som data"),
        (f"{CANARY};138360 65713\n", "felt 2 ser ut som data"),
        (f"{CANARY};2024-01-31;T\n", "felt 2 ser ut som data"),
        (f"{CANARY};31.01.2024\n", "felt 2 ser ut som data"),
        (f"{CANARY};53;1;8,4\n", "felt 2, 3, 4 ser ut som data"),
        (f"{CANARY},gruppe\n", "bare ett felt"),
        ("\n", "linjen er tom"),
        ("", "linjen er tom"),
        ("\ufeff\n", "bare ett felt"),
        (f'{CANARY};"gruppe\n', "anførselstegn"),
        (f"{CANARY}\0;gruppe\n", "tegnet null"),
        (f"{CANARY};" + "a" * 70_000, "lengre enn"),
    ],
)
def test_a_first_line_that_cannot_be_column_names_is_refused_without_being_shown(tmp_path, content, words):
    path = delivered(tmp_path, content)
    said = refused(lambda: started(tmp_path, "matched_did", header=Header(path)))
    assert words in said
    assert CANARY not in said
    assert "13836065713" not in said
    assert not (tmp_path / "cohorts").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"delimiter": ""}, "ett tegn"),
        ({"delimiter": ";;"}, "ett tegn"),
        ({"delimiter": '"'}, "ett tegn"),
        ({"delimiter": "\n"}, "ett tegn"),
        ({"encoding": "utf-16"}, "Lovlig: utf-8"),
        ({"encoding": "utf-8"}, "kan ikke leses med encoding utf-8"),
    ],
)
def test_options_that_do_not_fit_the_file_are_told(tmp_path, options, words):
    path = delivered(tmp_path, "løpenr;gruppe\n", encoding="latin-1")
    assert words in refused(lambda: read_header(Header(path, **options)))


def test_the_message_of_a_file_with_old_line_ends_shows_nothing(tmp_path):
    path = delivered(tmp_path, f"lopenr;gruppe\r{CANARY};T\r")
    assert CANARY not in refused(lambda: read_header(Header(path)))


def test_a_delivery_that_is_not_there_or_is_packed_is_told(tmp_path):
    assert "finnes ikke" in refused(lambda: read_header(Header(tmp_path / "borte.csv")))
    (tmp_path / "pakket.csv").write_bytes(b"\x1f\x8b\x08\x00" + b"\n")
    assert "pakket (gzip)" in refused(lambda: read_header(Header(tmp_path / "pakket.csv")))


@pytest.mark.parametrize("name", ["fnr", "Fødselsnummer", "person_fnr", "PERSONNR"])
def test_a_column_named_as_a_national_id_is_not_suggested_but_warned_of_by_place(tmp_path, name):
    path = delivered(tmp_path, f"gruppe;{name}\n")
    text = (started(tmp_path, "matched_did", header=Header(path)) / "cohort.yaml").read_text(encoding="utf-8")
    assert "Kolonne 2 heter som et fødselsnummer" in text
    assert "# person_id: " not in text


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["kontor_id", "id"], {"person_id": "id", "office_id": "kontor_id"}),
        (["fnr_pseudo", "tiltak"], {"person_id": "fnr_pseudo", "arm": "tiltak"}),
        (["pid", "oppstart", "enhet"], {"person_id": "pid", "time_zero": "oppstart", "office_id": "enhet"}),
        (["lopenummer", "lopenr"], {"person_id": "lopenr"}),
        (["Ola", "Nordmann", "Oslo"], {}),
        (["alder", "kvinne", "idrett", "grunnlag"], {}),
    ],
)
def test_suggestions_follow_the_names(names, expected):
    assert suggest_columns(names).columns == expected


def test_every_known_name_suggests_its_own_column():
    for target, names in KNOWN_NAMES.items():
        for name in names:
            assert suggest_columns(["x1", name]).columns == {target: name}


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=12), min_size=2, max_size=8))
def test_suggestions_use_a_column_once_and_keep_the_card_readable(names):
    suggestions = suggest_columns(names)
    chosen = list(suggestions.columns.values())
    assert set(chosen) <= set(names)
    assert len(chosen) == len(set(chosen))
    text = cohort_texts("ny", design="matched_did", header=Header(ROOT / "x.csv"), suggestions=suggestions)[
        "cohort.yaml"
    ]
    plain = cohort_texts("ny", design="matched_did", header=Header(ROOT / "x.csv"), suggestions=suggest_columns([]))
    assert data_of(text) == data_of(plain["cohort.yaml"])


def data_of(text):
    """The card without its comments, as the lines that hold something."""
    return [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]


@given(st.from_regex(r"\d{1,12}([.,/ -]\d{1,4}){0,2}", fullmatch=True))
def test_numbers_and_dates_look_like_data(text):
    assert looks_like_data(text)


@given(st.from_regex(r"[a-zæøå]{1,12}(_(19|20)\d\d(_\d\d)?)?", fullmatch=True))
def test_names_with_a_year_or_month_do_not_look_like_data(text):
    assert not looks_like_data(text)


def test_odd_file_names_are_read_back_as_they_are(tmp_path):
    path = delivered(tmp_path, "lopenr;gruppe\n", name='uttrekk: "nr" #1.csv')
    folder = started(tmp_path, "matched_did", header=Header(path))
    assert read_card(folder / "cohort.yaml").files[0].path == 'uttrekk: "nr" #1.csv'


def test_the_example_delivery_of_the_guide_gets_its_suggestions():
    first = (ROOT / "docs" / "eksempel" / "deltakere.csv").read_text(encoding="utf-8").splitlines()[0]
    (names,) = csv.reader(io.StringIO(first), delimiter=";")
    assert suggest_columns(names).columns == {"person_id": "deltaker", "arm": "gruppe"}
