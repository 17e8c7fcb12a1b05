"""The cohort card: everything that a person decides about one cohort, checked before anything is read.

Defaults live here and nowhere else. `read_card` raises every mistake at once, in Norwegian, with file, line, key,
what was found and what is allowed.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_serializer

from analysis.card_appraisal import Appraisal
from analysis.card_certify import Certify
from analysis.card_controls import NegativeControl
from analysis.card_cost import Cost
from analysis.card_delivery import Accepted, Column, File, Growing, Municipality, Pseudonymise, Register, Synthetic
from analysis.card_deviation_rules import deviations_name_the_plan
from analysis.card_grid import Grid
from analysis.card_matching import Matching, MatchingChange
from analysis.card_rules import cross_checks
from analysis.card_series import Series
from analysis.card_single_arm import SingleArm
from analysis.card_staggered import Staggered
from analysis.card_subgroups import MOST, Subgroup
from analysis.card_trial import Trial
from analysis.strict import Certainty, Date, Filled, Finding, Month, Share, Slug, Strict, Words, read_strict

__all__ = ["Card", "Column", "File", "Matching", "analysis_part", "read_card"]

DataKind = Literal["restricted", "open", "published", "synthetic"]
Design = Literal[
    "cluster_randomised",
    "individually_randomised",
    "matched_did",
    "staggered_did",
    "single_arm",
    "aggregated_series",
    "exposures",
]


class Erratum(Strict):
    """What a version corrected: when it came, and what was wrong in the one before."""

    version: Filled
    date: Date
    text: Words


class Report(Growing):
    """What stands on the title page. The date comes from here, never from the clock."""

    LATER = ("errata",)

    date: Date = Field(description="Report date, YYYY-MM-DD")
    version: Filled = "1.0"
    commissioner: Words | None = None
    contact: Filled | None = None
    errata: list[Erratum] = Field([], description="One for each corrected version, in time order")

    @property
    def number(self) -> int:
        """Which release this is: 1, and one more for each correction."""
        return 1 + len(self.errata)


class Population(Growing):
    """Whom the cohort is about. Cohorts with the same `group` are about the same kind of people."""

    LATER = ("group",)

    description: Words
    eligibility: list[Words] = Field(min_length=1)
    group: Slug | None = Field(None, description="Name shared by cohorts of the same kind of people")


class Assignment(Growing):
    """Who was given the intervention, and by what rule."""

    LATER = ("source",)

    unit: Literal["person", "office", "county", "adviser"]
    randomised: bool
    rule: Words
    certainty: Certainty = "stated"
    offices_treated: int | None = Field(None, ge=1)
    offices_comparison: int | None = Field(None, ge=1)
    source: Slug | None = Field(None, description="Source that tells who had the intervention, an id under sources")


class Content(Growing):
    """What the participants got, and what the others got. Cohorts with the same `comparator` compare with the same."""

    LATER = ("comparator",)

    intervention: Words
    usual_care: Words
    comparator: Slug | None = Field(None, description="Name shared by cohorts whose usual care is the same")


class TimeZero(Strict):
    """When eligibility, assignment and start of observation meet. `month` may be left out if persons carry it."""

    description: Words
    month: Month | None = None
    certainty: Certainty = "stated"


class Arm(Strict):
    """A group of persons. `benchmark` is a randomised control group that only checks the method."""

    id: Slug
    role: Literal["treated", "comparison", "benchmark"]
    label: Words


class Outcomes(Growing):
    """Names from config/outcomes.yaml. The primary one carries the report's headline."""

    LATER = ("source",)

    primary: Slug
    secondary: list[Slug] = []
    source: Slug | None = Field(None, description="Source that tells the outcomes, an id under sources")


class Estimand(Strict):
    """What is to be measured, in which unit."""

    quantity: Literal["att", "itt", "share", "description"]
    scale: Literal["difference", "share", "change", "count"]
    description: Words


class History(Strict):
    """What the registers tell of the time before: a state on the first day of the month of time zero, or days or
    calendar months in it during the months before that day."""

    measure: Literal["on_the_day", "days_before", "months_before"]
    types: list[Slug] = Field(min_length=1)
    months: int | None = Field(None, ge=1)


class Covariate(Growing):
    """A background characteristic at time zero: a delivered column, an outcome at an earlier month, or a history."""

    LATER = ("history",)

    name: Slug
    label: Words
    outcome: Slug | None = None
    month: Month | None = None
    history: History | None = None


