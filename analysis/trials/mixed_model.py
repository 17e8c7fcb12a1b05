"""Random-intercept linear model by REML, with Satterthwaite's and Kenward and Roger's inference.

y = xβ + u_office + e with variances τ² between and σ² within offices. The covariance of an office of n persons,
σ²I + τ²J, has the eigenvalue σ² + nτ² for the mean of the office and σ² for what is inside it. So every quantity is a
sum over offices of products of their totals, and the persons are read only once.

References: Kenward and Roger (1997), Biometrics 53(3); Satterthwaite's df: Giesbrecht and Burns (1985), Biometrics
41(2); REML: Patterson and Thompson (1971), Biometrika 58(3).
"""

from dataclasses import dataclass

import numpy as np
import scipy

from analysis.problems import Problem, ProblemsFound
from analysis.trials.cluster_totals import cluster_sizes, cluster_sums, gives_the_outcome
from analysis.trials.found import Found, t_found
from analysis.trials.least_squares import Fit, least_squares

HEADING = "Den blandede modellen kan ikke beregnes:"
INFERENCES = {"kenward_roger": "mixed_kr", "satterthwaite": "mixed_satterthwaite"}
CONVENTIONS = {
    "kenward_roger": "REML; covariance adjusted and df from the expected information",
    "satterthwaite": "REML; df from the observed information",
}
LOWEST, HIGHEST, PER_DECADE = -6, 8, 4  # powers of 10 between which τ²/σ², times the mean office, is searched
OF_OFFICES = 1e-10  # share of a direction of the columns inside offices, below which it is the same for whole offices


@dataclass(frozen=True)
class _Totals:
    """What the likelihood needs of the persons, for the orthonormal columns q = x·`back` and the residual e = y − qq'y.

    `sizes` (G,); `rows` (G, k) and `residuals` (G,): sums of q and e over offices; `inside` (k, k): the cross-products
    of q inside offices; `square`: e'e; `params` (k,): least squares, to which back @ the coefficients of q on e are
    added.
    """

    sizes: np.ndarray
    rows: np.ndarray
    residuals: np.ndarray
    inside: np.ndarray
    square: float
    params: np.ndarray
    back: np.ndarray

    @property
    def freedom(self) -> int:
        return int(self.sizes.sum()) - len(self.params)


@dataclass(frozen=True)
class MixedFit:
    """A fitted random-intercept model.

    `params` (k,) of the columns `names`; `between` τ² and `within` σ², in squared units of the outcome; `vcov`: (k, k)
    covariance at the estimated variances; `adjusted`: Kenward and Roger's; `slopes` (2, k, k): derivatives of `vcov` by
    τ² and σ²; `expected` and `observed` (2, 2): covariances of (τ², σ²) by either information, the latter missing at
    τ² = 0; `freedom` n − k.
    """

    names: tuple[str, ...]
    params: np.ndarray
    between: float
    within: float
    vcov: np.ndarray
    adjusted: np.ndarray
    slopes: np.ndarray
    expected: np.ndarray
    observed: np.ndarray
    freedom: int
    clusters: int

    def df(self, column: int, *, kind: str) -> float:
        """Degrees of freedom of one coefficient: 2(l'Φl)²/(g'Wg) with g the derivative of l'Φl by (τ², σ²).

        W comes from the expected information (`kenward_roger`: with one contrast Kenward and Roger's formulas reduce to
        this, their factor being 1) or from the observed (`satterthwaite`). At τ² = 0, on the boundary, the variance by
        Satterthwaite moves with σ² alone, and the df are those of least squares, n − k; Kenward and Roger's are not.
        """
        if kind == "satterthwaite" and self.between == 0:
            return float(self.freedom)
        slope = self.slopes[:, column, column]
        covariance = self.expected if kind == "kenward_roger" else self.observed
        return float(2 * self.vcov[column, column] ** 2 / (slope @ covariance @ slope))


def random_intercept(y, x, clusters, name: str, *, level: float = 0.95, df: str = "kenward_roger") -> Found:
    """The coefficient of `name` in a random-intercept linear model, as an effect on the outcome's own scale.

    `y` (n,), `x` and `clusters` as for `least_squares`: `x` holds the constant too. `df` is `kenward_roger` (adjusted
    standard error) or `satterthwaite` (unadjusted). Raises as `mixed_fit`, and ValueError for a name or df that there
    is not.
    """
    if df not in INFERENCES:
        raise ValueError(f"df must be one of {', '.join(INFERENCES)}, got {df!r}")
    plain = least_squares(y, x, clusters)
    column = plain.place(name)
    fit = _fit(plain)
    variance = fit.adjusted if df == "kenward_roger" else fit.vcov
    return t_found(
        fit.params[column],
        np.sqrt(variance[column, column]),
        fit.df(column, kind=df),
        inference=INFERENCES[df],
        convention=CONVENTIONS[df],
        clusters=fit.clusters,
        level=level,
    )


