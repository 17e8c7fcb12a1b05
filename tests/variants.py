"""The shipped cohorts with other data: every sentence that a report can choose is reached by one of these."""

from collections.abc import Iterator
from dataclasses import replace

import beside_reports
import certificate_reports
import control_reports
import cost_reports
import described
import deviation_reports
import grid_reports
import matched_starts
import one_group
import pandas as pd
import persons_trial_reports
import published_turns
import series_reports
import stages
import staggered_reports
import subgroup_reports
import treated_reports
import treated_shown
import trial_reports

from analysis.card_appraisal import DOMAINS
from analysis.checks.detectable import detectable_difference
from analysis.report.material import Material

UP, DOWN, OPEN = 0.4, -0.6, 0.0
WORK = "any_earnings_in_year"
MAIN = "spec == 'main' and estimator == 'matched_did_2x2' and term != 'placebo'"
NO_BENCHMARK = {"benchmark": None}
INDIRECT = [{"id": "others", "text": {"nb": "Andre personer."}, "short": {"nb": "andre personer"}}]
INDIRECT[0] |= {"downgrade": 2, "domain": "indirectness"}


def two_arms(shift: float = OPEN, **card_changes) -> Material:
    """HPMT with all differences moved by `shift`, under another card."""
    card = stages.changed(stages.card(stages.HPMT), **card_changes)
    made = {name: frame.copy() for name, frame in stages.tables(stages.HPMT).items()}
    _move(made["estimates"], "scale == 'difference'", shift)
    made["estimates"]["design"] = card.design
    return stages.material_of(stages.HPMT, card, made, stages.figures(stages.HPMT))


def two_arms_from(**changes) -> Material:
    """HPMT estimated anew; keys that begin with ``facts`` change the figures and the others the card."""
    facts = {key: value for key, value in changes.items() if key.startswith("facts")}
    card = stages.changed(stages.card(stages.HPMT), **{key: changes[key] for key in changes.keys() - facts.keys()})
    return stages.published_material(card, stages.changed(stages.figures(stages.HPMT), **facts))


def matched(
    shift: float = OPEN,
    *,
    smd: float | None = 0.05,
    lost: int = 0,
    placebo: float = 0.0,
    spread: bool = False,
    effective: float = 100.0,
    outside: float = 0.0,
    **card_changes,
) -> Material:
    """NSW with the main estimate moved, and with checks that hold or fail as asked."""
    card = stages.changed(stages.card(stages.NSW), **card_changes)
    made = {name: frame.copy() for name, frame in stages.tables(stages.NSW).items()}
    if not spread:
        made["estimates"] = made["estimates"].query("role != 'sensitivity' or term == 'placebo'").copy()
        card = stages.changed(card, sensitivity=[])
    if card.benchmark is None:
        made["estimates"] = made["estimates"][made["estimates"]["group"] != "trial"].copy()
    _move(made["estimates"], MAIN, shift)
    _move(made["estimates"], "term == 'placebo'", placebo)
    _balance(made["balance"], smd)
    main = made["matching"]["spec"] == "main"
    made["matching"].loc[main, ["n_treated_matched", "share_treated_lost"]] = [185 - lost, lost / 185]
    made["matching"].loc[main, ["ess_comparison", "share_treated_outside"]] = [effective, outside]
    return stages.material_of(stages.NSW, card, made)


def form(worst: str) -> dict:
    """ROBINS-I with one domain at its worst."""
    judged = dict.fromkeys(DOMAINS["robins_i"], "low") | {"confounding": worst}
    reason = {"nb": "Vurdert av testen."}
    return {"tool": "robins_i", "domains": [{"id": n, "judgement": j, "reason": reason} for n, j in judged.items()]}


def _move(frame: pd.DataFrame, where: str, shift: float) -> None:
    rows = frame.query(f"({where}) and outcome in ['{WORK}', 'in_paid_work']").index
    for column in ("estimate", "conf_low", "conf_high"):
        frame.loc[rows, column] += shift


def _balance(table: pd.DataFrame, smd: float | None) -> None:
    if smd is not None:
        adjusted = (table["sample"] == "adjusted") & (table["spec"] == "main")
        table.loc[adjusted, "smd"] = smd


