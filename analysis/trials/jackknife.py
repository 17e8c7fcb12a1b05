"""Leaving out one cluster at a time."""

import numpy as np

from analysis.trials.cluster_robust import clustered_found, powers, refuse_one_cluster, without_test
from analysis.trials.found import Found
from analysis.trials.least_squares import Fit

KINDS = {"crv3": "estimate", "crv3j": "mean of the samples"}


def jackknife(fit: Fit, name: str, *, level: float = 0.95, kind: str = "crv3") -> Found:
    """The coefficient `name` with V = (G − 1)/G·Σ(β₋g − β)² and t(G − 1), β₋g being least squares without cluster g.

    `kind` crv3 centres at the estimate, crv3j at the mean of the β₋g. Fixed effects of the cluster left out go with
    it. Raises `ProblemsFound` when the coefficient is not determined without one of the clusters.

    Source: MacKinnon, Nielsen and Webb (2023), Journal of Applied Econometrics 38(5).
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}; known: {', '.join(KINDS)}")
    refuse_one_cluster(fit, name)
    moved = left_out(fit, name) - fit.coefficient(name)
    centred = moved - moved.mean() if kind == "crv3j" else moved
    g = fit.n_clusters
    found = clustered_found(
        fit.coefficient(name),
        np.sqrt((g - 1) / g) * np.linalg.norm(centred),
        g - 1,
        inference="jackknife" if kind == "crv3" else "jackknife_centred",
        convention=f"{kind.upper()}, (G-1)/G, centred at the {KINDS[kind]}, t(G-1), G={g}",
        clusters=g,
        level=level,
    )
    return without_test(found) if fit.no_spread(found.std_error, name) else found


def left_out(fit: Fit, name: str) -> np.ndarray:
    """The coefficient `name` without each cluster (G,)."""
    # In orthonormal columns γ₋g − γ = −(I − S_g)⁻¹ Z_g′W_ge_g; the generalised inverse drops dummies left without rows.
    inverse = powers(np.eye(fit.grams.shape[1]) - fit.grams, -1.0)
    return fit.coefficient(name) - np.einsum("i,gij,gj->g", fit.contrast(name), inverse, fit.scores)
