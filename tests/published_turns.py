"""Published cohorts with other figures or another card: every sentence of their reports is reached by one of these."""

from collections.abc import Iterator

import stages

from analysis.report.material import Material

AAP, KLAR, YOUTH, IPS, SEED, BENCHMARKS = stages.STATED


def changed(cohort: str, card: dict | None = None, **facts) -> Material:
    """A shipped cohort with other facts or other keys of the figures, and other keys of the card."""
    return stages.published_material(
        stages.changed(stages.card(cohort), **(card or {})), stages.changed(stages.figures(cohort), **facts)
    )


def valued(cohort: str, values: dict[str, str], **more) -> Material:
    """A shipped cohort with other printed values, by the id of the fact."""
    places = [fact.id for fact in stages.figures(cohort).facts]
    return changed(cohort, **{f"facts__{places.index(name)}__value": value for name, value in values.items()}, **more)


def turns() -> Iterator[tuple[str, Material]]:
    """A name and a material for every turn that these reports can take."""
    yield from ((cohort, stages.material(cohort)) for cohort in stages.STATED)
    yield "sizes printed, none fits", changed(SEED, two_arms__counted="all")
    yield "sizes printed", valued(SEED, {"seed_12_usual": "9"}, two_arms__counted="all")
    yield "every table is far from chance", valued(IPS, {"ips_12_treated": "46.6", "ips_18_treated": "47.4"})
    coarse = {"s004_f02": "4000", "s004_f05": "30", "s004_f06": "24", "s004_f07": "31", "s004_f08": "24"}
    yield "more tables than are listed", valued(stages.HPMT, coarse)
    yield "breakdown does not add up", valued(YOUTH, {"s001_f02": "7"})
    yield "a part larger than the whole", valued(BENCHMARKS, {"jump_competitive": "80"})
    yield "shares that are no complement", valued(AAP, {"s000_f05": "75"})
    other = {"s000_f01": "52", "s000_f02": "62"}
    yield "a share that rose", valued(AAP, other, two_points__outcome="competitive_work_as_reported")
    yield "persons described", changed(YOUTH, exposures__unit="person")
    yield "sizes not printed", changed(KLAR, {"assignment__randomised": False}, no_figures__persons=None)
    yield "groups not drawn", changed(stages.HPMT, {"assignment__randomised": False})
