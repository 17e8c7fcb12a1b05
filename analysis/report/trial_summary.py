"""The summary of a trial that drew offices: what was found, among whom, and how far chance alone could go."""

from collections.abc import Iterator

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.conclusion import conclusion
from analysis.report.trial_numbers import Numbers, bounded


def summary(m: Numbers) -> Iterator[Block]:
    """The conclusion, the shares behind it, the test by the draw, the other horizons, and the other average."""
    mark = [] if m.card.synthetic is None else [*m.say("matched.truth.mark"), {"text": " "}]
    yield blocks.paragraph([*mark, *concluded(m)], "lead")
    yield blocks.paragraph(m.w.runs(" ".join(_behind(m))))
    yield blocks.paragraph(m.w.runs(" ".join(_beside(m))))
    if m.card.synthetic is not None:
        yield m.paragraph("trial.known")


def concluded(m: Numbers) -> Runs:
    """The main sentence: never more than both the interval and the test by the draw allow."""
    row = m.decisive()
    if not bounded(row):
        return m.say("trial.conclusion.no_interval", row=row)
    if m.disagrees():
        return m.say("trial.conclusion.interval_only", row=row, test=m.test(m.primary, m.horizon))
    return conclusion(m.w, row)


def _behind(m: Numbers) -> Iterator[str]:
    row = m.decisive()
    treated, comparison = m.shares(m.primary, m.horizon)
    yield m.word("trial.behind", row=row, when=m.when(m.horizon), treated=treated, comparison=comparison)
    test = m.test(m.primary, m.horizon)
    if test is not None:
        yield tested(m)


def tested(m: Numbers) -> str:
    """What the draw itself could have given."""
    test = m.test(m.primary, m.horizon)
    every = "enumerated" in str(test.text("convention"))
    return m.word("trial.tested", row=test, every=every, offices=m.clusters(test))


def _beside(m: Numbers) -> Iterator[str]:
    """The main outcome at the other horizons, by the other average, and which test counts."""
    for horizon in m.card.horizons[1:]:
        row = m.effect(m.primary, horizon)
        if row is not None and bounded(row):
            yield m.word("trial.later", row=row, when=m.when(horizon))
    other = m.effect(m.primary, m.horizon, m.other_average())
    if other is not None and bounded(other):
        yield m.word("trial.other_average", row=other)
    yield m.word(f"trial.multiplicity.{m.card.trial.multiplicity}")


def keyfigures(m: Numbers) -> Block:
    """The difference, the test by the draw, and how many offices were drawn."""
    row, test = m.decisive(), m.test(m.primary, m.horizon)
    items = [(m.w.book.points(row.estimate, sign=True), "points", "main", row)]
    if test is not None:
        items.append((m.p(test), "p", "test", test))
    items.append((m.w.book.number(m.clusters(row)), "offices", "offices", row))
    return blocks.keyfigures(
        (m.w.runs(text), m.word(f"trial.key_units.{unit}"), m.say(f"trial.key.{name}", row=row))
        for text, unit, name, row in items
    )
