"""Youth teams introduced office by office: 24 offices, 96 months, 60 000 young job seekers, effects that differ.

The offices have the five breakdowns of the source (Myklebø 2012, table 1) and its status in spring 2011: 13 with
youth advisers (3 small, 6 medium and 4 large offices), 3 with a project, 8 with neither. When each got its team, and
what the teams did, is invented. Untreated probabilities are additive in office, month and person, so trends are
parallel; effects grow in the early groups and fade or are negative in the late ones, so that two-way fixed effects,
which use the already treated as comparison, miss the average.
"""

from dataclasses import dataclass

import numpy as np

from analysis.months import month_number, month_text
from analysis.synthetic.common import Delivery, FileFormat, csv_files, drawn, generator, office_numbers, pseudonyms
from analysis.synthetic.spells import (
    Spells,
    cut_at,
    dated_spells,
    day_in_month,
    filled_states,
    first_day,
    last_day,
    nested,
    seen_until,
)

SEED = 201203
PERSONS = 60_000
FIRST, MONTHS = month_number("2009-01"), 96
HORIZONS = {6: 0.7, 12: 1.0, 24: 0.8}
"""Months after registration → the effect there as a share of the effect at 12 months."""
BEFORE, AFTER = 12, 30
"""Months of history before the month of registration, and months after it, that the register follows."""
WORK, EDUCATION = 1, 2
NEVER = "aldri"
TEAM, PROJECT, NEITHER = "egne ungdomsveiledere", "ungdomsprosjekt", "ingen av delene"

# Region, centrality, type, net full-time equivalents on 1 March 2011, unemployment in May 2011 (%), adoption month.
OFFICES = (
    ("Nord-Norge", "minst sentrale", "distriktskontor", 5, 3.1, "2015-03"),
    ("Nord-Norge", "minst sentrale", "distriktskontor", 7, 2.4, "2010-10"),
    ("Nord-Norge", "mindre sentrale", "bykommune", 18, 2.6, "2013-03"),
    ("Nord-Norge", "noe sentrale", "bykommune", 21, 2.2, "2011-10"),
    ("Nord-Norge", "sentrale", "bykommune", 36, 1.9, "2006-09"),
    ("Nord-Norge", "mindre sentrale", "distriktskontor", 9, 3.4, NEVER),
    ("Trøndelag", "sentrale", "bykommune", 60, 2.5, "2007-03"),
    ("Trøndelag", "mindre sentrale", "distriktskontor", 8, 1.6, "2010-01"),
    ("Vestlandet", "sentrale", "bydel", 34, 2.7, "2010-01"),
    ("Vestlandet", "sentrale", "bykommune", 52, 1.5, "2011-10"),
    ("Vestlandet", "noe sentrale", "bykommune", 16, 1.2, "2013-03"),
    ("Vestlandet", "minst sentrale", "distriktskontor", 6, 0.8, NEVER),
    ("Sørlandet", "sentrale", "bykommune", 68, 2.9, "2010-10"),
    ("Sørlandet", "noe sentrale", "bykommune", 24, 2.8, "2010-01"),
    ("Østlandet", "sentrale", "bydel", 30, 3.6, "2010-01"),
    ("Østlandet", "sentrale", "bydel", 33, 3.8, "2011-10"),
    ("Østlandet", "sentrale", "bydel", 28, 2.3, "2013-03"),
    ("Østlandet", "sentrale", "bykommune", 82, 2.1, "2008-02"),
    ("Østlandet", "sentrale", "bykommune", 73, 2.6, "2010-01"),
    ("Østlandet", "noe sentrale", "bykommune", 22, 2.9, "2010-10"),
    ("Østlandet", "noe sentrale", "bykommune", 19, 2.4, "2015-03"),
    ("Østlandet", "noe sentrale", "bykommune", 15, 1.8, NEVER),
    ("Østlandet", "noe sentrale", "bykommune", 26, 2.5, "2010-10"),
    ("Østlandet", "mindre sentrale", "bykommune", 11, 2.0, "2008-08"),
)
SPRING_2011 = month_number("2011-05")

