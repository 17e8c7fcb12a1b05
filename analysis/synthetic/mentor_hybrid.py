"""The mentor hybrid model: 49 users with the outcomes that the projects reported, and a register pool of 20 000.

Exactly 36 are reported as hired, 2 as apprentices and 2 as in education, nobody twice, 9 as none of these; 45 mentors
at 39 workplaces; 43 staff, 30 at offices and 13 at working-life centres (seed 002). What the projects report is «ever,
by their own account», and some of the hired are on wage subsidy, so it is not the register's work at a date. The truth
is the average effect on the 49 on ordinary paid work at a date: 10 of 49 in months 12–18, 8 in month 24, 6 in month 36.
Advisers picked users with better histories and younger; the pool overlaps with them.
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
    rounded_to_sum,
    spell_columns,
    weighted_choice,
)
from analysis.synthetic.histories import (
    AAP,
    BENEFIT_NAMES,
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
from analysis.synthetic.spells import Spells, cut_at, dated_spells, day_in_month, first_day, last_day

SEED = 202001
USERS, POOL = 49, 20_000
HIRED, APPRENTICES, IN_EDUCATION = 36, 2, 2
MENTORS, WORKPLACES, OFFICE_STAFF, CENTRE_STAFF = 45, 39, 30, 13
FIRST, MONTHS = month_number("2014-01"), 84
FIRST_START, LAST_START = 32, 46
HORIZON, PROJECT_MONTHS = 36, 18
PROJECT_OFFICES, OFFICES = 10, 40
HELPED = np.array([0, 0, 0, 1, 2, 3, 5, 6, 7, 8, 9] + [10] * 8 + [9, 9, 9, 8, 8, 8, 8, 8, 7, 7, 7, 7, 7, 7, 6, 6, 6, 6])
"""Users in ordinary work in event month k who would not have been without the model; divided by 49 it is the effect."""

NO_RESULT, HIRED_RESULT, APPRENTICE_RESULT, EDUCATION_RESULT = "INGEN", "ANSATT", "LÆREPLASS", "UTDANNING"
FORMATS = {
    "deltakere.csv": FileFormat(
        {
            "Deltaker": "pseudonym, det samme som i registerfilene",
            "Kontor": "prosjektkontor",
            "Veileder": "pseudonym for veilederen ved kontoret",
            "Valgt dato": "dagen saken ble valgt ut (tid null)",
            "Første mentorkontrakt": "dato",
            "Resultat": "ANSATT, LÆREPLASS, UTDANNING eller INGEN, ett per deltaker, meldt av prosjektet",
            "Resultat dato": "dato, eller tomt",
            "Kommentar": "fri tekst, uten betydning",
        },
        encoding="cp1252",
    ),
    "mentorer.csv": FileFormat(
        {"Mentor": "pseudonym", "Arbeidsplass": "pseudonym", "Deltaker": "deltakeren mentoren fulgte"},
        encoding="cp1252",
    ),
    "ansatte.csv": FileFormat(
        {
            "Ansatt": "pseudonym",
            "Enhetstype": "Nav-kontor eller Nav arbeidslivssenter",
            "Enhet": "kontornummer, eller fylket for arbeidslivssenteret",
            "Antall saker": "deltakere (kontor) eller arbeidsplasser (senter)",
        },
        encoding="cp1252",
    ),
    "personer.csv": FileFormat(
        {
            "person": "pseudonym",
            "kontornr": "kontor ved oppfølgingsvedtaket, fire siffer",
            "fylke": "Akershus eller Trøndelag",
            "vedtaksdato": "oppfølgingsvedtaket; for deltakerne dagen saken ble valgt",
            "deltaker": "J eller N",
            "kjonn": "M eller K",
            "fodt_aar": "årstall",
            "utdanning": "1 grunnskole, 2 videregående, 3 høyere, -1 = ukjent",
            "fodeland": "NO eller annet",
            "innsatsgruppe": "BATT = spesielt tilpasset, VARIG = varig tilpasset",
            "utvandret_eller_dod": "dato, eller tomt",
        },
        encoding="utf-8",
        dates="yyyy-mm-dd",
        line_end="\n",
    ),
    "arbeid.csv": FileFormat(
        {
            "person": "pseudonym",
            **spell_columns("fra", "til"),
            "stilling_prosent": "avtalt stillingsandel i prosent",
        },
        encoding="latin-1",
        places={"stilling_prosent": 1},
    ),
    "ytelser.csv": FileFormat(
        {
            "person": "pseudonym",
            "ytelse": "AAP, DAGPENGER, SOSIALHJELP eller UFØRETRYGD",
            **spell_columns("fra", "til"),
        },
        encoding="latin-1",
    ),
    "tiltak.csv": FileFormat(
        {
            "person": "pseudonym",
            "tiltakskode": "ARBTREN, MENTOR, MIDLONTIL (midlertidig lønnstilskudd), AFT",
            **spell_columns("fra", "til"),
        },
        encoding="latin-1",
    ),
    "utdanning.csv": FileFormat(
        {
            "person": "pseudonym",
            "nus_nivaa": "nivå 3–6",
            **spell_columns("fra", "til"),
        },
        encoding="utf-8-sig",
    ),
}


def generate(*, seed: int = SEED) -> Delivery:
    """The delivery: the projects' own lists, and register files on the 49 and the pool."""
    rng = generator(seed)
    people = drawn_entrants(rng, USERS + POOL, FIRST_START, LAST_START)
    office = rng.choice(OFFICES, size=len(people.start), p=_office_shares(rng))
    untreated = untreated_work(rng, people, MONTHS)
    benefits = benefit_states(rng, people, untreated)
    users = _selected(rng, people, untreated, benefits, office)
    work = _treated_work(rng, people, untreated, users)
    results = _reported_results(rng, people, work, users)
    states = _states(rng, people, work, untreated, users, results)
    latent = {"people": people, "office": office, "users": users, "untreated": untreated, "work": work}
    latent |= {"states": states, "results": results, "benefits": np.where(states > 0, 0, benefits).astype(np.int8)}
    return Delivery(csv_files(FORMATS, _tables(rng, latent)), FORMATS, _truth(latent), latent)


