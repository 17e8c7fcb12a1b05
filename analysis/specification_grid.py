"""All analyses of a cohort that its card declares, as a curve with one test of them all.

The grid and the sensitivity rows are run side by side; how many of them agree is no evidence, because they rest on the
same data. What is tested is that the intervention moved nobody in any of them (`sensitivity.specification_curve`).
"""

from collections.abc import Mapping

import pandas as pd

from analysis.card_grid import READ, way_of_card
from analysis.cards import Card
from analysis.panel import Panel
from analysis.specifications.curve import CurveTables, curve_tables
from analysis.specifications.matched import matched_specifications
from analysis.specifications.staggered import staggered_specifications
from analysis.specifications.trial import trial_specifications


def specification_grid(card: Card, tables: Mapping[str, pd.DataFrame]) -> CurveTables:
    """The curve of a cohort that has one (`card_grid.has_curve`), from its `tables` by name (`card_grid.READ`).

    Raises ProblemsFound where the main analysis cannot be made or nothing can be permuted.
    """
    way = way_of_card(card)
    read = [tables[name] for name in READ[way]]
    if way == "trial":
        months, baseline, offices = read
        return curve_tables(trial_specifications(card, baseline, months, offices))
    if way == "staggered":
        return curve_tables(staggered_specifications(card, *read))
    months, baseline, attrition, *rest = read
    return curve_tables(matched_specifications(card, Panel(months, baseline, attrition), *rest))
