"""The summary of a matched cohort: what was found, for whom, how it moves over time, and how near a known answer."""

from collections.abc import Iterator

from analysis.report import blocks
from analysis.report.blocks import Block, Runs
from analysis.report.conclusion import conclusion, direction, not_passed
from analysis.report.matched_numbers import Numbers
from analysis.report.matched_time import course


def summary(m: Numbers) -> Iterator[Block]:
    """The conclusion, who it is about, the other outcomes, the course over time, and how near the trial it comes."""
    mark = [] if m.card.synthetic is None else [*m.say("matched.truth.mark"), {"text": " "}]
    yield blocks.paragraph([*mark, *_conclusion(m)], "lead")
    yield blocks.paragraph(m.w.runs(" ".join([*_own_share(m), _groups(m), *_amounts(m)])))
    if len(m.card.horizons) > 1:
        yield blocks.paragraph(m.w.runs(f"{m.word('matched.main_time')} {course(m)}"))
    if m.card.benchmark is not None:
        near = m.w.say_check(m.check(f"benchmark_{m.primary}"))
        yield blocks.paragraph([*benchmark_answer(m), {"text": " "}, *near])
    elif m.card.design == "single_arm":
        passed = m.w.material.grade["verbs"] == "adjusted"
        yield m.paragraph(f"matched.single_arm.{'passed' if passed else 'failed'}")
    elif m.w.material.grade["verbs"] == "adjusted":
        yield not_passed(m.w)
    if m.card.synthetic is not None:
        yield m.paragraph("matched.truth.known")


def _conclusion(m: Numbers) -> Runs:
    """The main sentence. One group that fails its gate is described, in words that fit a change over time."""
    row = m.decisive()
    found = direction(row)
    if m.card.design == "single_arm" and m.w.material.grade["verbs"] == "description" and found != "null":
        return m.say(f"matched.single_arm.{found}", row=row)
    return conclusion(m.w, row)


def _own_share(m: Numbers) -> Iterator[str]:
    """What the group alone shows, where it has no comparison group of its own."""
    if m.card.design == "single_arm":
        wanted = {"estimator": "share", "inference": "wilson", "horizon_months": m.horizon}
        yield m.word("matched.single_arm.share", row=m.w.row(outcome=m.primary, **wanted))


def _groups(m: Numbers) -> str:
    counts = m.check_refs("lost_treated", matched_treated="matched", treated="treated")
    available = m.check_refs("effective_sample", available="available")
    return m.word("matched.groups", several=m.several, **counts, **available)


def _amounts(m: Numbers) -> Iterator[str]:
    """Outcomes that are not shares, each with the same estimate in its own unit."""
    for outcome in m.compared():
        row = m.estimate(outcome)
        unit = m.print_of(row, outcome)
        if not unit["share"]:
            yield m.word("matched.amounts", row=row, **unit)


def benchmark_answer(m: Numbers) -> Runs:
    """The trial's own answer, as a level and as a change, and why the two differ."""
    treated, control = m.card.arm("treated").id, m.card.benchmark.arm
    return m.say(
        "matched.benchmark.answer",
        trial_level=m.plain(m.primary, "trial_level"),
        trial_did=m.plain(m.primary, "trial_did"),
        base_t=m.mean(f"unmatched:{treated}", m.primary, m.base),
        base_c=m.mean(f"unmatched:{control}", m.primary, m.base),
    )


def keyfigures(m: Numbers) -> Block:
    """The matched answer beside the trial's."""
    main = m.decisive()
    figures = [("matched.key_main", main, {"main": main})]
    trial, level = m.plain(m.primary, "trial_did"), m.plain(m.primary, "trial_level")
    if trial is not None:
        figures += [("matched.key_trial", trial, {"trial": trial}), ("matched.key_level", level, {"level_row": level})]
    points = m.w.word("axis.points_word")
    return blocks.keyfigures(
        (m.w.runs(m.w.book.points(row.estimate, sign=True)), points, m.say(key, **values))
        for key, row, values in figures
    )
