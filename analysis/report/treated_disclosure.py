"""What was done so that nobody can be recognised: the profile and why, the tables that stay, and what it cost."""

from collections.abc import Iterator
from typing import Any

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref
from analysis.report.treated_numbers import HIDDEN, Shown
from analysis.report.writer import Writer

# Numbers of the headline with the kind of step that each may have been moved by.
HEADLINE = {"estimate": "difference", "conf_low": "interval", "conf_high": "interval"}
HEADLINE |= {"n_treated": "count", "n_comparison": "count"}


def disclosure(s: Shown) -> Iterator[Block]:
    """The profile with its reason and rules, what is withheld, and how far the headline was moved at most."""
    ledger = s.w.material.provenance["disclosure"]
    rule = ledger["rule"]
    yield s.w.paragraph("treated.profile", profile=profile(s), reason=s.w.text(ledger["reason"]))
    yield s.w.paragraph("treated.rule", **_rule(s, rule))
    yield zeros(s.w)
    yield from _withheld(s, ledger["tables"])
    if s.primary is not None:
        yield s.w.paragraph("treated.moved.intro")
        yield _moved(s, rule)
        yield from _from_cells(s, ledger.get("from_cells"))


def zeros(w: Writer) -> Block:
    """The profile's rule for true zeros; in the words of the configuration for a profile that the catalogue lacks."""
    ledger = w.material.provenance["disclosure"]
    known = w.book.catalogue["annex"]["zeros"]
    return blocks.paragraph(w.runs(known.get(ledger["profile"]) or ledger["rule"]["zeros_words"]))


def profile(s: Shown) -> str:
    """The name of the profile."""
    return s.w.word(f"annex.profiles.{s.w.material.provenance['disclosure']['profile']}")


def _rule(s: Shown, rule: dict[str, Any]) -> dict[str, Any]:
    refs = {name: Ref(rule[name], "provenance", "disclosure", name) for name in ("threshold", "base")}
    return {**refs, "method": rule["method"], "sign": s.w.book.literal(rule["sign"])}


def _withheld(s: Shown, actions: dict[str, dict[str, Any]]) -> Iterator[Block]:
    """Tables that were made and stay in the restricted area, each with its reason."""
    gone = {name: action for name, action in actions.items() if action["withheld"]}
    if not gone:
        yield s.w.paragraph("treated.nothing_withheld")
        return
    columns = s.columns(("table", "why"), ("table", "why"), why=1.6)
    rows = [[s.say(f"tables.{name}"), _why(s, action)] for name, action in gone.items()]
    yield blocks.table("tab-tilbakeholdt", s.say("withheld"), columns, rows)


def _why(s: Shown, action: dict[str, Any]) -> Runs:
    known = s.w.book.catalogue["treated"]["why"]
    name = action.get("why")
    return s.say(f"why.{name if name in known else 'no_rule'}")


def _moved(s: Shown, rule: dict[str, Any]) -> Block:
    """The most that each number of the headline was moved; how far it was would tell the true number."""
    names = ("what", "shown", "most")
    columns = [blocks.column(s.label(f"moved.{name}"), right=name != "what", width=1.0) for name in names]
    columns[0]["width"] = 1.6
    rows = []
    for name, kind in HEADLINE.items():
        ref, most = getattr(s.primary, name), Ref(rule["moved"][kind], "provenance", "disclosure", kind)
        if kind != "count" and not s.is_share(s.primary):
            continue
        shown = s.count(ref) if kind == "count" else s.points(ref)
        told = s.w.word(f"treated.moved.{'count' if kind == 'count' else 'difference'}", most=most) if ref else HIDDEN
        rows.append(s.cells([s.w.word(f"treated.moved.names.{name}"), shown, told]))
    return blocks.table("tab-behandlet", s.say("moved.caption"), columns, rows, s.say("dash"))


def _from_cells(s: Shown, found: dict[str, Any] | None) -> Iterator[Block]:
    """The headline beside what the released counts alone give."""
    if found is None:
        yield s.w.paragraph("treated.from_cells.none")
        return
    refs = {name: Ref(found[name], "provenance", "disclosure/from_cells", name) for name in ("estimate", "difference")}
    yield s.w.paragraph("treated.from_cells.intro", kind=found["kind"])
    columns = s.columns(("number", "difference"), ("number",), number=2.4)
    rows = [
        s.cells([s.label("from_cells.published"), s.points(s.primary.estimate)]),
        s.cells([s.label("from_cells.cells"), s.points(refs["estimate"])]),
        s.cells([s.label("from_cells.apart"), s.points(refs["difference"])]),
    ]
    yield blocks.table("tab-fra-celler", s.say("from_cells.caption"), columns, rows, s.say("from_cells.note"))
