"""Propensity scores: the probability of treatment given what was known at time zero.

Two persons with the same covariates get the same score to the last bit: the design row and the score are
computed once per distinct covariate row. Otherwise rounding alone would break ties and pick other matches
(on LaLonde's data the answer with replacement moves from 1,992 to 2,158 dollars by ties alone).
"""

import re
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import scipy

from analysis.newton import NEWTON_ITERATIONS, newton, parts
from analysis.problems import Problem, ProblemsFound, stop_if_any

HEADING = "Tilbøyelighetsskåren (propensity score) kan ikke beregnes:"
FUNCTIONS = ("I", "C", "log", "exp", "center", "scale", "poly", "bs", "cr")
CONSTANT = "Intercept"

# Smallest mean information along any direction that is accepted without asking whether the groups are separated.
# Separation drives it to zero; rare categories and skewed incomes lie well above.
INFORMATION = 1e-6
DEPENDENT = 1e-12  # smallest accepted eigenvalue of the correlation matrix

_TOKEN = re.compile(r"(?P<name>[^\W\d]\w*)(?P<call>\s*\()?|\d+(?:\.\d+)?|[-+*:/^(),\s]")


@dataclass(frozen=True)
class Scores:
    """Fitted scores, one per row of the frame; missing for persons whom the fit left out.

    `probability` lies in [0, 1], `linear` is its logit; both float64 of shape (n,). `coefficients` belong to the
    columns of the design matrix, in the units of the frame.
    """

    probability: np.ndarray
    linear: np.ndarray
    coefficients: pd.Series = field(default_factory=lambda: pd.Series(dtype="float64"))
    converged: bool = True
    iterations: int = 0
    log_likelihood: float = float("nan")
    n_distinct: int = 0
    formula: str = ""


def fit_scores(
    frame: pd.DataFrame, formula: str, treated, *, link: str = "logit", sampling_weights=None, keep=None
) -> Scores:
    """Logistic regression of `treated` on the right-hand side `formula` (``age + I(age**2) + C(county)``).

    Every numeric column becomes float64 before the design matrix is built, since the square of an int8 overflows
    without a word. Newton's method on orthonormal columns, on counts per distinct covariate row; nothing is
    penalised. `sampling_weights` (n,), positive: each person counts that much. `keep` (n,), booleans: fit on these
    persons only, as when scores are reestimated without the discarded; the others' scores are missing.

    Raises `ProblemsFound` for a formula that cannot be read, unknown or missing covariates, columns that follow
    from others, groups that the covariates separate, and a fit that does not converge.

    Source: Rosenbaum and Rubin (1983), Biometrika 70(1), section 2; separation: Konis (2007), DPhil thesis, Oxford.
    """
    if link != "logit":
        raise ValueError(f"unknown link {link!r}; known: 'logit'")
    treated = treated_rows(treated, len(frame))
    counts = None if sampling_weights is None else person_weights(sampling_weights, len(frame))
    if keep is not None:
        rows = np.flatnonzero(_flags(keep, len(frame)))
        weights = None if counts is None else counts[rows]
        fitted = fit_scores(frame.iloc[rows], formula, treated[rows], sampling_weights=weights)
        return replace(
            fitted,
            probability=_spread_out(fitted.probability, rows, len(frame)),
            linear=_spread_out(fitted.linear, rows, len(frame)),
        )
    covariates = formula_covariates(frame, formula)
    stop_at_one_group(HEADING, treated)
    design, row = _distinct_design(covariates, formula)
    del covariates
    return _fitted(design, row, treated, counts, formula)


def _fitted(design: pd.DataFrame, row: np.ndarray, treated: np.ndarray, counts, formula: str) -> Scores:
    z, back = _orthonormal(design, np.bincount(row).astype("float64"))
    total = np.bincount(row, weights=counts).astype("float64")
    yes = np.bincount(row, weights=treated if counts is None else treated * counts)
    fit = newton(z, yes, total)
    if not fit.converged or fit.information < INFORMATION:
        stop_if_any(HEADING, _separation(design, row, treated))
    if not fit.converged:
        raise ProblemsFound(HEADING, [_not_converged()])
    linear = (z @ fit.params)[row]
    return Scores(
        probability=scipy.special.expit(linear),
        linear=linear,
        coefficients=pd.Series(back @ fit.params, index=design.columns),
        converged=True,
        iterations=fit.iterations,
        log_likelihood=fit.log_likelihood,
        n_distinct=len(design),
        formula=formula,
    )


