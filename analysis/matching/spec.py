"""How to match by nearest neighbours: one specification, refused at once when two of its options do not go together."""

from collections.abc import Mapping
from dataclasses import dataclass, field

LINKS = ("logit", "linear_logit")
METHODS = ("nearest", "mahalanobis")
METRICS = ("mahalanobis", "robust_mahalanobis", "scaled_euclidean")
ORDERS = ("largest", "smallest", "data", "closest", "random")
UNITS = ("sd", "raw")
DISCARDS = ("none", "both", "treated", "comparison")
ESTIMANDS = ("ATT", "ATC")
WITHIN = ("second_pass", "penalty")


@dataclass(frozen=True, kw_only=True)
class MatchingSpec:
    """How to match: `ratio` partners per focal person, nearest first.

    Focal persons are the treated for the ATT and the comparison persons for the ATC; nearest-neighbour matching
    has no ATE (weighting, subclassification and full matching do).

    `method`: "nearest" on the score, or "mahalanobis" on `distance_columns` with `metric`.
    `link`: scale of the score, the probability or its logit. `caliper`: largest allowed distance in the score,
    limit included, in `caliper_unit` ("sd": standard deviations, ddof 1, over all persons of both groups who are
    not discarded); None for no limit. With "mahalanobis" the caliper bounds the score, not the distance.
    `covariate_calipers` and `covariate_calipers_sd`: column → largest allowed difference, in the column's own
    units and in standard deviations. `exact`: columns that must be equal; `antiexact`: columns that must differ.
    `replace`, with `reuse_max` times at most for each partner. `order`: who chooses first when partners can run
    out; None as MatchIt: "largest" score for the ATT, "smallest" for the ATC, row order without scores.
    "closest" matches the nearest pair of all first; "random" needs a `seed`.
    `min_controls` and `max_controls` make the ratio vary with `ratio` as its mean (see `nearest.wanted_partners`).
    `discard`: who is left out because no one in the other group has scores as low or as high.
    `within`: partners in the same cluster first: "second_pass" lets those who lack partners look outside
    afterwards, "penalty" adds `within_penalty` (unit as `caliper_unit`) to every distance outside.
    """

    method: str = "nearest"
    metric: str = "mahalanobis"
    distance_columns: tuple[str, ...] = ()
    estimand: str = "ATT"
    link: str = "logit"
    caliper: float | None = 0.2
    caliper_unit: str = "sd"
    covariate_calipers: Mapping[str, float] = field(default_factory=dict)
    covariate_calipers_sd: Mapping[str, float] = field(default_factory=dict)
    exact: tuple[str, ...] = ()
    antiexact: tuple[str, ...] = ()
    replace: bool = False
    reuse_max: int | None = None
    ratio: float = 1
    min_controls: int | None = None
    max_controls: int | None = None
    order: str | None = None
    seed: int | None = None
    discard: str = "none"
    within: str | None = None
    within_penalty: float | None = None

    def __post_init__(self):
        for told in (_unknown_words(self), _bad_numbers(self), _unused(self)):
            if told:
                raise ValueError("; ".join(told))

    @property
    def unlimited(self) -> bool:
        """Whether a partner can serve any number of focal persons, so that the order does not matter."""
        return self.replace and self.reuse_max is None

    @property
    def columns(self) -> tuple[str, ...]:
        """Covariates that the specification names, each once."""
        named = (*self.distance_columns, *self.covariate_calipers, *self.covariate_calipers_sd)
        return tuple(dict.fromkeys((*named, *self.exact, *self.antiexact)))


def _unknown_words(spec: MatchingSpec) -> list[str]:
    if spec.estimand == "ATE":
        return ["estimand 'ATE' cannot be had from nearest neighbours; known: ATT, ATC"]
    allowed = {
        "method": METHODS,
        "metric": METRICS,
        "estimand": ESTIMANDS,
        "link": LINKS,
        "caliper_unit": UNITS,
        "order": (None, *ORDERS),
        "discard": DISCARDS,
        "within": (None, *WITHIN),
    }
    return [
        f"unknown {name} {getattr(spec, name)!r}; known: {', '.join(word for word in words if word)}"
        for name, words in allowed.items()
        if getattr(spec, name) not in words
    ]


