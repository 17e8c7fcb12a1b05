"""The documents keep their word: commands, links, names, licences and numbers in them are those of the project."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import stages
import yaml
from pydantic import BaseModel

import analysis
from analysis import did
from analysis.card_matching import METHOD_ESTIMANDS, METHOD_KEYS
from analysis.cards import Card, Checks, Matching, TwoArms, read_card
from analysis.checks.balance import HOPELESS
from analysis.checks.spread import main_estimator_rows
from analysis.disclosure.profiles import read_profiles
from analysis.disclosure.release_tables import WITHHELD
from analysis.estimate_did import estimate_did
from analysis.estimate_published import estimate_published
from analysis.headline import decisive_row
from analysis.intake import read_delivery
from analysis.match_persons import match_persons, specifications
from analysis.panel import build_panel
from analysis.published import read_figures
from analysis.table_rules import RULES
from analysis.tables import MATCHING

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
GUIDE = DOCS / "brukerveiledning.md"
FOLDERS = ("docs", "cohorts", "reports", "tests")
PAGES = sorted(
    page
    for folder in (ROOT.glob("*.md"), *((ROOT / name).rglob("*.md") for name in FOLDERS))
    for page in folder
    if "node_modules" not in page.parts
)
IDENTITY = {"plan_hash": "0" * 64, "run_id": "0" * 12}
PAGE_IDS = [str(page.relative_to(ROOT)) for page in PAGES]
# Told in the text above the tables, or the same keys as another part.
SHORT_FORMS = ("Text", "Column", "MatchingChange")
CODE_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@cache
def text_of(page):
    return page.read_text(encoding="utf-8")


def headings(page):
    return re.findall(r"^#+ (.+)$", CODE_BLOCK.sub("", text_of(page)), flags=re.MULTILINE)


def anchors(page):
    """Anchors as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in headings(page)}


def commands(page):
    """What is written as a command: lines of code blocks and code in running text."""
    text = text_of(page)
    blocks = "\n".join(CODE_BLOCK.findall(text))
    inline = re.findall(r"`([^`\n]+)`", CODE_BLOCK.sub("", text))
    return [line.removeprefix("$ ").strip() for line in [*blocks.splitlines(), *inline]]


def targets():
    return set(re.findall(r"^([a-z][a-z-]*):", text_of(ROOT / "Makefile"), flags=re.MULTILINE))


def percent_points(value, decimals=1):
    return f"{100 * value:+.{decimals}f}".replace("-", "−")


def interval(low, high, decimals=1):
    return f"{100 * low:.{decimals}f} to {100 * high:.{decimals}f}".replace("-", "−")


def direct_packages():
    lines = [text_of(ROOT / name).splitlines() for name in ("requirements.in", "requirements-uv.in")]
    found = [re.match(r"[A-Za-z0-9._-]+", line) for line in sum(lines, [])]
    return [match.group() for match in found if match]


def published(cohort):
    card = read_card(ROOT / "cohorts" / cohort / "cohort.yaml")
    figures = read_figures(ROOT / "cohorts" / cohort / "published.yaml", card)
    return card, estimate_published(card, figures, cohort=cohort, **IDENTITY).estimates


