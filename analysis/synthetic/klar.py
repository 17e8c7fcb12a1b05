"""Supported Employment (SE) by lot within four offices: 268 persons, 167 offered SE and 101 ordinary follow-up.

The design is that of the KLAR project; no result of it is used. Everybody has two work histories, without and with the
offer, and lots decide which one the registers show. The truth is the average difference between the two over all 268:
none to month 3, 15 percentage points from month 9 to 15, none from month 36 on. Size and shape are chosen.
"""

import numpy as np

from analysis.months import month_number, month_text
from analysis.synthetic.common import (
    Delivery,
    FileFormat,
    csv_files,
    drawn,
    generator,
    office_numbers,
    pseudonyms,
    spell_columns,
)
from analysis.synthetic.histories import (
    BENEFIT_NAMES,
    ORDINARY,
    SUBSIDISED,
    Entrants,
    benefit_states,
    drawn_entrants,
    helped_into_work,
    untreated_work,
    with_subsidised_jobs,
)
from analysis.synthetic.spells import Spells, cut_at, dated_spells, day_in_month, joined, last_day, nested

SEED = 201307
FIRST, MONTHS = month_number("2011-01"), 102
HISTORY, HORIZON = 24, 60
LAST_START = MONTHS - 1 - HORIZON
OFFERED, ORDINARY_FOLLOW_UP = (66, 45, 35, 21), (40, 28, 20, 13)
"""Persons of each arm in each office. The share offered SE is nearly the same in all four, 62 per cent."""
COUNTIES = ("Buskerud", "Østfold", "Østfold", "Buskerud")
PERSONS = sum(OFFERED) + sum(ORDINARY_FOLLOW_UP)

_RISE = {4: 8, 5: 16, 6: 24, 7: 30, 8: 35}
_FALL = {16: 38, 17: 36}
HELPED = np.array(
    [
        _RISE.get(k, _FALL.get(k, 0 if k < 4 else 40 if k < 16 else max(0, round(34 * (36 - k) / 18))))
        for k in range(HORIZON + 1)
    ]
)
"""Persons of the 268 who work in event month k with the offer and would not without it."""

FORMATS = {
    "personer.csv": FileFormat(
        {
            "deltaker": "pseudonym",
            "kontor": "kontoret der det ble trukket lodd, fire siffer",
            "loddtrekning": "dagen det ble trukket lodd; måneden er hendelsesmåned 0",
            "trukket_til": "SE eller ORD (ordinær oppfølging)",
            "begynte_i_SE": "J eller N",
            "kjønn": "K eller M",
            "fødselsår": "årstall",
            "utdanning": "1 grunnskole, 2 videregående, 3 høyere, tomt = ukjent",
            "født_i_utlandet": "J eller N",
            "ut_av_registeret": "siste dag i landet eller dødsdag, eller tomt",
            "jobbveileder": "pseudonym, tomt for ordinær oppfølging, uten betydning",
        },
        encoding="cp1252",
    ),
    "kontorer.csv": FileFormat(
        {
            "kontor": "fire siffer, ikke et virkelig Nav-kontor",
            "navn": "oppdiktet",
            "fylke": "virkelig fylkesnavn (2013)",
            "brukere_per_jobbveileder": "SE",
            "brukere_per_veileder": "ordinær oppfølging",
        },
        encoding="utf-8-sig",
        places={"brukere_per_jobbveileder": 1, "brukere_per_veileder": 0},
    ),
    "arbeidsforhold.csv": FileFormat(
        {
            "deltaker": "pseudonym",
            **spell_columns("startdato", "sluttdato"),
            "stillingsprosent": "avtalt stillingsandel i prosent; 100 er heltid",
        },
        encoding="latin-1",
        places={"stillingsprosent": 1},
    ),
    "ytelser.csv": FileFormat(
        {
            "DELTAKER": "pseudonym",
            "YTELSE": "AAP, DAGPENGER, SOSIALHJELP eller UFØRETRYGD",
            **spell_columns("FRA", "TIL", missing="NULL"),
        },
        dates="yyyy-mm-dd",
        missing="NULL",
        line_end="\n",
    ),
    "tiltak.csv": FileFormat(
        {
            "deltaker": "pseudonym",
            "tiltak": "Supported Employment, Midlertidig lønnstilskudd, Arbeidstrening eller Oppfølging",
            **spell_columns("fra", "til"),
        },
        encoding="cp1252",
    ),
    "kontorflytting.csv": FileFormat(
        {"deltaker": "pseudonym", "til_kontor": "det nye kontoret, fire siffer", "dato": "flyttedagen"},
        delimiter="|",
        dates="yyyy-mm-dd",
    ),
}


