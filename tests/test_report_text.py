"""What the reports say: the words that the evidence allows, every sentence reachable, and Bokmål without slips."""

import re
from functools import cache
from pathlib import Path
from typing import get_args

import language_rules
import pandas as pd
import printed
import pytest
import stages
import variants
from card_names import plain_names

from analysis import card_appraisal, card_matching, cards, match_tables, strict
from analysis.compare import DESIGN_ORDER
from analysis.disclosure.profiles import PROFILES_FILE, read_profiles
from analysis.grade import DOMAINS, GRADES, UNGRADED
from analysis.report import book, model, portal_model
from analysis.report.book import Row
from analysis.report.conclusion import direction
from analysis.tables import RELEASED
from analysis.translations import texts_of as texts_of_card
from analysis.yamlio import read_texts, read_yaml

CLAIMS = ("sammendrag", "resultater", "over-tid", "betydning", "usikkerhet")
NEEDS = "For å anslå en effekt trengs"
OTHERS = ("nn", "en")
# One in so many variants is read in the other languages.
STEP = 8
MESSAGES = (("findings", "what"), ("planned", "reason"), ("specifications", "reason"), ("estimates", "reason"))
# A report without an estimate says so; that claims nothing.
DENIALS = ("Den anslår ingen effekt.", "for ingen effekt er anslått.")


@cache
def reached() -> dict[str, tuple]:
    """Every variant's material with its report, and the keys of the catalogue that were read on the way."""
    with pytest.MonkeyPatch.context() as patch:
        used: set[str] = set()
        noted = Noted(catalogue(), used)
        patch.setattr(book, "read_texts", lambda path: noted)
        found = {name: (material, stages.report_of(material)) for name, material in variants.reach()}
    return {"reports": found, "used": used}


class Noted(dict):
    """A mapping that writes down the path of every text that is read from it."""

    def __init__(self, data, used, path=""):
        super().__init__(
            {
                key: Noted(value, used, f"{path}{key}.") if isinstance(value, dict) else value
                for key, value in data.items()
            }
        )
        self.used, self.path = used, path

    def __getitem__(self, key):
        self.used.add(self.path + str(key))
        return super().__getitem__(key)

    def get(self, key, default=None):
        self.used.add(self.path + str(key))
        return super().get(key, default)

    def items(self):
        self.used.update(self.path + str(key) for key in self)
        return super().items()


def claims(report):
    """Where a report says what was found and how sure; the sentence on what an answer would need is no claim."""
    here = {section["id"] for section in report["sections"]}
    text = printed.section_text(report, *(name for name in CLAIMS if name in here))
    for denial in DENIALS:
        text = text.replace(denial, "")
    return "\n".join(line.partition(NEEDS)[0] for line in text.split("\n"))


def everything(report):
    """Every printed string: runs, headings, columns, equations, words in figures."""
    return [printed.text(runs) for runs in printed.all_runs(report)] + [label for _, label in printed.labels(report)]


def catalogue():
    return read_yaml(stages.STRINGS).data


