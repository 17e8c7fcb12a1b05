"""The report model: every section of one cohort's report in one language, as plain data.

Everything that is printed is decided here: which sentence, which number, how it is rounded. Renderers lay it out.
"""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from analysis.card_staggered import STAGGERED_DESIGNS
from analysis.published import part_of
from analysis.report import blocks
from analysis.report.appraisal_form import appraisal_form
from analysis.report.blocks import Block
from analysis.report.book import Book, Ref, Row, read_book
from analysis.report.certificate import certificate
from analysis.report.check_figures import check_figures
from analysis.report.check_table import check_name, check_table
from analysis.report.checklist import with_checklist
from analysis.report.conclusion import grade_box, meaning
from analysis.report.cost import cost_sections
from analysis.report.delivery_control import delivery_control
from analysis.report.described import Described
from analysis.report.deviations import deviation_blocks
from analysis.report.errata import errata_blocks, version_words
from analysis.report.matched import Matched
from analysis.report.material import Material
from analysis.report.persons_trial import PersonsTrial
from analysis.report.published_empty import NoFigures
from analysis.report.published_exposures import Exposures
from analysis.report.published_points import TwoPoints
from analysis.report.published_shares import Benchmarks
from analysis.report.single_arm import SingleArm
from analysis.report.specifications import left_out
from analysis.report.staggered import Staggered
from analysis.report.stated import fact_time, needed
from analysis.report.subgroups import subgroup_sections
from analysis.report.treated import Treated, is_treated
from analysis.report.treated_checks import treated_checks, treated_delivery
from analysis.report.treated_disclosure import disclosure, zeros
from analysis.report.treated_numbers import Shown, point_decimals
from analysis.report.treated_subgroups import treated_subgroups
from analysis.report.treated_summary import treated_meaning
from analysis.report.trial import Trial
from analysis.report.two_arms import TwoArms
from analysis.report.writer import Writer, capital

PUBLISHED_KINDS = {
    "two_arms": TwoArms,
    "single_arm": SingleArm,
    "two_points": TwoPoints,
    "exposures": Exposures,
    "no_figures": NoFigures,
    "benchmarks": Benchmarks,
}
DETECTABLE = "detectable_difference"
ENGLISH = "en"


class Kind(Protocol):
    """What a design contributes to its report."""

    def decisive(self) -> Row | None: ...
    def summary(self) -> Iterator[Block]: ...
    def keyfigures(self) -> Block | None: ...
    def data(self) -> Iterator[Block]: ...
    def results(self) -> Iterator[Block]: ...
    def over_time(self) -> Iterator[Block]: ...
    def balance(self) -> Iterator[Block]: ...
    def benchmark(self) -> Iterator[Block]: ...
    def flow(self) -> dict[str, Any]: ...  # boxes with marked numbers
    def method(self) -> Iterator[Block]: ...


def build_report(
    material: Material, code: str, strings: str | Path, *, abstract: str | Path | None = None
) -> dict[str, Any]:
    """The report of one cohort in language `code`, worded by the catalogue `strings`; with a summary in English too,
    worded by the catalogue `abstract`."""
    book = read_book(code, strings, point_decimals=_decimals(material))
    writer = Writer(material, book)
    summary, *others = with_checklist(writer, list(_sections(writer, _kind(writer))))
    english = [] if abstract is None or code == ENGLISH else [_abstract(writer, abstract)]
    sections = numbered([summary, *english, *others])
    card = material.card
    words = {
        "data_kind": writer.word(f"data_kinds.{card.data_kind}"),
        "design": writer.word(f"designs.{card.design}"),
    }
    return {
        "schema": 1,
        "report": material.cohort,
        "lang": code,
        "formats": book.language.formats(),
        "title": writer.text(card.title),
        "short_title": writer.text(card.short_title),
        "subtitle": capital(writer.word("meta.subtitle", **words)),
        "date": card.report.date.isoformat(),
        "date_text": book.language.date(card.report.date),
        "version": f"{writer.word('meta.version')} {card.report.version}",
        **({"corrected": version_words(writer)} if card.report.errata else {}),
        "author": writer.word("meta.author"),
        "meta": list(_meta(writer, words)),
        "description": writer.word("meta.description", **words),
        "data_kind": card.data_kind,
        "design": card.design,
        "banner": _banner(material, book),
        "labels": book.catalogue["labels"],
        "word": dict(book.catalogue["word"].items()),
        "files": book.file_words(),
        "sections": sections,
        "numbers": book.numbers,
        "provenance": material.provenance,
    }


