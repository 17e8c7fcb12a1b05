"""The part of the card that names the negative controls: outcomes that the intervention cannot have moved."""

from typing import Literal

from pydantic import Field

from analysis.strict import Slug, Strict, Words


class NegativeControl(Strict):
    """An outcome of the library, and why the intervention cannot have moved it then.

    after: at the main horizon, as the main outcome. before: at times before the start, half a year apart; these are of
    the same persons' same outcome, and so depend on each other.
    """

    outcome: Slug
    period: Literal["after", "before"] = Field("after", description="At the main horizon, or before the start")
    reason: Words
