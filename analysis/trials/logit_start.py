"""Where the logit models of clustered persons start: the maximum likelihood as if persons were independent."""

import numpy as np

from analysis.newton import newton
from analysis.problems import Problem, ProblemsFound
from analysis.trials.least_squares import Fit
from analysis.trials.logit import HEADING, INFORMATION


def logit_start(plain: Fit) -> np.ndarray:
    """Coefficients (k,) of a logit without clusters, on the rows and columns of `plain`.

    Raises `ProblemsFound` when there are none, since the columns tell who has the outcome or it does not vary;
    ValueError for an outcome of other values than 0 and 1.
    """
    if not np.isin(plain.y, (0.0, 1.0)).all():
        raise ValueError("the outcome of a logistic regression must be 0 or 1")
    if plain.y.min() == plain.y.max():
        raise ProblemsFound(HEADING, [Problem("utfallet", "er likt for alle.", "Se på definisjonen av utfallet.")])
    back = plain.root * np.sqrt(len(plain.y))
    fit = newton(plain.x @ back, plain.y, np.ones(len(plain.y)))
    if not fit.converged or fit.information < INFORMATION:
        what = "skiller helt eller nesten helt dem med utfallet fra dem uten, så odds kan ikke regnes ut."
        mend = "Bruk forskjellen i andeler, eller ta ut kovariater."
        raise ProblemsFound(HEADING, [Problem("kolonnene", what, mend)])
    return back @ fit.params
