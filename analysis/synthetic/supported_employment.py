"""Supported Employment (SE) against ordinary follow-up on register data: 1 200 and 30 000 persons over 84 months.

SE is given to people whose history up to the start makes it likelier, so the raw comparison and the plain
difference-in-differences are wrong, and the matched one is not. The truth is the average effect on the 1 200 in each
event month: none to month 2, 12 percentage points from month 9 to 15, none in month 36. The size and the shape are
chosen, not estimated: the source for the real project gives no result figures (seed 003).
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
    weighted_choice,
)
from analysis.synthetic.histories import (
    AAP,
    BENEFIT_NAMES,
    ORDINARY,
    SUBSIDISED,
    Entrants,
    benefit_states,
    drawn_entrants,
    event_states,
    helped_into_work,
    untreated_work,
    with_subsidised_jobs,
    worked_months,
)
from analysis.synthetic.spells import Spells, cut_at, dated_spells, day_in_month, first_day, joined, last_day, nested

SEED = 201703
PARTICIPANTS, ORDINARY_FOLLOW_UP = 1_200, 30_000
FIRST, MONTHS = month_number("2012-01"), 84
HISTORY, HORIZON = 24, 36
COUNTIES = {"Buskerud": (10, 8), "Østfold": (10, 8), "Vestfold": (7, 3), "Telemark": (7, 3), "Akershus": (6, 2)}
"""County → offices, and how many of them give SE."""

MEDICINES = {
    "ASTMA": -0.10,
    "ALLERGI": 0.05,
    "STOFFSKIFTE": -0.05,
    "GRØNN STÆR": 0.0,
    "EPILEPSI": -0.20,
    "URINSYREGIKT": -0.10,
    "EKSEM": 0.0,
    "B12-MANGEL": -0.15,
    "KOLESTEROL": -0.15,
    "BLÆREN": -0.05,
}
"""Medicines on prescription, and how much commoner each is per unit of ability for work. No job adviser has a part in
them, so they are the negative controls."""

_LEVELS = {3: 24, 4: 48, 5: 72, 6: 96, 7: 114, 8: 132, 16: 138, 17: 132}
HELPED = np.array(
    [_LEVELS.get(k, 0 if k < 3 else 144 if k < 16 else round(120 * (HORIZON - k) / 18)) for k in range(HORIZON + 1)]
)
"""Participants in work in event month k who would not have been without SE; divided by 1 200 it is the true effect."""

EVENT_ZERO = "oppstartsmåneden er hendelsesmåned 0"
FORMATS = {
    "personer.csv": FileFormat(
        {
            "pid": "pseudonym",
            "kontor": "kontor ved oppstart, fire siffer",
            "oppfolging_start": f"første dag i oppfølgingen; {EVENT_ZERO}",
            "se_deltaker": "1 = Supported Employment, 0 = ordinær oppfølging",
            "kjonn": "1 = mann, 2 = kvinne",
            "foedselsaar": "årstall",
            "utdanningsnivaa": "1 grunnskole, 2 videregående, 3 høyere, tomt = ukjent",
            "foedeland": "NOR eller ANNET",
            "utvandringsdato": "dato, eller tomt",
            "doedsdato": "dato, eller tomt",
            "kilde": "uten betydning",
        },
        encoding="utf-8-sig",
        dates="yyyy-mm-dd",
    ),
    "kontorer.csv": FileFormat(
        {
            "Kontornr": "fire siffer, ikke et virkelig Nav-kontor",
            "Kontornavn": "oppdiktet",
            "Fylke": "virkelig fylkesnavn (2017)",
            "Tilbyr SE": "Ja eller Nei",
            "Brukere per jobbveileder": "SE, bare kontorer som tilbyr det",
            "Brukere per veileder": "ordinær oppfølging",
            "Metodetrofasthet": "SE-skår 25–125, tomt der den ikke er målt",
            "Skåringsdato": "dato, eller tomt",
        },
        encoding="cp1252",
        places={"Brukere per jobbveileder": 1, "Brukere per veileder": 0, "Metodetrofasthet": 0},
    ),
    "arbeidsforhold.csv": FileFormat(
        {
            "pid": "pseudonym",
            "arbforh_id": "løpenummer for arbeidsforholdet, uten betydning",
            **spell_columns("startdato", "sluttdato"),
            "stillingspst": "avtalt stillingsandel i prosent",
        },
        places={"stillingspst": 2},
    ),
    "ytelser.csv": FileFormat(
        {
            "PID": "pseudonym",
            "STONADSTYPE": "AAP, DAGPENGER, SOSIALHJELP eller UFØRETRYGD",
            **spell_columns("DATO_FRA", "DATO_TIL", missing="NULL"),
            "REGELVERK": "uten betydning",
        },
        encoding="latin-1",
        missing="NULL",
    ),
    "tiltak.csv": FileFormat(
        {
            "pid": "pseudonym",
            "tiltak": "Supported Employment, Midlertidig lønnstilskudd, Arbeidstrening, AFT eller Oppfølging",
            **spell_columns("fra", "til"),
        },
        encoding="cp1252",
    ),
    "kontorflytting.csv": FileFormat(
        {"pid": "pseudonym", "fra_kontor": "kontoret før", "til_kontor": "kontoret etter", "dato": "flyttedagen"},
        dates="yyyy-mm-dd",
        delimiter="|",
    ),
    "resepter.csv": FileFormat(
        {
            "pid": "pseudonym",
            "legemiddel": "hva legemidlet er mot",
            **spell_columns("fra", "til"),
        },
        dates="yyyy-mm-dd",
    ),
    "inntekt.csv": FileFormat(
        {"pid": "pseudonym", "aar": "kalenderår", "lonn": "lønnsinntekt i året, kroner"},
        line_end="\n",
        places={"lonn": 2},
    ),
}


def generate(*, seed: int = SEED) -> Delivery:
    """The delivery: persons, offices, jobs, benefits, measures, moves between offices and yearly earnings."""
    rng = generator(seed)
    people = drawn_entrants(rng, PARTICIPANTS + ORDINARY_FOLLOW_UP, HISTORY, MONTHS - 1 - HORIZON)
    offices = _offices(rng)
    office = rng.choice(len(offices["numbers"]), size=len(people.start), p=offices["sizes"])
    untreated = untreated_work(rng, people, MONTHS)
    benefits_before = benefit_states(rng, people, untreated)
    treated = _selected(rng, people, untreated, benefits_before, offices["gives_se"][office])
    treated_work = _treated_work(rng, people, untreated, treated, offices["fidelity"][office])
    states = with_subsidised_jobs(rng, treated_work, untreated, people.start, 0.08)
    benefits = _benefits_after(benefits_before, treated_work, untreated)
    left, dead = _leavers(rng, people)
    latent = {"people": people, "office": office, "treated": treated, "untreated": untreated, "work": treated_work}
    latent["seed"] = seed
    latent |= {"states": states, "benefits": benefits, "left": left, "fidelity": offices["fidelity"][office]}
    tables = _tables(rng, people, offices, latent | {"dead": dead})
    return Delivery(csv_files(FORMATS, tables), FORMATS, _truth(latent), latent)


def _offices(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Office by office: number, county, share of the persons, whether it gives SE, fidelity to the method."""
    county = np.repeat(list(COUNTIES), [total for total, _ in COUNTIES.values()])
    gives_se = np.concatenate([np.arange(total) < giving for total, giving in COUNTIES.values()])
    sizes = rng.gamma(3.0, size=len(county)) + 0.4
    return {
        "numbers": office_numbers(9101, len(county)),
        "county": county,
        "sizes": sizes / sizes.sum(),
        "gives_se": gives_se,
        "fidelity": np.where(gives_se, rng.integers(70, 116, len(county)), 0),
    }


