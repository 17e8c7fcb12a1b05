"""Tables and figure on cost: the accounts, the assumptions, and how far one of them at a time moves the answer."""

from typing import Any

from analysis.card_cost import ASSUMED
from analysis.cost import ACCOUNTS, CONSTANT, FADING, SOCIETY
from analysis.cost_table import PARTICIPANT, PER_PERSON, SHARE, UNITS
from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref, Row
from analysis.report.cost_rows import Costs
from analysis.report.language import nice_ticks
from analysis.report.writer import Writer

BLANK = "–"
THOUSAND = 1000
MOST_TICKS = 5


def accounts_table(w: Writer, costs: Costs) -> Block:
    """The three accounts with their intervals, where the difference lasts and where it fades."""
    variants = [name for name in (CONSTANT, FADING) if costs.has("account", variant=name)]
    columns = [blocks.column(w.label("cost.accounts.title"), width=1.3)]
    for variant in variants:
        half_life = _assumed(costs, "half_life") if variant == FADING else None
        words = {} if half_life is None else {"half_life": half_life, "decimals": _decimals(half_life)}
        columns.append(blocks.column(w.label(f"cost.accounts.{variant}", **words), right=True, width=1.2))
        columns.append(blocks.column(w.label("cost.accounts.interval"), right=True, width=1.4))
    rows = [_account_cells(w, costs, account, variants) for account in ACCOUNTS]
    caption = w.say("cost.accounts.caption", months=_assumed(costs, "effect_months"))
    return blocks.table("tab-regnskap", caption, columns, rows, w.say("cost.accounts.note"))


def _account_cells(w: Writer, costs: Costs, account: str, variants: list[str]) -> list[Runs]:
    cells = [w.word(f"cost.accounts.{account}")]
    for variant in variants:
        row = costs.row("account", account=account, variant=variant)
        cells += [w.book.amount(row.value, sign=True), w.book.amount_interval(row)]
    return [w.runs(cell) for cell in cells]


def _assumed(costs: Costs, name: str) -> Ref:
    return costs.row("assumption", assumption=name, bound="estimate").value


def _decimals(ref: Ref) -> int:
    return 0 if float(ref.value).is_integer() else 1


def assumptions_table(w: Writer, costs: Costs) -> Block:
    """Every assumption with its range, where it is from, and a note."""
    widths = {"name": 1.9, "value": 0.9, "range": 1.3, "source": 1.6, "note": 2.3}
    columns = [
        blocks.column(w.label(f"cost.assumptions.columns.{name}"), right=name in ("value", "range"), width=width)
        for name, width in widths.items()
    ]
    rows = [_assumption_cells(w, costs, name) for name in w.material.card.cost.assumptions()]
    return blocks.table("tab-forutsetninger", w.say("cost.assumptions.caption"), columns, rows)


def _assumption_cells(w: Writer, costs: Costs, name: str) -> list[Runs]:
    item = w.material.card.cost.assumptions()[name]
    found = {row.text("bound"): _number(w, name, row) for row in costs.rows("assumption", assumption=name)}
    span = w.word("cost.assumptions.range", low=found["low"], high=found["high"]) if "low" in found else BLANK
    certainty = w.word("cost.assumptions.assumed" if item.certainty == ASSUMED else f"certainties.{item.certainty}")
    source = item.source and w.word("cost.assumptions.source", certainty=certainty, source=item.source)
    note = BLANK if item.note is None else w.text(item.note)
    label = w.word(f"cost.assumptions.names.{name}")
    return [w.runs(cell) for cell in (label, found["estimate"], span, source or certainty, note)]


def _number(w: Writer, name: str, row: Row) -> str:
    """An assumption as it is stated; a part of 1 as per cent."""
    if UNITS[name] == SHARE:
        return w.book.percent(row.value, decimals=_decimals(Ref(100 * row.text("value"), "", "", "")))
    return w.book.number(row.value, _decimals(row.value))


def sensitivity_figure(w: Writer, costs: Costs) -> Block | None:
    """Society's account, or where there is none the further cost per participant; None where no range is stated."""
    about = SOCIETY if costs.has("sensitivity", account=SOCIETY) else PARTICIPANT
    low, high = (costs.rows("sensitivity", account=about, bound=bound) for bound in ("low", "high"))
    if not low:
        return None
    main = _main(costs, about)
    pairs = list(zip(low, high, strict=True))
    names = [w.label(f"cost.assumptions.names.{row.text('assumption')}") for row in low]
    source = _ends(w, names, pairs)
    first = {"name": names[0], "low": low[0].value, "high": high[0].value}
    alt = w.say("cost.figure.alt", main=main, **first)
    caption = w.say(f"cost.figure.caption.{about}")
    return blocks.figure("fig-kostnad", "tornado", caption, alt, _drawn(w, names, pairs, main), source)


def moved_table(w: Writer, costs: Costs) -> Block | None:
    """The cost per further person in work at both ends of each range, in words where it has no end; None without."""
    low, high = (costs.rows("sensitivity", account=PER_PERSON, bound=bound) for bound in ("low", "high"))
    if not low:
        return None
    rows = [
        [w.say(f"cost.assumptions.names.{pair[0].text('assumption')}"), *(_moved(w, row) for row in pair)]
        for pair in zip(low, high, strict=True)
    ]
    return blocks.table("tab-per-person", w.say("cost.moved.caption"), _end_columns(w), rows)


def _moved(w: Writer, row: Row) -> Runs:
    return w.say(f"cost.moved.{row.text('status')}", row=row)


def _end_columns(w: Writer) -> list[dict[str, Any]]:
    names = ("name", "low", "high")
    return [blocks.column(w.label(f"cost.figure.columns.{name}"), right=name != "name") for name in names]


def _main(costs: Costs, about: str) -> Ref:
    if about == SOCIETY:
        return costs.row("account", account=SOCIETY, variant=CONSTANT).value
    return costs.row("participant", group="difference").value


def _ends(w: Writer, names: list[str], pairs: list[tuple[Row, Row]]) -> Block:
    rows = [
        [w.runs(cell) for cell in (name, *(w.book.amount(row.value, sign=True) for row in pair))]
        for name, pair in zip(names, pairs, strict=True)
    ]
    return blocks.table("", [], _end_columns(w), rows)


def _drawn(w: Writer, names: list[str], pairs: list[tuple[Row, Row]], main: Ref) -> dict[str, Any]:
    values = [row.text("value") / THOUSAND for pair in pairs for row in pair]
    ticks = nice_ticks(min(*values, 0), max(*values, 0), MOST_TICKS)
    rows = [
        {"label": name, "low": low.text("value") / THOUSAND, "high": high.text("value") / THOUSAND, "text": ""}
        for name, (low, high) in zip(names, pairs, strict=True)
    ]
    decimals = 0 if all(float(tick).is_integer() for tick in ticks) else 1
    return {
        "low_label": w.label("cost.figure.low"),
        "high_label": w.label("cost.figure.high"),
        "x_label": w.label("cost.figure.x_label"),
        "rows": rows,
        "references": [{"value": main.value / THOUSAND, "label": w.label("cost.figure.line")}],
        "x_ticks": [{"value": tick, "label": w.book.language.number(tick, decimals)} for tick in ticks],
    }
