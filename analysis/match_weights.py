"""The models behind estimated weights, for standard errors that know that these were estimated."""

import numpy as np

from analysis.card_matching import WEIGHTING_METHODS, Matching
from analysis.m_estimation import EntropyModel, ScoreModel, WeightModel
from analysis.match_methods import People, entropy_balance, inverse_probability
from analysis.scores import Scores, formula_covariates


def weight_model(spec: Matching, people: People, scores: Scores | None) -> WeightModel | None:
    """What the weights were estimated with, for standard errors that know it; None for methods that match."""
    if spec.method not in WEIGHTING_METHODS:
        return None
    if spec.method == "entropy":
        return EntropyModel(entropy_balance(spec, people), people.treated)
    # Takes a quarter of a second, and models of scores alone need it.
    from formulaic import model_matrix

    design = model_matrix(spec.formula, formula_covariates(people.frame, spec.formula))
    weighting = inverse_probability(spec, people, scores)
    return ScoreModel(np.asarray(design, dtype="float64"), scores.probability, people.treated, weighting)