def _decimals(material: Material) -> int:
    rows = material.estimates
    return point_decimals(rows.loc[rows["scale"].eq("difference"), "estimate"], material.provenance)


def _banner(material: Material, book: Book) -> dict[str, str] | None:
    """What stands on every page and figure of made-up data, and of a rehearsal with the assignment drawn anew."""
    if material.provenance.get("blinded"):
        return dict(book.catalogue["blinded_banner"].items())
    return book.catalogue["banner"] if material.card.data_kind == "synthetic" else None


def _kind(w: Writer) -> Kind:
    card = w.material.card
    if is_treated(w):
        return Treated(w)
    if card.analysis == "describe":
        return Described(w)
    if card.design in STAGGERED_DESIGNS and card.published is None:
        return Staggered(w)
    if card.trial is not None:
        return PersonsTrial(w) if card.design == "individually_randomised" else Trial(w)
    published = card.published
    if published is None:
        return Matched(w)
    return PUBLISHED_KINDS[part_of(w.material.figures)](w)


def _meta(w: Writer, words: dict[str, str]) -> Iterator[dict[str, str]]:
    card = w.material.card
    pairs = {
        "commissioner": None if card.report.commissioner is None else w.text(card.report.commissioner),
        "contact": card.report.contact,
        "design": capital(words["design"]),
        "data_kind": capital(words["data_kind"]),
        "grade": capital(w.word(f"grades.{w.material.grade['grade']}")),
        "date": w.book.language.date(card.report.date),
        "version": version_words(w),
        "sender": w.word("meta.not_nav"),
    }
    for name, text in pairs.items():
        if text is not None:
            yield {"term": w.word(f"meta.{name}"), "text": text}


def _sections(w: Writer, kind: Kind) -> Iterator[dict[str, Any]]:
    """Sections in the order of the report: conclusion first, technique last."""
    yield blocks.section("sammendrag", w.heading("summary"), _summary(w, kind))
    yield blocks.section("bakgrunn", w.heading("background"), [*_background(w), _frame(w)])
    yield blocks.section("data-og-metode", w.heading("data"), kind.data())
    if w.material.card.published is None:
        control = treated_delivery(w) if is_treated(w) else delivery_control(w)
        yield blocks.section("leveransekontroll", w.heading("delivery"), control, level=2)
    if is_treated(w):
        yield blocks.section("personvern", w.heading("disclosure"), disclosure(Shown(w)), level=2)
    yield blocks.section("resultater", w.heading("results"), kind.results())
    for name, title, found in (
        ("over-tid", "over_time", list(kind.over_time())),
        ("balanse", "balance", list(kind.balance())),
    ):
        if found:
            yield blocks.section(name, w.heading(title), found, level=2)
    yield from treated_subgroups(w) if is_treated(w) else subgroup_sections(w)
    benchmark = list(kind.benchmark())
    if benchmark:
        yield blocks.section("fasit", w.heading("benchmark"), benchmark, level=2)
    yield blocks.section("deltakerflyt", w.heading("flow"), _flow(w, kind))
    yield blocks.section("usikkerhet", w.heading("uncertainty"), _checks(w))
    yield blocks.section("begrensninger", w.heading("limitations"), _limitations(w), level=2)
    if w.material.provenance["deviations"]:
        yield blocks.section("avvik", w.heading("deviations"), deviation_blocks(w), level=2)
    yield from cost_sections(w)
    yield blocks.section("betydning", w.heading("meaning"), _meaning(w, kind))
    yield blocks.section("vedlegg", w.heading("annex"), [])
    yield blocks.section("metode", w.heading("method"), [*kind.method(), *_left_out(w), _files(w)], level=2)
    if not w.material.tables["certificate"].empty:
        yield blocks.section("proving", w.heading("certificate"), certificate(w), level=2)
    if w.material.facts:
        yield blocks.section("fakta", w.heading("facts"), [_facts(w)], level=2)
    if w.material.card.appraisal is not None:
        yield blocks.section("skjevhet", w.heading("bias"), appraisal_form(w), level=2)
    yield blocks.section("kilder", w.heading("sources"), [_sources(w)], level=2)
    if w.material.card.report.errata:
        yield blocks.section("rettelser", w.heading("errata"), errata_blocks(w), level=2)
    yield blocks.section("sporbarhet", w.heading("provenance"), _provenance(w), level=2)


