"""How staggered adoption was analysed: in running text, and as equations."""

from collections.abc import Iterator

from analysis.card_staggered import HEADLINE
from analysis.report import blocks
from analysis.report.blocks import Block
from analysis.report.book import Ref
from analysis.report.family import headline_compares, name_of
from analysis.report.family import sources as family_sources
from analysis.report.staggered_groups import adoption
from analysis.report.staggered_numbers import Numbers

CHANGE = 'upright("ATT")(g, t) = bb(E)[Y_t - Y_b | G = g] - bb(E)[Y_t - Y_b | C]'
AVERAGE = 'theta = sum_(g, t >= g) w_(g t) thin upright("ATT")(g, t)'
ERROR = "hat(V) = (G - 1) / G sum_(j=1)^G (hat(theta)_(-j) - hat(theta))^2"
_ATT = '<mi mathvariant="normal">ATT</mi><mo>(</mo><mi>g</mi><mo>,</mo><mi>t</mi><mo>)</mo>'
_DIFFERENCE = "<msub><mi>Y</mi><mi>t</mi></msub><mo>−</mo><msub><mi>Y</mi><mi>b</mi></msub><mo>|</mo>"
_HAT = "<mover><mi>θ</mi><mo>^</mo></mover>"
EQUATIONS = {
    "change": (
        CHANGE,
        f'<math display="block"><mrow>{_ATT}<mo>=</mo><mi>𝔼</mi><mo>[</mo>{_DIFFERENCE}<mi>G</mi><mo>=</mo><mi>g</mi>'
        f"<mo>]</mo><mo>−</mo><mi>𝔼</mi><mo>[</mo>{_DIFFERENCE}<mi>C</mi><mo>]</mo></mrow></math>",
    ),
    "average": (
        AVERAGE,
        '<math display="block"><mrow><mi>θ</mi><mo>=</mo><munder><mo>∑</mo><mrow><mi>g</mi><mo>,</mo><mi>t</mi>'
        f"<mo>≥</mo><mi>g</mi></mrow></munder><msub><mi>w</mi><mrow><mi>g</mi><mi>t</mi></mrow></msub>{_ATT}</mrow></math>",
    ),
    "jackknife": (
        ERROR,
        '<math display="block"><mrow><mover><mi>V</mi><mo>^</mo></mover><mo>=</mo><mfrac><mrow><mi>G</mi><mo>−</mo>'
        "<mn>1</mn></mrow><mi>G</mi></mfrac><munderover><mo>∑</mo><mrow><mi>j</mi><mo>=</mo><mn>1</mn></mrow><mi>G</mi>"
        f"</munderover><msup><mrow><mo>(</mo><msub>{_HAT}<mrow><mo>−</mo><mi>j</mi></mrow></msub><mo>−</mo>{_HAT}<mo>)</mo>"
        "</mrow><mn>2</mn></msup></mrow></math>",
    ),
}


def data(m: Numbers) -> Iterator[Block]:
    """How it was compared, who adopted when, and what must be assumed."""
    yield blocks.paragraph(m.w.runs(" ".join(_compared(m))))
    if told := list(_persons(m)):
        yield blocks.paragraph(m.w.runs(" ".join(told)))
    if (table := adoption(m)) is not None:
        yield table
    yield m.paragraph("staggered.assumption")


def _compared(m: Numbers) -> Iterator[str]:
    """What is compared with what, by the estimator that the conclusion rests on."""
    if m.estimator == HEADLINE:
        yield m.word("staggered.compared")
        yield m.word("staggered.compared_base")
    else:
        yield m.word("family.headline", name=name_of(m, m.estimator), compares=headline_compares(m))
    if m.design.treatment.assumption is not None:
        yield m.word("family.switches", assumption=m.w.text(m.design.treatment.assumption))


def _persons(m: Numbers) -> Iterator[str]:
    """Who counts when the same persons are followed, what a person weighs, and which groups the curve is of."""
    if m.design.sampling == "panel":
        yield m.word(f"staggered.panel.{m.design.missing}")
    if m.design.weight is not None:
        yield m.word("staggered.weighted", weight=m.w.covariates()[m.design.weight])
    if m.design.balance is not None:
        yield m.word("staggered.balanced", balance=Ref(m.design.balance, "cohort", "staggered", "balance"))


def method(m: Numbers) -> Iterator[Block]:
    """The effect of a group in a month, their average, and the errors."""
    if m.estimator == HEADLINE:
        yield m.paragraph("staggered.method.change")
        yield _equation(m, "change")
    yield m.paragraph("staggered.method.average")
    yield _equation(m, "average")
    if m.headline == "jackknife":
        yield m.paragraph("staggered.method.jackknife")
        yield _equation(m, "jackknife")
    yield m.paragraph("staggered.method.sources")
    yield from family_sources(m)


def _equation(m: Numbers, name: str) -> Block:
    typst, mathml = EQUATIONS[name]
    return blocks.equation(typst, mathml, m.label(f"staggered.equations.{name}"))
