"""Nothing of a restricted cohort leaves unsigned, changed after signing, or in conflict with what left before."""

import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pikepdf
import pytest
import stages

from analysis import cards, cli
from analysis.card_rules import errata_end_with_the_version
from analysis.disclosure.corrections import standing
from analysis.disclosure.declared import Truth, cell
from analysis.disclosure.joint_audit import audit
from analysis.disclosure.kept import DECLARED, write_declared
from analysis.disclosure.ledger import admit
from analysis.disclosure.shown import exact
from analysis.files import write_json, write_parquet, write_text
from analysis.problems import ProblemsFound
from analysis.release import release
from analysis.release_files import RESTRICTED, REVIEW, fingerprints, review_files, table_changes
from analysis.release_gate import admitted, gate, ledger_places, rule_of
from analysis.seal import seal
from analysis.signoff import unsigned
from tests.disclosure_releases import count, two_reports

COHORT, NAME, DATE = "oppdiktet", "Kari Nordmann", "2026-11-22"
ERRATUM = {"version": "1.1", "date": DATE, "text": {"nb": "Ett tall var feil."}}
SECRET = "31"
FIRST = two_reports()[0]


def restricted(**report):
    """A card of restricted data under the profile of hidden numbers."""
    card = stages.card("hpmt_synthetic")
    report = type(card.report).model_validate({**card.report.model_dump(mode="json"), **report})
    disclosure = card.disclosure.model_copy(update={"profile": "ssb"})
    return card.model_copy(
        update={"data_kind": "restricted", "synthetic": None, "disclosure": disclosure, "report": report}
    )


def corrected():
    return restricted(version="1.1", errata=[ERRATUM])


def pdf(path):
    document = pikepdf.new()
    document.add_blank_page()
    document.save(path)


def archive(path):
    """What Word, Excel and zip files are on the outside."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("innhold.txt" if path.suffix == ".zip" else "innhold.xml", "<a>Tekst.</a>")


def put(root, card, *, number="0.0610", declared=None):
    """Everything that `make` leaves for review of a cohort, in small."""
    for name in review_files(COHORT, ["nb"]):
        path = root / REVIEW / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".pdf":
            path.unlink(missing_ok=True)
            pdf(path)
        elif path.suffix in (".docx", ".xlsx", ".zip"):
            archive(path)
        elif path.suffix == ".csv":
            write_text(path, f"outcome,estimate,run_id\nwork,{number},abc\n")
        else:
            write_text(path, "<html><body><p>Tekst.</p></body></html>\n" if path.suffix == ".html" else "{}\n")
    write_json(root / REVIEW / COHORT / "cohort.json", {"card": card.model_dump(mode="json")})
    raw = pd.DataFrame({"outcome": ["work"], "estimate": [0.0612345], "run_id": ["abc"]})
    write_parquet(raw, root / RESTRICTED / COHORT / "estimates.parquet")
    write_declared(root / RESTRICTED / COHORT / DECLARED, declared or two_reports()[0])


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A project with one restricted cohort under review, the current folder of the process."""
    (tmp_path / "config").mkdir()
    for name in ("disclosure.yaml", "config.yaml"):
        text = (stages.ROOT / "config" / name).read_text(encoding="utf-8")
        write_text(tmp_path / "config" / name, text.replace("languages: [nb, nn, en]", "languages: [nb]"))
    write_text(tmp_path / "cohorts" / COHORT / "cohort.yaml", "title: x\n")
    put(tmp_path, restricted())
    monkeypatch.chdir(tmp_path)
    use(monkeypatch, restricted())
    return tmp_path


def use(monkeypatch, card):
    """The card that commands read."""
    monkeypatch.setattr(cards, "read_card", lambda path: card)


def command(*extra):
    return cli.main(["release", COHORT, *extra])


def sign():
    assert command("--by", NAME, "--date", DATE) == 0


def through(card, root):
    admitted(COHORT, card, [root / REVIEW / name for name in review_files(COHORT, ["nb"])], root)


def refused(card, root):
    with pytest.raises(ProblemsFound) as caught:
        through(card, root)
    return str(caught.value)


def ledger(root):
    folder, public = ledger_places(COHORT, root)
    return {path.name: path.read_bytes() for path in [*folder.glob("*.json"), public] if path.is_file()}