def texts_of(value, path=""):
    """Path and text of every entry of the catalogue."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from texts_of(part, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for part in value:
            yield path, part
    else:
        yield path, value


def test_reserved_words_stand_only_where_the_level_allows_them():
    for name, (material, report) in reached()["reports"].items():
        claimed = claims(report)
        for pattern, levels in language_rules.RESERVED["nb"].items():
            if material.grade["verbs"] not in levels:
                found = re.findall(pattern, claimed, re.IGNORECASE)
                assert found == [], (name, pattern, found)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "randomised up",
            ("HPMT økte andelen i inntektsgivende arbeid. Effekten er anslått til", "Forsøket viser flere"),
        ),
        ("randomised down", ("HPMT reduserte andelen i inntektsgivende arbeid.", "Forsøket viser færre")),
        (
            "checked up",
            ("Resultatene tyder på at Supported Work bidro til en høyere andel i arbeid: anslått effekt er",),
        ),
        ("checked down", ("Resultatene tyder på at Supported Work bidro til en lavere andel i arbeid",)),
        (
            "adjusted up",
            ("Etter matching hadde deltakerne en sterkere utvikling", "Vi kan ikke utelukke at"),
        ),
        (
            "adjusted down",
            ("Etter matching hadde deltakerne en svakere utvikling", "Vi kan ikke utelukke at"),
        ),
        (
            "description up",
            ("Andelen i inntektsgivende arbeid var høyere", "Tallene sier ikke hva forskjellen kommer"),
        ),
        ("description down", ("Andelen i inntektsgivende arbeid var lavere", "ulike fra før")),
        ("exposures up", ("Andelen i inntektsgivende arbeid var høyere", "ulike fra før")),
        ("description", ("Vi finner ingen klar forskjell.", "ulike fra før")),
        (
            "hpmt",
            ("Vi finner ingen klar forskjell. Anslaget er 6,1 prosentpoeng", "Tallene avgjør ikke om HPMT gir flere"),
        ),
        ("nsw_supported_work", ("Vi finner ingen klar forskjell. Anslaget er 11,1 prosentpoeng",)),
        ("several tables", ("Flere sett av gruppestørrelser passer", "ikke nok til å regne ut forskjellen")),
        ("no table", ("Ingen hele tall passer", "ikke nok til å regne ut forskjellen")),
    ],
)
def test_the_sentence_follows_from_the_level_and_the_interval(name, words):
    text = printed.section_text(reached()["reports"][name][1], "sammendrag", "betydning")
    for sentence in words:
        assert sentence in text


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.001, 0.2, "up"),
        (-0.2, -0.001, "down"),
        (-0.2, 0.01, "null"),
        (-0.01, 0.2, "null"),
        (0.0, 0.2, "null"),
        (-0.2, 0.0, "null"),
    ],
)
def test_the_direction_follows_from_the_interval_and_not_from_the_estimate(low, high, expected):
    row = Row("estimates", "x", {"estimate": (low + high) / 2, "conf_low": low, "conf_high": high})
    assert direction(row) == expected


def test_the_null_sentence_says_which_way_remains_open():
    for name, (_, report) in reached()["reports"].items():
        summary = printed.section_text(report, "sammendrag")
        if "Vi finner ingen klar forskjell" in summary:
            assert re.search(
                r"både (liten|tydelig) nedgang og (liten|tydelig) økning er forenlig med dataene", summary
            ), name


def test_hpmt_never_claims_an_increase_and_says_what_it_does_not_know():
    report = stages.report(stages.HPMT)
    text = "\n".join(everything(report))
    for word in ("økte", "signifikant", "ingen effekt", "førte til", "bidro til"):
        assert word not in text
    assert "Vi finner ingen klar forskjell." in text
    assert "Forskjellen er ikke større enn det tilfeldigheter alene kan gi." in text
    assert "Dersom alle de 617 deltakerne er talt med ved begge målingene" in text
    assert "Tillit til resultatet: lav" in text


def test_the_mentor_report_never_speaks_of_an_effect_where_it_tells_results():
    report = stages.report(stages.MENTOR)
    assert "effekt" not in printed.section_text(report, "sammendrag", "resultater").lower()
    assert claims(report).lower().count("effekt") == 0
    assert printed.section_text(report, "betydning").count(NEEDS) == 1
    assert "kan vi ikke si hvor mange som ville fått jobb uansett" in printed.section_text(report, "sammendrag")


def test_a_number_that_is_not_known_is_not_told():
    for name in ("several tables", "no table", "no table at one date"):
        report = reached()["reports"][name][1]
        summary = printed.section(report, "sammendrag")
        assert [block["type"] for block in summary["blocks"]] == ["paragraph", "callout"]
        points = [number for number in report["numbers"].values() if number["source"]["table"] == "estimates"]
        assert points == []
        assert "Tillit til resultatet: svært lav" in printed.section_text(report, "sammendrag")
        assert not any(block.get("kind") == "forest" for block in printed.section(report, "resultater")["blocks"])


def test_few_treated_offices_are_told_and_no_p_value_is_printed():
    report = reached()["reports"]["few offices"][1]
    text = printed.whole_text(report)
    assert "oppgir vi ingen p-verdi" in text
    assert not any(number["unit"] == "p_value" for number in report["numbers"].values())


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("near the trial", "innenfor én standardfeil"),
        ("nsw_supported_work", "men konfidensintervallene overlapper"),
        ("apart from the trial", "og konfidensintervallene overlapper ikke"),
    ],
)
def test_the_benchmark_sentence_and_its_meaning_change_with_the_distance(name, sentence):
    report = reached()["reports"][name][1]
    assert sentence in printed.section_text(report, "sammendrag")
    meaning = {
        "near the trial": "et svar nær forsøkets eget",
        "nsw_supported_work": "verken ligger nær forsøkets eget eller kan skilles sikkert fra det",
        "apart from the trial": "et annet svar enn forsøket",
    }
    others = set(meaning.values()) - {meaning[name]}
    text = printed.section_text(report, "betydning")
    assert meaning[name] in text
    assert not any(other in text for other in others)


def test_the_reasons_for_the_distance_change_with_balance_overlap_and_spread():
    shipped, near = (
        printed.section_text(reached()["reports"][name][1], "fasit") for name in (stages.NSW, "near the trial")
    )
    assert "Gruppene var fortsatt ulike etter matching: 3 av 10" in shipped
    assert "Vi fant en sammenligningsperson for bare 135 av 185 deltakere" in shipped
    assert "Svaret avhenger av valgene i matchingen" in shipped
    assert "Gruppene var like på det som er målt" in near
    assert "Vi fant en sammenligningsperson for 175 av 185 deltakere." in near
    assert "Svaret er stabilt" in near
    assert "Hva støtter at den matchede analysen traff?" in near


@pytest.mark.parametrize("code", ["nb", *OTHERS])
def test_no_key_of_a_catalogue_stands_twice_and_reports_read_what_stands_in_it(code):
    path = stages.STRINGS.with_name(f"{code}.yaml")
    strict = read_yaml(path)
    assert strict.problems == []
    assert read_texts(path) == strict.data


@pytest.mark.parametrize("code", OTHERS)
def test_every_catalogue_has_the_same_texts_with_the_same_numbers_and_names(code):
    own, other = (dict(texts_of(read_yaml(stages.STRINGS.with_name(f"{name}.yaml")).data)) for name in ("nb", code))
    assert own.keys() == other.keys()
    assert {path for path in own if language_rules.printed(own[path]) != language_rules.printed(other[path])} == set()
    assert {path for path in own if language_rules.named(other[path]) - language_rules.named(own[path])} == set()


def test_every_text_id_of_every_check_is_a_sentence_of_the_catalogue():
    texts = dict(texts_of(catalogue()))
    source = "\n".join(path.read_text("utf-8") for path in Path(stages.ROOT, "analysis", "checks").glob("*.py"))
    for stem, branch in re.findall(r'text_id="(check\.\w+)\.?"( \+)?', source):
        if branch:
            assert {f"{stem}.passed", f"{stem}.failed"} <= texts.keys() or stem == "check.benchmark"
        elif stem != "check.limitation":
            assert stem in texts
    for name, (material, _) in reached()["reports"].items():
        for check in material.checks:
            assert check.text_id in texts or check.text_id == "check.limitation", name


def test_every_verdict_of_every_check_is_reached_and_every_step_down_has_its_words():
    seen = {check.text_id for material, _ in reached()["reports"].values() for check in material.checks}
    wanted = {path for path, _ in texts_of({"check": catalogue()["check"]})}
    assert wanted - seen == set()
    steps = {step["check"] for material, _ in reached()["reports"].values() for step in material.grade["steps"]}
    named = {step for step in steps if not step.startswith(("limitation_", "consistency_"))}
    named |= {step.partition("_")[0] for step in steps - named}
    assert set(catalogue()["grade"]["step"]) == named


def test_every_text_of_the_catalogue_is_used_by_a_report_a_template_or_the_portal():
    folder = stages.STRINGS.parents[1]
    templates = "\n".join(path.read_text("utf-8") for path in folder.iterdir() if path.suffix in (".j2", ".typ", ".js"))
    code = "\n".join(Path(module.__file__).read_text("utf-8") for module in (model, portal_model))
    # The comparison report is read by its own tests, the summary in English by those of the PDF, words of other files
    # than the report by those of the workbook and the kit.
    vocabulary = ("comparison.", "languages.", "headings.abstract", "files.", "locale")
    vocabulary += ("data_kinds.", "designs.", "grades.", "certainties.", "units.", "portal.", "banner.")
    vocabulary += ("grade.levels.", "appraisal.domains.", "appraisal.judgements.", "appraisal.tools.")
    vocabulary += ("annex.orders.", "annex.estimands.", "matched.keys.", "flow.steps.")
    # Words chosen by a value of the card or of a row: not every value stands in a variant.
    vocabulary += tuple(f"staggered.{name}." for name in ("units", "used", "counted", "errors", "inferences"))
    vocabulary += ("treated.analyses.",)
    # Read by the tests of the comparison and the start page.
    vocabulary += ("cost.compare.",)
    unused = [
        path
        for path, _ in texts_of(catalogue())
        if path not in reached()["used"]
        and not path.startswith(vocabulary)
        and not (path.startswith("labels.") and re.search(rf"labels\.{path[7:]}\b", templates + code))
        and not (path.startswith("labels.count_") and path[7:] in code)
    ]
    assert unused == []


def test_the_code_book_describes_every_table_that_a_number_comes_from():
    sources = {
        number["source"]["table"]
        for _, report in reached()["reports"].values()
        for number in report["numbers"].values()
    }
    described = set(catalogue()["files"]["tables"])
    assert sources <= described
    assert described - sources - set(RELEASED) == {"comparison", "horizons", "pairs", "synthesis"}


def test_closed_lists_of_words_are_those_of_the_card():
    found = catalogue()
    assert set(found["data_kinds"]) == set(get_args(cards.DataKind))
    assert set(found["designs"]) == set(get_args(cards.Design)) == set(DESIGN_ORDER)
    assert set(found["certainties"]) == set(get_args(strict.Certainty))
    assert set(found["grades"]) == {*GRADES, UNGRADED}
    assert set(found["annex"]["orders"]) == set(get_args(card_matching.Matching.model_fields["order"].annotation))
    assert set(found["annex"]["estimands"]) == set(get_args(card_matching.Estimand))
    assert set(found["matched"]["data"]) == set(found["matched"]["methods"]) == set(card_matching.METHOD_KEYS)
    assert set(found["matched"]["keys"]) == set(card_matching.Matching.model_fields) - {"method"}
    assert set(match_tables.REASONS) <= set(found["flow"]["steps"])
    assert set(found["appraisal"]["tools"]) == set(card_appraisal.DOMAINS) == set(get_args(card_appraisal.Tool))
    assert set(found["appraisal"]["domains"]) == {name for names in card_appraisal.DOMAINS.values() for name in names}
    assert set(found["appraisal"]["judgements"]) == set(get_args(card_appraisal.Judgement))
    assert (
        set(found["grade"]["domains"])
        == set(DOMAINS)
        == set(get_args(cards.Limitation.model_fields["domain"].annotation))
    )
    zeros = {name: one.zeros_words for name, one in read_profiles(PROFILES_FILE).items() if one.method != "none"}
    assert found["annex"]["zeros"] == zeros
    used = {fact.unit for cohort in stages.PUBLISHED for fact in stages.figures(cohort).facts}
    assert used <= set(found["units"])


# A point between digits that is no decimal point: names, citations and formulas, word for word.
POINTED = re.compile(r"\d\.\d")
POINTS_ALLOWED = r"doi 10\.\d+/[\w.]+|MatchIt 4\.7|\b1\.[01]\b|RECORD \d+\.\d(?:, \d+\.\d)*"


@cache
def lines_to_read():
    """Every line that any of the reports prints, once."""
    return {line for _, report in reached()["reports"].values() for line in everything(report)}


@pytest.mark.parametrize("slip", language_rules.SLIPS["nb"])
def test_no_printed_text_has(slip):
    found = {line for line in lines_to_read() if re.search(language_rules.SLIPS["nb"][slip], line)}
    assert found == set()


def test_no_number_has_a_decimal_point():
    found = {line for line in lines_to_read() if POINTED.search(re.sub(POINTS_ALLOWED, "", line))}
    assert found == set()


def test_sentences_of_running_text_end():
    """Paragraphs, boxes and check sentences end with a full stop; a lead-in to a list or a formula may be open."""
    open_ends = (
        "Kilden oppgir ikke:",
        "Dette er målt:",
        "fra den før:",
        "standardfeilen",
        "utvalget er",
        "effektive antallet",
        "sammenligningen C",
        "står bak",
        "om gangen",
        "sammen med tallet:",
        "hver person teller likt",
        "minst like langt fra null",
        "trengs:",
        "er forskjellen",
    )
    for name, (_, report) in reached()["reports"].items():
        for section in report["sections"]:
            for block in section["blocks"]:
                if block["type"] in ("paragraph", "callout"):
                    line = printed.text(block["runs"])
                    assert line.endswith((".", "?", *open_ends)), (name, line)
                    assert line[:1].isupper() or line[:1].isdigit() or line.startswith("der "), (name, line)


def test_an_alternative_text_is_a_sentence_that_says_more_than_what_kind_of_figure_it_is():
    for _, (_, report) in reached()["reports"].items():
        for section in report["sections"]:
            for block in section["blocks"]:
                if block["type"] == "figure":
                    words = printed.text(block["alt"])
                    assert words.endswith(".")
                    assert words.count(".") >= 2


@pytest.mark.parametrize("cohort", stages.ALL)
def test_abbreviations_are_spelled_out_where_they_first_stand(cohort):
    text = printed.whole_text(stages.report(cohort))
    for short, long in (("KI", "konfidensintervall (KI)"), ("ICC", "(ICC)"), ("KVP", "Kvalifiseringsprogrammet (KVP)")):
        first = re.search(rf"\b{short}\b", text)
        if first is not None:
            assert text.find(long) != -1
            assert first.start() >= text.find(long)


@cache
def in_language(code, step=STEP):
    """Every so many variants' report in another language, and those of the verb gate; soak_languages.py takes all."""
    strings = stages.STRINGS.with_name(f"{code}.yaml")
    chosen = {*list(reached()["reports"])[::step], *language_rules.STRENGTH[code]}
    return {name: model.build_report(reached()["reports"][name][0], code, strings) for name in sorted(chosen)}