def _abstract(w: Writer, strings: str | Path) -> dict[str, Any]:
    """The summary in English, with numbers of the same report."""
    book = read_book(ENGLISH, strings, numbers=w.book.numbers, point_decimals=w.book.point_decimals)
    english = Writer(w.material, book)
    found = blocks.section("english-summary", w.heading("abstract"), _summary(english, _kind(english)))
    return {**found, "lang": ENGLISH, "formats": book.language.formats()}


def _summary(w: Writer, kind: Kind) -> Iterator[Block | None]:
    yield from kind.summary()
    yield kind.keyfigures()
    yield grade_box(w)


def _left_out(w: Writer) -> Iterator[Block]:
    """Why declared analyses could not be made; treated tables do not tell."""
    return iter(()) if is_treated(w) else left_out(w)


def _describes(w: Writer) -> bool:
    """True for a cohort without an estimate."""
    return w.material.card.analysis == "describe"


def _files(w: Writer) -> Block:
    """Where every number stands with all its digits, or as it may be shown."""
    if is_treated(w):
        return w.paragraph("treated.files")
    return w.paragraph("annex.all_cells" if _describes(w) else "annex.all_estimates")


def _background(w: Writer) -> Iterator[Block]:
    for words in w.material.card.background:
        yield blocks.paragraph(w.runs(w.text(words)))


def _frame(w: Writer) -> Block:
    """The question as the card fixes it: who, what, against what, which outcome, from when."""
    card = w.material.card
    texts = {
        "design": w.word(f"designs.{card.design}"),
        "population": w.text(card.population.description),
        "eligibility": "; ".join(w.text(words) for words in card.population.eligibility),
        "intervention": w.text(card.content.intervention),
        "usual_care": w.text(card.content.usual_care),
        "outcome": w.text(w.outcome(card.outcomes.primary).definition),
        "time_zero": w.text(card.time_zero.description),
        "assignment": w.text(card.assignment.rule),
        "estimand": w.text(card.estimand.description),
    }
    if _describes(w):
        del texts["estimand"]
    if card.design == "exposures":
        del texts["outcome"]
    return blocks.definitions((w.say(f"frame.{name}"), w.runs(capital(text))) for name, text in texts.items())


def _flow(w: Writer, kind: Kind) -> Iterator[Block]:
    marked = kind.flow()
    if is_treated(w) and not marked["common"] and not marked["arms"]:
        yield w.paragraph("treated.no_flow")
        return
    boxes = [*marked["common"], *(box for arm in marked["arms"] for box in arm)]
    common = [w.book.plain(box) for box in marked["common"]]
    data = {**marked, "common": common, "arms": [[w.book.plain(box) for box in arm] for arm in marked["arms"]]}
    alt = w.runs(w.word("flow.alt", text=" ".join(_box_words(box) for box in boxes if box)))
    table = w.material.tables["attrition"]
    columns = [blocks.column(w.word(f"flow.columns.{name}")) for name in ("step", "group", "persons", "offices")]
    labels = {arm.id: w.text(arm.label) for arm in w.material.card.arms}
    rows = [
        [
            w.runs(w.word(f"flow.steps.{row['reason']}")),
            w.runs(labels[row["arm"]]),
            *(_count(w, row, name) for name in ("persons", "offices")),
        ]
        for _, row in table.iterrows()
    ]
    yield blocks.figure("fig-flyt", "flow", w.say("flow.caption"), alt, data, blocks.table("", [], columns, rows))


def _box_words(box: str) -> str:
    """A box of the flow diagram as a sentence: its first line, a colon, and the others."""
    first, *others = box.split("\n")
    return f"{first.rstrip(':')}: {', '.join(others)}."


def _count(w: Writer, row: Any, name: str) -> list[dict[str, Any]]:
    ref = Ref(row[name], "attrition", f"{row['reason']}/{row['arm']}", name)
    return w.runs(w.book.number(ref)) if ref else w.runs("–")


def _checks(w: Writer) -> Iterator[Block]:
    if is_treated(w):
        yield from treated_checks(w)
        return
    checks = [check for check in w.material.checks if check.text_id != "check.limitation" and check.name != DETECTABLE]
    if _describes(w):
        yield w.paragraph("uncertainty.described")
    else:
        yield w.paragraph("uncertainty.intro" if checks else "uncertainty.no_checks")
    if checks:
        yield check_table(w, checks)
        yield blocks.bullets([*w.runs(f"**{check_name(w, check)}.** "), *w.say_check(check)] for check in checks)
        yield from check_figures(w, checks)
    # No control: what the study could have seen decides no word.
    found = w.material.check(DETECTABLE)
    if found is not None:
        yield blocks.paragraph(w.say_check(found))


