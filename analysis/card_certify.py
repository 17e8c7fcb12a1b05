"""The part of the card that says which effect a study must be able to see, and how `make certify` tries the plan."""

from typing import Annotated

from pydantic import Field

from analysis.strict import Strict


class Certify(Strict):
    """The planned effect is pre-stated: neither line in the report nor simulation ever takes it from an estimate."""

    effect: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.05, description="The difference in shares that the study is planned to see"
    )
    draws: Annotated[int, Field(ge=20, le=100_000)] = Field(
        200, description="Simulated studies for each effect; of matched designs ten for each set of persons"
    )
    seed: int | None = Field(None, ge=0, description="Seed of the draws; otherwise from the plan")