def _office_shares(rng: np.random.Generator) -> np.ndarray:
    sizes = rng.gamma(3.0, size=OFFICES) + 0.5
    return sizes / sizes.sum()


def _selected(rng, people: Entrants, work, benefits, office: np.ndarray) -> np.ndarray:
    """Rows of the 49: at project offices, with more work behind them, younger, more education; all of it registered."""
    worked = worked_months(work, people.start, -24, -1) / 24
    on_aap = benefits[np.arange(len(people.start)), people.start - 1] == AAP
    score = 0.8 * worked + 0.5 * on_aap - 0.04 * (people.age - 38) + 0.4 * people.education - 0.4 * people.born_abroad
    return weighted_choice(rng, np.where(office < PROJECT_OFFICES, score, -np.inf), USERS)


def _treated_work(rng: np.random.Generator, people: Entrants, untreated: np.ndarray, users: np.ndarray) -> np.ndarray:
    columns = people.start[users, None] + np.arange(HORIZON + 1)
    happens = untreated.copy()
    without = untreated[users[:, None], columns]
    happens[users[:, None], columns] = helped_into_work(rng, without, HELPED, np.zeros(USERS))
    return happens


def _reported_results(rng: np.random.Generator, people: Entrants, work: np.ndarray, users: np.ndarray) -> np.ndarray:
    """What the projects report of each user. Those the register shows in ordinary work within 18 months come first."""
    ever = event_states(work, people.start, 1, PROJECT_MONTHS)[users].any(axis=1)
    order = np.argsort(~ever + 0.5 * rng.random(USERS), kind="stable")
    if ever.sum() > HIRED + APPRENTICES:
        raise ValueError("more users in work than the projects report as hired or apprenticed")
    results = np.full(USERS, NO_RESULT, dtype="U9")
    results[order[:APPRENTICES]] = APPRENTICE_RESULT
    results[order[APPRENTICES : APPRENTICES + HIRED]] = HIRED_RESULT
    results[order[APPRENTICES + HIRED :][:IN_EDUCATION]] = EDUCATION_RESULT
    return results