def _bad_numbers(spec: MatchingSpec) -> list[str]:
    told = []
    variable = spec.min_controls is not None or spec.max_controls is not None
    if not (_whole(spec.ratio) or variable and _at_least(spec.ratio, 1)) or spec.ratio < 1:
        told.append(f"ratio must be a whole number of 1 or more, not {spec.ratio!r}")
    for name in ("reuse_max", "min_controls", "max_controls"):
        value = getattr(spec, name)
        if value is not None and not (_whole(value) and value >= 1):
            told.append(f"{name} must be a whole number of 1 or more, not {value!r}")
    if spec.seed is not None and not (_whole(spec.seed) and spec.seed >= 0):
        told.append(f"seed must be a whole number of 0 or more, not {spec.seed!r}")
    widths = {"caliper": spec.caliper, "within_penalty": spec.within_penalty}
    widths |= {f"covariate_calipers[{name}]": width for name, width in spec.covariate_calipers.items()}
    widths |= {f"covariate_calipers_sd[{name}]": width for name, width in spec.covariate_calipers_sd.items()}
    for name, width in widths.items():
        if width is not None and not _at_least(width, 0):
            told.append(f"{name} must be None or a number of 0 or more, not {width!r}")
    return told


def _unused(spec: MatchingSpec) -> list[str]:
    """Options that have no effect together, or lack each other, by name."""
    mahalanobis, variable = spec.method == "mahalanobis", spec.min_controls is not None
    no_score_used = mahalanobis and spec.caliper is None
    both_calipers = spec.covariate_calipers.keys() & spec.covariate_calipers_sd.keys()
    told = {
        "distance_columns is needed with method 'mahalanobis'": mahalanobis and not spec.distance_columns,
        "distance_columns is not used with method 'nearest'": not mahalanobis and spec.distance_columns,
        "metric is not used with method 'nearest'": not mahalanobis and spec.metric != "mahalanobis",
        "link is not used with method 'mahalanobis' without a caliper": no_score_used and spec.link != "logit",
        "caliper_unit is not used without caliper or within_penalty": spec.caliper_unit != "sd"
        and spec.caliper is None
        and spec.within_penalty is None,
        "reuse_max is not used without replace": spec.reuse_max is not None and not spec.replace,
        "min_controls and max_controls need each other": variable != (spec.max_controls is not None),
        "min_controls and max_controls are not used with replace": variable and spec.replace,
        "min_controls and max_controls need a score: not with method 'mahalanobis'": variable and mahalanobis,
        "seed is needed with order 'random'": spec.order == "random" and spec.seed is None,
        "seed is not used without order 'random'": spec.order != "random" and spec.seed is not None,
        f"order {spec.order!r} is not used with replace": spec.order in ("closest", "random") and spec.unlimited,
        "order 'closest' is not known with method 'mahalanobis'": spec.order == "closest" and mahalanobis,
        "order 'closest' is not known with within 'penalty'": spec.order == "closest" and spec.within == "penalty",
        "within_penalty is needed with within 'penalty'": spec.within == "penalty" and spec.within_penalty is None,
        "within_penalty is not used without within 'penalty'": spec.within != "penalty"
        and spec.within_penalty is not None,
        "within 'penalty' is not known with method 'mahalanobis'": spec.within == "penalty" and mahalanobis,
        f"exact and antiexact both name {sorted({*spec.exact} & {*spec.antiexact})}": {*spec.exact} & {*spec.antiexact},
        f"covariate_calipers and covariate_calipers_sd both name {sorted(both_calipers)}": both_calipers,
    }
    if variable and spec.max_controls is not None and not spec.min_controls <= spec.ratio <= spec.max_controls:
        return ["ratio, the mean number of partners, must lie between min_controls and max_controls"]
    return [what for what, wrong in told.items() if wrong]


def _whole(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _at_least(value, least: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value < float("inf")