def _selected(rng, people: Entrants, work: np.ndarray, benefits: np.ndarray, gives_se: np.ndarray) -> np.ndarray:
    """Who gets SE: worked more one to two years before, less in the last half year, on AAP, younger; seen by all."""
    long_ago = worked_months(work, people.start, -24, -13) / 12
    lately = worked_months(work, people.start, -6, -1) / 6
    on_aap = benefits[np.arange(len(people.start)), people.start - 1] == AAP
    score = 0.9 * long_ago - 0.9 * lately + 0.7 * on_aap - 0.03 * (people.age - 38) + 0.2 * people.education
    chosen = weighted_choice(rng, np.where(gives_se, score, -np.inf), PARTICIPANTS)
    return np.isin(np.arange(len(people.start)), chosen)


def _treated_work(rng, people: Entrants, untreated, treated: np.ndarray, fidelity: np.ndarray) -> np.ndarray:
    """Work as it happens: without SE for the ordinary group, with SE for the participants, none helped after 36."""
    rows = np.flatnonzero(treated)
    columns = people.start[rows, None] + np.arange(HORIZON + 1)
    weights = 0.04 * (fidelity[rows] - fidelity[rows].mean())
    happens = untreated.copy()
    happens[rows[:, None], columns] = helped_into_work(rng, untreated[rows[:, None], columns], HELPED, weights)
    return happens


