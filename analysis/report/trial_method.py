"""How a trial that drew offices was analysed: in running text, its offices as a table, and as equations."""

import re
from collections.abc import Iterator

import pandas as pd

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.book import Ref
from analysis.report.trial_numbers import Numbers
from analysis.report.writer import capital

DIFFERENCE = "hat(delta) = (sum_(j in T) S_j) / (sum_(j in T) n_j) - (sum_(j in.not T) S_j) / (sum_(j in.not T) n_j)"
SHARE = "p = 1 / B sum_(b=1)^B bold(1) [abs(hat(delta)_b) >= abs(hat(delta))]"
_HAT = "<mover><mi>δ</mi><mo>^</mo></mover>"


def _fraction(element: str) -> str:
    """Sum of outcomes over sum of persons, over the offices of one group."""
    of = f"<munder><mo>∑</mo><mrow><mi>j</mi><mo>{element}</mo><mi>T</mi></mrow></munder>"
    top, bottom = (f"<mrow>{of}<msub><mi>{name}</mi><mi>j</mi></msub></mrow>" for name in ("S", "n"))
    return f"<mfrac>{top}{bottom}</mfrac>"


EQUATIONS = {
    "difference": (
        DIFFERENCE,
        f'<math display="block"><mrow>{_HAT}<mo>=</mo>{_fraction("∈")}<mo>−</mo>{_fraction("∉")}</mrow></math>',
    ),
    "share": (
        SHARE,
        '<math display="block"><mrow><mi>p</mi><mo>=</mo><mfrac><mn>1</mn><mi>B</mi></mfrac><munderover><mo>∑</mo>'
        "<mrow><mi>b</mi><mo>=</mo><mn>1</mn></mrow><mi>B</mi></munderover><mn>𝟏</mn><mo>[</mo><mo>|</mo>"
        f"<msub>{_HAT}<mi>b</mi></msub><mo>|</mo><mo>≥</mo><mo>|</mo>{_HAT}<mo>|</mo><mo>]</mo></mrow></math>",
    ),
}


SIZES = ("offices", "persons", "mean", "smallest", "largest")


def data(m: Numbers) -> Iterator[Block]:
    """What was drawn, who is compared, how large the offices are, and what a missing outcome is."""
    yield m.paragraph("trial.compared", "trial.kept")
    sizes = m.w.material.tables["office_sizes"]
    if len(sizes):
        columns = [m.column("group", right=False, width=1.6), *(m.column(name) for name in SIZES)]
        rows = [_size_row(m, row) for _, row in sizes.iterrows()]
        yield blocks.table("tab-kontorer", m.say("trial.sizes_caption"), columns, rows)
    yield m.paragraph("trial.missing")


def _size_row(m: Numbers, row: pd.Series) -> list[Runs]:
    arm = next(arm for arm in m.card.arms if arm.id == row["arm"])
    refs = {name: Ref(row[name], "office_sizes", arm.id, name) for name in SIZES}
    numbers = (m.w.book.number(ref, 1 if name == "mean" else 0) for name, ref in refs.items())
    return m.cells([capital(m.w.text(arm.label)), *numbers])


def method(m: Numbers) -> Iterator[Block]:
    """The difference, the test by the draw, and the error of the interval."""
    yield m.paragraph("trial.method.difference")
    yield _equation(m, "difference")
    yield m.paragraph("trial.method.share")
    yield _equation(m, "share")
    yield m.paragraph("trial.method.interval")
    if m.card.trial.adjustment is not None:
        yield m.paragraph("trial.method.adjusted", names=", ".join(adjusted_for(m)))
    yield m.paragraph("trial.method.sources")


def adjusted_for(m: Numbers) -> list[str]:
    """Labels of the characteristics that the formula names, in the order of the card."""
    named = set(re.findall(r"\w+", m.card.trial.adjustment))
    return [_uncapital(label) for name, label in m.w.covariates().items() if name in named]


def _uncapital(label: str) -> str:
    """Small first letter inside a sentence; an abbreviation keeps its capitals."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _equation(m: Numbers, name: str) -> Block:
    typst, mathml = EQUATIONS[name]
    return blocks.equation(typst, mathml, m.label(f"trial.equations.{name}"))