class Sensitivity(Strict):
    """One more analysis: a name and the keys of `matching` that it overrides."""

    name: Slug
    title: Words
    matching: MatchingChange

    @field_serializer("matching")
    def _only_changes(self, matching: MatchingChange) -> dict[str, Any]:
        # A card read back from what was written must change the same keys and no more.
        return matching.changes()


class Benchmark(Strict):
    """A randomised control group among the arms, used to see how near the main analysis comes."""

    arm: Slug
    formula: Filled = Field(description="Covariates of the adjusted comparison in the trial")
    title: Words


class Checks(Growing):
    """Thresholds of the checks, with the sources in docs/methods.md."""

    LATER = (
        "honest_limit",
        "honest_bounds",
        "period_months",
        "periods",
        "pre_trend_power",
        "pre_months",
        "small_count",
        "placebo_offices_limit",
        "placebo_office_draws",
        "subgroup_persons",
        "subgroup_offices",
    )

    smd_limit: float = Field(0.1, gt=0)
    lost_treated_limit: Share = 0.2
    outside_support_limit: Share = 0.1
    ess_floor: float = Field(50, gt=0)
    spread_limit: float = Field(1.0, gt=0, description="Width of the range over analyses, in standard errors")
    few_treated_offices: int = Field(6, ge=1, description="Fewest treated offices for an asymptotic p-value")
    honest_limit: float = Field(1.0, ge=0, description="Least breakdown value of relative magnitudes")
    honest_bounds: list[Annotated[float, Field(ge=0)]] = Field([0.5, 1.0, 2.0], description="Relative magnitudes shown")
    period_months: int = Field(3, ge=1, description="Months in a period of the event study that trends are tried on")
    periods: int = Field(4, ge=1, description="Most periods on each side of the last before the start")
    pre_trend_power: float = Field(0.8, gt=0.05, lt=1, description="Chance with which the missed trend would be seen")
    pre_months: int = Field(12, ge=1, description="Fewest months measured before the start")
    small_count: int = Field(10, ge=0, description="Fewest with, or without, the outcome in a group")
    placebo_offices_limit: Share = Field(0.15, description="Most draws of placebo offices that may find something")
    placebo_office_draws: int = Field(100, ge=0, description="Draws of untreated offices that pretend to have adopted")
    subgroup_persons: int = Field(10, ge=2, description="Fewest measured persons in each arm of a subgroup")
    subgroup_offices: int = Field(2, ge=2, description="Fewest offices in each arm of a subgroup, where they decide")


class Inference(Strict):
    """How uncertainty is measured."""

    level: float = Field(0.95, gt=0.5, lt=1)
    cluster: Literal["person", "pair", "office"] = "pair"


class TwoArms(Growing):
    """What is assumed when a source prints rounded shares of two groups."""

    LATER = ("min_arm_share", "min_counted_share", "hidden_offices")

    rounding: Literal["half_up", "half_even", "truncated"] = "half_up"
    same_persons: bool = True
    icc: list[Share] = [0.0, 0.01, 0.02, 0.05, 0.1]
    icc_in_text: Share = 0.02
    size_cv: list[Annotated[float, Field(ge=0)]] = [0.0, 0.4, 0.7]
    min_arm_share: Annotated[float, Field(ge=0, lt=0.5)] = Field(0.0, description="Least part of all in each group")
    min_counted_share: Share = Field(1.0, description="Least part that was measured, where not all were")
    hidden_offices: list[Annotated[int, Field(ge=2)]] = Field([], description="Offices per group, where not told")


class Published(Strict):
    """How the figures of published.yaml are analysed."""

    two_arms: TwoArms | None = None
    single_arm: SingleArm | None = None


class Disclosure(Growing):
    """The profile that decides what is rounded or hidden, and why it is the right one."""

    LATER = ("method",)

    profile: Literal["public", "nav", "ssb", "research", "opensafely", "open"]
    method: Literal["rounding", "suppression"] | None = Field(
        None, description="Where the profile has both; its first one if left out"
    )
    reason: Words


class Deviation(Strict):
    """A change of the analysis after the plan was locked: when it was decided, which key of the plan, and why."""

    date: Date
    key: Slug
    reason: Words


class Source(Strict):
    """A text that the card rests on. Interviews tell what advisers say they do, never what it leads to."""

    id: Slug
    citation: Filled
    certainty: Certainty = "stated"
    interviews: bool = Field(False, description="What it tells comes from interviews")


