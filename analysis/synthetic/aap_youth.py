"""Young people on AAP: monthly counts of «only medical treatment», 60 offices × 36 months in all 11 counties of 2020.

Stock on the first day of the month. Troms og Finnmark rounds to 62 per cent in October 2020 and 52 per cent in May
2021, and one of its offices has 14 of 50 (28 per cent) on 1 April 2021 (seed 000). By construction only a part of the
fall is an effect: the county was picked in a month when chance had made it bad (regression to the mean), and the whole
country was on its way down.
"""

import numpy as np

from analysis.months import month_number, month_text
from analysis.synthetic.common import Delivery, FileFormat, csv_files, drawn, generator, office_numbers, rounded_to_sum
from analysis.synthetic.spells import first_day

SEED = 202010
COUNTIES = {
    "Oslo": 5,
    "Rogaland": 5,
    "Møre og Romsdal": 4,
    "Nordland": 4,
    "Viken": 8,
    "Innlandet": 5,
    "Vestfold og Telemark": 5,
    "Agder": 5,
    "Vestland": 6,
    "Trøndelag": 5,
    "Troms og Finnmark": 8,
}
CAMPAIGN = "Troms og Finnmark"
FIRST, MONTHS = month_number("2019-01"), 36
BEFORE, APRIL, AFTER = (month_number(text) - FIRST for text in ("2020-10", "2021-04", "2021-05"))
SHARE_BEFORE, SHARE_AFTER = 0.62, 0.52
STAR = 59
"""Row of the office that is singled out; its counts on 1 April 2021: 14 of 50, and 18 had the campaign not been."""
STAR_COUNT, STAR_UNTREATED, STAR_RECIPIENTS = 14, 18, 50

TREND = -0.06 / (MONTHS - 1)
BAD_LUCK, PERSISTENCE, RISE = 0.075, 0.80, 6
"""The county's chance deviation in October 2020, its share left a month later, and the months it took to build up."""
FULL_EFFECT, RAMP = -0.028, 7
"""The campaign's effect on the county share, reached after seven months in equal steps and kept."""

TURNOVER, NEW_MORE, GONE_MORE = 0.045, 0.14, -0.06
"""Share that leaves in a month, and how far the shares of those who come and go lie from that of the office."""

FLOW_ENDS = (("", ""), ("_with", ", kun medisinsk"))

FORMATS = {
    "aap_unge_kontor.csv": FileFormat(
        {
            "Måned": "første dag i måneden; tallene er beholdning den dagen",
            "Kontornr": "fire siffer, ikke et virkelig Nav-kontor",
            "Fylke": "virkelig fylkesnavn (2020)",
            "Aldersgruppe": "alltid «18–29 år»",
            "Antall mottakere": "nevner: mottakere av AAP",
            "Kun medisinsk behandling": "teller: bare medisinsk behandling i aktivitetsplanen",
            "Andel (%)": "teller delt på nevner i prosent, avrundet; skal ikke brukes",
            "Herav menn": "antall, med hull, uten betydning",
            "Rapport": "uten betydning",
            "Tilgang": "mottakere som ikke var det ved samme kontor måneden før; tomt i den første måneden",
            "Tilgang, kun medisinsk": "antall av dem med bare medisinsk behandling i aktivitetsplanen denne måneden",
            "Avgang": "mottakere måneden før som ikke er det lenger; tomt i den første måneden",
            "Avgang, kun medisinsk": "antall av dem som bare hadde medisinsk behandling måneden før",
        },
        encoding="cp1252",
        places={"Andel (%)": 1},
    ),
    "aap_unge_fylke.csv": FileFormat(
        {
            "maned": "første dag i måneden",
            "fylke": "virkelig fylkesnavn (2020)",
            "mottakere": "sum av de kontorene som er med",
            "kun_medisinsk": "sum av de kontorene som er med",
        },
        encoding="utf-8-sig",
        dates="yyyy-mm-dd",
        delimiter=",",
        decimal=".",
        line_end="\n",
    ),
    "kontorer.csv": FileFormat(
        {
            "Kontornr": "fire siffer",
            "Kontornavn": "oppdiktet",
            "Fylke": "virkelig fylkesnavn (2020)",
            "Kampanje": "Ja i Troms og Finnmark, ellers Nei",
            "Kampanjestart": "dato, eller tomt",
        },
        encoding="latin-1",
    ),
}


