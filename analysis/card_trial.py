"""The part of the card that says how a randomised trial is analysed: offices drawn by lot, or persons."""

from typing import Annotated, Literal

from pydantic import Field

from analysis.strict import Filled, Share, Slug, Strict

# Designs that are estimated by comparing groups that were drawn by lot.
TRIAL_DESIGNS = ("cluster_randomised", "individually_randomised")
# Below this many offices a normal quantile on a plain cluster-robust error rejects far too often.
MANY_OFFICES = 50
Model = Literal["office_means", "mixed_model", "gee"]
MODELS: tuple[Model, ...] = ("office_means", "mixed_model", "gee")


class Trial(Strict):
    """Choices of an analysis by intention to treat; see `analysis.estimate_trial`."""

    interval: Literal["cr2", "jackknife", "wild_bootstrap", "cr1_normal"] = Field(
        "cr2", description="What the headline's interval rests on"
    )
    average: Literal["persons", "offices"] = Field("persons", description="Whether each person or each office counts 1")
    adjustment: Filled | None = Field(None, description="Formula of characteristics at time zero")
    strata: Slug | None = Field(None, description="What was drawn within: strata or pairs, a column of the offices")
    multiplicity: Literal["primary_only", "holm"] = Field(
        "primary_only", description="One named test, or Holm over all outcomes and horizons"
    )
    delivery: Slug | None = Field(None, description="Who got it: a column of the persons, 0 or 1")
    models: list[Model] = Field(list(MODELS), description="Analyses beside the headline's")
    allocations: Annotated[int, Field(ge=1000)] = Field(
        1_000_000, description="Allocations by lot that are tried one by one; beyond that they are drawn"
    )
    draws: Annotated[int, Field(ge=999)] = Field(
        99_999, description="Draws where there are too many allocations or signs to try them all"
    )
    planned_icc: Share | None = Field(None, description="Intraclass correlation that the trial was planned with")
    attrition_limit: Share = Field(0.05, description="Largest difference between the groups in who is not measured")
