"""The part of the card that says what is assumed of one group without a comparison, and what to set beside it."""

from typing import Annotated

from pydantic import Field

from analysis.card_delivery import Growing
from analysis.strict import Certainty, Share, Slug, Strict, Words


class Band(Strict):
    """Published shares of other people, shown beside the group and never subtracted from it."""

    id: Slug
    label: Words = Field(description="Who they are, what they reached and when")
    low: float = Field(gt=0, lt=1, description="Lowest printed share")
    high: float = Field(gt=0, lt=1, description="Highest printed share; the same as low where there is one")
    source: Slug
    certainty: Certainty = "stated"


class BetaPrior(Strict):
    """A prior for the share; Jeffreys' is a half and a half."""

    with_outcome: float = Field(0.5, gt=0, description="Counts like persons with the outcome")
    without_outcome: float = Field(0.5, gt=0, description="Counts like persons without it")


class SingleArm(Growing):
    """What is assumed about offices that the source does not tell of, and published shares to set beside."""

    LATER = ("benchmarks", "prior", "sceptical_persons")

    hidden_offices: list[Annotated[int, Field(ge=2)]] = [3, 5, 7, 10]
    icc: list[Share] = [0.02, 0.05, 0.1]
    benchmarks: list[Band] = Field([], description="Published shares of others, each with source and certainty")
    prior: BetaPrior = Field(BetaPrior(), description="Prior of the main posterior")
    sceptical_persons: float = Field(20, gt=0, description="Weight, in persons, of the prior centred on each benchmark")