def printed_from(report):
    """What is printed of the released tables: every number with its row, as a set."""
    return {(*number["source"].values(), str(number["value"])) for number in report["numbers"].values()}


@pytest.mark.parametrize("code", OTHERS)
def test_every_language_prints_the_same_numbers(code):
    for name, report in in_language(code).items():
        assert printed_from(report) == printed_from(reached()["reports"][name][1]), name
        sections = [section["id"] for section in report["sections"]]
        assert sections == [section["id"] for section in reached()["reports"][name][1]["sections"]]


@pytest.mark.parametrize("code", OTHERS)
def test_reserved_words_of_the_language_stand_only_where_the_level_allows_them(code):
    for name, report in in_language(code).items():
        verbs, claimed = reached()["reports"][name][0].grade["verbs"], claims_in(report, code)
        for pattern, levels in language_rules.RESERVED[code].items():
            if verbs not in levels:
                assert re.findall(rf".{{0,60}}{pattern}", claimed, re.IGNORECASE) == [], (name, pattern)


def claims_in(report, code):
    """`claims` of a report in another language, whose denials and needs are those of its own catalogue."""
    found = language_rules.UNCLAIMED[code]
    here = {section["id"] for section in report["sections"]}
    text = printed.section_text(report, *(name for name in CLAIMS if name in here))
    return re.sub("|".join(found), "", text)