def test_an_unsigned_cohort_is_refused_and_told_what_to_do(root):
    told = refused(restricted(), root)
    assert "cohorts/oppdiktet/release.json: mangler." in told
    assert 'make release COHORT=oppdiktet BY="Navn Navnesen"' in told
    assert ledger(root) == {}


def test_a_signed_cohort_goes_through_and_once_more_adds_nothing(root):
    sign()
    through(restricted(), root)
    first = ledger(root)
    assert set(first) == {"0001.json", "ledger.json"}
    through(restricted(), root)
    assert ledger(root) == first
    assert SECRET not in json.loads(first["ledger.json"])["entries"][0].values()


def test_what_is_signed_already_is_told_and_what_has_changed_since_is_not_signed(root, capsys):
    sign()
    capsys.readouterr()
    assert command() == 0
    assert f"Alt godkjent av {NAME} ({DATE})." in capsys.readouterr().out
    write_text(root / REVIEW / COHORT / "balance.csv", "outcome,estimate,run_id\nwork,0.0620,abc\n")
    assert command() == 0
    assert "Ikke godkjent." in capsys.readouterr().out


def test_the_sign_off_holds_name_date_version_and_hashes_and_no_number_of_the_report(root):
    sign()
    stored = json.loads((root / "cohorts" / COHORT / "release.json").read_text("utf-8"))
    assert (stored["name"], stored["date"], stored["version"]) == (NAME, DATE, restricted().report.version)
    paths = [root / REVIEW / name for name in review_files(COHORT, ["nb"])]
    assert stored["files"] == fingerprints(paths)
    assert stored["audit"]["verdict"] == "passed"
    assert set(stored) == {
        *("cohort", "version", "name", "date", "files", "audit"),
        *("manifest_sha256", "definition_sha256"),
    }


@pytest.mark.parametrize(
    "name", ["oppdiktet/estimates.csv", "oppdiktet/checks.json", "reports/oppdiktet/oppdiktet.nb.html"]
)
def test_a_file_changed_after_signing_is_named_with_who_signed(root, name):
    sign()
    with (root / REVIEW / name).open("a", encoding="utf-8") as stream:
        stream.write("\n")
    told = refused(restricted(), root)
    assert f"{name}: er endret etter at {NAME} godkjente den ({DATE})." in told
    assert ledger(root) == {}


def test_files_that_came_or_went_after_signing_are_named(root):
    sign()
    extra = root / REVIEW / COHORT / "extra.csv"
    write_text(extra, "a\n1\n")
    paths = [root / REVIEW / name for name in review_files(COHORT, ["nb"])]
    with pytest.raises(ProblemsFound) as caught:
        admitted(COHORT, restricted(), [extra, *paths[1:]], root)
    told = str(caught.value)
    assert "oppdiktet/extra.csv: er kommet til" in told
    assert "er borte" in told


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (NAME, "", "lar seg ikke lese"),
        ('"bytes"', '"size"', "lar seg ikke lese"),
        ("oppdiktet/estimates.csv", "oppdiktet/andre.csv", "er endret for hånd"),
    ],
)
def test_an_edited_sign_off_counts_for_nothing(root, old, new, words):
    sign()
    path = root / "cohorts" / COHORT / "release.json"
    write_text(path, path.read_text("utf-8").replace(old, new))
    assert words in refused(restricted(), root)


def test_a_sign_off_of_another_version_or_of_other_numbers_is_refused(root):
    sign()
    first, second = two_reports()
    write_declared(root / RESTRICTED / COHORT / DECLARED, second)
    told = refused(corrected(), root)
    assert "gjelder versjon 1.0, men rapporten har versjon 1.1." in told
    assert "gjelder andre tall" in told
    assert first != second


