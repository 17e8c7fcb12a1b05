"""From the card's words to the library of methods: one specification, the persons, and their scores give a `Match`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.card_matching import NEIGHBOUR_METHODS, Matching
from analysis.cards import Card
from analysis.entropy_balancing import EntropyBalance, entropy_weights
from analysis.matching import Match, MatchingSpec, match, pair_clusters
from analysis.matching.cardinality import match_cardinality
from analysis.matching.cem import match_cem
from analysis.matching.exact import match_exact
from analysis.matching.found import NOT_CHOSEN
from analysis.matching.line_full import match_full
from analysis.matching.line_optimal import match_optimal
from analysis.matching.metric import whitened
from analysis.matching.sets import no_pairs
from analysis.matching.subclass import match_subclass
from analysis.problems import Problem, ProblemsFound
from analysis.scores import Scores, fit_scores
from analysis.weighting import Weighting, score_weights

# Methods that cannot do without a score; the others only show it.
NEED_SCORES = ("nearest", "optimal", "full", "subclass", "ipw")
HEADING = "Matchingen kan ikke gjøres:"
# Keys of the card that `MatchingSpec` has too.
SAME_WORDS = (
    *("method", "link", "caliper", "caliper_unit", "covariate_calipers", "covariate_calipers_sd"),
    *("replace", "reuse_max", "min_controls", "max_controls", "order", "seed", "discard"),
)


@dataclass(frozen=True)
class People:
    """Treated and comparison persons in the order of person_id: `frame` as the baseline has them, `treated` (n,),
    `names` the card's covariates, `places` the office and county of each (n,), where they are known.
    """

    frame: pd.DataFrame
    treated: np.ndarray
    names: tuple[str, ...]
    places: Mapping[str, np.ndarray]

    @property
    def covariates(self) -> pd.DataFrame:
        """The card's covariates, all of them."""
        return self.frame[list(self.names)]

    def columns(self, chosen: Iterable[str] | None) -> pd.DataFrame:
        """The chosen covariates, or all."""
        return self.covariates if chosen is None else self.frame[list(chosen)]


def people_of(card: Card, baseline: pd.DataFrame, offices: pd.DataFrame | None = None) -> People:
    """The persons whom matching is about. In the order of person_id, which decides ties, whatever the order here."""
    arms = [card.arm("treated").id, card.arm("comparison").id]
    frame = baseline[baseline["arm"].isin(arms)].sort_values("person_id", ignore_index=True)
    places = {}
    if frame["office_id"].notna().all() and len(frame):
        places["office"] = frame["office_id"].to_numpy()
        if offices is not None and len(offices):
            county = frame["office_id"].map(offices.drop_duplicates("office_id").set_index("office_id")["county"])
            if county.notna().all():
                places["county"] = county.to_numpy()
    return People(frame, frame["treated"].to_numpy(bool), tuple(c.name for c in card.covariates), places)


def fitted_scores(people: People, formulas: Iterable[str]) -> dict[str, Scores | ProblemsFound]:
    """The scores of each distinct formula, fitted once, or why they could not be."""
    return {formula: _scores_or_problems(people, formula) for formula in dict.fromkeys(formulas)}


def _scores_or_problems(people: People, formula: str) -> Scores | ProblemsFound:
    try:
        return fit_scores(people.frame, formula, people.treated)
    except ProblemsFound as error:
        return error  # raised by `scores_for` where the score is needed


def scores_for(spec: Matching, fitted: Mapping[str, Scores | ProblemsFound]) -> Scores | None:
    """The scores of a specification; None where they could not be fitted and its method can do without them."""
    found = fitted[spec.formula]
    if isinstance(found, ProblemsFound):
        if needs_scores(spec):
            raise found
        return None
    return found


def needs_scores(spec: Matching) -> bool:
    """Whether the specification measures anything on the score."""
    if spec.method == "mahalanobis":
        return spec.caliper is not None or spec.discard != "none" or spec.order in ("largest", "smallest")
    return spec.method in NEED_SCORES


def matched(spec: Matching, people: People, scores: Scores | None, labels: np.ndarray | None = None) -> Match:
    """Match or weigh `people` by `spec`. `labels` (n,): order of persons with equal scores, for nearest neighbours.

    Weighting methods give a `Match` without pairs or sets. Raises `ProblemsFound` as the method does.
    """
    if spec.method in NEIGHBOUR_METHODS:
        arguments = neighbour_arguments(spec, people)
        return match(scores, people.treated, neighbour_spec(spec, people), labels=labels, **arguments)
    if labels is not None:
        raise ValueError(f"labels are for nearest neighbours, not for method {spec.method!r}")
    return _METHODS[spec.method](spec, people, scores)


def neighbour_spec(spec: Matching, people: People) -> MatchingSpec:
    """The same specification in the words of `analysis.matching`."""
    options = {name: getattr(spec, name) for name in SAME_WORDS}
    if spec.method == "mahalanobis":
        options |= {"metric": spec.metric, "distance_columns": tuple(spec.distance or people.names)}
    return MatchingSpec(
        **options,
        estimand=spec.estimand.upper(),
        exact=tuple(spec.exact),
        antiexact=tuple(spec.antiexact),
        ratio=whole(spec.ratio),
        within=spec.within and spec.within.how,
        within_penalty=spec.within and spec.within.penalty,
    )