def person_weights(values, n: int) -> np.ndarray:
    """`values` as float64 of shape (n,); anything but n positive numbers is a ValueError."""
    weights = np.asarray(values, dtype="float64")
    if weights.shape != (n,) or not (np.isfinite(weights) & (weights > 0)).all():
        raise ValueError(f"sampling_weights must hold {n} positive numbers")
    return weights


def _flags(values, n: int) -> np.ndarray:
    flags = np.asarray(values)
    if flags.shape != (n,) or flags.dtype != bool:
        raise ValueError(f"keep must hold {n} booleans")
    return flags


def _spread_out(values: np.ndarray, rows: np.ndarray, n: int) -> np.ndarray:
    full = np.full(n, np.nan)
    full[rows] = values
    return full


def treated_rows(treated, n: int) -> np.ndarray:
    """`treated` as booleans of shape (n,); anything but n values of 0 and 1 is a ValueError."""
    values = np.asarray(treated)
    if values.shape != (n,):
        raise ValueError(f"treated has shape {values.shape}, expected ({n},)")
    if values.dtype != bool and not np.isin(values, (0, 1)).all():
        raise ValueError("treated must hold 0 and 1 only")
    return values.astype(bool)


def formula_covariates(frame: pd.DataFrame, formula: str) -> pd.DataFrame:
    """The columns that `formula` uses, numbers and booleans as float64; `ProblemsFound` names what is wrong.

    A formula is text from a card, not code: only columns, numbers, operators and `FUNCTIONS` are let through.
    """
    names, calls, rest = _formula_words(formula)
    if not names:
        raise ProblemsFound(HEADING, [_unreadable(formula)])
    problems = [_unknown_column(name, frame) for name in names if name not in frame.columns]
    problems += [_unknown_function(name) for name in calls if name not in FUNCTIONS]
    if rest:
        problems.append(
            Problem("formel", f"tegnene «{rest}» er ikke tillatt.", "Bruk kolonnenavn, tall og + - * : ** ( ).")
        )
    stop_if_any(HEADING, problems)
    covariates = as_float64(frame[names])
    stop_if_any(HEADING, missing_values(covariates))
    return covariates


def _formula_words(formula: str) -> tuple[list[str], list[str], str]:
    """Column names and function names in order of appearance, and the characters that are neither."""
    found = list(_TOKEN.finditer(formula))
    names = [match["name"] for match in found if match["name"] and not match["call"]]
    calls = [match["name"] for match in found if match["call"]]
    rest = "".join(dict.fromkeys(_TOKEN.sub("", formula)))
    return list(dict.fromkeys(names)), list(dict.fromkeys(calls)), rest


def _unknown_column(name: str, frame: pd.DataFrame) -> Problem:
    return Problem("formel", f"kolonnen «{name}» finnes ikke.", f"Velg blant: {', '.join(map(str, frame.columns))}.")


def _unknown_function(name: str) -> Problem:
    return Problem("formel", f"funksjonen «{name}» er ikke tillatt.", f"Velg blant: {', '.join(FUNCTIONS)}.")


def as_float64(frame: pd.DataFrame) -> pd.DataFrame:
    """Copy with numbers and booleans as float64 (missing as NaN); text unchanged, unused categories gone."""
    # Column by column: DataFrame.apply would copy a large frame three times.
    return pd.DataFrame({name: _plain_column(frame[name]) for name in frame.columns}, index=frame.index)


def _plain_column(column: pd.Series) -> pd.Series:
    if pd.api.types.is_numeric_dtype(column):
        return column.astype("float64")
    return column.cat.remove_unused_categories() if isinstance(column.dtype, pd.CategoricalDtype) else column


def missing_values(frame: pd.DataFrame) -> list[Problem]:
    """One problem per column that holds missing or infinite values."""
    return [
        Problem(
            f"kolonnen «{name}»",
            f"{count} av {len(frame)} rader mangler en gyldig verdi.",
            "Fyll inn verdien i leveransen, gi «ukjent» en egen kategori eller ta kolonnen ut.",
        )
        for name in frame.columns
        if (count := _missing(frame[name]))
    ]