def _benefits_after(benefits: np.ndarray, work: np.ndarray, untreated: np.ndarray) -> np.ndarray:
    """Who works because of SE has no benefit in that month."""
    return np.where((work == ORDINARY) & (untreated == 0), 0, benefits).astype(np.int8)


def _leavers(rng: np.random.Generator, people: Entrants) -> tuple[np.ndarray, np.ndarray]:
    """Last day in the register (NaT for most) of those who emigrate or die after the start, and who of them died."""
    count = len(people.start)
    leaves = rng.random(count) < 0.035
    month = FIRST + people.start + 1 + (rng.random(count) * (MONTHS - 2 - people.start)).astype(np.int64)
    left = np.where(leaves, day_in_month(rng, month), np.datetime64("NaT", "D"))
    return left, leaves & (rng.random(count) < 0.4)


def _tables(rng: np.random.Generator, people: Entrants, offices: dict, known: dict) -> dict[str, dict]:
    ids = pseudonyms(rng, len(people.start), "se")
    left = known["left"]
    jobs = cut_at(dated_spells(rng, known["states"], FIRST), left)
    benefits = cut_at(dated_spells(rng, known["benefits"], FIRST), left)
    begin = day_in_month(rng, FIRST + people.start)
    return {
        "personer.csv": _person_table(rng, people, ids, begin, offices["numbers"][known["office"]], known),
        "kontorer.csv": _office_table(rng, offices),
        "arbeidsforhold.csv": _job_table(rng, ids, people, jobs),
        "ytelser.csv": _benefit_table(rng, ids, benefits),
        "tiltak.csv": _measure_table(rng, ids, people, begin, jobs, known),
        "kontorflytting.csv": _move_table(rng, ids, people, offices["numbers"], known),
        "inntekt.csv": _income_table(rng, ids, people, known),
        "resepter.csv": _medicine_table(generator(known["seed"] + 1), ids, people, left),
    }


def _person_table(rng, people: Entrants, ids, begin, office_number, known: dict) -> dict[str, np.ndarray]:
    count, missing = len(ids), np.datetime64("NaT", "D")
    education = np.array(["1", "2", "3"])[people.education]
    table = {
        "pid": ids,
        "kontor": office_number,
        "oppfolging_start": begin,
        "se_deltaker": known["treated"].astype(np.int64),
        "kjonn": people.woman + 1,
        "foedselsaar": (FIRST + people.start) // 12 - people.age,
        "utdanningsnivaa": np.where(rng.random(count) < 0.04, "", education),
        "foedeland": np.where(people.born_abroad, "ANNET", "NOR"),
        "utvandringsdato": np.where(known["dead"], missing, known["left"]),
        "doedsdato": np.where(known["dead"], known["left"], missing),
        "kilde": drawn(rng, ["ARENA", "MODIA", ""], [0.6, 0.3, 0.1], count),
    }
    order = rng.permutation(count)
    return {name: values[order] for name, values in table.items()}