def mixed_fit(y, x, clusters) -> MixedFit:
    """The whole model behind `random_intercept`.

    Raises `ProblemsFound` where there is nothing to estimate variances from: an outcome that the columns give exactly,
    or that is the same for all of an office; offices of one person each; as many columns of offices as there are
    offices. Else as `least_squares`.
    """
    return _fit(least_squares(y, x, clusters))


def _fit(plain: Fit) -> MixedFit:
    totals = _totals(plain)
    ratio = _best_ratio(totals)
    _, shift, within = _profile(totals, ratio)
    return _inference(plain, totals, shift=shift, between=ratio * within, within=within)


def _totals(plain: Fit) -> _Totals:
    if gives_the_outcome(plain):
        what = "er gitt av kolonnene, så det er ingenting å regne usikkerhet av."
        _stop("utfallet", what, "Se på definisjonen av utfallet.")
    sizes = cluster_sizes(plain)
    rows = cluster_sums(plain.x, plain) @ plain.root
    totals = _Totals(
        sizes=sizes,
        rows=rows,
        residuals=cluster_sums(plain.residuals, plain),
        inside=np.eye(len(plain.beta)) - (rows / sizes[:, None]).T @ rows,
        square=float(plain.residuals @ plain.residuals),
        params=plain.beta,
        back=plain.root,
    )
    _require_two_levels(totals)
    return totals


def _require_two_levels(totals: _Totals) -> None:
    """Something must be left to vary both between offices and inside them, when the columns have taken their part."""
    offices, columns = totals.rows.shape
    of_offices = int((np.linalg.eigvalsh(totals.inside) < OF_OFFICES).sum())
    if offices <= of_offices:
        what = "kolonnene lar det ikke bli igjen noen variasjon mellom kontorer."
        _stop("kontor", what, "Modellen trenger flere kontorer, eller færre kolonner som er like for hele kontorer.")
    if totals.sizes.sum() - offices <= columns - of_offices:
        what = "personene i hvert kontor er for få til å skille forskjeller mellom kontorer fra forskjeller inne i dem."
        _stop("kontor", what, "Bruk en modell uten kontorer.")


def _stop(where: str, what: str, mend: str) -> None:
    raise ProblemsFound(HEADING, [Problem(where, what, mend)])


def _profile(totals: _Totals, ratio: float) -> tuple[float, np.ndarray, float]:
    """−2 log restricted likelihood (less a constant) at τ²/σ² = `ratio`, the coefficients of q there, and σ²."""
    share = ratio / (1 + totals.sizes * ratio)
    information = np.eye(len(totals.params)) - (totals.rows * share[:, None]).T @ totals.rows
    shift = np.linalg.solve(information, -totals.rows.T @ (share * totals.residuals))
    rest = totals.residuals - totals.rows @ shift
    within = (totals.square + shift @ shift - share @ rest**2) / totals.freedom
    logs = np.log1p(totals.sizes * ratio).sum() + np.linalg.slogdet(information)[1]
    return float(totals.freedom * np.log(within) + logs), shift, float(within)


def _slope(totals: _Totals, ratio: float) -> float:
    """The derivative of `_profile`'s −2 log restricted likelihood by τ²/σ²."""
    _, shift, within = _profile(totals, ratio)
    grown = 1 + totals.sizes * ratio
    information = np.eye(len(shift)) - (totals.rows * (ratio / grown)[:, None]).T @ totals.rows
    turned = (totals.rows / grown[:, None] ** 2).T @ totals.rows
    rest = (totals.residuals - totals.rows @ shift) / grown
    return float((totals.sizes / grown).sum() - np.trace(np.linalg.solve(information, turned)) - rest @ rest / within)


def _best_ratio(totals: _Totals) -> float:
    """τ²/σ² at the highest restricted likelihood: the best of 0 and of every place where the slope turns upwards."""
    steps = (HIGHEST - LOWEST) * PER_DECADE + 1
    ratios = np.concatenate([[0.0], np.logspace(LOWEST, HIGHEST, steps) / totals.sizes.mean()])
    slopes = np.array([_slope(totals, ratio) for ratio in ratios])
    if not slopes[-1] > 0:
        what = "nesten all variasjon er mellom kontorer, og ingen inne i dem."
        _stop("utfallet", what, "Bruk en t-test av kontorenes gjennomsnitt.")
    turns = np.flatnonzero((slopes[:-1] < 0) & (slopes[1:] >= 0))
    found = [
        scipy.optimize.brentq(lambda r: _slope(totals, r), ratios[i], ratios[i + 1], xtol=1e-15, rtol=1e-13)
        for i in turns
    ]
    lowest = [0.0] if slopes[0] >= 0 else []
    return min([*lowest, *found], key=lambda ratio: _profile(totals, ratio)[0])