def _limitations(w: Writer) -> Iterator[Block]:
    limits = [check for check in w.material.checks if check.text_id == "check.limitation"]
    if limits:
        yield blocks.bullets(w.say_check(check) for check in limits)
    absent = [w.runs(w.text(fact["what"])) for fact in w.material.facts if fact["certainty"] == "absent"]
    if absent:
        yield w.paragraph("uncertainty.absent")
        yield blocks.bullets(absent)


def _meaning(w: Writer, kind: Kind) -> Iterator[Block]:
    found = treated_meaning if is_treated(w) else meaning
    yield blocks.paragraph(found(w, kind.decisive()))
    if w.material.card.published is not None:
        yield from needed(w, estimated=kind.decisive() is not None)
    if not _describes(w):
        yield w.paragraph("meaning.compare")


def _facts(w: Writer) -> Block:
    """Every figure taken from a source, as printed there, with how certain it is."""
    names = w.book.catalogue["annex"]["facts_columns"]
    columns = [
        blocks.column(label, right=name == "value", width=2.4 if name == "what" else 1.0)
        for name, label in names.items()
    ]
    rows = [_fact_row(w, fact) for fact in w.material.facts]
    return blocks.table("tab-fakta", w.say("annex.facts_caption"), columns, rows)


def _fact_row(w: Writer, fact: dict[str, Any]) -> list[list[dict[str, Any]]]:
    value = "–"
    if fact["value"] is not None:
        printed = fact["value"].replace(".", w.book.language.decimal_mark)
        unit = w.book.catalogue["units"].get(fact["unit"], fact["unit"])
        value = f"{w.book.mark(Ref(fact['value'], 'facts', fact['id'], 'value'), printed, fact['unit'])} {unit}"
    note = "" if fact["note"] is None else f" ({w.text(fact['note'])})"
    cells = (
        f"{capital(w.text(fact['what']))}{note}",
        value,
        fact_time(w, fact),
        w.word(f"certainties.{fact['certainty']}"),
        fact["source"],
    )
    return [w.runs(cell) for cell in cells]


def _sources(w: Writer) -> Block:
    return blocks.definitions((w.runs(source.id), w.runs(source.citation)) for source in w.material.card.sources)


def _provenance(w: Writer) -> Iterator[Block]:
    """Run, plan, data and code, so that a reader can find the way back."""
    origin = w.material.provenance
    yield w.paragraph("annex.made", run=origin["run_id"])
    yield blocks.paragraph(w.runs(" ".join(_plan_words(w, origin))))
    disclosure = origin["disclosure"]
    profile = w.word(f"annex.profiles.{disclosure['profile']}")
    yield w.paragraph("annex.disclosure", profile=profile, reason=w.text(disclosure["reason"]))
    if is_treated(w):
        yield zeros(w)
    names = w.book.catalogue["annex"]["provenance"]
    pairs = [
        (names["run"], origin["run_id"]),
        (names["plan"], origin["plan_hash"]),
        *((w.word("annex.provenance.input", name=name), digest) for name, digest in origin["inputs"].items()),
        (names["code"], origin["digests"]["estimated"]),
        (names["lock"], origin["digests"]["lock"]),
    ]
    yield blocks.definitions((w.runs(term), w.runs(text)) for term, text in pairs)


def _plan_words(w: Writer, origin: dict[str, Any]) -> Iterator[str]:
    if origin["plan_locked"] is None:
        yield w.word("annex.plan_open")
        return
    locked = dt.date.fromisoformat(origin["plan_locked"])
    yield w.word("annex.plan_locked", date=w.book.language.date(locked))
    changed = origin["deviations"]
    yield w.word("annex.plan_changed", keys=", ".join(changed)) if changed else w.word("annex.plan_same")


def numbered(sections: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sections with figures and tables numbered in the order they stand."""
    count = {"figure": 0, "table": 0}
    for section in sections:
        for block in section["blocks"]:
            if block["type"] in count:
                count[block["type"]] += 1
                block["number"] = count[block["type"]]
    return sections