def _office_table(rng: np.random.Generator, offices: dict) -> dict[str, np.ndarray]:
    count, gives = len(offices["numbers"]), offices["gives_se"]
    scored = gives & (np.arange(count) % 9 != 4)
    fidelity = np.where(scored, offices["fidelity"].astype(float), np.nan)
    scored_on = day_in_month(rng, rng.integers(FIRST + 30, FIRST + 42, count))
    return {
        "Kontornr": offices["numbers"],
        "Kontornavn": np.array(
            [f"Eksempelkontor {place}; {offices['county'][place - 1]}" for place in range(1, count + 1)]
        ),
        "Fylke": offices["county"],
        "Tilbyr SE": np.where(gives, "Ja", "Nei"),
        "Brukere per jobbveileder": np.where(gives, rng.uniform(15, 20, count), np.nan),
        "Brukere per veileder": rng.normal(150, 15, count).clip(110, 190),
        "Metodetrofasthet": fidelity,
        "Skåringsdato": np.where(scored, scored_on, np.datetime64("NaT", "D")),
    }


def contracted_share(rng: np.random.Generator, trait: np.ndarray) -> np.ndarray:
    """Contracted share in per cent, larger for those with more ability for work."""
    shares = np.array([20.0, 37.5, 50.0, 60.0, 80.0, 100.0])
    place = np.clip(np.round(2.6 + 0.9 * trait + 1.3 * rng.normal(size=len(trait))), 0, 5).astype(np.int64)
    return shares[place]


def _job_table(rng: np.random.Generator, ids: np.ndarray, people: Entrants, jobs: Spells) -> dict[str, np.ndarray]:
    whole = joined(jobs, nested(rng, jobs.where(jobs.state == ORDINARY), 0.05))
    return {
        "pid": ids[whole.row],
        "arbforh_id": np.arange(700_001, 700_001 + len(whole.row)),
        "startdato": whole.start,
        "sluttdato": whole.end,
        "stillingspst": contracted_share(rng, people.trait[whole.row]),
    }


def _benefit_table(rng: np.random.Generator, ids: np.ndarray, spells: Spells) -> dict[str, np.ndarray]:
    return {
        "PID": ids[spells.row],
        "STONADSTYPE": BENEFIT_NAMES[spells.state],
        "DATO_FRA": spells.start,
        "DATO_TIL": spells.end,
        "REGELVERK": drawn(rng, ["FTL", "AAF", ""], [0.7, 0.2, 0.1], len(spells.row)),
    }


def _measure_table(rng, ids, people: Entrants, begin: np.ndarray, jobs: Spells, known: dict) -> dict[str, np.ndarray]:
    """SE from the start on, wage subsidy on exactly the days of the subsidised job, and measures in the other group."""
    subsidised = jobs.where(jobs.state == SUBSIDISED)
    rows = np.flatnonzero(known["treated"])
    others = np.flatnonzero(~known["treated"] & (rng.random(len(ids)) < 0.45))
    row = np.concatenate([rows, others])
    wait = np.where(known["treated"][row], 0, rng.integers(10, 240, len(row)))
    start = begin[row] + wait.astype("timedelta64[D]")
    length = np.where(known["treated"][row], rng.integers(200, 1000, len(row)), rng.integers(30, 400, len(row)))
    kinds = drawn(rng, ["Arbeidstrening", "AFT", "Oppfølging"], [0.45, 0.25, 0.30], len(row))
    other = Spells(row, np.arange(len(row)), start, start + length.astype("timedelta64[D]"))
    kept = cut_at(other, known["left"])
    kept = kept.where(kept.end <= last_day(FIRST + MONTHS - 1))
    names = np.where(known["treated"][kept.row], "Supported Employment", kinds[kept.state])
    return {
        "pid": ids[np.concatenate([kept.row, subsidised.row])],
        "tiltak": np.concatenate([names, np.full(len(subsidised.row), "Midlertidig lønnstilskudd")]),
        "fra": np.concatenate([kept.start, subsidised.start]),
        "til": np.concatenate([kept.end, subsidised.end]),
    }


def _move_table(rng, ids, people: Entrants, numbers: np.ndarray, known: dict) -> dict[str, np.ndarray]:
    """Moves after the start, three per cent of the persons; the office at the start stays the cluster."""
    rows = np.flatnonzero((rng.random(len(ids)) < 0.03) & np.isnat(known["left"]))
    office = known["office"][rows]
    to = (office + rng.integers(1, len(numbers), len(rows))) % len(numbers)
    month = FIRST + people.start[rows] + rng.integers(2, 30, len(rows))
    return {
        "pid": ids[rows],
        "fra_kontor": numbers[office],
        "til_kontor": numbers[to],
        "dato": day_in_month(rng, month),
    }