def neighbour_arguments(spec: Matching, people: People) -> dict[str, pd.DataFrame | np.ndarray | None]:
    """Covariates and places that the specification reads, as keyword arguments of `analysis.matching.match`."""
    return {"covariates": people.covariates, "within": _places(spec, people)}


def _places(spec: Matching, people: People) -> np.ndarray | None:
    if spec.within is None:
        return None
    if spec.within.unit not in people.places:
        what = {"office": "ikke alle har et kontor.", "county": "ikke alle kontorer har et fylke."}[spec.within.unit]
        mend = "Lever det som mangler, eller fjern within."
        raise ProblemsFound(HEADING, [Problem("within", what, mend)])
    return people.places[spec.within.unit]


def whole(ratio: float) -> int | float:
    """The ratio as a whole number where it is one."""
    return int(ratio) if float(ratio).is_integer() else ratio


def score_of(spec: Matching, scores: Scores) -> np.ndarray:
    """The score on the scale of the specification (n,)."""
    return scores.probability if spec.link == "logit" else scores.linear


def _on_a_distance(spec: Matching, people: People, scores: Scores) -> tuple[np.ndarray, dict]:
    """What optimal and full matching measure: the score, or covariates with the caliper on the score."""
    strata = None if not spec.exact else people.frame[spec.exact]
    options = {"strata": strata, "caliper": spec.caliper, "estimand": spec.estimand.upper()}
    score = score_of(spec, scores)
    if spec.distance is None:
        return score, options
    points = whitened(people.frame[spec.distance].astype("float64"), people.treated, spec.metric)
    return points, options | {"caliper_on": None if spec.caliper is None else score}


def _optimal(spec: Matching, people: People, scores: Scores) -> Match:
    distance, options = _on_a_distance(spec, people, scores)
    return match_optimal(distance, people.treated, ratio=int(spec.ratio), **options)


def _full(spec: Matching, people: People, scores: Scores) -> Match:
    distance, options = _on_a_distance(spec, people, scores)
    limits = {"max_controls": spec.max_controls, "max_treated": spec.max_treated}
    return match_full(distance, people.treated, min_controls=spec.min_controls or 1, **limits, **options)


def _cardinality(spec: Matching, people: People, scores: Scores | None) -> Match:
    options = {"tolerance": spec.tolerance, "ratio": int(spec.ratio), "time_limit": spec.time_limit}
    pair_on = None if scores is None else scores.probability
    return match_cardinality(people.columns(spec.columns), people.treated, pair_on=pair_on, **options)


def _exact(spec: Matching, people: People, scores: Scores | None) -> Match:
    return match_exact(people.frame[spec.exact], people.treated, estimand=spec.estimand.upper())


def _cem(spec: Matching, people: People, scores: Scores | None) -> Match:
    options = {"cutpoints": spec.cutpoints, "estimand": spec.estimand.upper()}
    return match_cem(people.columns(spec.columns), people.treated, **options)


def _subclass(spec: Matching, people: People, scores: Scores) -> Match:
    options = {"subclasses": spec.subclasses, "estimand": spec.estimand.upper()}
    return match_subclass(score_of(spec, scores), people.treated, **options)


def _ipw(spec: Matching, people: People, scores: Scores) -> Match:
    found = inverse_probability(spec, people, scores)
    return Match(found.weights, no_pairs(), found.dropped)


def _entropy(spec: Matching, people: People, scores: Scores | None) -> Match:
    weights = entropy_balance(spec, people).weights
    # A weight that underflows to zero is a person who counts nowhere.
    dropped = pd.DataFrame({"row": np.flatnonzero(weights == 0), "reason": NOT_CHOSEN})
    return Match(weights, no_pairs(), dropped)


_METHODS: dict[str, Callable[[Matching, People, Scores | None], Match]] = {
    "optimal": _optimal,
    "full": _full,
    "cardinality": _cardinality,
    "exact": _exact,
    "cem": _cem,
    "subclass": _subclass,
    "ipw": _ipw,
    "entropy": _entropy,
}


def inverse_probability(spec: Matching, people: People, scores: Scores) -> Weighting:
    """Weights from the score, and how they move with it."""
    limits = None if spec.trim is None else (spec.trim[0], spec.trim[1])
    return score_weights(scores.probability, people.treated, estimand=spec.estimand.upper(), score_limits=limits)


def entropy_balance(spec: Matching, people: People) -> EntropyBalance:
    """Weights that make the means of the covariates equal."""
    columns = people.columns(spec.columns)
    return entropy_weights(columns, people.treated, estimand=spec.estimand.upper(), moments=spec.moments)


def matched_sets(found: Match) -> np.ndarray:
    """Matched set, subclass or stratum of each person (n,), −1 for none and for those who count nowhere.

    Where comparison persons serve several, sets that share one are one (`pair_clusters`).
    """
    if len(found.pairs):
        return pair_clusters(found)
    if found.subclass is None:
        return np.full(len(found.weights), -1, dtype=np.int64)
    return np.where(found.weights > 0, found.subclass, -1)