def generate(*, seed: int = SEED) -> Delivery:
    """The delivery: persons, offices, jobs, benefits, measures and moves between offices."""
    rng = generator(seed)
    office = np.repeat(np.arange(len(OFFERED)), np.add(OFFERED, ORDINARY_FOLLOW_UP))
    people = drawn_entrants(rng, PERSONS, HISTORY, LAST_START)
    treated = _by_lot(rng, office)
    without = untreated_work(rng, people, MONTHS)
    offered = _with_offer(rng, people, without)
    work = np.where(treated[:, None], offered, without).astype(np.int8)
    either = np.maximum(without, offered)
    states = with_subsidised_jobs(rng, work, either, people.start, 0.08)
    benefits = np.where(work > 0, 0, benefit_states(rng, people, without)).astype(np.int8)
    left = _leavers(rng, people)
    latent = {"people": people, "office": office, "treated": treated, "without": without, "offered": offered}
    latent |= {"work": work, "states": states, "benefits": benefits, "left": left}
    return Delivery(csv_files(FORMATS, _tables(rng, latent)), FORMATS, _truth(latent), latent)


def _by_lot(rng: np.random.Generator, office: np.ndarray) -> np.ndarray:
    """Who is offered SE: the number of each office, everybody in it equally likely."""
    treated = np.zeros(len(office), dtype=bool)
    for place, number in enumerate(OFFERED):
        treated[rng.choice(np.flatnonzero(office == place), number, replace=False)] = True
    return treated


def _with_offer(rng: np.random.Generator, people: Entrants, without: np.ndarray) -> np.ndarray:
    """Work of everybody, were all 268 offered SE: as without to the draw, and from then on `HELPED` more of them."""
    columns = people.start[:, None] + np.arange(HORIZON + 1)
    offered = without.copy()
    offered[np.arange(PERSONS)[:, None], columns] = helped_into_work(
        rng, np.take_along_axis(without, columns, axis=1), HELPED, 0.3 * people.trait
    )
    return offered


def _leavers(rng: np.random.Generator, people: Entrants) -> np.ndarray:
    """Last day in the register of the few who die or emigrate, at least eight months after the draw; NaT for most."""
    leaves = rng.random(PERSONS) < 0.04
    month = FIRST + people.start + rng.integers(8, HORIZON, PERSONS)
    return np.where(leaves, day_in_month(rng, month), np.datetime64("NaT", "D"))


def _tables(rng: np.random.Generator, known: dict) -> dict[str, dict]:
    people, left = known["people"], known["left"]
    ids, numbers = pseudonyms(rng, PERSONS, "kl"), office_numbers(9501, len(OFFERED))
    jobs = cut_at(dated_spells(rng, known["states"], FIRST), left)
    benefits = cut_at(dated_spells(rng, known["benefits"], FIRST), left)
    begin = day_in_month(rng, FIRST + people.start)
    starts = known["treated"] & (rng.random(PERSONS) < 0.9)
    return {
        "personer.csv": _person_table(rng, ids, begin, starts, numbers, known),
        "kontorer.csv": _office_table(rng, numbers),
        "arbeidsforhold.csv": _job_table(rng, ids, people, jobs),
        "ytelser.csv": _benefit_table(ids, benefits),
        "tiltak.csv": _measure_table(rng, ids, begin, starts, jobs, left),
        "kontorflytting.csv": _move_table(rng, ids, numbers, known),
    }


def _person_table(rng, ids, begin, starts, numbers, known: dict) -> dict[str, np.ndarray]:
    people = known["people"]
    adviser = pseudonyms(rng, 12, "jv")[3 * known["office"] + rng.integers(0, 3, PERSONS)]
    table = {
        "deltaker": ids,
        "kontor": numbers[known["office"]],
        "loddtrekning": begin,
        "trukket_til": np.where(known["treated"], "SE", "ORD"),
        "begynte_i_SE": np.where(starts, "J", "N"),
        "kjønn": np.where(people.woman, "K", "M"),
        "fødselsår": (FIRST + people.start) // 12 - people.age,
        "utdanning": np.where(rng.random(PERSONS) < 0.03, "", np.array(["1", "2", "3"])[people.education]),
        "født_i_utlandet": np.where(people.born_abroad, "J", "N"),
        "ut_av_registeret": known["left"],
        "jobbveileder": np.where(starts, adviser, ""),
    }
    order = rng.permutation(PERSONS)
    return {name: values[order] for name, values in table.items()}


