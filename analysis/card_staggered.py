"""The part of the card that says how staggered adoption is analysed: with persons by month of start, or with counts."""

from typing import Annotated, Literal

from pydantic import Field

from analysis.card_delivery import Growing
from analysis.strict import Filled, Slug, Strict, Words

# Designs that are estimated from cells of office, adoption month and month.
STAGGERED_DESIGNS = ("staggered_did", "aggregated_series")


HEADLINE = "callaway_santanna"
# Estimators that stand beside it, in the order of the report, by what they need: nothing more, a card key, few treated.
GROUP_TIME = ("sun_abraham", "imputation", "two_stage", "etwfe", "etwfe_logit", "stacked", "local_projections")
TRIPLE = "triple_differences"
SYNTHETIC = ("synthetic_control", "synthetic_did")
ESTIMATORS = (HEADLINE, *GROUP_TIME, TRIPLE, *SYNTHETIC)
Estimator = Literal[
    "callaway_santanna",
    "sun_abraham",
    "imputation",
    "two_stage",
    "etwfe",
    "etwfe_logit",
    "stacked",
    "local_projections",
    "triple_differences",
    "synthetic_control",
    "synthetic_did",
]


class Triple(Strict):
    """The subgroup whose gap to the others in the same office is followed; see `triple_differences`."""

    subgroup: Slug = Field(description="The covariate that tells who is affected")
    affected: float = Field(description="Its value for persons whom the measure affects")


class SyntheticUnits(Strict):
    """Choices of synthetic control and synthetic DiD; see `analysis.staggered.synthetic_fit.Choices`."""

    units: list[Filled] = Field([], description="Offices with a synthetic control of their own, beside what adopted")
    donors_min_months: int = Field(6, ge=6, description="Fewest months before adoption that weights are found from")
    pre_fit_limit: float = Field(
        0.25, gt=0, description="Largest root mean square gap before adoption, in standard deviations between units"
    )
    neighbours: bool = Field(True, description="Whether offices of the same county may be donors")
    intercept: bool = Field(False, description="Whether the unit may lie a constant apart from its synthetic control")
    by_persons: bool = Field(False, description="Whether treated units weigh by their persons, or alike")


class Treatment(Strict):
    """What adoption is: for good, on and off, or more or less. Effects by group and month take it to be for good.

    On and off with an assumption: the effect is that of having begun, whether or not it was kept. Among units that all
    begin without, and compared with those that have not begun yet, that is the effect of the first switch of de
    Chaisemartin and D'Haultfœuille (2024, Review of Economics and Statistics), equal to Callaway and Sant'Anna's.
    """

    kind: Literal["lasting", "switches", "dose"] = "lasting"
    assumption: Words | None = Field(None, description="Why the effect of having begun is what is asked about")


class Staggered(Growing):
    """Choices of an analysis of staggered adoption; see `analysis.staggered.design.Design`."""

    LATER = (
        *("balance", "sampling", "missing", "weight"),
        *("estimators", "estimator", "stacked_window", "triple", "synthetic", "treatment"),
    )

    control: Literal["never", "not_yet"] = Field("not_yet", description="Compared with: never adopting, or not yet")
    base: Literal["universal", "varying"] = Field("universal", description="Month subtracted before adoption")
    anticipation: int = Field(0, ge=0, description="Months before adoption that may be affected")
    lag: int = Field(
        0, ge=0, description="Months from adoption to the first figure it can show in; 1 for counts on the first day"
    )
    balance: int | None = Field(
        None, ge=0, description="The curve over time since adoption from groups followed at least so many months only"
    )
    sampling: Literal["cross_section", "panel"] = Field(
        "cross_section",
        description="New persons every month, measured at the horizons; or the same in every month of the calendar",
    )
    missing: Literal["drop_person", "pairwise"] = Field(
        "drop_person",
        description="Of a panel: persons with an unknown outcome leave, or count where it is known",
    )
    weight: Slug | None = Field(None, description="The covariate that holds sampling weights")
    method: Literal["none", "reg", "ipw", "dr", "dr_improved"] = Field("none", description="How covariates enter")
    formula: Filled | None = Field(None, description="Covariates of the method")
    unit: Literal["office", "county"] = Field("office", description="What adopted, and what errors are clustered on")
    permutations: Annotated[int, Field(ge=100, le=1_000_000)] = Field(
        10_000, description="Assignments of adoption dates that are tried"
    )
    bands: bool = Field(False, description="Intervals that hold for all months together, by multiplier bootstrap")
    estimators: list[Estimator] | None = Field(None, description="What is reckoned; all that apply if left out")
    estimator: Estimator = Field("callaway_santanna", description="The one that the conclusion rests on")
    stacked_window: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=2, max_length=2)] = Field(
        [12, 12], description="Months before and after adoption in which a group must be seen in the stacked analysis"
    )
    triple: Triple | None = None
    synthetic: SyntheticUnits = SyntheticUnits()
    treatment: Treatment = Treatment()