def from_delivery(card, folder):
    """Estimates of the main specification."""
    card = card.model_copy(update={"sensitivity": []})
    panel = build_panel(card, read_delivery(card, folder))
    return panel, estimate_did(card, panel, match_persons(card, panel), cohort="x", **IDENTITY).estimates


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The card that the user guide prints, as a file of its own."""
    blocks = re.findall(r"^```yaml\n(# yaml-language-server.*?)^```$", text_of(GUIDE), flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    path = tmp_path_factory.mktemp("guide") / "cohort.yaml"
    path.write_text(blocks[0], encoding="utf-8")
    return read_card(path)


@pytest.mark.parametrize("page", PAGES, ids=PAGE_IDS)
def test_every_make_target_that_is_named_exists(page):
    named = {line.split()[1] for line in commands(page) if re.match(r"make [a-z]", line)}
    assert named <= targets()


@pytest.mark.parametrize("page", PAGES, ids=PAGE_IDS)
def test_every_relative_link_and_image_leads_somewhere(page):
    links = re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", CODE_BLOCK.sub("", text_of(page)))
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_the_commands_of_the_makefile_stand_in_the_user_guide():
    helped = set(re.findall(r"^([a-z-]+):.*##", text_of(ROOT / "Makefile"), flags=re.MULTILINE)) - {"run"}
    assert helped <= {line.split()[1] for line in commands(GUIDE) if re.match(r"make [a-z]", line)}


def test_every_rule_of_the_delivery_stands_in_the_guide_with_its_gravity():
    listed = dict(re.findall(r"^\| `([a-z_]+)` \| `(FATAL|ERROR|WARNING)` \|", text_of(GUIDE), flags=re.MULTILINE))
    assert listed == {name: rule.severity for name, rule in RULES.items()}


def test_every_direct_package_has_its_line_and_no_other():
    listed = re.findall(r"^\| `([^`]+)` \|", text_of(DOCS / "dependencies.md"), flags=re.MULTILINE)
    assert sorted(listed) == sorted(direct_packages())


def test_the_example_card_of_the_guide_is_valid_and_fits_its_delivery(example):
    (DOCS / "eksempel" / example.files[0].path).stat()
    panel, estimates = from_delivery(example, DOCS / "eksempel")
    counts = panel.attrition.query("reason == 'delivered'").set_index("arm")["persons"]
    assert f"deltakerne {counts['deltakere']}; sammenligningsgruppen {counts['sammenligning']}" in text_of(GUIDE)
    main = estimates.query("role == 'primary'").iloc[0]
    low, high = (f"{100 * main[name]:.1f}".replace(".", ",") for name in ("conf_low", "conf_high"))
    assert f"| {percent_points(main['estimate']).replace('.', ',')} | {low} til {high} |" in text_of(GUIDE)


def test_the_rows_that_the_guide_shows_stand_in_the_example_delivery():
    shown = re.findall(r"^(?:deltaker|P\d+);.*$", text_of(GUIDE), flags=re.MULTILINE)
    assert shown == text_of(DOCS / "eksempel" / "deltakere.csv").splitlines()[: len(shown)]
    assert len(shown) == 2


def test_the_example_delivery_is_what_its_page_says_it_is():
    page = text_of(DOCS / "eksempel" / "README.md")
    names = {}
    exec(re.search(r"```python\n(.*?)```", page, flags=re.DOTALL)[1], names)
    assert "\n".join(names["linjer"]) + "\n" == text_of(DOCS / "eksempel" / "deltakere.csv")


def fields(model, above=""):
    """Dotted names of every key of a model, through lists and optional parts."""
    for name, field in model.model_fields.items():
        parts = [part for part in _models(field.annotation) if part.__name__ not in SHORT_FORMS]
        yield f"{above}{name}"
        for part in parts:
            yield from fields(part, f"{above}{name}.")


def _models(kind):
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [kind]
    return [found for part in getattr(kind, "__args__", ()) for found in _models(part)]


def test_every_key_of_the_card_is_explained_in_the_guide():
    told = set(re.findall(r"`([^`\n]+)`", text_of(GUIDE)))
    unexplained = [name for name in fields(Card) if name not in told and name.rpartition(".")[2] not in told]
    parents = {name.rpartition(".")[0] for name in fields(Card)}
    assert [name for name in unexplained if name not in parents] == []


def test_the_defaults_in_the_guide_are_those_of_the_card():
    for name, field in Checks.model_fields.items():
        assert f"| `checks.{name}` | `{field.default}` |" in text_of(GUIDE)
    for name in ("method", "link", "caliper", "order"):
        assert f"| `matching.{name}` | `{Matching.model_fields[name].default}` |" in text_of(GUIDE)


@pytest.mark.parametrize("method", METHOD_KEYS)
def test_the_guide_lists_the_keys_that_each_method_uses(method):
    (row,) = re.findall(rf"^\| `{method}` \|[^|]*\|([^|]*)\|([^|]*)\|$", text_of(GUIDE), flags=re.MULTILINE)
    assert tuple(row[0].strip().split(", ")) == METHOD_ESTIMANDS[method]
    assert tuple(re.findall(r"`(\w+)`", row[1])) == METHOD_KEYS[method]


@pytest.mark.parametrize("key", sorted(set(Matching.model_fields) - {"formula"}))
def test_the_guide_explains_each_key_of_the_matching_with_its_default(key):
    (told,) = re.findall(rf"^\|[^|\n]*`matching\.{key}`[^|\n]*\| ([^|]*) \|", text_of(GUIDE), flags=re.MULTILINE)
    default = Matching.model_fields[key].get_default()
    if default is None:
        assert told in ("ingen", "alle") or key == "distance"
    else:
        words = str(default).lower() if isinstance(default, bool) else default
        assert told == (f"`{words:g}`" if isinstance(words, float) else f"`{words}`")


def test_every_column_of_the_table_of_matchings_is_explained_in_the_guide():
    assert set(MATCHING) <= set(re.findall(r"`([a-z_]+)`", text_of(GUIDE)))


def test_every_way_to_match_and_its_errors_have_a_section_in_the_methods(example):
    own = {"exact": {"exact": ["kvinne"]}, "cem": {"columns": ["kvinne", "alder"]}}
    rows = {method: {"method": method, **own.get(method, {})} for method in METHOD_KEYS}
    rows["replaced"] = {"replace": True}
    sensitivity = [{"name": name, "title": name, "matching": row} for name, row in rows.items()]
    card = type(example).model_validate(example.model_dump(mode="json") | {"sensitivity": sensitivity})
    panel = build_panel(card, read_delivery(card, DOCS / "eksempel"))
    found = estimate_did(card, panel, match_persons(card, panel), cohort="x", **IDENTITY).estimates
    inferences = set(found["inference"].dropna())
    assert {"cluster", "hc3", "m_estimation", "abadie_imbens", "none"} <= inferences
    ties = set(found.loc[found["inference"] == "none", "spec"])
    assert {*METHOD_KEYS, *inferences, *ties, "ties_averaged"} <= titles_in_code(DOCS / "methods.md")


def test_the_thresholds_in_the_methods_are_those_of_the_card():
    page = text_of(DOCS / "methods.md")
    for name, field in Checks.model_fields.items():
        assert f"| `{name}` | {field.default} |" in page
    assert f"| two steps down | {HOPELESS} |" in page
    assert f"| `caliper` (of `matching`) | {Matching.model_fields['caliper'].default} |" in page
    assert f"| `icc_in_text` (of `two_arms`) | {TwoArms.model_fields['icc_in_text'].default} |" in page


def check_names():
    """Names that the modules of analysis/checks give to checks; of names made at run time the fixed beginning."""
    for path in sorted((ROOT / "analysis" / "checks").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "name":
                value = node.value.values[0] if isinstance(node.value, ast.JoinedStr) else node.value
                yield value.value.rstrip("_")


def titles_in_code(page):
    return {name for title in headings(page) for name in re.findall(r"`([^`]+)`", title)}


def test_every_check_has_a_section_in_the_methods():
    names = set(check_names())
    assert len(names) > 5
    assert names <= titles_in_code(DOCS / "methods.md")


def test_every_estimator_and_inference_has_a_section_in_the_methods(example):
    _, estimates = from_delivery(example, DOCS / "eksempel")
    tables = [estimates, *(published(cohort)[1] for cohort in ("hpmt", "mentor_hybrid"))]
    used = {name for table in tables for column in ("estimator", "inference") for name in table[column]}
    assert {*used, *did.INFERENCES, "adjusted_difference"} <= titles_in_code(DOCS / "methods.md")


def test_every_test_file_that_the_documents_name_exists():
    named = {name for page in PAGES for name in re.findall(r"tests/test_\w+\.py", text_of(page))}
    assert len(named) > 5
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_the_hpmt_row_of_the_readme_is_what_the_figures_give():
    card, estimates = published("hpmt")
    main, clustered = estimates.query("role == 'primary'").iloc[0], decisive_row(card, estimates)
    readme = text_of(ROOT / "README.md")
    assert f"{percent_points(main['estimate'])} percentage points" in readme
    assert f"95 % CI {interval(main['conf_low'], main['conf_high'])} ignoring offices" in readme
    assert f"{interval(clustered['conf_low'], clustered['conf_high'])} with an assumed ICC of" in readme
    assert f"ICC of {card.published.two_arms.icc_in_text}" in readme


def test_the_mentor_row_of_the_readme_is_what_the_figures_give():
    _, estimates = published("mentor_hybrid")
    main = estimates.query("role == 'primary'").iloc[0]
    k, n = round(main["estimate"] * main["n_treated"]), main["n_treated"]
    share = f"{k} of {n} hired, {100 * main['estimate']:.0f} %"
    assert f"{share} (95 % CI {interval(main['conf_low'], main['conf_high'], 0)})" in text_of(ROOT / "README.md")


def test_the_nsw_row_of_the_readme_is_what_the_data_give():
    folder = ROOT / "cohorts" / "nsw_supported_work"
    _, estimates = from_delivery(read_card(folder / "cohort.yaml"), folder / "data")
    main = estimates.query("role == 'primary'").iloc[0]
    trial = estimates.query("group == 'trial' and estimator == 'did_2x2' and term == 'risk_difference'").iloc[0]
    readme = text_of(ROOT / "README.md")
    words = f"{percent_points(main['estimate'])} percentage points in work"
    assert f"{words} (95 % CI {interval(main['conf_low'], main['conf_high'])})" in readme
    assert f"own difference-in-differences is {percent_points(trial['estimate'])}" in readme


def test_the_range_over_the_ways_to_match_is_what_the_data_give():
    found = stages.did().estimates
    rows = main_estimator_rows(found, "any_earnings_in_year")
    ties = found[found["outcome"].eq("any_earnings_in_year") & found["spec"].str.startswith("ties_")]["estimate"]
    low, high = (percent_points(value) for value in (rows["estimate"].min(), rows["estimate"].max()))
    methods = {spec.method for spec in specifications(stages.card(stages.NSW)).values()}
    assert (len(rows), len(methods)) == (13, 7)
    for page in (ROOT / "README.md", ROOT / "CHANGELOG.md"):
        assert f"{low} to {high} percentage points" in text_of(page)
    assert f"gives {percent_points(ties.min())} to {percent_points(ties.max())}" in text_of(ROOT / "CHANGELOG.md")
    cohort = text_of(ROOT / "cohorts" / stages.NSW / "README.md")
    for pair in ((low, high), (percent_points(ties.min()), percent_points(ties.max()))):
        assert " til ".join(pair).replace(".", ",") in cohort


def test_the_changelog_has_the_headlines_of_the_readme():
    for words in ("−1.1 to 13.0", "−3.7 to 15.9", "36 of 49 hired, 73 %", "−3.3 to 25.5"):
        assert words in text_of(ROOT / "README.md")
        assert words in text_of(ROOT / "CHANGELOG.md")


def test_the_changelog_begins_with_the_results_that_change():
    sections = headings(ROOT / "CHANGELOG.md")[1:]
    assert sections[0].startswith(analysis.__version__)
    assert sections[1] == "Results that change"


def test_the_citation_can_be_read_and_names_this_version():
    citation = yaml.safe_load(text_of(ROOT / "CITATION.cff"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == analysis.__version__
    assert citation["license"] == "MIT"


def test_the_decision_on_disclosure_lists_every_table_that_is_withheld():
    page = text_of(DOCS / "decisions" / "0012-personvern-ved-utgivelse.md")
    told = page.partition("| Holdes tilbake |")[2].partition("\n\n")[0]
    listed = re.findall(r"`([a-z_]+)`", told)
    assert sorted(listed) == sorted(WITHHELD)


def test_what_the_data_protection_page_says_that_is_done_names_the_test_that_holds_it():
    page = text_of(DOCS / "personvern.md")
    rows = re.findall(r"^\| (Art\. [^|]*)\|([^|]*)\|([^|]*)\|", page, flags=re.MULTILINE)
    assert len(rows) > 12
    nothing = ("ingenting", "[tekst under]")
    assert [
        term for term, does, held in rows if "`tests/test_" not in held and not does.strip().startswith(nothing)
    ] == []
    assert page.count("[sjekk]") > 5
    assert "](personvern.md)" in text_of(GUIDE).partition("\n## Personvern\n")[2].partition("\n## ")[0]


def test_every_profile_that_treats_stands_in_the_guide_and_the_decision_with_its_limit():
    profiles = read_profiles(ROOT / "config" / "disclosure.yaml")
    for page in (GUIDE, DOCS / "decisions" / "0012-personvern-ved-utgivelse.md"):
        rows = dict(re.findall(r"^\| `([a-z]+)` \|(.*)\|$", text_of(page), flags=re.MULTILINE))
        for key, one in profiles.items():
            # A limit of t is told as «under t», as what is hidden, or as the largest count that is protected.
            words = (f"under {one.threshold}", f"1 til {one.threshold - 1}", f"til og med {one.threshold - 1}")
            assert key == "open" or any(word in rows[key] for word in words), (page.name, key)


def test_every_cohort_folder_says_where_its_data_are_and_what_it_is_for():
    for card in sorted((ROOT / "cohorts").glob("*/cohort.yaml")):
        page = text_of(card.parent / "README.md")
        assert "**Data:**" in page
        assert "**Hva kohorten er til:**" in page
        assert f"({card.parent.name}/README.md)" in text_of(ROOT / "cohorts" / "README.md")


def test_the_picture_in_the_readme_is_small():
    picture = DOCS / "img" / "rapport.png"
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG")
    assert 800 <= int.from_bytes(content[16:20]) <= 1000
    assert len(content) < 200_000


def test_norwegian_pages_write_nav_as_a_name():
    for page in (GUIDE, *sorted((DOCS / "decisions").glob("*.md")), *sorted((ROOT / "cohorts").rglob("README.md"))):
        assert not re.search(r"\bNAV\b", text_of(page)), page.name
