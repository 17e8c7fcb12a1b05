"""Who stands behind one number of a cluster-randomised trial: outcome, group and office of each person measured.

By intention to treat: the office is that at time zero, so that whoever moves stays with the office that was drawn.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from analysis.cards import Card
from analysis.problems import Problem, stop_if_any
from analysis.staggered.covariates import Columns, covariate_columns
from analysis.trial_tables import ALL_ALIKE, NOT_MEASURED, ONE_OFFICE

HEADING = "Forsøket kan ikke analyseres:"
TREATED = "treated"
FEWEST = 2


@dataclass(frozen=True)
class People:
    """Persons with a known outcome, in the order of their offices.

    y (n,): shares 0–1 or amounts; office (n,): codes 0..G−1; treated (G,): offices drawn for it; strata (G,): codes,
    or None; covariates (n, k), the constant first; delivered (n,): got it, or None.
    """

    y: np.ndarray
    office: np.ndarray
    treated: np.ndarray
    strata: np.ndarray | None
    covariates: Columns
    delivered: np.ndarray | None

    @cached_property
    def sizes(self) -> np.ndarray:
        """Persons of each office (G,)."""
        return np.bincount(self.office, minlength=len(self.treated)).astype(float)

    @property
    def arm(self) -> np.ndarray:
        """The group of each person (n,), as drawn."""
        return self.treated[self.office]

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Σ of `values` (n,) over each office (G,)."""
        return np.bincount(self.office, weights=values, minlength=len(self.treated))

    def counts(self) -> dict[str, int]:
        """Persons and offices of each group, as columns of the estimates."""
        arms = {"treated": self.treated, "comparison": ~self.treated}
        offices = {f"n_offices_{name}": int(of.sum()) for name, of in arms.items()}
        return {f"n_{name}": int(self.sizes[of].sum()) for name, of in arms.items()} | offices

    def reason(self) -> str | None:
        """Why nothing can be estimated of these persons; None where something can."""
        if not len(self.y):
            return NOT_MEASURED
        if min(self.treated.sum(), (~self.treated).sum()) < FEWEST:
            return ONE_OFFICE
        return ALL_ALIKE if np.ptp(self.y) == 0 else None

    def design(self, *, adjusted: bool) -> pd.DataFrame:
        """Columns of the regression: constant, `treated`, strata, and the covariates when `adjusted`."""
        columns = {"constant": np.ones(len(self.y)), TREATED: self.arm.astype(float)}
        if self.strata is not None:
            levels = np.unique(self.strata)[1:]
            columns |= {f"stratum_{level}": (self.strata[self.office] == level).astype(float) for level in levels}
        if adjusted:
            names, values = self.covariates.names[1:], self.covariates.values[:, 1:]
            columns |= dict(zip(names, values.T, strict=True))
        return pd.DataFrame(columns)


def people_of(
    card: Card, baseline: pd.DataFrame, months: pd.DataFrame, offices: pd.DataFrame, outcome: str, horizon: int
) -> People:
    """Persons whose `outcome` is known `horizon` months after time zero.

    Raises ProblemsFound for persons without an office, an office in both groups, a group of one office at time zero, an
    office without a stratum, and covariates that the formula cannot use.
    """
    stop_if_any(HEADING, [*_office_problems(card, baseline), *_stratum_problems(card, baseline, offices)])
    own = baseline[baseline["arm"].isin([card.arm("treated").id, card.arm("comparison").id])]
    at = months[(months["event_time"] == horizon).to_numpy(bool, na_value=False)].set_index("person_id")[outcome]
    found = own.assign(_y=at.reindex(own["person_id"]).to_numpy("float64")).dropna(subset=["_y"])
    found = found.sort_values(["office_id", "person_id"], kind="stable", ignore_index=True)
    code, names = pd.factorize(found["office_id"], sort=True)
    columns, problems = covariate_columns(found, card.trial.adjustment)
    stop_if_any(HEADING, problems)
    drawn = found.groupby("office_id", sort=True)["arm"].first() == card.arm("treated").id
    delivery = card.trial.delivery
    return People(
        y=found["_y"].to_numpy(),
        office=code,
        treated=drawn.to_numpy(bool),
        strata=_strata(card, offices, names),
        covariates=columns,
        delivered=None if delivery is None else found[delivery].astype("float64").to_numpy(),
    )


def _strata(card: Card, offices: pd.DataFrame, names: pd.Index) -> np.ndarray | None:
    if card.trial.strata is None:
        return None
    return pd.factorize(offices.set_index("office_id")[card.trial.strata].reindex(names), sort=True)[0]


def _office_problems(card: Card, baseline: pd.DataFrame) -> list[Problem]:
    lost = int(baseline["office_id"].isna().sum())
    arms = baseline.groupby("office_id")["arm"].nunique()
    mixed = int((arms > 1).sum())
    found = []
    if lost:
        what = f"antall personer uten kontor ved starttidspunktet: {lost}."
        found.append(Problem("kontor", what, "Gi alle et kontor, det de hørte til da kontorene ble trukket."))
    if mixed:
        what = f"antall kontorer med personer i begge gruppene: {mixed}."
        found.append(
            Problem("gruppe", what, "Kontoret er trukket til én gruppe. Er personer trukket, er designet et annet.")
        )
    for role in ("treated", "comparison"):
        count = baseline.loc[baseline["arm"] == card.arm(role).id, "office_id"].nunique()
        if count < FEWEST:
            what = f"gruppen {card.arm(role).id} har {count} kontor, og forskjeller mellom kontorer kan ikke måles."
            found.append(Problem("kontor", what, "Skriv analysis: describe."))
    return found


def _stratum_problems(card: Card, baseline: pd.DataFrame, offices: pd.DataFrame) -> list[Problem]:
    """Offices without a stratum, and strata in which all offices were drawn for the same group."""
    name = card.trial.strata
    if name is None:
        return []
    known = offices.set_index("office_id")[name]
    drawn = baseline.dropna(subset=["office_id"]).groupby("office_id")["arm"].first()
    strata = known.reindex(drawn.index)
    missing, arms = int(strata.isna().sum()), drawn.groupby(strata).nunique()
    found = []
    if missing:
        found.append(Problem(name, f"antall kontorer uten verdi: {missing}.", "Gi hvert kontor et stratum."))
    if (arms < 2).any():
        what = f"antall strata der alle kontorene er i samme gruppe: {int((arms < 2).sum())}."
        found.append(Problem(name, what, "Slå dem sammen med et annet stratum."))
    return found