def _income_table(rng: np.random.Generator, ids: np.ndarray, people: Entrants, known: dict) -> dict[str, np.ndarray]:
    """Earnings of each calendar year with any: months in work × a monthly wage that grows by three per cent a year."""
    years = MONTHS // 12
    leaving = np.where(np.isnat(known["left"]), first_day(FIRST + MONTHS), known["left"])
    there = first_day(FIRST + np.arange(MONTHS))[None, :] <= leaving[:, None]
    worked = ((known["states"] > 0) & there).reshape(len(ids), years, 12).sum(axis=2)
    row, year = np.nonzero(worked)
    wage = np.exp(9.9 + 0.28 * people.trait[row] + 0.15 * rng.normal(size=len(row))) * 1.03**year
    return {"pid": ids[row], "aar": FIRST // 12 + year, "lonn": worked[row, year] * wage}


def _medicine_table(rng: np.random.Generator, ids: np.ndarray, people: Entrants, left) -> dict[str, np.ndarray]:
    """At most one spell of each medicine, two years long on average, commoner with age and with less ability for work.

    Drawn from a generator of its own, so that nothing else in the delivery depends on it.
    """
    last = last_day(FIRST + MONTHS - 1)
    rows, kinds, starts, ends = [], [], [], []
    for kind, slope in enumerate(MEDICINES.values()):
        chance = np.clip(0.16 * np.exp(slope * people.trait + 0.015 * (people.age - 40)), 0, 1)
        row = np.flatnonzero(rng.random(len(ids)) < chance)
        start = day_in_month(rng, FIRST - 24 + rng.integers(0, MONTHS + 24, len(row)))
        end = start + rng.exponential(730, len(row)).astype(np.int64).astype("timedelta64[D]")
        rows, kinds = [*rows, row], [*kinds, np.full(len(row), kind)]
        starts, ends = [*starts, start], [*ends, np.where(end > last, np.datetime64("NaT"), end)]
    whole = Spells(*(np.concatenate(part) for part in (rows, kinds, starts, ends)))
    kept = cut_at(whole, left)
    seen = np.isnat(kept.end) | (kept.end >= first_day(FIRST))
    kept = kept.where(seen)
    return {
        "pid": ids[kept.row],
        "legemiddel": np.array(list(MEDICINES))[kept.state],
        "fra": kept.start,
        "til": kept.end,
    }


def _truth(latent: dict) -> dict:
    """Average effect on the participants by event month, and what the unadjusted comparisons would say."""
    treated, start = latent["treated"], latent["people"].start
    happens, without = (event_states(latent[name], start, -HISTORY, HORIZON) == 1 for name in ("work", "untreated"))
    effect = (happens[treated].sum(axis=0) - without[treated].sum(axis=0)) / PARTICIPANTS
    gap = happens[treated].mean(axis=0) - happens[~treated].mean(axis=0)
    fidelity = latent["fidelity"][treated]
    high = fidelity >= np.median(fidelity)
    at_12 = HISTORY + 12
    by_fidelity = [
        (happens[treated][rows, at_12] - 1.0 * without[treated][rows, at_12]).mean() for rows in (high, ~high)
    ]
    months = range(-HISTORY, HORIZON + 1)
    return {
        "estimand": "ATT of SE on ordinary paid work on the last day of event month k, all 1 200",
        "persons": {"treated": PARTICIPANTS, "comparison": ORDINARY_FOLLOW_UP},
        "window": [month_text(FIRST), month_text(FIRST + MONTHS - 1)],
        "att": {str(k): float(value) for k, value in zip(months, effect, strict=True)},
        "helped": {str(k): int(count) for k, count in enumerate(HELPED)},
        "raw_gap": {str(k): float(value) for k, value in zip(months, gap, strict=True)},
        "raw_did": {str(k): float(gap[HISTORY + k] - gap[HISTORY - 1]) for k in range(HORIZON + 1)},
        "att_12_by_fidelity": {"high": float(by_fidelity[0]), "low": float(by_fidelity[1])},
        "fidelity_median": float(np.median(fidelity)),
    }