def _states(rng, people: Entrants, work, untreated, users: np.ndarray, results: np.ndarray) -> np.ndarray:
    """Ordinary work and jobs on wage subsidy, which all the hired have who are not in ordinary work in the project."""
    states = with_subsidised_jobs(rng, work, untreated, people.start, 0.08)
    states[users] = work[users]
    ever = event_states(work, people.start, 1, PROJECT_MONTHS)[users].any(axis=1)
    for row in users[(results == HIRED_RESULT) & ~ever].tolist():
        first = people.start[row] + rng.integers(4, 11)
        span = slice(first, first + rng.integers(4, 8))
        states[row, span] = np.where(work[row, span] == 0, SUBSIDISED, work[row, span])
    return states


def _tables(rng: np.random.Generator, known: dict) -> dict[str, dict]:
    people, users = known["people"], known["users"]
    ids = pseudonyms(rng, len(people.start), "mh")
    left = _left(rng, people, users)
    begin = day_in_month(rng, FIRST + people.start)
    jobs = cut_at(dated_spells(rng, known["states"], FIRST), left)
    benefits = cut_at(dated_spells(rng, known["benefits"], FIRST), left)
    numbers = office_numbers(9201, OFFICES)
    advisers = pseudonyms(rng, OFFICE_STAFF + CENTRE_STAFF, "ans")
    adviser_office = _advisers(np.bincount(known["office"][users], minlength=OFFICES))
    own_adviser = _own_adviser(known["office"][users], adviser_office)
    cases = np.bincount(own_adviser, minlength=OFFICE_STAFF)
    return {
        "deltakere.csv": _user_table(rng, known, ids, begin, numbers, advisers[own_adviser], jobs),
        "mentorer.csv": _mentor_table(rng, ids[users]),
        "ansatte.csv": _staff_table(numbers[adviser_office], advisers, cases),
        "personer.csv": _person_table(rng, known, ids, begin, numbers, left),
        "arbeid.csv": _job_table(rng, ids, people, jobs),
        "ytelser.csv": _spell_table(ids, benefits, "ytelse", BENEFIT_NAMES[benefits.state]),
        "tiltak.csv": _measure_table(rng, ids, people, users, begin, jobs, left),
        "utdanning.csv": _education_table(rng, ids, known, begin, left),
    }


def _left(rng: np.random.Generator, people: Entrants, users: np.ndarray) -> np.ndarray:
    """Last day in the register for those in the pool who emigrate or die after the start; none of the 49 does."""
    leaves = rng.random(len(people.start)) < 0.03
    leaves[users] = False
    month = FIRST + people.start + rng.integers(1, MONTHS - LAST_START - 1, len(people.start))
    return np.where(leaves, day_in_month(rng, month), np.datetime64("NaT", "D"))


def _advisers(users_per_office: np.ndarray) -> np.ndarray:
    """Office of each of the 30 advisers: one where there are users, and the rest by the number of users."""
    offices = np.flatnonzero(users_per_office)
    users = users_per_office[offices]
    extra = OFFICE_STAFF - len(offices)
    staff = 1 + rounded_to_sum(extra * (users - 1) / (USERS - len(offices)), extra)
    return np.repeat(offices, staff)


def _own_adviser(office: np.ndarray, adviser_office: np.ndarray) -> np.ndarray:
    """An adviser at the own office for each user, dealt out in turn, so that all have one to five cases."""
    adviser = np.empty(len(office), dtype=np.int64)
    for place in np.unique(office):
        here = np.flatnonzero(office == place)
        adviser[here] = np.resize(np.flatnonzero(adviser_office == place), len(here))
    return adviser


def _user_table(rng, known: dict, ids, begin, numbers, adviser, jobs: Spells) -> dict[str, np.ndarray]:
    users, results = known["users"], known["results"]
    contract = begin[users] + rng.integers(20, 120, USERS).astype("timedelta64[D]")
    table = {
        "Deltaker": ids[users],
        "Kontor": numbers[known["office"][users]],
        "Veileder": adviser,
        "Valgt dato": begin[users],
        "Første mentorkontrakt": contract,
        "Resultat": results,
        "Resultat dato": _result_days(rng, known, begin, jobs),
        "Kommentar": drawn(rng, ["", "ønsker mer tid – avtalt", "bytte av mentor; ny avtale"], [0.7, 0.2, 0.1], USERS),
    }
    order = rng.permutation(USERS)
    return {name: values[order] for name, values in table.items()}