FORMATS = {
    "kontorer.csv": FileFormat(
        {
            "Kontornr": "fire siffer, ikke et virkelig Nav-kontor",
            "Kontornavn": "oppdiktet",
            "Region": "landsdel",
            "Sentralitet": "sentrale, noe, mindre eller minst sentrale kommuner",
            "Kontortype": "distriktskontor, bykommune eller bydel",
            "Årsverk": "netto statlige årsverk 1. mars 2011",
            "Ledighet": "prosent av arbeidsstyrken, utgangen av mai 2011",
            "Status våren 2011": "egne ungdomsveiledere, ungdomsprosjekt eller ingen av delene",
            "Brukere per veileder": "ordinære arbeidssøkere",
        },
        encoding="cp1252",
        places={"Årsverk": 1, "Ledighet": 1},
    ),
    "ungdomsteam.csv": FileFormat(
        {
            "kontornr": "fire siffer; kontorer uten team har ingen rad",
            "team_fra": "første dag med fast ungdomsteam (innføringsmåneden)",
            "målgruppe": "alle unge, standard og situasjonsbestemt innsats, eller større behov",
            "brukere_per_veileder": "i ungdomsteamet",
        },
        encoding="latin-1",
    ),
    "personer.csv": FileFormat(
        {
            "PERSON": "pseudonym",
            "FOERSTE_KONTOR": "kontor ved første registrering",
            "REGISTRERT": "dato for første registrering (tid null)",
            "ALDER": "18–24 ved registreringen",
            "KJONN": "M eller K",
            "VGS": "1 = fullført videregående, 0 = ikke",
            "INNSATS": "STANDARD eller SITUASJON",
            "UTVANDRET": "dato, eller . : ikke",
        },
        encoding="utf-8-sig",
        dates="yyyy-mm-dd",
        missing=".",
        line_end="\n",
    ),
    "registreringer.csv": FileFormat(
        {
            "person": "pseudonym; noen er registrert to ganger",
            "kontornr": "kontoret der personen registrerte seg",
            "dato": "registreringsdato",
            "kanal": "uten betydning",
        },
        encoding="cp1252",
    ),
    "arbeidsforhold.csv": FileFormat(
        {
            "person": "pseudonym",
            "fra": "første dag",
            "til": "siste dag (med), eller tomt: løper ved uttrekket 31.12.2016",
            "stillingsandel": "andel av heltid, 0–1",
        },
        encoding="cp1252",
        places={"stillingsandel": 2},
    ),
    "utdanning.csv": FileFormat(
        {
            "person": "pseudonym",
            "startdato": "første dag",
            "sluttdato": "siste dag (med), eller tomt: løper ved uttrekket 31.12.2016",
            "skoleslag": "VGS, FAGSKOLE eller UH",
        },
        dates="yyyy-mm-dd",
        delimiter=",",
        decimal=".",
    ),
    "oppfolging_kontor.csv": FileFormat(
        {
            "kontornr": "fire siffer",
            "maaned": "første dag i måneden",
            "unge_arbeidssokere": "registrerte under 25 år",
            "fulgt_opp_siste_3_mnd": "hvor mange av dem som er fulgt opp",
        },
        encoding="latin-1",
    ),
}


@dataclass(frozen=True)
class Seekers:
    """Young job seekers, row by row: office, month of registration (0–95), and what the register holds."""

    office: np.ndarray
    month: np.ndarray
    age: np.ndarray
    woman: np.ndarray
    upper_secondary: np.ndarray
    situational: np.ndarray


def effect(group: str, exposure: np.ndarray | int) -> np.ndarray:
    """True effect on the share in work or education 12 months after registration.

    `group` is the adoption month (YYYY-MM, or `NEVER`), `exposure` months from adoption to registration; 0 before.
    """
    months = np.asarray(exposure, dtype=np.float64)
    paths = {
        "2010-01": 0.02 + 0.12 * np.minimum(months, 48) / 48,
        "2010-10": 0.02 + 0.08 * np.minimum(months, 36) / 36,
        "2011-10": np.full_like(months, 0.06),
        "2013-03": 0.09 * np.maximum(1 - months / 30, 0),
        "2015-03": np.full_like(months, -0.02),
        NEVER: np.zeros_like(months),
    }
    return np.where(months >= 0, paths.get(group, 0.08), 0.0)


def groups() -> np.ndarray:
    """Adoption group of each office."""
    return np.array([row[5] for row in OFFICES])


def effects_by_office() -> np.ndarray:
    """True effect at 12 months by office and month of registration (24 × 96)."""
    months = FIRST + np.arange(MONTHS)
    return np.array(
        [
            effect(group, -1 if group == NEVER else months - month_number(group)) * np.ones(MONTHS)
            for group in groups().tolist()
        ]
    )


