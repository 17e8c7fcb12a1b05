"""The part of the card that states subgroups beforehand: who they are, and whether one is expected to gain more."""

from typing import Annotated

from pydantic import Field

from analysis.card_delivery import Growing
from analysis.strict import Filled, Slug, Words

# More than a handful is a search, and finds what chance has put there.
MOST = 5


class SubgroupPart(Growing):
    """Persons with one of the `values`, or from `at_least` to `at_most`, both included."""

    LATER = ("at_least", "at_most", "values")

    id: Slug
    label: Words
    values: Annotated[list[float | Filled], Field(min_length=1)] | None = None
    at_least: float | None = None
    at_most: float | None = None


class Subgroup(Growing):
    """A characteristic at time zero that divides the persons, and why the effect may depend on it.

    `direction` is the group expected to gain more. `exploratory`: thought of after the outcomes were seen, or shown
    without an expectation; then it is outside the family of tests and has a warning. What the locked plan does not
    hold is exploratory whatever stands here.
    """

    LATER = ("direction", "exploratory")

    name: Slug
    label: Words
    by: Slug = Field(description="A covariate of the card")
    groups: list[SubgroupPart]
    reason: Words
    direction: Slug | None = Field(None, description="The group expected to gain more")
    exploratory: bool = False