def _result_days(rng: np.random.Generator, known: dict, begin: np.ndarray, jobs: Spells) -> np.ndarray:
    """First day in a job in the project period for the hired and the apprentices, 1 August for those in education."""
    users, results = known["users"], known["results"]
    days = np.full(USERS, np.datetime64("NaT", "D"))
    for place, row in enumerate(users.tolist()):
        month = FIRST + known["people"].start[row]
        if results[place] == EDUCATION_RESULT:
            days[place] = _school_start(month)
        elif results[place] != NO_RESULT:
            own = jobs.where(jobs.row == row)
            still = np.isnat(own.end) | (own.end >= last_day(month + 1))
            days[place] = max(own.start[still].min(), begin[row])
    return days


def _school_start(month: np.ndarray | int) -> np.ndarray:
    """1 August after `month`."""
    return first_day((np.asarray(month) - 7) // 12 * 12 + 12 + 7)


def _mentor_table(rng: np.random.Generator, users: np.ndarray) -> dict[str, np.ndarray]:
    """45 mentors at 39 workplaces; four mentors follow two users, and six workplaces have two mentors."""
    mentors, workplaces = pseudonyms(rng, MENTORS, "men"), pseudonyms(rng, WORKPLACES, "arb")
    at = np.concatenate([np.arange(WORKPLACES), np.arange(MENTORS - WORKPLACES)])
    mentor = np.concatenate([np.arange(MENTORS), rng.choice(MENTORS, USERS - MENTORS, replace=False)])
    return {
        "Mentor": mentors[mentor],
        "Arbeidsplass": workplaces[at[mentor]],
        "Deltaker": users[rng.permutation(USERS)],
    }


def _staff_table(offices: np.ndarray, ids: np.ndarray, cases: np.ndarray) -> dict[str, np.ndarray]:
    centres = np.repeat(["Akershus", "Trøndelag"], [8, CENTRE_STAFF - 8])
    return {
        "Ansatt": ids,
        "Enhetstype": np.repeat(["Nav-kontor", "Nav arbeidslivssenter"], [OFFICE_STAFF, CENTRE_STAFF]),
        "Enhet": np.concatenate([offices, centres]),
        "Antall saker": np.concatenate([cases, np.full(CENTRE_STAFF, WORKPLACES // CENTRE_STAFF)]),
    }


def _person_table(rng, known: dict, ids, begin, numbers, left) -> dict[str, np.ndarray]:
    people, office, count = known["people"], known["office"], len(ids)
    education = np.array(["1", "2", "3"])[people.education]
    table = {
        "person": ids,
        "kontornr": numbers[office],
        "fylke": np.where(office % 5 < 3, "Akershus", "Trøndelag"),
        "vedtaksdato": begin,
        "deltaker": np.where(np.isin(np.arange(count), known["users"]), "J", "N"),
        "kjonn": np.where(people.woman, "K", "M"),
        "fodt_aar": (FIRST + people.start) // 12 - people.age,
        "utdanning": np.where(rng.random(count) < 0.05, "-1", education),
        "fodeland": np.where(people.born_abroad, "annet", "NO"),
        "innsatsgruppe": np.where(people.trait + rng.normal(size=count) < -1.6, "VARIG", "BATT"),
        "utvandret_eller_dod": left,
    }
    order = rng.permutation(count)
    return {name: values[order] for name, values in table.items()}


def _job_table(rng: np.random.Generator, ids: np.ndarray, people: Entrants, jobs: Spells) -> dict[str, np.ndarray]:
    shares = np.array([20.0, 40.0, 50.0, 60.0, 80.0, 100.0])
    place = np.clip(np.round(2.4 + people.trait[jobs.row] + rng.normal(size=len(jobs.row))), 0, 5).astype(np.int64)
    return {"person": ids[jobs.row], "fra": jobs.start, "til": jobs.end, "stilling_prosent": shares[place]}


def _spell_table(ids: np.ndarray, spells: Spells, name: str, values: np.ndarray) -> dict[str, np.ndarray]:
    return {"person": ids[spells.row], name: values, "fra": spells.start, "til": spells.end}


def _measure_table(rng, ids, people: Entrants, users, begin, jobs: Spells, left) -> dict[str, np.ndarray]:
    """Work training first and then mentor for the 49; training or AFT for some of the pool; subsidy as the job."""
    others = np.setdiff1d(np.flatnonzero(rng.random(len(ids)) < 0.35), users)
    row = np.concatenate([users, users, others])
    wait = np.concatenate(
        [rng.integers(5, 20, USERS), rng.integers(100, 130, USERS), rng.integers(10, 300, len(others))]
    )
    length = np.concatenate([np.full(USERS, 75), rng.integers(120, 400, USERS), rng.integers(30, 300, len(others))])
    other = drawn(rng, ["ARBTREN", "AFT", "MENTOR"], [0.6, 0.35, 0.05], len(others))
    names = np.concatenate([np.repeat(["ARBTREN", "MENTOR"], USERS), other])
    start = begin[row] + wait.astype("timedelta64[D]")
    spells = cut_at(Spells(row, np.arange(len(row)), start, start + length.astype("timedelta64[D]")), left)
    subsidised = jobs.where(jobs.state == SUBSIDISED)
    return {
        "person": ids[np.concatenate([spells.row, subsidised.row])],
        "tiltakskode": np.concatenate([names[spells.state], np.full(len(subsidised.row), "MIDLONTIL")]),
        "fra": np.concatenate([spells.start, subsidised.start]),
        "til": np.concatenate([spells.end, subsidised.end]),
    }


def _education_table(rng: np.random.Generator, ids: np.ndarray, known: dict, begin, left) -> dict[str, np.ndarray]:
    """From the first August after the start: the two users in education, and four per cent of the pool."""
    users = known["users"]
    pool = np.setdiff1d(np.flatnonzero(rng.random(len(ids)) < 0.04), users)
    row = np.concatenate([users[known["results"] == EDUCATION_RESULT], pool])
    start = _school_start(FIRST + known["people"].start[row])
    end = start + rng.integers(250, 700, len(row)).astype("timedelta64[D]")
    spells = cut_at(Spells(row, np.zeros(len(row), dtype=np.int64), start, end), left)
    return {
        "person": ids[spells.row],
        "nus_nivaa": drawn(rng, ["3", "4", "5", "6"], [0.35, 0.4, 0.05, 0.2], len(spells.row)),
        "fra": spells.start,
        "til": spells.end,
    }


def _truth(known: dict) -> dict:
    """Average effect on the 49 by event month, the reported results, and the raw gap to the pool."""
    users, start = known["users"], known["people"].start
    happens, without = (event_states(known[name], start, -24, HORIZON) == 1 for name in ("work", "untreated"))
    effect = (happens[users].sum(axis=0) - without[users].sum(axis=0)) / USERS
    pool = np.setdiff1d(np.arange(len(start)), users)
    gap = happens[users].mean(axis=0) - happens[pool].mean(axis=0)
    months = range(-24, HORIZON + 1)
    counts = {result: int((known["results"] == result).sum()) for result in np.unique(known["results"]).tolist()}
    return {
        "estimand": "ATT of the model on ordinary paid work on the last day of event month k, the 49 users",
        "persons": {"users": USERS, "pool": POOL},
        "window": [month_text(FIRST), month_text(FIRST + MONTHS - 1)],
        "reported": counts,
        "mentors": MENTORS,
        "workplaces": WORKPLACES,
        "staff": {"office": OFFICE_STAFF, "working_life_centre": CENTRE_STAFF},
        "att": {str(k): float(value) for k, value in zip(months, effect, strict=True)},
        "in_work": {str(k): int(count) for k, count in zip(months, happens[users].sum(axis=0), strict=True)},
        "raw_gap": {str(k): float(value) for k, value in zip(months, gap, strict=True)},
    }
