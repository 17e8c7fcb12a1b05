"""How a matched cohort was analysed: in running text, and as a list of every choice behind the numbers."""

from collections.abc import Iterator
from typing import Any

from analysis.card_matching import uses
from analysis.report import blocks
from analysis.report.blocks import Block
from analysis.report.book import Ref
from analysis.report.equations import equation
from analysis.report.matched_balance import covariate
from analysis.report.matched_numbers import Numbers
from analysis.report.writer import capital

NEIGHBOURS = ("nearest", "mahalanobis")
# Keys that hold names of covariates, or a value for each.
NAMED = ("exact", "antiexact", "distance", "columns")
SCORED = ("nearest", "optimal", "full", "subclass", "ipw")


def data(m: Numbers) -> Iterator[Block]:
    """How persons were matched, what the errors are, and what must be assumed."""
    yield blocks.paragraph(m.w.runs(" ".join(_told(m))))
    errors = m.word(f"matched.errors.{m.decisive().text('inference')}", clusters=_clusters(m))
    trial = [] if m.card.benchmark is None else [m.word("matched.errors_trial")]
    yield blocks.paragraph(m.w.runs(" ".join([errors, *trial])))
    yield m.paragraph("matched.assumption")


def _clusters(m: Numbers) -> str:
    """What the errors are clustered by in words; empty where they are not."""
    level = m.decisive().text("cluster_level")
    named = m.w.book.catalogue["matched"]["clusters"]
    return m.word(f"matched.clusters.{level}", several=m.several) if level in named else ""


def _told(m: Numbers) -> Iterator[str]:
    """Sentences on how those whom participants are compared with were found."""
    matching = m.card.matching
    method, keys = matching.method, uses(matching.method)
    yield m.word(f"matched.data.{method}", several=m.several, names=_names(m, "exact"), score=m.word("matched.score"))
    if method in NEIGHBOURS:
        yield m.word("matched.reuse", replace=matching.replace)
    if "caliper" in keys and matching.caliper is not None:
        yield m.word("matched.caliper", caliper=_card_ref(m, "caliper"), unit=matching.caliper_unit)
    if "within" in keys and matching.within is not None:
        yield m.word(f"matched.within.{matching.within.how}", unit=matching.within.unit)
    yield m.word("matched.change")


def _card_ref(m: Numbers, key: str) -> Ref:
    return Ref(getattr(m.card.matching, key), "cohort", "matching", key)


def _names(m: Numbers, key: str) -> str:
    """Labels of the covariates that a key names."""
    return ", ".join(m.word("quotation", text=covariate(m, name)) for name in getattr(m.card.matching, key) or ())


def method(m: Numbers) -> Iterator[Block]:
    """The estimator, its errors, how scores and sets are made, and the list of choices."""
    yield m.paragraph("annex.did")
    yield equation(m.w, "did")
    inference = m.decisive().text("inference")
    yield blocks.paragraph(m.w.runs(f"{m.word('annex.did_words')} {m.word(f'annex.errors.{inference}')}"))
    yield blocks.paragraph(m.w.runs(" ".join(_fitting(m))))
    yield blocks.definitions((m.say(f"annex.choices.{name}"), m.w.runs(capital(text))) for name, text in _choices(m))


def _fitting(m: Numbers) -> Iterator[str]:
    matching = m.card.matching
    yield m.word("annex.score", formula=m.w.book.literal(matching.formula), only_shown=matching.method not in SCORED)
    if matching.method in NEIGHBOURS:
        # Whoever chooses first takes nobody from the others when persons can be used again and again.
        ordered = not matching.replace or matching.reuse_max is not None
        yield m.word("annex.order", order=m.word(f"annex.orders.{matching.order}") if ordered else "")
    if not m.weighted:
        yield m.word("annex.conventions")


def _choices(m: Numbers) -> Iterator[tuple[str, str]]:
    """Name and text of every choice that the method makes."""
    matching, keys = m.card.matching, uses(m.card.matching.method)
    yield "method", m.word(f"matched.methods.{matching.method}")
    yield "estimand", m.word(f"annex.estimands.{matching.estimand}")
    if "link" in keys:
        yield "scale", m.word(f"annex.scales.{matching.link}")
    if "caliper" in keys:
        yield "caliper", _caliper(m)
    if matching.method in NEIGHBOURS:
        yield "replace", m.word("annex.replacing", replace=matching.replace, most=_card_ref(m, "reuse_max"))
        yield "ties", m.word("annex.ties")
    if "ratio" in keys:
        yield "ratio", m.word("annex.ratio", **_counts(m))
    yield from ((key, _names(m, key)) for key in NAMED if key in keys and getattr(matching, key))
    yield from ((key, m.w.book.number(_card_ref(m, key), digits)) for key, digits in _numbers(m))
    if "discard" in keys and matching.discard != "none":
        yield "discard", m.word(f"annex.discards.{matching.discard}")
    if "within" in keys and matching.within is not None:
        penalty = Ref(matching.within.penalty, "cohort", "matching", "within.penalty")
        yield "within", m.word(f"annex.within.{matching.within.how}", unit=matching.within.unit, penalty=penalty)
    if sets := m.matching_ref("n_sets"):
        yield "sets", m.w.book.number(sets)
    if tied := m.matching_ref("share_tied"):
        yield "tied", m.word("annex.tied", tied=tied)


def _caliper(m: Numbers) -> str:
    """The largest distance in its unit, and on the scale of the score."""
    if m.card.matching.caliper is None:
        return m.word("annex.no_caliper")
    width = m.matching_ref("caliper_width")
    return m.word("annex.caliper", caliper=_card_ref(m, "caliper"), unit=m.card.matching.caliper_unit, width=width)


def _counts(m: Numbers) -> dict[str, Any]:
    keys = uses(m.card.matching.method)
    return {
        "ratio": _card_ref(m, "ratio"),
        "least": _card_ref(m, "min_controls") if "min_controls" in keys else None,
        "most": _card_ref(m, "max_controls") if "max_controls" in keys else None,
    }


def _numbers(m: Numbers) -> Iterator[tuple[str, int]]:
    """Keys of the method that are a number, and with how many decimals they are told."""
    keys = uses(m.card.matching.method)
    for key, digits in (("tolerance", 2), ("subclasses", 0), ("moments", 0), ("seed", 0)):
        if key in keys and getattr(m.card.matching, key) is not None:
            yield key, digits
