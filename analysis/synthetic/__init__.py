"""Synthetic deliveries with a known truth: one generator per cohort, the same bytes every time, and no real persons."""

from collections.abc import Callable
from pathlib import Path

from analysis.files import write_bytes
from analysis.synthetic import aap_youth, hpmt, mentor_hybrid, supported_employment, youth_teams
from analysis.synthetic.common import Delivery

GENERATORS: dict[str, Callable[..., Delivery]] = {
    "hpmt_synthetic": hpmt.generate,
    "supported_employment_synthetic": supported_employment.generate,
    "mentor_hybrid_synthetic": mentor_hybrid.generate,
    "aap_youth_synthetic": aap_youth.generate,
    "youth_teams_synthetic": youth_teams.generate,
}


def write(cohort: str, folder: str | Path) -> list[Path]:
    """Write the delivery of `cohort` into `folder`, each file in one step, and return the paths.

    The truth and the potential outcomes are not written: they belong in the card and in the tests.
    Raises KeyError for a name without a generator.
    """
    paths = []
    for name, content in GENERATORS[cohort]().files.items():
        path = Path(folder) / name
        write_bytes(path, content)
        paths.append(path)
    return paths