def generate(*, seed: int = SEED) -> Delivery:
    """The delivery: offices and teams, persons and registrations, jobs, education, and contacts per office."""
    rng = generator(seed)
    seekers = _seekers(rng)
    office_level, month_level = _levels(rng)
    untreated, happens = _outcomes(rng, seekers, office_level, month_level)
    states = _states(rng, seekers, happens)
    latent = {"seekers": seekers, "untreated": untreated, "happens": happens, "states": states}
    expected = office_level[:, None] + month_level
    return Delivery(csv_files(FORMATS, _tables(rng, seekers, states)), FORMATS, _truth(latent, expected), latent)


def _seekers(rng: np.random.Generator) -> Seekers:
    staff = np.array([row[3] for row in OFFICES], dtype=float)
    season = 1 + 0.25 * np.cos(2 * np.pi * (np.arange(MONTHS) % 12 - 7) / 12)  # most register in August
    age = rng.integers(18, 25, PERSONS)
    return Seekers(
        office=rng.choice(len(OFFICES), size=PERSONS, p=staff / staff.sum()),
        month=rng.choice(MONTHS, size=PERSONS, p=season / season.sum()),
        age=age,
        woman=rng.random(PERSONS) < 0.44,
        upper_secondary=rng.random(PERSONS) < 0.25 + 0.05 * (age - 18),
        situational=rng.random(PERSONS) < 0.4,
    )


