"""What offices lack before an effect can be estimated: enough of them in each group, and months before they adopt."""

from collections.abc import Iterator

import pandas as pd

from analysis.cards import Card
from analysis.intake import Delivery
from analysis.missing_parts import Lack
from analysis.trial_people import FEWEST

FEW = "Så få kontorer kan være ulike ved en tilfeldighet, og tilliten trekkes ned."
UNITS = {"office": "kontorer", "county": "fylker"}
ONE = {"office": "kontor", "county": "fylke"}


def trial_lacks(card: Card, delivery: Delivery) -> Iterator[Lack]:
    """Offices that were drawn into each group of a trial."""
    for arm in (card.arm("treated"), card.arm("comparison")):
        offices = delivery.persons.loc[delivery.persons["arm"] == arm.id, "office_id"].nunique()
        many = f"Gruppen «{arm.label.nb}» har {offices} kontor{'' if offices == 1 else 'er'}"
        if offices < FEWEST:
            why = "Med ett kontor kan ingen skille det innsatsen gjør, fra det som er særegent for kontoret."
            yield Lack(f"{many}, og det trengs minst {FEWEST}.", why, "Ta med flere kontorer i hver gruppe.")
        elif offices < card.checks.few_treated_offices:
            mend = "Ta med flere kontorer, eller kontroller styrken med make power DESIGN=cluster OFFICES=…"
            least = f"{many}; under {card.checks.few_treated_offices} er få."
            yield Lack(least, FEW, mend, blocks=False)


def adoption_lacks(card: Card, delivery: Delivery, known: pd.Series | None = None) -> Iterator[Lack]:
    """Units that adopt within the data, those they are compared with, and months before the first adoption.

    `known`: months in which the outcome is known, where the same persons are seen in each.
    """
    starts, first, last = adoption_months(card, delivery, known)
    unit = UNITS[card.staggered.unit]
    inside = starts[(starts > first) & (starts <= last)]
    waiting = starts.isna() | (starts > last)
    latest = starts.dropna().max() if starts.notna().any() else None
    if inside.empty:
        what = f"Ingen {unit} innfører innsatsen etter den første måneden i dataene og før den siste."
        yield Lack(
            what,
            "Uten måneder både før og etter innføringen kan endringen ikke måles.",
            "Bestill data fra minst ett år før den første innføringen, og kontroller kolonnen adoption_month.",
        )
        return
    if not waiting.any() and (card.staggered.control == "never" or inside.nunique() == 1 and inside.max() == latest):
        yield Lack(
            f"Alle {unit} har innført innsatsen, og ingen er igjen å sammenligne med.",
            "Endringen ved dem som innfører, må holdes mot endringen ved noen som ikke gjør det samtidig.",
            f"Ta med {unit} uten innsatsen, eller velg control: not_yet når innføringen skjer til ulik tid.",
        )
    if len(inside) < card.checks.few_treated_offices:
        named = unit if len(inside) > 1 else ONE[card.staggered.unit]
        yield Lack(
            f"{len(inside)} {named} innfører innsatsen i perioden; under {card.checks.few_treated_offices} er få.",
            "Så få kan være ulike ved en tilfeldighet. Rapporten gir da plassen blant oppdiktede innføringer, "
            "ikke en vanlig p-verdi.",
            f"Ta med flere {unit} eller flere år.",
            blocks=False,
        )
    before = int(inside.min() - first)
    if before < card.checks.pre_months:
        yield Lack(
            f"De første har {before} måneder før innføringen, og minst {card.checks.pre_months} bør være kjent.",
            "Uten et år før kan ingen se om de fulgte de andre, og tilliten trekkes ned.",
            "Bestill data for flere måneder før den første innføringen.",
            blocks=False,
        )


def adoption_months(card: Card, delivery: Delivery, known: pd.Series | None = None) -> tuple[pd.Series, int, int]:
    """Month of adoption by unit (missing for never), and the first and last month of the data."""
    if card.design == "aggregated_series":
        months, present = delivery.aggregates["month"], delivery.aggregates["unit_id"]
    else:
        starting, present = delivery.persons["time_zero"].dropna(), delivery.persons["office_id"].dropna()
        months = starting if known is None else known
    offices = delivery.offices[delivery.offices["office_id"].isin(present.unique())]
    by = "county" if card.staggered.unit == "county" else "office_id"
    starts = offices.groupby(by)["adoption_month"].first().astype("Float64") + card.staggered.lag
    return starts, int(months.min()), int(months.max())
