"""What a cohort lacks before an effect can be estimated from it, told to those who can order more: a list of `Lack`.

Read from the card, from who is in the delivery and from whether outcomes are known, never from what they are: the same
is said before the plan is locked as after. Counts are those that `make check` shows anyway.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pandas as pd

from analysis.card_staggered import STAGGERED_DESIGNS
from analysis.card_trial import TRIAL_DESIGNS
from analysis.cards import Card
from analysis.intake import Delivery
from analysis.missing_offices import adoption_lacks, trial_lacks
from analysis.missing_parts import Lack
from analysis.months import month_number
from analysis.office_cells import is_panel
from analysis.panel import Panel, at_horizon, person_months, with_time_zero

# What the card holds before effects of each design are estimated, beside `analysis: estimate`.
CHOICES = {
    **dict.fromkeys(TRIAL_DESIGNS, "fyll ut trial (trial: {} er nok)"),
    **dict.fromkeys(STAGGERED_DESIGNS, "fyll ut staggered (staggered: {control: not_yet} er nok)"),
    "matched_did": "fyll ut matching og base_month",
    "single_arm": "lever en sammenligningsgruppe, og fyll ut matching",
}


@dataclass(frozen=True)
class Known:
    """Who is known when: `months` (person_id, event_time, the primary outcome) and `persons` (person_id, arm)."""

    months: pd.DataFrame
    persons: pd.DataFrame


def known_of(card: Card, delivery: Delivery, panel: Panel | None) -> Known | None:
    """Who is in `panel`, or, where it could not be built, everybody in the delivery; None for counts."""
    if card.design == "aggregated_series":
        return None
    if panel is not None:
        return Known(panel.months, panel.baseline)
    persons = with_time_zero(card, delivery.persons)
    return Known(person_months(card, replace(delivery, persons=persons)), persons)


def lacks_of_card(card: Card) -> Iterator[Lack]:
    """What the card alone says: a description, or nobody to compare with."""
    if card.analysis == "describe":
        yield Lack(
            "Kortet sier at leveransen bare skal beskrives (analysis: describe).",
            "Da viser rapporten gruppene måned for måned, uten anslag og uten ord om effekt.",
            f"Skriv analysis: estimate, og {CHOICES[card.design]}.",
        )
    if all(arm.role != "comparison" for arm in card.arms):
        yield Lack(
            "Ingen sammenligningsgruppe.",
            "Ingen vet hvor mange som ville kommet i arbeid uansett, så kohorten kan beskrives, men ikke gi en effekt.",
            "Bestill de samme opplysningene om folk som oppfyller de samme kravene, men ikke fikk innsatsen "
            "(make order skriver bestillingen), og før dem opp under arms med role: comparison.",
        )


def lacks_of_delivery(card: Card, delivery: Delivery, known: Known | None) -> list[Lack]:
    """What the delivery lacks: offices, adoption dates, persons measured at the horizons and before the start."""
    found: list[Lack] = []
    if card.design == "cluster_randomised":
        found += trial_lacks(card, delivery)
    elif card.design in STAGGERED_DESIGNS and card.staggered is not None:
        if known is not None and is_panel(card):
            # The months of a panel are the calendar's: no horizon is counted from anybody's start.
            own = known.months.loc[known.months[card.outcomes.primary].notna(), "month"]
            return list(adoption_lacks(card, delivery, own))
        found += adoption_lacks(card, delivery)
    return found if known is None else [*found, *_horizons(card, known), *_before(card, known)]


def _measured(card: Card, known: Known, rows: pd.Series) -> dict[str, int]:
    """Persons by arm (treated, comparison) whose primary outcome is known in one of `rows`."""
    ids = known.months.loc[rows & known.months[card.outcomes.primary].notna(), "person_id"].unique()
    arms = known.persons.loc[known.persons["person_id"].isin(ids), "arm"]
    return {arm.id: int((arms == arm.id).sum()) for arm in card.arms if arm.role in ("treated", "comparison")}


def _horizons(card: Card, known: Known) -> Iterator[Lack]:
    labels = {arm.id: arm.label.nb for arm in card.arms}
    for place, horizon in enumerate(card.horizons):
        at = pd.Series(at_horizon(known.months, card.outcomes.primary, horizon), index=known.months.index)
        counts = _measured(card, known, at)
        unseen = [labels[arm] for arm, count in counts.items() if count == 0]
        when = f"{horizon} måneder etter start"
        if len(unseen) == len(counts):
            yield _beyond(card, when, blocks=place == 0)
        elif unseen:
            yield Lack(
                f"Ingen i gruppen «{'», «'.join(unseen)}» er målt {when}.",
                "Uten utfallet i begge gruppene er det ingenting å sammenligne.",
                "Bestill det samme utfallet for den gruppen, eller velg en horisont der begge er målt.",
                blocks=place == 0,
            )
        elif place == 0 and min(counts.values()) < card.checks.small_count:
            yield Lack(
                f"Færre enn {card.checks.small_count} personer i en av gruppene er målt {when}.",
                "Så få personer gir et intervall som ikke er til å stole på.",
                "Utvid perioden eller området personene hentes fra.",
                blocks=False,
            )


def _beyond(card: Card, when: str, *, blocks: bool) -> Lack:
    end = "" if card.registers is None else f" Registrene går til {card.registers.last}."
    return Lack(
        f"Ingen er målt {when}: horisonten går lenger enn dataene.{end}",
        "Et tall flyttes aldri fra et annet tidspunkt, så det blir ikke noe anslag der.",
        "Bestill utfallet for en senere måned, eller velg en kortere horisont under horizons.",
        blocks=blocks,
    )


def _before(card: Card, known: Known) -> Iterator[Lack]:
    """The month that changes are counted from, and how long before the start anybody is known."""
    if card.design not in ("matched_did", "single_arm") or (card.base_month is None and card.base_period is None):
        return
    if card.base_month is not None:
        rows, when = known.months["month"] == month_number(card.base_month), f"i {card.base_month} (base_month)"
    else:
        rows = (known.months["event_time"] == card.base_period).fillna(value=False).astype(bool)
        when = f"{-card.base_period} måneder før start (base_period)"
    if 0 in _measured(card, known, rows).values():
        yield Lack(
            f"Utfallet er ikke målt i begge gruppene {when}.",
            "Endringen regnes fra før innsatsen; uten utfallet da kan gruppene ha vært ulike fra begynnelsen.",
            "Bestill utfallet for den måneden, eller velg en måned før start som er levert.",
        )
    elif card.design == "matched_did":
        yield from _short_before(card, known)


def _short_before(card: Card, known: Known) -> Iterator[Lack]:
    own = known.months[known.months[card.outcomes.primary].notna()]
    months = max(0, -int(own["event_time"].min()))
    if months < card.checks.pre_months:
        yield Lack(
            f"Utfallet er kjent i {months} måneder før start, og minst {card.checks.pre_months} bør være kjent.",
            "Uten et år før start kan ingen se om gruppene fulgte hverandre, og tilliten trekkes ned.",
            "Bestill utfallet for minst én måned som er et år eller mer før start.",
            blocks=False,
        )