@dataclass(frozen=True)
class _Spectrum:
    """Sums over offices of x'Fx, for matrices F that have one eigenvalue inside offices and one on their means.

    V⁻¹ has 1/σ² and w = 1/(σ² + nτ²); dV/dτ² has 0 and n; dV/dσ² has 1 and 1.
    """

    totals: _Totals
    shift: np.ndarray
    within: float
    weight: np.ndarray

    def eigenvalues(self, *powers: int) -> tuple[float, np.ndarray]:
        """Those of V⁻¹ (dV/dθᵢ) V⁻¹ (dV/dθⱼ) V⁻¹ … for the parameters `powers`: 0 is τ², 1 is σ²."""
        inside = float(all(powers)) / self.within ** (len(powers) + 1)
        return inside, self.weight ** (len(powers) + 1) * self.totals.sizes ** float(powers.count(0))

    def form(self, *powers: int) -> np.ndarray:
        """q'Fq (k, k)."""
        inside, mean = self.eigenvalues(*powers)
        return (
            inside * self.totals.inside + (self.totals.rows * (mean / self.totals.sizes)[:, None]).T @ self.totals.rows
        )

    def residual_form(self, *powers: int) -> tuple[np.ndarray, float]:
        """q'Fr (k,) and r'Fr of the residual r = y − xβ."""
        inside, mean = self.eigenvalues(*powers)
        sums = self.totals.residuals - self.totals.rows @ self.shift
        means = sums / self.totals.sizes
        own = self.totals.square + self.shift @ self.shift - sums @ means
        cross = -self.shift - self.totals.rows.T @ means
        return inside * cross + self.totals.rows.T @ (mean * means), float(inside * own + mean @ (sums * means))

    def trace(self, first: int, second: int) -> float:
        """tr(V⁻¹ dV/dθᵢ V⁻¹ dV/dθⱼ)."""
        inside = first * second * (self.totals.sizes.sum() - len(self.totals.sizes)) / self.within**2
        mean = self.weight**2 * self.totals.sizes ** float((first, second).count(0))
        return float(inside + mean.sum())


def _inference(plain: Fit, totals: _Totals, *, shift: np.ndarray, between: float, within: float) -> MixedFit:
    spectrum = _Spectrum(totals, shift, within, 1 / (within + totals.sizes * between))
    vcov = np.linalg.inv(spectrum.form())
    pull = np.array([spectrum.form(i) for i in (0, 1)])  # minus the P of Kenward and Roger
    second = np.array([[spectrum.form(i, j) for j in (0, 1)] for i in (0, 1)])
    whole = _expected(spectrum, vcov, pull, second)
    expected = 2 * np.linalg.inv(whole)
    middle = second - np.einsum("iab,bc,jcd->ijad", pull, vcov, pull)
    adjusted = vcov + 2 * vcov @ np.einsum("ij,ijab->ab", expected, middle) @ vcov
    back = totals.back
    return MixedFit(
        names=plain.names,
        params=totals.params + back @ shift,
        between=between,
        within=within,
        vcov=back @ vcov @ back.T,
        adjusted=back @ adjusted @ back.T,
        slopes=back @ (vcov @ pull @ vcov) @ back.T,
        expected=expected,
        observed=np.linalg.inv(_observed(spectrum, vcov, whole)) if between > 0 else np.full((2, 2), np.nan),
        freedom=totals.freedom,
        clusters=plain.n_clusters,
    )


def _expected(spectrum: _Spectrum, vcov: np.ndarray, pull: np.ndarray, second: np.ndarray) -> np.ndarray:
    """tr(P dV/dθᵢ P dV/dθⱼ), twice the expected information of REML."""
    moved = vcov @ pull
    before = np.array([[spectrum.trace(i, j) for j in (0, 1)] for i in (0, 1)])
    lost = 2 * np.einsum("ab,ijba->ij", vcov, second) - np.einsum("iab,jba->ij", moved, moved)
    return before - lost


def _observed(spectrum: _Spectrum, vcov: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Minus the second derivatives of the restricted likelihood by (τ², σ²)."""
    pull = np.array([spectrum.residual_form(i)[0] for i in (0, 1)])
    squares = np.array([[spectrum.residual_form(i, j)[1] for j in (0, 1)] for i in (0, 1)])
    return squares - pull @ vcov @ pull.T - whole / 2