def _missing(column: pd.Series) -> int:
    if pd.api.types.is_float_dtype(column):
        return int((~np.isfinite(column.to_numpy())).sum())
    return int(column.isna().sum())


def stop_at_one_group(heading: str, treated: np.ndarray) -> None:
    """Raise `ProblemsFound` unless there are both treated and comparison persons."""
    if treated.all() or not treated.any():
        missing = "sammenligningsgruppen" if treated.any() else "tiltaksgruppen"
        raise ProblemsFound(
            heading, [Problem("utvalg", f"{missing} er tom.", "Se hvilke steg i frafallstabellen som tømte den.")]
        )


def _distinct_design(covariates: pd.DataFrame, formula: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Design matrix of the distinct covariate rows (m, k), and for each person which of them (n,).

    The matrix is built on all rows first, since splines and centred terms depend on the whole sample.
    """
    # Takes a quarter of a second, and most jobs that import this module build no design matrix.
    from formulaic import model_matrix
    from formulaic.errors import FormulaicError

    try:
        with np.errstate(all="ignore"):  # a logarithm of zero is reported below, with the column's name
            design = model_matrix(formula, covariates, na_action="ignore")
    except FormulaicError as error:
        raise ProblemsFound(HEADING, [_unreadable(formula)]) from error
    design = pd.DataFrame(design).astype("float64")
    if CONSTANT not in design.columns:
        raise ProblemsFound(HEADING, [Problem("formel", "konstantleddet er tatt ut.", "Fjern «0 +» eller «- 1».")])
    stop_if_any(HEADING, missing_values(design))
    row, first = distinct_rows(covariates)
    if len(first) == len(row):
        return design.reset_index(drop=True), row
    return design.iloc[first].reset_index(drop=True), row


def distinct_rows(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """For each row the number of the distinct row that it equals (n,), and the first row of each number (m,).

    Numbers follow first appearance. Rows are told apart by a 64-bit hash, twenty times as fast as grouping by all
    columns; afterwards every row is compared with the first of its number, and a collision falls back to grouping.
    """
    row, first = _numbered(_row_hash(frame))
    if len(first) < len(row) and not all(_repeats(frame[name], row, first) for name in frame.columns):
        row, first = _numbered(frame.groupby(list(frame.columns), sort=False, observed=True).ngroup().to_numpy())
    return row, first


def _row_hash(frame: pd.DataFrame) -> np.ndarray:
    """A 64-bit hash of each row (n,); equal rows have equal hashes, 0.0 and −0.0 being equal."""
    mixed = np.zeros(len(frame), dtype=np.uint64)
    for name in frame.columns:
        column = frame[name]
        values = column.to_numpy() + 0.0 if pd.api.types.is_numeric_dtype(column) else pd.factorize(column)[0]
        mixed *= np.uint64(0x9E3779B97F4A7C15)
        mixed ^= pd.util.hash_array(values)
    return mixed


def _numbered(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    row, values = pd.factorize(keys)
    first = np.full(len(values), len(row))
    np.minimum.at(first, row, np.arange(len(row)))
    return row, first


def _repeats(column: pd.Series, row: np.ndarray, first: np.ndarray) -> bool:
    values = column.to_numpy() if column.dtype.kind in "fiub" else pd.factorize(column)[0]
    return bool((values == values[first][row]).all())


def _unreadable(formula: str) -> Problem:
    return Problem("formel", f"«{formula}» kan ikke leses.", "Skriv for eksempel «alder + I(alder**2) + C(fylke)».")


def _orthonormal(design: pd.DataFrame, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns with the same span but cross product n·I under `counts`, and the matrix that takes coefficients back.

    Cubes of age and products of incomes differ by ten orders of magnitude; orthonormal columns keep Newton's
    steps accurate. Raises `ProblemsFound` when a column follows from the others.
    """
    slopes = design.drop(columns=CONSTANT)
    values = slopes.to_numpy()
    mean, spread = _mean_and_spread(values, counts)
    correlation = _correlation(values, counts, mean, spread)
    stop_if_any(HEADING, _dependent(list(slopes.columns), mean, spread, correlation))
    root = np.linalg.cholesky(correlation)
    inverse = np.linalg.inv(root).T / spread[:, None]
    z = np.ones((len(values), values.shape[1] + 1))
    for part in parts(len(values)):
        z[part, 1:] = (values[part] - mean) @ inverse
    back = np.zeros((design.shape[1], design.shape[1]))
    constant = design.columns.get_loc(CONSTANT)
    others = [place for place in range(design.shape[1]) if place != constant]
    back[constant, 0] = 1.0
    back[constant, 1:] = -mean @ inverse
    back[np.ix_(others, range(1, design.shape[1]))] = inverse
    return z, back


def dependent_columns(values: np.ndarray, weights: np.ndarray, names: list[str]) -> list[Problem]:
    """One problem per constant column, or one for the columns of which each follows from the others.

    `values` (n, k) without the constant, `weights` (n,). A column counts as dependent when the correlation matrix
    has an eigenvalue below `DEPENDENT`.
    """
    mean, spread = _mean_and_spread(values, weights)
    return _dependent(names, mean, spread, _correlation(values, weights, mean, spread))


def _dependent(names: list[str], mean: np.ndarray, spread: np.ndarray, correlation: np.ndarray) -> list[Problem]:
    constant = spread <= 1e-12 * np.maximum(np.abs(mean), 1e-300)
    if constant.any():
        return [_constant_column(name) for name, flat in zip(names, constant, strict=True) if flat]
    eigenvalues, vectors = np.linalg.eigh(correlation)
    taking_part = np.abs(vectors[:, eigenvalues < DEPENDENT]).max(axis=1, initial=0.0) > 1e-3
    together = ", ".join(f"«{name}»" for name, part in zip(names, taking_part, strict=True) if part)
    if not together:
        return []
    return [Problem("kolonnene", f"{together} kan regnes ut av hverandre.", "Ta ut én av dem.")]


def _mean_and_spread(values: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean = weights @ values / weights.sum()
    square = sum(weights[part] @ (values[part] - mean) ** 2 for part in parts(len(values)))
    return mean, np.sqrt(square / weights.sum())


def _correlation(values: np.ndarray, weights: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Weighted correlation matrix of the columns."""
    total = np.zeros((values.shape[1], values.shape[1]))
    scale = np.where(spread > 0, spread, 1.0)
    for part in parts(len(values)):
        centred = (values[part] - mean) / scale
        total += (centred * weights[part, None]).T @ centred
    return total / weights.sum()


def _constant_column(name: str) -> Problem:
    return Problem(f"kolonnen «{name}»", "har samme verdi for alle.", "Ta den ut av formelen.")


def _separation(design: pd.DataFrame, row: np.ndarray, treated: np.ndarray) -> list[Problem]:
    """A problem when some combination of columns tells treated from comparison persons without an error.

    Konis' linear programme: maximise Σ (2y − 1) x′b subject to (2y − 1) x′b ≥ 0 and |b| ≤ 1; the groups are
    separated exactly when the maximum is above zero. Covariate rows with both groups in them give x′b = 0.
    """
    scaled = design / design.abs().max()
    signed = np.concatenate([scaled.to_numpy()[np.unique(row[treated])], -scaled.to_numpy()[np.unique(row[~treated])]])
    answer = scipy.optimize.linprog(
        -signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1), method="highs"
    )
    if answer.x is None or (signed @ answer.x).max() < 1e-4:
        return []
    names = [name for name, b in zip(design.columns, answer.x, strict=True) if name != CONSTANT and abs(b) > 1e-6]
    return [
        Problem(
            "kolonnene",
            f"{', '.join(f'«{name}»' for name in names)} skiller tiltaks- og sammenligningsgruppen uten overlapp.",
            "Slå sammen sjeldne kategorier, forenkle formelen eller avgrens utvalget til overlappen.",
        )
    ]


def _not_converged() -> Problem:
    return Problem(
        "modellen",
        f"beregningen nådde ikke fram på {NEWTON_ITERATIONS} steg.",
        "Forenkle formelen, eller se etter kolonner med ekstreme verdier.",
    )