def amount() -> Material:
    """NSW with what a study of its yearly earnings, and not of its share in work, could have seen."""
    material = matched(**NO_BENCHMARK)
    card = stages.changed(material.card, outcomes__primary="annual_earnings_usd", outcomes__secondary=[])
    rows = material.estimates.query(
        "outcome == 'annual_earnings_usd' and spec == 'main' and estimator == 'matched_did_2x2'"
    )
    checks = [check for check in material.checks if check.name != "detectable_difference"]
    found = detectable_difference(card, rows.query("term != 'placebo'").assign(role="primary"))
    return replace(material, checks=[*checks, found])


def dated(material: Material, **provenance) -> Material:
    """The same material with another provenance."""
    material.provenance.update(provenance)
    return material


def reach() -> Iterator[tuple[str, Material]]:
    """A name and a material for every turn that the text can take."""
    yield from ((cohort, stages.material(cohort)) for cohort in stages.ALL)
    yield from ((f"described {shape}", material) for shape, material in described.turns().items())
    yield from matched_starts.turns().items()
    yield from one_group.turns().items()
    yield from published_turns.turns()
    yield from staggered_reports.turns().items()
    yield from staggered_reports.checked_turns().items()
    yield from series_reports.turns().items()
    yield from deviation_reports.turns().items()
    yield from grid_reports.turns().items()
    yield "curve: base month", grid_reports.base_month()
    yield from trial_reports.turns().items()
    yield from persons_trial_reports.turns().items()
    yield from beside_reports.turns().items()
    yield from control_reports.turns().items()
    yield from subgroup_reports.turns().items()
    yield from treated_reports.turns().items()
    yield from ((f"treated: {name}", material) for name, material in treated_shown.turns().items())
    yield from certificate_reports.turns().items()
    yield from cost_reports.turns().items()
    for name, shift in (("up", UP), ("down", DOWN)):
        yield f"randomised {name}", two_arms(shift)
        yield f"description {name}", two_arms(shift, design="aggregated_series")
        yield f"exposures {name}", two_arms(shift, design="exposures")
        yield f"adjusted {name}", matched(shift, smd=0.2, **NO_BENCHMARK)
        yield f"checked {name}", matched(shift, limitations=[], **NO_BENCHMARK)
    yield "description", two_arms(design="aggregated_series")
    yield "few offices", two_arms_from(assignment__offices_treated=3)
    yield "offices unknown", two_arms_from(assignment__offices_treated=None, assignment__offices_comparison=None)
    yield "persons assigned", two_arms_from(assignment__unit="person", design="individually_randomised")
    yield "several tables", two_arms_from(published__two_arms__same_persons=False)
    yield "no table", two_arms_from(facts__3__value="29.75")
    yield "no table at one date", two_arms_from(facts__3__value="29.7531", facts__4__value="23.6187")
    yield (
        "checks fail",
        matched(lost=60, placebo=0.3, effective=20.0, outside=0.3, spread=True, smd=0.3, **NO_BENCHMARK),
    )
    yield "some p-values are small", two_arms_from(facts__3__value="40.0", facts__4__value="20.0")
    for cluster in ("office", "person"):
        yield f"clusters of {cluster}", matched(inference__cluster=cluster)
    commissioned = {"report__commissioner": {"nb": "Arbeids- og velferdsdirektoratet"}, "report__contact": "FoU"}
    erratum = {"version": "1.1", "date": "2026-11-22", "text": {"nb": "Antallet i tabell 2 var feil."}}
    yield "corrected", two_arms(report__version="1.1", report__errata=[erratum])
    yield "nothing to deduct", matched(UP, limitations=[], **commissioned, **NO_BENCHMARK)
    yield "an amount", amount()
    yield "near the trial", matched(-0.085, lost=10, outside=0.05, spread=True, checks__spread_limit=9.0)
    yield "apart from the trial", matched(0.5, matching__replace=True, matching__caliper=None)
    yield "first in the data chooses first", matched(matching__order="data")
    yield "judged biased", matched(UP, limitations=[], appraisal=form("critical"), **NO_BENCHMARK)
    yield "judged well", matched(UP, limitations=[], appraisal=form("moderate"), **NO_BENCHMARK)
    yield "too low for words", matched(UP, limitations=INDIRECT, **NO_BENCHMARK)
    yield "another plan than the locked one", dated(matched(matching__order="smallest"), deviations=["matching"])