@pytest.mark.parametrize("code", language_rules.SLIPS)
def test_each_slip_of_the_language_would_be_seen(code):
    for slip, pattern in language_rules.SLIPS[code].items():
        assert re.search(pattern, language_rules.SAMPLES[slip]), slip
        assert not re.search(pattern, language_rules.CLEAN[code]), slip


@pytest.mark.parametrize("code", OTHERS)
def test_no_printed_text_of_the_language_has_a_slip(code):
    found = [slip for name, report in in_language(code).items() for slip in slips(name, report, code)]
    assert sorted(set(found)) == []


def slips(name, report, code):
    """What is wrong with which line. Texts of a card that has not been translated stand in Bokmål, and are not read."""
    quotes = re.compile("«[^»]*»" if code == "nn" else "“[^”]*”")
    left = {quotes.sub("x", text) for text in untranslated(reached()["reports"][name][0], code)}
    lines = [quotes.sub("x", line) for line in everything(without_sources(report))]
    lines = [line for line in lines if not any(text in line.lower() for text in left)]
    patterns = language_rules.SLIPS[code].items()
    return [(slip, line) for slip, pattern in patterns for line in lines if re.search(pattern, line)]


def without_sources(report):
    """The report without titles of works, which stand in the language of the work."""
    return {**report, "sections": [section for section in report["sections"] if section["id"] != "kilder"]}


def untranslated(material, code):
    """Texts of the card and its figures that stand in Bokmål in a report in another language."""
    told = [*texts_of_card(material.card.model_dump(mode="json")), *texts_of_card(material.figures)]
    told += [{"nb": name} for name in plain_names(material.card, material.figures)]
    # What a run says of a delivery or an analysis is told to whoever made it, in Bokmål.
    told += [
        {"nb": text} for name, column in MESSAGES for text in material.tables[name].get(column, []) if pd.notna(text)
    ]
    return {
        text["nb"].lower()
        for text in told
        if not text.get(code) and code not in material.translations.get(text["nb"], {})
    }


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("name", ["randomised up", "checked up", "adjusted up", "description up"])
def test_the_verb_is_as_strong_in_every_language(code, name):
    text = printed.section_text(in_language(code)[name], "sammendrag")
    assert language_rules.STRENGTH[code][name] in text
    others = {words for other, words in language_rules.STRENGTH[code].items() if other != name}
    assert not any(words in text for words in others if name == "adjusted up")
