"""Rules of tables whose numbers are few: the certificate, who is left, and what the checks of the delivery found.

* certificate: made-up studies of groups as large as the real ones, so that its figures say about how large those are.
  They stand with three decimals where the headline stands; how many studies were tried is the card's.
* profile: the treated in the estimate against all of them. A standardised difference is the lost persons' own mean
  when they are few, so it stands, with two decimals, only where the lost, as published, cannot be few.
* findings: rule, severity and the card's reason. Counts, places and texts are about single rows.
"""

import numpy as np
import pandas as pd

from analysis.disclosure.treat_given import Given, kept_columns, margin, rounded
from analysis.tables import CERTIFICATE

OF_CARD = ("analysis", "effect", "studies")
TOLD_OF_FINDINGS = ("rule", "severity", "accepted")


def treated_certificate(table: pd.DataFrame, given: Given) -> pd.DataFrame:
    """The plan tried on made-up studies."""
    figures = [name for name in CERTIFICATE if name not in (*OF_CARD, "estimated")]
    decimals = None if given.decimals is None else 3
    return table.assign(**{name: rounded(table[name], decimals) for name in figures})


def treated_profile(table: pd.DataFrame, given: Given) -> pd.DataFrame:
    """The treated who are in the main estimate against all of them."""
    sizes = [[given.size("treated", count) for count in table[name]] for name in ("n_all", "n_kept")]
    every, kept = (np.array(values, dtype="float64") for values in sizes)
    large = (kept >= given.profile.persons_per_arm) & (every - kept > margin(given.profile))
    smd = rounded(table["smd"], 2).where(large)
    return kept_columns(table, ("covariate", "kind")).assign(smd=smd)


def treated_findings(table: pd.DataFrame, given: Given) -> pd.DataFrame:
    """Which rules the delivery broke, and what the card says of it."""
    return kept_columns(table, TOLD_OF_FINDINGS)