def generate(*, seed: int = SEED) -> Delivery:
    """The delivery: counts by office and month, the same by county, and the offices."""
    rng = generator(seed)
    county = np.repeat(list(COUNTIES), list(COUNTIES.values()))
    campaign = county == CAMPAIGN
    recipients = _recipients(rng, len(county))
    untreated = np.rint(recipients * _untreated_shares(rng, county)).astype(np.int64)
    untreated[STAR, APRIL] = STAR_UNTREATED
    moved = _moved_by_campaign(recipients, campaign)
    _meet_county_share(untreated, moved, recipients, campaign, BEFORE, SHARE_BEFORE)
    _meet_county_share(untreated, moved, recipients, campaign, AFTER, SHARE_AFTER)
    counts = untreated - moved
    latent = {"county": county, "recipients": recipients, "untreated": untreated, "counts": counts}
    # Drawn by a generator of their own, so that stocks and margins are what they would be without them.
    latent |= _flows(generator(seed + 1), recipients, counts)
    return Delivery(csv_files(FORMATS, _tables(rng, latent)), FORMATS, _truth(latent), latent)


def _recipients(rng: np.random.Generator, offices: int) -> np.ndarray:
    """AAP recipients aged 18–29 per office and month: of very different size, drifting slowly."""
    size = np.exp(rng.normal(4.6, 0.6, offices)).clip(30, 330)
    size[STAR] = STAR_RECIPIENTS
    drift = np.cumsum(rng.normal(0, 0.012, (offices, MONTHS)), axis=1)
    recipients = np.rint(size[:, None] * np.exp(drift - drift[:, [APRIL]])).astype(np.int64)
    recipients[STAR, APRIL] = STAR_RECIPIENTS
    return recipients


def _persistent(rng: np.random.Generator, rows: int, step: float) -> np.ndarray:
    """Chance deviations that fade by `PERSISTENCE` a month (rows × months) with new ones of size `step`."""
    shocks = rng.normal(0, step, (rows, MONTHS))
    for month in range(1, MONTHS):
        shocks[:, month] += PERSISTENCE * shocks[:, month - 1]
    return shocks


def _untreated_shares(rng: np.random.Generator, county: np.ndarray) -> np.ndarray:
    """Share with only medical treatment had there been no campaign (offices × months)."""
    names = list(COUNTIES)
    place = np.array([names.index(name) for name in county.tolist()])
    level = rng.normal(0, 0.02, len(names))
    chance = _persistent(rng, len(names), 0.009)
    level[-1], chance[-1] = 0.02, _bad_luck()
    office = rng.normal(0, 0.05, len(county))[:, None] + _persistent(rng, len(county), 0.018)
    office[STAR] = -0.10 + _persistent(rng, 1, 0.018)[0]
    national = 0.56 + TREND * np.arange(MONTHS)
    return (national + level[place][:, None] + chance[place] + office).clip(0.15, 0.85)


def _bad_luck() -> np.ndarray:
    """The county's chance deviation: builds up to October 2020 and fades by itself."""
    months = np.arange(MONTHS)
    return np.where(
        months <= BEFORE,
        BAD_LUCK * (1 - (BEFORE - months) / RISE).clip(0),
        BAD_LUCK * PERSISTENCE ** np.abs(months - BEFORE),
    )


def _moved_by_campaign(recipients: np.ndarray, campaign: np.ndarray) -> np.ndarray:
    """Recipients per office and month who have more than medical treatment because of the campaign."""
    moved = np.zeros_like(recipients)
    for month in range(BEFORE + 1, MONTHS):
        here = recipients[campaign, month]
        total = int(np.rint(-FULL_EFFECT * min(month - BEFORE, RAMP) / RAMP * here.sum()))
        moved[campaign, month] = rounded_to_sum(total * here / here.sum(), total)
    moved[STAR, APRIL] = STAR_UNTREATED - STAR_COUNT
    return moved


def _meet_county_share(untreated, moved, recipients, campaign: np.ndarray, month: int, share: float) -> None:
    """Move the untreated counts of the county's other offices so that its observed share is `share`, in place."""
    rows = np.flatnonzero(campaign)
    observed = untreated[rows, month].sum() - moved[rows, month].sum()
    missing = int(np.rint(share * recipients[rows, month].sum())) - int(observed)
    others = rows[rows != STAR]
    weights = recipients[others, month] / recipients[others, month].sum()
    untreated[others, month] += rounded_to_sum(missing * weights, missing)


def _flows(rng: np.random.Generator, recipients: np.ndarray, counts: np.ndarray) -> dict[str, np.ndarray]:
    """Who came since the month before and who left, and how many of each have the outcome (offices × months after the
    first): they lead from each month's stock to the next, and have the outcome no more often than there is room for."""
    before, now = recipients[:, :-1], recipients[:, 1:]
    left = np.maximum(rng.binomial(before, TURNOVER), before - now)
    entered = now - before + left
    stayed, share = before - left, counts / recipients
    entered_with = _with_outcome(rng, entered, share[:, 1:] + NEW_MORE, counts[:, 1:], stayed)
    left_with = _with_outcome(rng, left, share[:, :-1] + GONE_MORE, counts[:, :-1], stayed)
    return {"entered": entered, "entered_with": entered_with, "left": left, "left_with": left_with}


