"""The part of the card that declares a grid of analyses beside the main one, and who has a curve of them.

Each key of `grid` is a choice of the analysis with its alternatives; what the rest of the card chooses is always the
first. All combinations are made, and those that no analysis can have are left out with the reason.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from analysis.card_matching import Count, Method, Width
from analysis.card_staggered import STAGGERED_DESIGNS
from analysis.card_trial import TRIAL_DESIGNS
from analysis.strict import Filled, Month, Slug, Strict, Words

if TYPE_CHECKING:
    from analysis.cards import Card

# Combinations at most, those that cannot be made among them: more can be neither read nor defended one by one.
MOST = 250
# Of the joint test, also where no grid is declared.
PERMUTATIONS = 999
# Analyses at least: two points are no curve.
FEWEST = 3
# In the tables: the axis of sensitivity rows that the grid does not hold; what the card itself has chosen; null; and a
# choice that the analysis does not have.
SENSITIVITY, OWN, NONE, UNUSED = "sensitivity", "main", "none", "unused"
MATCHING_AXES = ("method", "formula", "caliper", "ratio", "replace", "within")
OUTCOME_AXES = ("outcome", "horizon", "estimator", "base_period", "base_month")
# The keys that each way to a number has, in the order of the report.
AXES: dict[str, tuple[str, ...]] = {
    "matched": (*MATCHING_AXES, *OUTCOME_AXES),
    "staggered": ("control", "anticipation", "weighting", "outcome", "horizon"),
    "trial": ("average", "adjusted", "outcome", "horizon"),
}
# The tables that the analyses of each way are made from, by the names of their files.
READ: dict[str, tuple[str, ...]] = {
    "matched": ("months", "baseline", "panel_attrition", "offices", "weights", "matching"),
    "staggered": ("office_cells",),
    "trial": ("months", "baseline", "offices"),
}


class Formula(Strict):
    """Another set of characteristics in the score."""

    name: Slug
    title: Words
    formula: Filled


class Grid(Strict):
    """Alternatives by choice; an empty list is no axis."""

    method: list[Method] = Field([], description="Other ways to match or weigh")
    formula: list[Formula] = Field([], description="Other characteristics in the score")
    caliper: list[Width | None] = Field([], description="Other largest distances; null for none")
    ratio: list[Annotated[float, Field(ge=1)]] = Field([], description="Other numbers of comparison persons")
    replace: list[bool] = Field([], description="Whether one comparison person may be used several times")
    within: list[Literal["office", "county", "none"]] = Field([], description="Where partners are looked for first")
    estimator: list[Literal["did", "level"]] = Field([], description="The change since the base, or the level after")
    base_period: list[Annotated[int, Field(lt=0)]] = Field([], description="Other months that changes count from")
    base_month: list[Month] = Field([], description="The same where everybody starts in one month")
    control: list[Literal["never", "not_yet"]] = Field([], description="Other offices to compare with")
    anticipation: list[Annotated[int, Field(ge=0)]] = Field([], description="Months before adoption that are left out")
    weighting: list[Literal["group", "dynamic", "calendar"]] = Field(
        [], description="Averages of the effects beside the one in which each group and month weighs by its persons"
    )
    average: list[Literal["persons", "offices"]] = Field([], description="Whether each person or office counts one")
    adjusted: list[Literal[True]] = Field([], description="With the characteristics of trial.adjustment")
    outcome: list[Slug] = Field([], description="Other outcomes of the card, counted in the same unit")
    horizon: list[Count] = Field([], description="Other horizons of the card")
    permutations: Annotated[int, Field(ge=99, le=9999)] = Field(PERMUTATIONS, description="Of the joint test")


def word(value: Any) -> str:
    """A value of an axis as it stands in the tables: numbers without needless zeros."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def way_of(data: Mapping[str, Any]) -> str | None:
    """The way to a number that can have a grid (a key of AXES), from a card as plain data; None for the others."""
    if data.get("data_kind") == "published" or data.get("analysis") == "describe":
        return None
    design = data.get("design")
    if design in STAGGERED_DESIGNS:
        return "staggered"
    if design in TRIAL_DESIGNS:
        return "trial" if design == "cluster_randomised" else None
    return "matched" if design in ("matched_did", "single_arm") and data.get("matching") else None


def way_of_card(card: "Card") -> str | None:
    """The same of a card."""
    return way_of({name: getattr(card, name) for name in ("data_kind", "analysis", "design", "matching")})


def has_curve(card: "Card") -> bool:
    """Whether a cohort has a curve: a declared grid, or a matched one with enough sensitivity rows."""
    way = way_of_card(card)
    return way is not None and (card.grid is not None or (way == "matched" and len(card.sensitivity) + 1 >= FEWEST))