class Limitation(Strict):
    """Something the design or the source cannot carry. `downgrade` lowers the evidence grade by that many steps."""

    id: Slug
    text: Words
    downgrade: int = Field(0, ge=0, le=2)
    domain: Literal["execution", "indirectness", "imprecision"] = Field(
        "execution", description="What a step down is about"
    )
    short: Words | None = Field(None, description="A few words for the list of reasons")


class Card(Strict):
    """One cohort."""

    title: Words
    short_title: Words
    intervention_name: Words
    data_kind: DataKind
    licence: Filled | None = None
    intervention: Slug
    design: Design
    report: Report
    background: list[Words] = Field(min_length=1)
    population: Population
    assignment: Assignment
    content: Content
    time_zero: TimeZero
    arms: list[Arm] = Field(min_length=1)
    outcomes: Outcomes
    negative_controls: list[NegativeControl] = []
    horizons: list[Annotated[int, Field(ge=0)]] = Field([], description="Months after time zero, the main one first")
    base_month: Month | None = Field(None, description="Month before the intervention that DiD subtracts")
    base_period: int | None = Field(None, lt=0, description="The same, in months from each person's time zero")
    estimand: Estimand
    analysis: Literal["estimate", "describe"] = Field("estimate", description="describe: no effect is estimated")
    files: list[File] = []
    registers: Register | None = None
    municipality: Municipality | None = None
    pseudonyms: Pseudonymise | None = None
    accepted: list[Accepted] = []
    synthetic: Synthetic | None = None
    covariates: list[Covariate] = []
    matching: Matching | None = None
    staggered: Staggered | None = None
    series: Series | None = None
    trial: Trial | None = None
    subgroups: list[Subgroup] = Field([], max_length=MOST, description="Stated before the outcomes are seen")
    inference: Inference = Inference()
    checks: Checks = Checks()
    certify: Certify = Certify()
    benchmark: Benchmark | None = None
    sensitivity: list[Sensitivity] = []
    grid: Grid | None = None
    published: Published | None = None
    cost: Cost | None = Field(None, description="What it costs; never a part of the plan")
    disclosure: Disclosure
    limitations: list[Limitation] = []
    deviations: list[Deviation] = Field([], description="Changes of the analysis after the lock, in time order")
    appraisal: Appraisal | None = None
    sources: list[Source] = Field(min_length=1)

    def arm(self, role: str) -> Arm:
        """The first arm with that role; KeyError if the cohort has none."""
        for arm in self.arms:
            if arm.role == role:
                return arm
        raise KeyError(role)

    def outcome_names(self) -> list[str]:
        """Primary first, then the secondary ones in the card's order."""
        return [self.outcomes.primary, *self.outcomes.secondary]

    def measured_names(self) -> list[str]:
        """Those of `outcome_names`, and the negative controls that are not among them."""
        return list(dict.fromkeys([*self.outcome_names(), *(control.outcome for control in self.negative_controls)]))


# What fixes the analysis. Titles, texts about the source, contact and report date may change after the lock.
ANALYSIS_KEYS = (
    "data_kind",
    "intervention",
    "design",
    "population",
    "assignment",
    "time_zero",
    "arms",
    "outcomes",
    "horizons",
    "base_month",
    "estimand",
    "files",
    "covariates",
    "matching",
    "inference",
    "checks",
    "benchmark",
    "sensitivity",
    "published",
)
# Keys that came after the first plans were locked: at their default they leave no trace, so that the locks hold.
LATER_KEYS = (
    "base_period",
    "analysis",
    "registers",
    "municipality",
    "staggered",
    "trial",
    "series",
    "certify",
    "negative_controls",
    "subgroups",
    "grid",
)


def read_card(path: str | Path) -> Card:
    """Read and validate a card; raises ProblemsFound with every mistake at once."""
    return read_strict(path, Card, _rules)


def _rules(data: dict[str, Any]) -> Iterator[Finding]:
    yield from cross_checks(data)
    yield from deviations_name_the_plan(data, (*ANALYSIS_KEYS, *LATER_KEYS))


def analysis_part(card: Card) -> dict[str, Any]:
    """The part of the card that fixes the analysis, as plain data with defaults filled in."""
    whole = card.model_dump(mode="json")
    used = [key for key in LATER_KEYS if getattr(card, key) != Card.model_fields[key].get_default()]
    return {key: whole[key] for key in (*ANALYSIS_KEYS, *used)}