def _office_table(rng: np.random.Generator, numbers: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "kontor": numbers,
        "navn": np.array([f"Eksempelkontor {place}" for place in range(1, len(numbers) + 1)]),
        "fylke": np.array(COUNTIES),
        "brukere_per_jobbveileder": rng.uniform(15, 20, len(numbers)),
        "brukere_per_veileder": rng.normal(150, 15, len(numbers)).clip(110, 190),
    }


def _job_table(rng: np.random.Generator, ids: np.ndarray, people: Entrants, jobs: Spells) -> dict[str, np.ndarray]:
    whole = joined(jobs, nested(rng, jobs.where(jobs.state == ORDINARY), 0.05))
    shares = np.array([20.0, 37.5, 50.0, 60.0, 80.0, 100.0])
    place = np.round(2.6 + 0.9 * people.trait[whole.row] + 1.3 * rng.normal(size=len(whole.row)))
    return {
        "deltaker": ids[whole.row],
        "startdato": whole.start,
        "sluttdato": whole.end,
        "stillingsprosent": shares[np.clip(place, 0, 5).astype(np.int64)],
    }


def _benefit_table(ids: np.ndarray, spells: Spells) -> dict[str, np.ndarray]:
    return {
        "DELTAKER": ids[spells.row],
        "YTELSE": BENEFIT_NAMES[spells.state],
        "FRA": spells.start,
        "TIL": spells.end,
    }


def _measure_table(rng, ids, begin, starts, jobs: Spells, left: np.ndarray) -> dict[str, np.ndarray]:
    """SE of those who began, other measures of some of the rest, and wage subsidy on the days of the subsidised job."""
    subsidised = jobs.where(jobs.state == SUBSIDISED)
    row = np.flatnonzero(starts | (rng.random(PERSONS) < 0.45))
    wait = np.where(starts[row], rng.integers(0, 40, len(row)), rng.integers(10, 240, len(row)))
    length = np.where(starts[row], rng.integers(200, 1000, len(row)), rng.integers(30, 400, len(row)))
    start = begin[row] + wait.astype("timedelta64[D]")
    whole = cut_at(Spells(row, np.arange(len(row)), start, start + length.astype("timedelta64[D]")), left)
    kept = whole.where(whole.end <= last_day(FIRST + MONTHS - 1))
    others = drawn(rng, ["Arbeidstrening", "Oppfølging"], [0.6, 0.4], len(row))
    names = np.where(starts[kept.row], "Supported Employment", others[kept.state])
    return {
        "deltaker": ids[np.concatenate([kept.row, subsidised.row])],
        "tiltak": np.concatenate([names, np.full(len(subsidised.row), "Midlertidig lønnstilskudd")]),
        "fra": np.concatenate([kept.start, subsidised.start]),
        "til": np.concatenate([kept.end, subsidised.end]),
    }


def _move_table(rng, ids, numbers: np.ndarray, known: dict) -> dict[str, np.ndarray]:
    """Moves after the draw; the office where lots were drawn stays the stratum."""
    rows = np.flatnonzero((rng.random(PERSONS) < 0.04) & np.isnat(known["left"]))
    to = (known["office"][rows] + rng.integers(1, len(numbers), len(rows))) % len(numbers)
    month = FIRST + known["people"].start[rows] + rng.integers(2, 40, len(rows))
    return {"deltaker": ids[rows], "til_kontor": numbers[to], "dato": day_in_month(rng, month)}


def _truth(latent: dict) -> dict:
    """The average effect of the offer on the 268 by event month, and the difference that the lots happened to give."""
    treated = latent["treated"]
    columns = latent["people"].start[:, None] + np.arange(HORIZON + 1)
    without, offered, seen = (
        np.take_along_axis(latent[name], columns, axis=1) for name in ("without", "offered", "work")
    )
    effect = (offered.astype(np.int64) - without).mean(axis=0)
    gap = seen[treated].mean(axis=0) - seen[~treated].mean(axis=0)
    return {
        "estimand": "average effect of the offer on ordinary paid work on the last day of event month k, all 268",
        "persons": {"se": int(treated.sum()), "ordinary": int((~treated).sum())},
        "window": [month_text(FIRST), month_text(FIRST + MONTHS - 1)],
        "effect": {str(k): float(value) for k, value in enumerate(effect)},
        "helped": {str(k): int(count) for k, count in enumerate(HELPED)},
        "months_36": float(effect[1:37].sum()),
        "raw_gap": {str(k): float(value) for k, value in enumerate(gap)},
        "in_work": {str(k): [int(seen[treated, k].sum()), int(seen[~treated, k].sum())] for k in range(HORIZON + 1)},
    }
