"""The ways to a number: which rules make the tables of a cohort, and the function behind each of them.

The workflow takes its digests of code from here, so that what is written down of a number's origin is what was run.
"""

from dataclasses import dataclass

from analysis.card_grid import has_curve
from analysis.card_staggered import STAGGERED_DESIGNS
from analysis.card_trial import TRIAL_DESIGNS
from analysis.cards import Card
from analysis.tables import COST_TABLE

# Rules from delivery to estimate by way, named as their adapters: their code is part of the run id.
ESTIMATING: dict[str, tuple[str, ...]] = {
    "published": ("read_published", "estimate_published"),
    "described": ("read_delivery", "build_panel", "describe_cohort"),
    "matched": ("read_delivery", "build_panel", "match_persons", "estimate_did"),
    "staggered": ("read_delivery", "build_panel", "estimate_staggered"),
    "trial": ("read_delivery", "build_panel", "estimate_trial"),
}
# Rules that start from numbers that are treated already, up to the finished reports.
AFTERWARDS = (
    "cost_cohort",
    "compare_cohorts",
    "release_comparison",
    "build_report",
    "build_comparison",
    "build_portal",
)
# What decides numbers and stands neither in a card nor in code.
SETTINGS = ("config/outcomes.yaml",)


@dataclass(frozen=True)
class Maker:
    """The rule that writes a table, and the function that makes its rows."""

    rule: str
    function: str

    @property
    def module(self) -> str:
        """The module that the function stands in."""
        return self.function.rpartition(".")[0]


_MATCHED = Maker("match_persons", "analysis.match_persons.match_persons")
_DESCRIBED = Maker("describe_cohort", "analysis.describe.describe")
# What makes a table that is not the main one of its way; by the way and the table.
_OWN = {
    **{("matched", name): _MATCHED for name in ("balance", "overlap", "matching", "cluster_balance", "profile")},
    ("matched", "attrition"): _MATCHED,
    ("described", "balance"): Maker("describe_cohort", "analysis.describe.describe_baseline"),
    ("described", "attrition"): Maker("build_panel", "analysis.panel.build_panel"),
    ("staggered", "cells"): Maker("estimate_staggered", "analysis.describe.describe"),
    ("staggered", "balance"): Maker("estimate_staggered", "analysis.describe.describe_baseline"),
    ("staggered", "honest"): Maker("check_staggered", "analysis.checks.trends.honest_table"),
}
_MAIN = {
    "published": Maker("estimate_published", "analysis.estimate_published.estimate_published"),
    "described": _DESCRIBED,
    "matched": Maker("estimate_did", "analysis.estimate_did.estimate_did"),
    "staggered": Maker("estimate_staggered", "analysis.estimate_staggered.estimate_staggered"),
    "trial": Maker("estimate_trial", "analysis.estimate_trial.estimate_trial"),
}
# Whatever the way.
_ALL = {
    "planned": Maker("estimate_planned", "analysis.planned.planned_estimates"),
    "subgroups": Maker("estimate_subgroups", "analysis.subgroups.estimate.estimate_subgroups"),
    "specifications": Maker("specification_grid", "analysis.specification_grid.specification_grid"),
    "specification_tests": Maker("specification_grid", "analysis.specification_grid.specification_grid"),
    "certificate": Maker("certify_cohort", "analysis.certify.cohort.certified"),
    "findings": Maker("read_delivery", "analysis.delivery_files.read_and_tell"),
    "facts": Maker("read_published", "analysis.published.read_figures"),
    "cohort": Maker("release_cohort", "analysis.cards.read_card"),
    "checklist": Maker("release_cohort", "analysis.checklist.finished_checklist"),
    "provenance": Maker("release_cohort", "analysis.release.release"),
    COST_TABLE: Maker("cost_cohort", "analysis.cost_table.write_cost"),
    "comparison": Maker("compare_cohorts", "analysis.compare.comparison"),
    "horizons": Maker("compare_cohorts", "analysis.compare_horizons.horizons"),
    "pairs": Maker("compare_cohorts", "analysis.compare.comparability"),
    "synthesis": Maker("compare_cohorts", "analysis.pooling.pooled"),
}


def way(card: Card) -> str:
    """The way that a cohort's numbers are made, a key of ESTIMATING."""
    if card.data_kind == "published":
        return "published"
    if card.analysis == "describe":
        return "described"
    if card.design in STAGGERED_DESIGNS:
        return "staggered"
    return "trial" if card.design in TRIAL_DESIGNS else "matched"


def maker(card: Card, table: str) -> Maker:
    """What makes a table of a cohort; of the checks the function of its way."""
    own = way(card)
    if table in ("checks", "missing"):
        return Maker(f"check_{own}", f"analysis.check_cohort.check_{own}")
    found = _ALL.get(table) or _OWN.get((own, table))
    if found is None and card.design == "individually_randomised" and own == "trial":
        return Maker("estimate_trial", "analysis.estimate_persons_trial.estimate_persons_trial")
    return found or _MAIN[own]


def adapters(card: Card, *, deviating: bool) -> list[str]:
    """Every rule behind the treated numbers of a cohort, the treatment itself included; `deviating`: whether the card
    has changed since its plan was locked, so that the locked plan is estimated beside."""
    own = way(card)
    found = [*ESTIMATING[own], f"check_{own}", "release_cohort"]
    found += ["certify_cohort"] if own in ("matched", "staggered", "trial") else []
    found += ["estimate_subgroups"] if own != "published" and card.subgroups else []
    found += ["specification_grid"] if own != "published" and has_curve(card) else []
    return found + (["estimate_planned"] if deviating and own != "published" else [])
