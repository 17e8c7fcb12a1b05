"""The part of the card that says how staggered adoption is analysed: with persons by month of start, or with counts."""

from typing import Annotated, Literal

from pydantic import Field

from analysis.strict import Filled, Strict

# Designs that are estimated from cells of office, adoption month and month.
STAGGERED_DESIGNS = ("staggered_did", "aggregated_series")


class Staggered(Strict):
    """Choices of a Callaway–Sant'Anna analysis; see `analysis.staggered.design.Design`."""

    control: Literal["never", "not_yet"] = Field("not_yet", description="Compared with: never adopting, or not yet")
    base: Literal["universal", "varying"] = Field("universal", description="Month subtracted before adoption")
    anticipation: int = Field(0, ge=0, description="Months before adoption that may be affected")
    lag: int = Field(
        0, ge=0, description="Months from adoption to the first figure it can show in; 1 for counts on the first day"
    )
    method: Literal["none", "reg", "ipw", "dr"] = Field("none", description="How covariates enter")
    formula: Filled | None = Field(None, description="Covariates of the method")
    unit: Literal["office", "county"] = Field("office", description="What adopted, and what errors are clustered on")
    permutations: Annotated[int, Field(ge=100, le=1_000_000)] = Field(
        10_000, description="Assignments of adoption dates that are tried"
    )
    bands: bool = Field(False, description="Intervals that hold for all months together, by multiplier bootstrap")
