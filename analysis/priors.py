"""Priors for the share of one group, as cards state them and reports name them."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Prior:
    """A beta distribution for the share: `a` and `b` count like persons with and without the outcome, both above 0."""

    a: float
    b: float

    def __post_init__(self) -> None:
        if not (0 < self.a < math.inf and 0 < self.b < math.inf):
            raise ValueError(f"a beta prior needs two positive numbers, got {self.a} and {self.b}")


JEFFREYS = Prior(0.5, 0.5)
