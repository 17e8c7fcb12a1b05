"""The summary of staggered adoption: what was found, among whom, and how far the adoption groups differ."""

from collections.abc import Iterator

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.conclusion import conclusion, direction, not_passed
from analysis.report.staggered_numbers import BLANK, Numbers, bounded

# Levels of the verb gate whose sentences speak of matching; here they have words of their own.
OWN_WORDS = ("adjusted", "description")


def summary(m: Numbers) -> Iterator[Block]:
    """The conclusion, who is behind it, the groups, and what the numbers do not carry."""
    mark = [] if m.card.synthetic is None else [*m.say("matched.truth.mark"), {"text": " "}]
    yield blocks.paragraph([*mark, *concluded(m)], "lead")
    yield blocks.paragraph(m.w.runs(" ".join(_behind(m))))
    if m.series:
        yield m.paragraph("staggered.reservations")
        yield blocks.bullets(m.w.say_check(check) for check in m.w.material.checks if _limits(check.text_id))
    elif m.w.material.grade["verbs"] == "adjusted":
        yield not_passed(m.w)
    if m.card.synthetic is not None:
        yield m.paragraph("matched.truth.known")


def _limits(text_id: str) -> bool:
    return text_id == "check.limitation"


def concluded(m: Numbers) -> Runs:
    """The main sentence, in the words that the design and its checks allow."""
    row, verbs = m.decisive(), m.w.material.grade["verbs"]
    if not bounded(row):
        return m.say("staggered.conclusion.no_interval", row=row)
    found = direction(row)
    if found == "null" or verbs not in OWN_WORDS:
        return conclusion(m.w, row)
    return m.say(f"staggered.conclusion.{verbs}.{found}", row=row)


def _behind(m: Numbers) -> Iterator[str]:
    main, placed = m.decisive(), m.placed()
    if not bounded(main) and placed is not None:
        yield m.word(f"staggered.placed.{placed.text('inference')}", row=placed)
    yield m.word("staggered.behind", row=main)
    groups = [(month, row) for month, row in m.groups() if row.estimate]
    if len(groups) > 1:
        low, high = (end(groups, key=lambda item: item[1].text("estimate")) for end in (min, max))
        yield m.word(
            "staggered.range", low=low[1], high=high[1], low_month=m.month(low[0]), high_month=m.month(high[0])
        )


def keyfigures(m: Numbers) -> Block:
    """The estimate; the regression beside it where there are several groups; and how many offices there are."""
    main, static = m.decisive(), m.static()
    figures = [(m.w.book.points(main.estimate, sign=True), "points", "main", main)]
    if static is not None and bounded(static) and m.several:
        figures.append((m.w.book.points(static.estimate, sign=True), "points", "static", static))
    items = [
        (m.w.runs(text), m.word(f"staggered.key_units.{unit}"), m.say(f"staggered.key.{name}", row=row))
        for text, unit, name, row in figures
    ]
    offices = main.n_offices_treated
    if offices:
        items.append(
            (m.w.runs(m.w.book.number(offices)), m.word("staggered.key_units.offices", n=offices), _offices(m))
        )
    return blocks.keyfigures(items)


def _offices(m: Numbers) -> Runs:
    compared = m.decisive().n_offices_comparison
    return m.say("staggered.key.offices", compared=m.w.book.number(compared) if compared else BLANK)