def test_a_report_that_discloses_together_with_an_earlier_one_is_refused_at_both_doors(root, capsys):
    first, second = two_reports()
    sign()
    through(restricted(), root)
    # The seal alone: signed while there was no earlier release to be held against.
    kept = ledger_places(COHORT, root)
    moved = [root / "away", root / "away.json"]
    for here, away in zip(kept, moved, strict=True):
        shutil.move(here, away)
    put(root, restricted(), declared=second)
    sign()
    for here, away in zip(kept, moved, strict=True):
        shutil.rmtree(here, ignore_errors=True)
        shutil.move(away, here)
    before = ledger(root)
    told = refused(restricted(), root)
    for words in ("rapport «Rapport 1", "rapport «Rapport 2", "tabell «Tabell»", "rad «C»", "kolonne «"):
        assert words in told
    assert not any(value in told for value in ("28", "26", " 2 ", " to "))
    assert ledger(root) == before
    capsys.readouterr()
    stored = (root / "cohorts" / COHORT / "release.json").read_bytes()
    assert command("--by", "Ola Nordmann") == 1
    assert "kolonne «fulgt»" in capsys.readouterr().err
    assert (root / "cohorts" / COHORT / "release.json").read_bytes() == stored
    assert first.report == "Rapport 1"


def first_with(value):
    """The first report with another number at office A, and the others as they were."""
    other = {"shown": exact(value), "truth": Truth(value=value)}
    numbers = [replace(one, **other) if one.place.row == "A" else one for one in FIRST.numbers]
    return replace(FIRST, numbers=tuple(numbers))


def test_other_numbers_under_a_released_version_are_refused_and_pass_as_a_correction(root, monkeypatch):
    sign()
    through(restricted(), root)
    put(root, restricted(), declared=first_with(340))
    assert command("--by", NAME) == 1
    put(root, corrected(), declared=first_with(340))
    use(monkeypatch, corrected())
    sign()
    through(corrected(), root)
    listed = json.loads(ledger(root)["ledger.json"])["entries"]
    assert [(entry["report"], entry["version"]) for entry in listed] == [("Rapport 1", 1), ("Rapport 1", 2)]


def test_a_corrected_report_may_have_somebody_where_the_first_said_that_nobody_was(root):
    nobody = cell({"kontor": "A", "matchet": "nei"})
    first = replace(first_with(40), classification=replace(FIRST.classification, impossible=(nobody,)))
    matched = count("Rapport 1", cell({"kontor": "A", "matchet": "ja"}), 20, column="matchet")
    second = replace(first_with(40), version=2, numbers=(*first_with(40).numbers, matched))
    rule = rule_of(restricted(), root)
    admit(*ledger_places(COHORT, root), first, rule)
    admit(*ledger_places(COHORT, root), second, rule)
    assert len(json.loads(ledger(root)["ledger.json"])["entries"]) == 2
    # Together, both as true, they could not stand.
    with pytest.raises(ProblemsFound, match="kan ikke stemme samtidig"):
        audit([first], second, rule)


def test_a_number_that_the_corrected_report_leaves_out_is_taken_back_where_its_group_has_another_size(root):
    left_out = count("Rapport 1", cell(kontor="A"), 34, column="igjen")
    first = replace(FIRST, numbers=(*FIRST.numbers, left_out))
    rule = rule_of(restricted(), root)
    with pytest.raises(ProblemsFound, match="kan ikke stemme samtidig"):
        audit([replace(first, numbers=(left_out,))], replace(first_with(340), version=2), rule)
    admit(*ledger_places(COHORT, root), first, rule)
    admit(*ledger_places(COHORT, root), replace(first_with(340), version=2), rule)
    assert len(json.loads(ledger(root)["ledger.json"])["entries"]) == 2


def test_a_number_that_the_corrected_report_leaves_out_stands_where_nothing_says_otherwise(root):
    kept = count("Rapport 1", cell({"kontor": "B", "matchet": "ja"}), 30, row="B", column="matchet")
    first = replace(FIRST, numbers=(*FIRST.numbers, kept))
    (found,) = standing([first], replace(first_with(340), version=2))
    assert kept in found.numbers
    assert {number.place.row for number in found.numbers} == {"B", "C", "D"}


def test_a_correction_by_so_few_that_it_tells_of_them_is_refused_at_both_doors(root, monkeypatch, capsys):
    sign()
    through(restricted(), root)
    put(root, corrected(), declared=first_with(33))
    use(monkeypatch, corrected())
    assert command("--by", NAME) == 1
    told = capsys.readouterr().err
    assert "rad «A», kolonne «alle»: er rettet med så få personer" in told
    assert "33" not in told
    before = ledger(root)
    with pytest.raises(ProblemsFound, match="ikke godkjent"):
        admit(*ledger_places(COHORT, root), replace(first_with(33), version=2), rule_of(corrected(), root))
    assert ledger(root) == before


