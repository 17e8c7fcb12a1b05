"""Other ways of breaking ties: the weights that equally near partners would have had."""

import numpy as np
import pandas as pd

from analysis.card_matching import NEIGHBOUR_METHODS, Matching
from analysis.match_methods import People, matched, neighbour_arguments, neighbour_spec, score_of
from analysis.matching import tie_averaged_weights
from analysis.matching.ties import has_averaged_weights
from analysis.scores import Scores, distinct_rows

DRAWS = 20
SEED = 0
AVERAGED = -1


def tie_weights(spec: Matching, people: People, scores: Scores | None) -> pd.DataFrame:
    """person_id, draw, weight: 20 matchings with equal persons in random order (draws 0–19, seed 0), and draw −1 with
    the weight of every chooser shared over all who are equally near, where that is defined (with replacement).

    No rows for methods without neighbours, and where no two comparison persons are alike: then nothing is left to
    chance.
    """
    if spec.method not in NEIGHBOUR_METHODS or not _anyone_alike(spec, people, scores):
        return _long([])
    generator = np.random.default_rng(SEED)
    n = len(people.treated)
    found = [(draw, matched(spec, people, scores, generator.permutation(n)).weights) for draw in range(DRAWS)]
    words = neighbour_spec(spec, people)
    if has_averaged_weights(words):
        arguments = neighbour_arguments(spec, people)
        found.append((AVERAGED, tie_averaged_weights(scores, people.treated, words, **arguments)))
    return _long([_rows(people, draw, weights) for draw, weights in found])


def _anyone_alike(spec: Matching, people: People, scores: Scores | None) -> bool:
    """Whether two comparison persons are equally near to everybody."""
    others = ~people.treated
    if spec.method == "nearest":
        return len(np.unique(score_of(spec, scores)[others])) < others.sum()
    return len(distinct_rows(people.columns(spec.distance)[others].reset_index(drop=True))[1]) < others.sum()


def _rows(people: People, draw: int, weights: np.ndarray) -> pd.DataFrame:
    used = weights > 0
    return pd.DataFrame({"person_id": people.frame["person_id"][used], "draw": draw, "weight": weights[used]})


def _long(parts: list[pd.DataFrame]) -> pd.DataFrame:
    empty = pd.DataFrame({"person_id": [], "draw": [], "weight": []})
    types = {"person_id": "int32", "draw": "int64", "weight": "float64"}
    return (pd.concat(parts, ignore_index=True) if parts else empty).astype(types)
