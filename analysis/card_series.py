"""The part of the card that says how a series of counts is analysed beside the staggered headline."""

from typing import Literal

from pydantic import Field

from analysis.strict import Certainty, Filled, Month, Strict, Words


class SeriesDate(Strict):
    """One of two dates that are held against each other, and how sure it is which month the source means."""

    month: Month
    earliest: Month | None = Field(None, description="First month that the source's words allow")
    latest: Month | None = Field(None, description="Last month that the source's words allow")
    certainty: Certainty = "stated"
    note: Words | None = None

    def span(self) -> tuple[str, str]:
        """First and last month that it can be."""
        return self.earliest or self.month, self.latest or self.month


class SeriesOffice(Strict):
    """One office that is analysed by itself, with offices of other counties beside it."""

    office: Filled
    compared_with: Literal["other_counties", "own_county", "country"] = "other_counties"
    month: Month | None = Field(None, description="The month that it was singled out for")


class Series(Strict):
    """Choices of the comparative interrupted time series and what stands beside it; see `analysis.series`."""

    season: Literal["month", "harmonic", "none"] = Field("month", description="Terms for the time of the year")
    newey_west_lags: int | None = Field(None, ge=0, description="Months over which errors of OLS may be alike")
    before: SeriesDate
    after: SeriesDate
    offices: list[SeriesOffice] = []