def test_a_changed_table_under_the_same_version_is_refused_but_not_one_with_a_new_run(root):
    sign()
    released = root / "results" / "release" / COHORT
    shutil.copytree(root / REVIEW / COHORT, released)
    write_text(released / "estimates.csv", "outcome,estimate,run_id\nwork,0.0610,earlier\n")
    through(restricted(), root)
    write_text(released / "estimates.csv", "outcome,estimate,run_id\nwork,0.0700,earlier\n")
    told = refused(restricted(), root)
    assert "estimates.csv: har andre tall" in told
    assert "report.errata" in told
    assert "0.07" not in told
    found = gate(COHORT, restricted().model_copy(update={"data_kind": "synthetic"}), ["nb"], root)
    assert (found.changed, found.problems()) == (("estimates",), [])


def test_a_ledger_that_was_tampered_with_stops_everything(root, capsys):
    sign()
    through(restricted(), root)
    path = ledger_places(COHORT, root)[0] / "0001.json"
    path.unlink()
    assert command("--by", NAME) == 1
    assert "mangler i boka" in capsys.readouterr().err
    assert "mangler i boka" in refused(restricted(), root)


def test_what_is_not_declared_does_not_leave(root, capsys):
    write_declared(root / RESTRICTED / COHORT / DECLARED, None)
    assert command("--by", NAME) == 1
    assert "sier ikke hvilke tall som skal ut" in capsys.readouterr().err
    assert not (root / "cohorts" / COHORT / "release.json").exists()


def test_the_page_shows_files_hashes_and_each_table_before_and_after(root, capsys):
    assert command() == 0
    said = capsys.readouterr().out
    assert "Ikke godkjent." in said
    assert not (root / "cohorts" / COHORT / "release.json").exists()
    page = root / RESTRICTED / COHORT / "release" / "index.html"
    assert str(page.relative_to(root)) in said
    assert page.stat().st_mode & 0o077 == 0
    text = page.read_text("utf-8")
    for one in fingerprints([root / REVIEW / name for name in review_files(COHORT, ["nb"])]):
        assert one["path"] in text
        assert one["sha256"] in text
    for words in ("0.0612345", "0.0610", "avrundet eller regnet om", "Utgivelsesboka", "Profil: ssb"):
        assert words in text
    assert "<script" not in text


def test_a_leak_is_told_on_the_page_and_stops_the_sign_off(root, capsys):
    write_text(root / REVIEW / COHORT / "balance.pkl", "")
    fake = (Path(__file__).parent / "reference" / "nationalid" / "fnr_tenor_vectors.csv").read_text("utf-8")
    number = next(part for part in fake.replace("\n", ";").split(";") if part.isdigit() and len(part) == 11)
    write_text(root / REVIEW / COHORT / "balance.csv", f"a\n{number}\n")
    assert command("--by", NAME) == 1
    told = capsys.readouterr()
    assert "balance.csv" in told.err
    assert number not in told.err + told.out
    assert number not in (root / RESTRICTED / COHORT / "release" / "index.html").read_text("utf-8").split("Filene")[0]
    assert not (root / "cohorts" / COHORT / "release.json").exists()


def test_a_made_up_person_in_a_file_is_told_on_the_page_as_at_the_seal(root, monkeypatch, capsys):
    use(monkeypatch, stages.card("hpmt_synthetic"))
    write_text(root / "results" / "synthetic" / COHORT / "personer.csv", "id;alder\nhp-00c0ffee;30\n")
    assert command() == 0
    write_text(root / REVIEW / COHORT / "balance.csv", "a\nhp-00c0ffee\n")
    capsys.readouterr()
    assert command() == 1
    told = capsys.readouterr()
    assert "balance.csv, linje 2: kjennetegnet til en kanarifugl" in told.err
    assert "00c0ffee" not in told.err + told.out


def test_a_file_that_make_has_not_made_is_asked_for(root, capsys):
    (root / REVIEW / COHORT / "estimates.csv").unlink()
    assert command("--by", NAME) == 1
    assert "estimates.csv: er ikke laget. Kjør make først." in capsys.readouterr().err