def _levels(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Untreated share at 12 months: the office's part, lower where teams came early, and the month's part."""
    early = np.array([group < "2011" for group in groups().tolist()])
    office = rng.normal(0.46, 0.03, len(OFFICES)) - 0.04 * early
    months = np.arange(MONTHS)
    return office, -0.05 * months / (MONTHS - 1) + 0.02 * np.sin(2 * np.pi * months / 12) + rng.normal(0, 0.005, MONTHS)


def _outcomes(rng, seekers: Seekers, office_level, month_level) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
    """Horizon → in work or education without and with the team, from the same draw: a coupling of the two."""
    person = 0.06 * (seekers.upper_secondary - 0.4) - 0.06 * (seekers.situational - 0.4) + 0.02 * seekers.woman
    gain = effects_by_office()[seekers.office, seekers.month]
    common = rng.random(PERSONS)
    untreated, happens = {}, {}
    for horizon, scale in HORIZONS.items():
        chance = (
            office_level[seekers.office] + month_level[seekers.month] + person + {6: -0.08, 12: 0, 24: 0.05}[horizon]
        )
        if chance.min() + scale * gain.min() < 0 or chance.max() + scale * gain.max() > 1:
            raise ValueError("a probability outside 0–1 would break the parallel trends")
        draw = np.where(rng.random(PERSONS) < 0.6, common, rng.random(PERSONS))
        untreated[horizon], happens[horizon] = draw < chance, draw < chance + scale * gain
    return untreated, happens


def _states(rng: np.random.Generator, seekers: Seekers, happens: dict[int, np.ndarray]) -> np.ndarray:
    """State from 12 months before registration to 30 after: idle in the month itself, as drawn at the horizons."""
    studies = rng.random(PERSONS) < np.where(seekers.age < 21, 0.40, 0.22)

    def active(chosen: np.ndarray) -> np.ndarray:
        kind = np.where(studies ^ (rng.random(PERSONS) < 0.1), EDUCATION, WORK)
        return np.where(chosen, kind, 0).astype(np.int8)

    anchors = {0: active(rng.random(PERSONS) < 0.55), BEFORE - 1: active(rng.random(PERSONS) < 0.35)}
    anchors[BEFORE] = np.zeros(PERSONS, dtype=np.int8)
    anchors |= {BEFORE + horizon: active(chosen) for horizon, chosen in happens.items()}
    anchors[BEFORE + AFTER] = anchors[BEFORE + 24]
    return filled_states(rng, anchors, pause=0.1)


def _tables(rng: np.random.Generator, seekers: Seekers, states: np.ndarray) -> dict[str, dict]:
    ids, numbers = pseudonyms(rng, PERSONS, "ut"), office_numbers(9401, len(OFFICES))
    registered = day_in_month(rng, FIRST + seekers.month)
    left = _left(rng, registered)
    extract = last_day(FIRST + MONTHS - 1)
    spells = cut_at(seen_until(dated_spells(rng, states, FIRST + seekers.month - BEFORE), extract), left)
    return {
        "kontorer.csv": _office_table(rng, numbers),
        "ungdomsteam.csv": _team_table(rng, numbers),
        "personer.csv": _person_table(rng, seekers, ids, numbers, registered, left),
        "registreringer.csv": _registration_table(rng, seekers, states, ids, numbers, registered, left),
        "arbeidsforhold.csv": _job_table(rng, ids, spells.where(spells.state == WORK)),
        "utdanning.csv": _education_table(rng, ids, spells.where(spells.state == EDUCATION)),
        "oppfolging_kontor.csv": _contact_table(rng, numbers),
    }


def _left(rng: np.random.Generator, registered: np.ndarray) -> np.ndarray:
    """Day of emigration for one per cent, within 30 months of registration and before the extract."""
    day = registered + rng.integers(30, 900, PERSONS).astype("timedelta64[D]")
    leaves = (rng.random(PERSONS) < 0.01) & (day <= last_day(FIRST + MONTHS - 1))
    return np.where(leaves, day, np.datetime64("NaT", "D"))


def status_in_spring_2011() -> np.ndarray:
    """Own youth advisers, a project or neither: a team by May 2011, one later that year (the projects), the others."""
    adopted = [99_999 if group == NEVER else month_number(group) for group in groups().tolist()]
    return np.array(
        [TEAM if month <= SPRING_2011 else PROJECT if month < month_number("2012-01") else NEITHER for month in adopted]
    )


def _office_table(rng: np.random.Generator, numbers: np.ndarray) -> dict[str, np.ndarray]:
    region, centrality, kind, staff, unemployment, _ = (np.array(column) for column in zip(*OFFICES, strict=True))
    return {
        "Kontornr": numbers,
        "Kontornavn": np.array(
            [f"Eksempelkontor {place}; {name}" for place, name in enumerate(region.tolist(), start=1)]
        ),
        "Region": region,
        "Sentralitet": centrality,
        "Kontortype": kind,
        "Årsverk": staff.astype(float),
        "Ledighet": unemployment,
        "Status våren 2011": status_in_spring_2011(),
        "Brukere per veileder": rng.integers(200, 251, len(OFFICES)),
    }


def _team_table(rng: np.random.Generator, numbers: np.ndarray) -> dict[str, np.ndarray]:
    """Six of the thirteen early teams take all young people, five those with lighter needs, two those with heavier."""
    adopting = groups() != NEVER
    target = np.full(len(OFFICES), "alle unge", dtype="U40")
    early = np.flatnonzero(status_in_spring_2011() == TEAM)
    target[early[6:11]] = "standard og situasjonsbestemt innsats"
    target[early[11:]] = "større behov"
    return {
        "kontornr": numbers[adopting],
        "team_fra": first_day([month_number(group) for group in groups()[adopting].tolist()]),
        "målgruppe": target[adopting],
        "brukere_per_veileder": rng.integers(150, 200, int(adopting.sum())),
    }


def _person_table(rng, seekers: Seekers, ids, numbers, registered, left) -> dict[str, np.ndarray]:
    table = {
        "PERSON": ids,
        "FOERSTE_KONTOR": numbers[seekers.office],
        "REGISTRERT": registered,
        "ALDER": seekers.age,
        "KJONN": np.where(seekers.woman, "K", "M"),
        "VGS": seekers.upper_secondary.astype(np.int64),
        "INNSATS": np.where(seekers.situational, "SITUASJON", "STANDARD"),
        "UTVANDRET": left,
    }
    order = rng.permutation(PERSONS)
    return {name: values[order] for name, values in table.items()}


def _registration_table(rng, seekers, states, ids, numbers, registered, left) -> dict[str, np.ndarray]:
    """First registrations, and for some a second 18 months later, now and then at another office."""
    again = np.flatnonzero(
        (states[:, BEFORE + 18] == 0) & np.isnat(left) & (seekers.month + 18 < MONTHS) & (rng.random(PERSONS) < 0.15)
    )
    moves = rng.random(len(again)) < 0.3
    office = (seekers.office[again] + moves * rng.integers(1, len(OFFICES), len(again))) % len(OFFICES)
    row = np.concatenate([np.arange(PERSONS), again])
    date = np.concatenate([registered, day_in_month(rng, FIRST + seekers.month[again] + 18)])
    order = np.lexsort((ids[row], date))
    return {
        "person": ids[row][order],
        "kontornr": numbers[np.concatenate([seekers.office, office])][order],
        "dato": date[order],
        "kanal": drawn(rng, ["nett", "oppmøte", ""], [0.7, 0.25, 0.05], len(row)),
    }


def _job_table(rng: np.random.Generator, ids: np.ndarray, jobs: Spells) -> dict[str, np.ndarray]:
    """Jobs, and a second one inside some of them."""
    second = nested(rng, jobs, 0.06)
    row = np.concatenate([jobs.row, second.row])
    return {
        "person": ids[row],
        "fra": np.concatenate([jobs.start, second.start]),
        "til": np.concatenate([jobs.end, second.end]),
        "stillingsandel": drawn(rng, [0.15, 0.2, 0.5, 0.75, 1.0], [0.15, 0.15, 0.25, 0.1, 0.35], len(row)),
    }


def _education_table(rng: np.random.Generator, ids: np.ndarray, spells: Spells) -> dict[str, np.ndarray]:
    return {
        "person": ids[spells.row],
        "startdato": spells.start,
        "sluttdato": spells.end,
        "skoleslag": drawn(rng, ["VGS", "FAGSKOLE", "UH"], [0.55, 0.1, 0.35], len(spells.row)),
    }


def _contact_table(rng: np.random.Generator, numbers: np.ndarray) -> dict[str, np.ndarray]:
    """The scorecard's process measure: young job seekers followed up in the last three months, more with a team."""
    staff = np.array([row[3] for row in OFFICES])
    stock = rng.poisson(8 * staff[:, None] * np.ones(MONTHS))
    adopted = np.array([[_has_team(group, month) for month in range(MONTHS)] for group in groups().tolist()])
    return {
        "kontornr": np.repeat(numbers, MONTHS),
        "maaned": np.tile(first_day(FIRST + np.arange(MONTHS)), len(numbers)),
        "unge_arbeidssokere": stock.ravel(),
        "fulgt_opp_siste_3_mnd": rng.binomial(stock, np.where(adopted, 0.78, 0.62)).ravel(),
    }


def _has_team(group: str, month: int) -> bool:
    return group != NEVER and FIRST + month >= month_number(group)


def two_way_fixed_effects(outcome: np.ndarray, treated: np.ndarray, weights: np.ndarray) -> float:
    """Coefficient of `treated` in a weighted regression of office-month means on it, offices and months."""
    offices, months = outcome.shape
    by_office = np.kron(np.eye(offices), np.ones((months, 1)))
    by_month = np.kron(np.ones((offices, 1)), np.eye(months))[:, 1:]
    design = np.column_stack([treated.ravel().astype(float), by_office, by_month])
    root = np.sqrt(weights.ravel())
    return float(np.linalg.lstsq(design * root[:, None], outcome.ravel() * root, rcond=None)[0][0])


def _truth(latent: dict, expected: np.ndarray) -> dict:
    """ATT(g, t) at 12 months by design, its averages over the persons, and what two-way fixed effects would say."""
    seekers, gains, names = latent["seekers"], effects_by_office(), groups()
    persons = np.zeros((len(OFFICES), MONTHS))
    np.add.at(persons, (seekers.office, seekers.month), 1)
    treated = np.array([[_has_team(group, month) for month in range(MONTHS)] for group in names.tolist()])
    window = np.array([group != NEVER and month_number(group) > FIRST for group in names.tolist()])
    timed = [group for group in np.unique(names).tolist() if group != NEVER and month_number(group) > FIRST]
    own = (treated & window[:, None])[seekers.office, seekers.month]
    sample = {h: latent["happens"][h][own].mean() - latent["untreated"][h][own].mean() for h in HORIZONS}
    return {
        "estimand": "ATT(g, t) of a youth team on work or education 12 months after registration in month t",
        "persons": PERSONS,
        "groups": {group: int((names == group).sum()) for group in np.unique(names).tolist()},
        "always_treated": [group for group in np.unique(names).tolist() if group != NEVER and group not in timed],
        "horizon_scale": {str(horizon): scale for horizon, scale in HORIZONS.items()},
        "att_gt": {group: _path(group) for group in timed},
        "att_group": {group: _average(gains, persons, treated & (names == group)[:, None]) for group in timed},
        "att_simple": _average(gains, persons, treated & window[:, None]),
        "att_simple_sample": {str(horizon): float(value) for horizon, value in sample.items()},
        "two_way_fixed_effects": two_way_fixed_effects(
            (expected + gains)[_not_always()], treated[_not_always()], persons[_not_always()]
        ),
        "two_way_fixed_effects_all": two_way_fixed_effects(expected + gains, treated, persons),
    }


def _not_always() -> np.ndarray:
    return np.array([group == NEVER or month_number(group) > FIRST for group in groups().tolist()])


def _path(group: str) -> dict[str, float]:
    months = np.arange(month_number(group), FIRST + MONTHS)
    values = effect(group, months - month_number(group)).tolist()
    return {month_text(month): value for month, value in zip(months.tolist(), values, strict=True)}


def _average(gains: np.ndarray, persons: np.ndarray, cells: np.ndarray) -> float:
    return float((gains * persons)[cells].sum() / persons[cells].sum())
