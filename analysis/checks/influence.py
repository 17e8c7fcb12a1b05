"""Does one office carry the finding?"""

import numpy as np
import pandas as pd

from analysis.checks import Check, verdict
from analysis.sensitivity.leave_one_out import leave_one_out

FEWEST = 2


def one_office(estimates: pd.DataFrame, influence: pd.DataFrame) -> Check | None:
    """Range of the headline without each office (or county) in turn; failed when the sign turns without one of them.

    `influence`: office_id, estimate (nan where nothing is left to estimate). Neither the sentence nor the table, sorted
    by the estimate, names an office. None where fewer than two can be left out, or one cannot: without the only treated
    county there is nothing to estimate.
    """
    main = estimates[estimates["role"].eq("primary") & estimates["status"].eq("estimated")]
    if main.empty or len(influence) < FEWEST or not np.isfinite(influence["estimate"]).all():
        return None
    found = leave_one_out(float(main["estimate"].iloc[0]), influence["estimate"], influence["office_id"].tolist())
    word = verdict(not found.sign_turns)
    return Check(
        name="one_office",
        verdict=word,
        text_id=f"check.one_office.{word}",
        value=float(len(found.sign_turns)),
        threshold=0.0,
        downgrade=1,
        values={"low": found.lowest, "high": found.highest, "estimate": found.estimate}
        | {"offices": len(found.influence) - len(found.undetermined), "level": main["cluster_level"].iloc[0]},
        table=[{"estimate": float(one)} for one in np.sort(influence["estimate"])],
    )