def test_data_that_anybody_may_see_need_no_sign_off_and_get_no_ledger(root, monkeypatch, capsys):
    use(monkeypatch, restricted().model_copy(update={"data_kind": "synthetic"}))
    assert command("--by", NAME) == 0
    assert "trenger ingen godkjenning" in capsys.readouterr().out
    assert not (root / "cohorts" / COHORT / "release.json").exists()
    assert ledger(root) == {}


def test_rows_that_are_taken_out_and_cells_that_are_hidden_are_told_apart(root):
    raw = pd.DataFrame({"outcome": ["work", "pay", "days"], "n": [31, 4, 12]})
    write_parquet(raw, root / RESTRICTED / COHORT / "balance.parquet")
    write_text(root / REVIEW / COHORT / "balance.csv", "outcome,n,status\nwork,30,rounded\ndays,NA,hidden\n")
    found = next(table for table in table_changes(COHORT, root) if table.name == "balance")
    kinds = {(change.row, change.column): change.kind for change in found.changes}
    assert (found.rows_before, found.rows_after) == (3, 2)
    assert [change.about for change in found.changes if change.column == "n"] == ["work", "pay", "days"]
    assert kinds == {
        (1, "n"): "avrundet eller regnet om",
        (2, "outcome"): "tatt ut",
        (2, "n"): "tatt ut",
        (3, "n"): "skjult",
    }


def test_nothing_is_copied_when_the_gate_says_no(root):
    sources = [str(root / REVIEW / COHORT / name) for name in ("estimates.csv", "cohort.json")]
    targets = [name.replace("review", "release") for name in sources]

    def admit():
        raise ProblemsFound("Nei.", [])

    with pytest.raises(ProblemsFound, match="Nei"):
        seal(sources, targets, admit=admit)
    assert not (root / "results" / "release").exists()


def test_two_cohorts_of_one_intervention_have_ledgers_of_their_own():
    named = {
        name: release(restricted(), {}, key=b"secret", cohort=name).declared for name in ("hpmt_2025", "hpmt_2026")
    }
    assert {name: (found.cohort, found.report) for name, found in named.items()} == {
        name: (name, name) for name in ("hpmt_2025", "hpmt_2026")
    }


def test_cohorts_that_nobody_has_signed_are_known_and_open_ones_need_nobody(root):
    cards_by_name = {COHORT: restricted(), "open": stages.card("hpmt_synthetic")}
    assert unsigned(cards_by_name, root / "cohorts") == [COHORT]
    sign()
    assert unsigned(cards_by_name, root / "cohorts") == []


def test_the_number_of_a_release_counts_its_corrections():
    assert (restricted().report.number, corrected().report.number) == (1, 2)
    kept = replace(two_reports()[0], version=corrected().report.number)
    assert kept.version == 2


def test_a_corrected_report_says_so_on_its_title_page_in_a_part_of_its_own_and_for_the_start_page():
    card = stages.changed(stages.card(stages.HPMT), report__version="1.1", report__errata=[ERRATUM])
    report = stages.report_of(stages.published_material(card, stages.figures(stages.HPMT)))
    words = "1.1 (rettet 22. november 2026, se «Rettelser»)"
    assert {"term": "Versjon", "text": words} in report["meta"]
    assert report["corrected"] == words
    part = next(part for part in report["sections"] if part["id"] == "rettelser")
    assert "Ett tall var feil." in str(part["blocks"])
    plain = stages.report(stages.HPMT)
    assert "corrected" not in plain
    assert "rettelser" not in [part["id"] for part in plain["sections"]]


@pytest.mark.parametrize(
    ("version", "versions", "words"),
    [
        ("1.0", ["1.1"], "er ikke versjonen til den siste rettelsen"),
        ("1.1", ["1.1", "1.1"], "«1.1» står to ganger"),
        ("1.2", ["1.1", "1.2"], None),
        ("1.0", [], None),
    ],
)
def test_errata_are_in_order_and_end_with_the_version_of_the_report(version, versions, words):
    report = {"version": version, "errata": [{**ERRATUM, "version": one} for one in versions]}
    found = [what for _, what, _ in errata_end_with_the_version({"report": report})]
    assert found == [] if words is None else words in found[0]
