"""The formulas of the method annex, for both renderers. Their readings stand in the message catalogue."""

from analysis.report import blocks
from analysis.report.blocks import Block
from analysis.report.writer import Writer

TYPST = {
    "cluster": 'upright("SE")^2 = sum_(j=1)^2 (p_j (1 - p_j)) / n_j [1 + (m_j - 1) thin upright("ICC")], quad '
    'm_j = (1 + upright("cv")^2) n_j / k_j',
    "did": "hat(tau) = (overline(Y)_(1 t) - overline(Y)_(1 0)) - (overline(Y)_(0 t) - overline(Y)_(0 0))",
    "effective_n": 'n_upright("eff") = n / (1 + (n / K - 1) thin upright("ICC"))',
}
_MEAN = "<msub><mover><mi>Y</mi><mo>¯</mo></mover><mrow><mn>{group}</mn><mi>{time}</mi></mrow></msub>"
MATHML = {
    "cluster": (
        '<math display="block"><mrow><msup><mi mathvariant="normal">SE</mi><mn>2</mn></msup><mo>=</mo>'
        "<munderover><mo>∑</mo><mrow><mi>j</mi><mo>=</mo><mn>1</mn></mrow><mn>2</mn></munderover>"
        "<mfrac><mrow><msub><mi>p</mi><mi>j</mi></msub><mo>(</mo><mn>1</mn><mo>−</mo><msub><mi>p</mi><mi>j</mi></msub><mo>)</mo>"
        "</mrow><msub><mi>n</mi><mi>j</mi></msub></mfrac><mo>[</mo><mn>1</mn><mo>+</mo><mo>(</mo><msub><mi>m</mi><mi>j</mi></msub>"
        '<mo>−</mo><mn>1</mn><mo>)</mo><mi mathvariant="normal">ICC</mi><mo>]</mo><mo>,</mo><mspace width="1em"/>'
        "<msub><mi>m</mi><mi>j</mi></msub><mo>=</mo><mo>(</mo><mn>1</mn><mo>+</mo>"
        '<msup><mi mathvariant="normal">cv</mi><mn>2</mn></msup><mo>)</mo>'
        "<mfrac><msub><mi>n</mi><mi>j</mi></msub><msub><mi>k</mi><mi>j</mi></msub></mfrac></mrow></math>"
    ),
    "did": (
        '<math display="block"><mrow><mover><mi>τ</mi><mo>^</mo></mover><mo>=</mo><mo>(</mo>'
        + _MEAN.format(group=1, time="t")
        + "<mo>−</mo>"
        + _MEAN.format(group=1, time="0")
        + "<mo>)</mo><mo>−</mo><mo>(</mo>"
        + _MEAN.format(group=0, time="t")
        + "<mo>−</mo>"
        + _MEAN.format(group=0, time="0")
        + "<mo>)</mo></mrow></math>"
    ),
    "effective_n": (
        '<math display="block"><mrow><msub><mi>n</mi><mtext>eff</mtext></msub><mo>=</mo><mfrac><mi>n</mi>'
        "<mrow><mn>1</mn><mo>+</mo><mo>(</mo><mfrac><mi>n</mi><mi>K</mi></mfrac><mo>−</mo><mn>1</mn><mo>)</mo>"
        '<mi mathvariant="normal">ICC</mi></mrow></mfrac></mrow></math>'
    ),
}


def equation(w: Writer, name: str) -> Block:
    """A formula with its reading in the report's language."""
    return blocks.equation(TYPST[name], MATHML[name], w.label(f"equations.{name}"))
