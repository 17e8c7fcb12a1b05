"""A seeded sample of the long study of the joint test (`make soak` draws 2 000 times)."""

import numpy as np
import pytest

from benchmarks.soak_specifications import CASES, rejected

DRAWS, PERMUTED = 120, 99
# 3.5 simulation errors of a rejection of 5 % with so many draws, beyond which chance alone does not bring it.
SLACK = 3.5 * np.sqrt(0.05 * 0.95 / DRAWS)


@pytest.mark.parametrize("case", [case for case in CASES if case.bounded], ids=lambda case: case.name)
def test_without_an_effect_the_joint_test_rejects_about_as_often_as_it_says(case):
    assert rejected(case, DRAWS, permuted=PERMUTED) == pytest.approx(0.05, abs=SLACK)


@pytest.mark.parametrize("case", [case for case in CASES if case.effect], ids=lambda case: case.name)
def test_an_effect_is_found_much_more_often(case):
    assert rejected(case, 30, permuted=PERMUTED) > 0.3
