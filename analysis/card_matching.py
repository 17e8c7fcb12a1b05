"""The part of the card that says how comparison persons are chosen or weighted.

Every method uses some of the keys (`METHOD_KEYS`); one that it does not use is refused by name
(`card_matching_rules`). Keys that came after the first plans were locked leave no trace at their default.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from analysis.card_delivery import Growing
from analysis.strict import Filled, Share, Slug, Strict

Estimand = Literal["att", "atc", "ate", "ato", "atm"]
Method = Literal[
    "nearest", "mahalanobis", "optimal", "full", "cardinality", "exact", "cem", "subclass", "ipw", "entropy"
]
Width = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]

_CALIPERS = ("caliper", "caliper_unit", "covariate_calipers", "covariate_calipers_sd")
_NEIGHBOURS = ("link", *_CALIPERS, "exact", "antiexact", "replace", "reuse_max", "ratio", "order", "seed", "discard")
_OPTIMA = ("link", "caliper", "exact", "distance", "metric")
# The keys that each method uses, besides method, formula and estimand, which all of them do: where a method does not
# match on the score, the score still shows how far the groups overlap.
METHOD_KEYS: dict[str, tuple[str, ...]] = {
    "nearest": (*_NEIGHBOURS, "min_controls", "max_controls", "within"),
    "mahalanobis": (*_NEIGHBOURS, "within", "distance", "metric"),
    "optimal": (*_OPTIMA, "ratio"),
    "full": (*_OPTIMA, "min_controls", "max_controls", "max_treated"),
    "cardinality": ("columns", "tolerance", "ratio", "time_limit"),
    "exact": ("exact",),
    "cem": ("columns", "cutpoints"),
    "subclass": ("link", "subclasses"),
    "ipw": ("trim",),
    "entropy": ("columns", "moments"),
}
ALWAYS = ("method", "formula", "estimand")
METHOD_ESTIMANDS: dict[str, tuple[str, ...]] = {
    "nearest": ("att", "atc"),
    "mahalanobis": ("att", "atc"),
    "optimal": ("att", "atc"),
    "full": ("att", "atc", "ate"),
    "cardinality": ("att",),
    "exact": ("att", "atc", "ate"),
    "cem": ("att", "atc", "ate"),
    "subclass": ("att", "atc", "ate"),
    "ipw": ("att", "atc", "ate", "ato", "atm"),
    "entropy": ("att", "atc", "ate"),
}
NEIGHBOUR_METHODS = ("nearest", "mahalanobis")
WEIGHTING_METHODS = ("ipw", "entropy")


class Within(Strict):
    """Partners in the same office or county first: outside only for those who find none (`second_pass`), or at a
    price in units of the caliper (`penalty`)."""

    unit: Literal["office", "county"]
    how: Literal["second_pass", "penalty"] = "second_pass"
    penalty: float | None = Field(None, ge=0)


class Matching(Growing):
    """How comparison persons are chosen. A key that the method does not use is refused by name."""

    LATER = (
        "estimand",
        "caliper_unit",
        "covariate_calipers",
        "covariate_calipers_sd",
        "exact",
        "antiexact",
        "reuse_max",
        "ratio",
        "min_controls",
        "max_controls",
        "max_treated",
        "seed",
        "discard",
        "within",
        "distance",
        "metric",
        "columns",
        "tolerance",
        "time_limit",
        "subclasses",
        "cutpoints",
        "moments",
        "trim",
    )

    formula: Filled = Field(description="Right-hand side of the score model")
    method: Method = "nearest"
    link: Literal["logit", "linear_logit"] = "logit"
    caliper: float | None = Field(0.2, gt=0, description="In standard deviations of the score; null for none")
    replace: bool = False
    order: Literal["largest", "smallest", "data", "closest", "random"] = "largest"
    estimand: Estimand = Field("att", description="On whom: treated, comparison, everyone, or where they overlap")
    caliper_unit: Literal["sd", "raw"] = "sd"
    covariate_calipers: dict[Slug, Width] = Field({}, description="Largest difference, in the covariate's own unit")
    covariate_calipers_sd: dict[Slug, Width] = Field({}, description="The same in standard deviations")
    exact: list[Slug] = Field([], description="Covariates in which partners are equal")
    antiexact: list[Slug] = Field([], description="Covariates in which partners differ")
    reuse_max: Count | None = Field(None, description="Most times that one comparison person is used")
    ratio: Annotated[float, Field(ge=1)] = Field(1, description="Comparison persons per treated person")
    min_controls: Count | None = None
    max_controls: Count | None = None
    max_treated: Count | None = Field(None, description="Most treated persons per comparison person")
    seed: int | None = Field(None, ge=0, description="Of a random order")
    discard: Literal["none", "both", "treated", "comparison"] = Field(
        "none", description="Who is left out because nobody of the other group has a score as low or as high"
    )
    within: Within | None = None
    distance: list[Slug] | None = Field(None, min_length=1, description="Covariates that distance is measured in")
    metric: Literal["mahalanobis", "robust_mahalanobis", "scaled_euclidean"] = "mahalanobis"
    columns: list[Slug] | None = Field(None, min_length=1, description="Covariates to balance or coarsen; null for all")
    tolerance: float = Field(0.05, ge=0, description="Largest standardised difference")
    time_limit: float = Field(60, gt=0, description="Seconds to prove the largest sample in")
    subclasses: int = Field(6, ge=2)
    cutpoints: dict[Slug, Annotated[int, Field(ge=0)] | list[float]] = Field(
        {}, description="Number of equal bins, or their limits; 0 leaves the covariate as it is"
    )
    moments: int = Field(1, ge=1, le=3, description="Powers of numeric covariates whose means are made equal")
    trim: Annotated[list[Share], Field(min_length=2, max_length=2)] | None = Field(
        None, description="Lowest and highest score that is kept"
    )


class MatchingChange(Matching):
    """Keys of `matching` that a sensitivity row overrides; `changes` holds only those that stand in the card."""

    formula: Filled = ""

    def changes(self) -> dict[str, Any]:
        """The overridden keys and their values, as plain data; also where the value is the default."""
        found = {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}
        return {name: value.model_dump() if isinstance(value, Within) else value for name, value in found.items()}


def uses(method: str) -> tuple[str, ...]:
    """Every key that the method uses."""
    return (*ALWAYS, *METHOD_KEYS[method])


def overridden(main: Matching, change: MatchingChange) -> Matching:
    """The matching of a sensitivity row: keys of the main one that the row's method uses, and the row's own."""
    changes = change.changes()
    kept = {name: getattr(main, name) for name in uses(changes.get("method", main.method))}
    kept["within"] = main.within.model_dump() if kept.get("within") else None
    return Matching.model_validate(kept | changes)
