"""Logistic regression by cluster: R's clubSandwich, from R's own last step and end to end."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from least_squares_cases import answers, columns, persons, small, trial
from scipy.special import expit

from analysis.problems import ProblemsFound
from analysis.trials import logit
from analysis.trials.least_squares import least_squares
from analysis.trials.logit import adjustment, clustered_logit, working

KINDS = ("cr0", "cr1", "cr2", "cr3")


def law(kind):
    return "satterthwaite" if kind in ("cr2", "cr3") else "offices"


def r_glm(x, y):
    """Log odds at the end and bread (k, k) of R's glm, which stops at a relative change of deviance below 1e-8.

    Its bread is that of the last step but one, so the digits after the sixth are those of the stopping rule.
    """
    mean, before = (y + 0.5) / 2, np.inf
    linear = np.log(mean / (1 - mean))
    deviance = -2 * np.log(np.where(y == 1, mean, 1 - mean)).sum()
    while abs(deviance - before) / (abs(deviance) + 0.1) >= 1e-8:
        before, weight = deviance, mean * (1 - mean)
        bread = np.linalg.inv((x * weight[:, None]).T @ x)
        linear = x @ (bread @ (x.T @ (weight * linear + y - mean)))
        mean = expit(linear)
        deviance = -2 * np.log(np.where(y == 1, mean, 1 - mean)).sum()
    return linear, bread


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["logit", "logit_cov"])
def test_from_the_last_step_of_r_the_standard_errors_are_those_of_r(key, kind):
    stored = answers("i_crt18_a")[key][kind.upper()]
    order = np.argsort(persons()["kontor"], kind="stable")
    x, y = columns(key).to_numpy()[order], persons()["arbeid"].to_numpy(dtype="float64")[order]
    starts = np.concatenate([[0], np.cumsum(np.bincount(trial("ols").clusters))])
    linear, bread = r_glm(x, y)
    step = working(x, y, np.ones(len(y)), starts, linear)
    adjusted = adjustment(step, kind)
    contrasts = np.linalg.solve(step.root, bread).T
    factor = 18 / 17 if kind == "cr1" else 1.0
    found = [np.sqrt(factor) * adjusted.std_error(q) for q in contrasts]
    assert found == pytest.approx(stored["se"], rel=1e-9)
    if law(kind) == "satterthwaite":
        inverse = np.linalg.inv(step.root)
        turn = np.linalg.cholesky(inverse @ bread @ inverse.T).T @ adjusted.plain  # R has its bread here too
        adjusted = replace(adjusted, plain=turn, weighted=turn)
        assert [adjusted.satterthwaite(q) for q in contrasts] == pytest.approx(stored["df"], rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("key", ["logit", "logit_cov"])
def test_at_the_maximum_they_differ_by_what_r_stops_short(key, kind):
    stored = answers("i_crt18_a")[key][kind.upper()]
    options = {"kind": kind, "df": law(kind)}
    found = [
        clustered_logit(persons()["arbeid"], columns(key), persons()["kontor"], name, **options)
        for name in stored["coef"]
    ]
    assert [one.estimate for one in found] == pytest.approx(stored["beta"], rel=1e-8, abs=1e-12)
    assert [one.std_error for one in found] == pytest.approx(stored["se"], rel=2e-6)
    assert [one.df for one in found] == pytest.approx(stored["df"], rel=1e-6)
    if kind == "cr2":
        assert [one.low for one in found] == pytest.approx(stored["ci_lo"], abs=1e-5)


def test_statsmodels_agrees_about_cr0():
    rows = small(3)
    y = (rows["y"] > np.median(rows["y"])) * 1.0
    options = {"groups": rows["clusters"], "use_correction": False}
    theirs = sm.Logit(y, rows["x"]).fit(cov_type="cluster", cov_kwds=options, disp=0, tol=1e-12)
    found = clustered_logit(y, rows["x"], rows["clusters"], "treated", kind="cr0", df="offices")
    assert found.estimate == pytest.approx(theirs.params["treated"], rel=1e-8)
    assert found.std_error == pytest.approx(theirs.bse["treated"], rel=1e-8)
    assert (found.inference, found.df) == ("logit_cr0_t", 5)


@pytest.mark.parametrize("kind", KINDS)
def test_persons_who_are_alike_count_as_one_row_of_several(kind, monkeypatch):
    rows = small(8)
    y, x = (rows["y"] > np.median(rows["y"])) * 1.0, rows["x"].assign(age=lambda x: (x["age"] > 40) * 1.0)
    together = clustered_logit(y, x, rows["clusters"], "treated", kind=kind)
    fit = least_squares(y, x, rows["clusters"])
    assert len(logit._different_rows(fit)[0]) < len(y)

    def each_person(fit):
        order = np.concatenate(fit.members())
        starts = np.concatenate([[0], np.cumsum(np.bincount(fit.clusters))])
        return fit.x[order], fit.y[order], np.ones(len(order)), starts

    monkeypatch.setattr(logit, "_different_rows", each_person)
    apart = clustered_logit(y, x, rows["clusters"], "treated", kind=kind)
    assert (apart.estimate, apart.std_error, apart.df) == pytest.approx(
        (together.estimate, together.std_error, together.df), rel=1e-9
    )


def test_outcomes_without_an_answer_are_refused(monkeypatch):
    rows = small(1)
    x, office = rows["x"], rows["clusters"]
    with pytest.raises(ProblemsFound, match="likt for alle"):
        clustered_logit(np.ones(len(x)), x, office, "treated")
    with pytest.raises(ProblemsFound, match="skiller dem med og uten"):
        clustered_logit(x["treated"], x.rename(columns={"treated": "arm"}), office, "arm")
    with pytest.raises(ValueError, match="0 or 1"):
        clustered_logit(rows["y"], x, office, "treated")
    with pytest.raises(ValueError, match="unknown kind"):
        clustered_logit(x["treated"], x, office, "treated", df="normal")
    monkeypatch.setattr(logit, "ROWS", 3)
    with pytest.raises(ProblemsFound, match="ulike rader"):
        clustered_logit(pd.Series(rows["y"] > 1) * 1.0, x, office, "treated")
