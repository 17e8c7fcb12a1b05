"""Certificates of every kind, and reports that carry them: every turn of their text."""

from dataclasses import replace
from typing import Any

import numpy as np
import stages

from analysis.certify import Drawn, certificate
from analysis.certify.certificate import not_made
from analysis.checks.certificate import certificate as check_of
from analysis.grade import grade
from analysis.problems import Problem, ProblemsFound
from analysis.report.material import Material

CARD = stages.card(stages.NSW)
# Studies by name: how far off they are, how wide their interval is in standard deviations, and whether they test.
KINDS = {
    "passed": (0.0, 1.96, True),
    "failed": (0.4, 0.5, True),
    "no interval": (0.0, np.nan, True),
    "never estimated": (np.nan, np.nan, False),
}


def tried(kind: str) -> Any:
    """A certificate of 400 studies with a spread of 0.05."""
    off, wide, tests = KINDS[kind]

    def study(effects: tuple[float, ...], rng: np.random.Generator) -> list[list[Drawn]]:
        chance, p = rng.normal(), rng.random()
        p = 0.001 if kind == "failed" and p < 0.5 else p
        found = []
        for effect in effects:
            estimate = effect + 0.05 * (chance + 10 * off)
            ends = (estimate - 0.05 * wide, estimate + 0.05 * wide)
            found.append([Drawn(estimate, *ends, p if tests else np.nan)])
            found[-1] += [replace(found[-1][0], analysis="adjusted", p_value=np.nan)] if kind == "passed" else []
        return found

    return certificate(CARD, stages.NSW, study, {"persons": 100}, draws=400)


def refused() -> Any:
    """A certificate of an outcome that is not simulated."""
    return not_made(CARD, stages.NSW, ProblemsFound("x", [Problem("utfall", "er ikke ja eller nei.")]))


def material(made: Any) -> Material:
    """NSW with a certificate."""
    found = stages.material(stages.NSW)
    checks = [*found.checks, check_of(made.record())]
    tables = {**found.tables, "certificate": made.table()}
    return replace(found, checks=checks, tables=tables, grade=grade(CARD, checks).record())


def turns() -> dict[str, Material]:
    """A report for each kind."""
    found = {f"certificate {kind}": material(tried(kind)) for kind in KINDS}
    return {**found, "certificate refused": material(refused())}