def _with_outcome(rng: np.random.Generator, moved, share: np.ndarray, counts, stayed) -> np.ndarray:
    """How many of `moved` have the outcome, so that those of `counts` who are left fit among those who stayed."""
    drawn_with = rng.binomial(moved, share.clip(0, 1))
    return drawn_with.clip(np.maximum(0, counts - stayed), np.minimum(moved, counts))


def _tables(rng: np.random.Generator, known: dict) -> dict[str, dict]:
    county, recipients, counts = known["county"], known["recipients"], known["counts"]
    numbers = office_numbers(9301, len(county))
    return {
        "aap_unge_kontor.csv": _count_table(rng, numbers, county, recipients, counts) | _flow_columns(known),
        "aap_unge_fylke.csv": _county_table(county, recipients, counts),
        "kontorer.csv": _office_table(numbers, county),
    }


def _count_table(rng, numbers, county, recipients: np.ndarray, counts: np.ndarray) -> dict[str, np.ndarray]:
    """One row per office and month, a month at a time, as a monthly report comes."""
    offices = len(numbers)
    men = rng.binomial(recipients, 0.47).T.ravel().astype("U4")
    men[rng.random(len(men)) < 0.08] = ""
    return {
        "Måned": np.repeat(first_day(FIRST + np.arange(MONTHS)), offices),
        "Kontornr": np.tile(numbers, MONTHS),
        "Fylke": np.tile(county, MONTHS),
        "Aldersgruppe": np.full(offices * MONTHS, "18–29 år"),
        "Antall mottakere": recipients.T.ravel(),
        "Kun medisinsk behandling": counts.T.ravel(),
        "Andel (%)": (100 * counts / recipients).T.ravel(),
        "Herav menn": men,
        "Rapport": drawn(rng, ["AAP-U1", "AAP-U2"], [0.5, 0.5], offices * MONTHS),
    }


def _flow_columns(known: dict) -> dict[str, np.ndarray]:
    """Columns of those who came and left; the first month has none, because the month before is not known."""
    names = {"entered": "Tilgang", "left": "Avgang"}
    columns = [(f"{kind}{with_it}", name + words) for kind, name in names.items() for with_it, words in FLOW_ENDS]
    offices = len(known["recipients"])
    return {name: np.concatenate([[""] * offices, known[kind].T.ravel().astype("U6")]) for kind, name in columns}


def county_sums(county: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sums over the offices of each county, in the order of `COUNTIES` (counties × months)."""
    return np.array([values[county == name].sum(axis=0) for name in COUNTIES])


def _county_table(county: np.ndarray, recipients: np.ndarray, counts: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "maned": np.repeat(first_day(FIRST + np.arange(MONTHS)), len(COUNTIES)),
        "fylke": np.tile(list(COUNTIES), MONTHS),
        "mottakere": county_sums(county, recipients).T.ravel(),
        "kun_medisinsk": county_sums(county, counts).T.ravel(),
    }


def _office_table(numbers: np.ndarray, county: np.ndarray) -> dict[str, np.ndarray]:
    campaign = county == CAMPAIGN
    names = [f"Eksempelkontor {place:02d}" for place in range(1, len(numbers) + 1)]
    return {
        "Kontornr": numbers,
        "Kontornavn": np.array([f"{name}, {where}" for name, where in zip(names, county.tolist(), strict=True)]),
        "Fylke": county,
        "Kampanje": np.where(campaign, "Ja", "Nei"),
        "Kampanjestart": np.where(campaign, first_day(FIRST + BEFORE), np.datetime64("NaT", "D")),
    }


def _truth(known: dict) -> dict:
    """The county's shares with and without the campaign, the effect by month, and what the fall consisted of."""
    county = known["county"]
    total, with_it, without = (county_sums(county, known[name]) for name in ("recipients", "counts", "untreated"))
    observed, untreated = with_it[-1] / total[-1], without[-1] / total[-1]
    national = with_it[:-1].sum(axis=0) / total[:-1].sum(axis=0)
    trend = national[AFTER] - national[BEFORE]
    effect = (with_it[-1] - without[-1]) / total[-1]
    months = [month_text(FIRST + month) for month in range(MONTHS)]
    return {
        "estimand": "effect of the campaign on the county share with only medical treatment, first of the month",
        "county": CAMPAIGN,
        "observed_share": dict(zip(months, observed.tolist(), strict=True)),
        "untreated_share": dict(zip(months, untreated.tolist(), strict=True)),
        "effect": dict(zip(months, effect.tolist(), strict=True)),
        "fall_2020-10_to_2021-05": {
            "total": float(observed[AFTER] - observed[BEFORE]),
            "national_trend": float(trend),
            "regression_to_the_mean": float(untreated[AFTER] - untreated[BEFORE] - trend),
            "effect": float(effect[AFTER]),
        },
        "office": {
            "number": str(office_numbers(9301, len(county))[STAR]),
            "month": months[APRIL],
            "count": STAR_COUNT,
            "untreated_count": STAR_UNTREATED,
            "recipients": STAR_RECIPIENTS,
        },
    }
