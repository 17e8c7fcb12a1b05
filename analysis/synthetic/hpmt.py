"""HPMT in the Qualification Programme (KVP): 617 persons, 9 offices against 9, with the published sums to the person.

The truth is the fixed difference between the arms of this sample. In work on the last day of the month: 44 of 367 and
30 of 250 in May 2011 (equal start), 109 and 59 in November 2012, 113 and 61 in May 2013. Office rates are drawn with
the intraclass correlation `ICC` and chosen so that the sample has it too. Sources: the published shares and the
enumeration of the one table that fits them (docs/synthetic.md).
"""

from dataclasses import dataclass

import numpy as np

from analysis.months import month_number, month_text
from analysis.synthetic.common import (
    Delivery,
    FileFormat,
    csv_files,
    drawn,
    exact_members,
    generator,
    office_numbers,
    pseudonyms,
    spell_columns,
    tilted_counts,
)
from analysis.synthetic.spells import Spells, cut_at, dated_spells, day_in_month, filled_states, first_day, nested

SEED = 201105
ICC = 0.03
SIZES = np.array([101, 62, 48, 41, 34, 29, 23, 17, 12, 72, 44, 33, 27, 24, 19, 14, 9, 8])
TREATED_OFFICES = 9
FIRST = month_number("2009-01")
LAST = month_number("2013-12")
START, NOV12, MAY13, NOV13 = (month_number(text) for text in ("2011-05", "2012-11", "2013-05", "2013-11"))
FULL_TIME, PART_TIME = 2, 1
KVP, MEASURE, ASSISTANCE = 1, 2, 3

# Per arm (HPMT, ordinary KVP): persons in work, of them full time, and of them without any benefit.
IN_WORK = {START: (44, 30), NOV12: (109, 59), MAY13: (113, 61), NOV13: (119, 62)}
IN_FULL_TIME = {START: (12, 8), NOV12: (40, 27), MAY13: (44, 29), NOV13: (47, 31)}
SELF_SUFFICIENT = {START: (0, 0), NOV12: (66, 38), MAY13: (77, 41), NOV13: (91, 42)}
LEFT_BEFORE_NOV13 = (4, 2)

HISTORY = ((FIRST, 0.75), (month_number("2010-03"), 0.65))
"""Month and s; s²/2 of the persons, 28 and 21 per cent, were in work then: fewer and fewer until KVP."""

FORMATS = {
    "personer.csv": FileFormat(
        {
            "løpenr": "radnummer i uttrekket, uten betydning",
            "person": "pseudonym",
            "kontornr": "kontor ved tildeling, mai 2011",
            "gruppe": "T = HPMT-kontor, K = kontor med ordinær KVP",
            "inntaksdato": "dagen personen ble tatt inn i undersøkelsen",
            "kjønn": "M eller K",
            "fødselsår": "årstall",
            "utdanning": "GRUNN, VGS, UH eller tomt (ukjent)",
            "landbakgrunn": "NO, EØS eller øvrige",
            "barn_under_18": "antall",
            "utvandret": "dato, eller tomt",
            "død": "dato, eller tomt",
            "uttrekk": "hvilken bestilling raden kommer fra, uten betydning",
        },
        encoding="cp1252",
    ),
    "kontorer.csv": FileFormat(
        {
            "kontornr": "fire siffer, ikke et virkelig Nav-kontor",
            "kontornavn": "oppdiktet",
            "fylke": "virkelig fylkesnavn (2011)",
            "hpmt": "J eller N",
            "opplæring_fra": "dato, bare HPMT-kontor",
            "opplæring_til": "dato, bare HPMT-kontor",
            "brukere_per_veileder": "brukere i KVP per veileder",
            "merknad": "fri tekst, uten betydning",
        },
        encoding="cp1252",
        places={"brukere_per_veileder": 1},
    ),
    "arbeidsforhold.csv": FileFormat(
        {
            "person": "pseudonym",
            **spell_columns("fra", "til"),
            "stillingsprosent": "avtalt stillingsandel i prosent; 100 er heltid, høyest 75 er deltid",
            "næring": "to siffer, uten betydning",
        },
        encoding="latin-1",
        places={"stillingsprosent": 1},
    ),
    "ytelser.csv": FileFormat(
        {
            "PERSON": "pseudonym",
            "YTELSE": "KVP, TILTAKSPENGER eller SOSIALHJELP",
            **spell_columns("FRA_DATO", "TIL_DATO", missing=". "),
        },
        encoding="utf-8-sig",
        dates="yyyy-mm-dd",
        missing=".",
        line_end="\n",
    ),
    "tiltak.csv": FileFormat(
        {
            "person": "pseudonym",
            "tiltakstype": "arbeidsmarkedstiltak, ingen med lønn",
            **spell_columns("startdato", "sluttdato"),
        },
        encoding="cp1252",
    ),
    "kontortilknytning.csv": FileFormat(
        {
            "person": "pseudonym",
            "kontornr": "kontoret som følger opp",
            **spell_columns("fra", "til"),
        }
    ),
}


@dataclass(frozen=True)
class People:
    """Who they are, row by row: office 0–17, arm, last day in the register (NaT: still there) and why."""

    office: np.ndarray
    treated: np.ndarray
    left: np.ndarray
    dead: np.ndarray
    ids: np.ndarray

    @property
    def arms(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the HPMT arm and of the control arm, as masks."""
        return self.treated, ~self.treated


def generate(*, seed: int = SEED) -> Delivery:
    """The delivery. Raises ValueError if a margin cannot be met with this seed."""
    rng = generator(seed)
    people = _people(rng)
    work = _work_anchors(rng, people)
    self_sufficient = _self_sufficient(rng, people, work)
    anchors = _benefit_anchors(rng, people, work, self_sufficient)
    jobs, benefits = _filled(rng, work, pause=0.15), _filled(rng, anchors, pause=0.0)
    _clear_whole_months(benefits, self_sufficient)
    tables = _tables(rng, people, jobs, benefits)
    latent = {"people": people, "work": work, "self_sufficient": self_sufficient}
    return Delivery(csv_files(FORMATS, tables), FORMATS, _truth(people, work), latent)


def _people(rng: np.random.Generator) -> People:
    office = np.repeat(np.arange(len(SIZES)), SIZES)
    treated = office < TREATED_OFFICES
    left = np.full(len(office), np.datetime64("NaT", "D"))
    for arm, count in zip((treated, ~treated), LEFT_BEFORE_NOV13, strict=True):
        leavers = rng.choice(np.flatnonzero(arm), count, replace=False)
        left[leavers] = day_in_month(rng, rng.integers(MAY13 + 1, NOV13, count))
    dead = ~np.isnat(left) & (rng.random(len(office)) < 0.4)
    return People(office, treated, left, dead, pseudonyms(rng, len(office), "kvp"))


def anova_icc(sizes: np.ndarray, counts: np.ndarray, arm: np.ndarray) -> float:
    """Intraclass correlation of 0/1 outcomes within the arms, one-way analysis of variance (Donner and Klar, 2000)."""
    between = within = correction = 0.0
    for value in np.unique(arm):
        n, k = sizes[arm == value], counts[arm == value]
        mean = k.sum() / n.sum()
        between += (n * (k / n - mean) ** 2).sum()
        within += (k * (1 - k / n)).sum()
        correction += n.sum() - (n**2).sum() / n.sum()
    df_between = len(sizes) - len(np.unique(arm))
    mean_between, mean_within = between / df_between, within / (sizes.sum() - len(sizes))
    size = correction / df_between
    return (mean_between - mean_within) / (mean_between + (size - 1) * mean_within)


def _office_counts(rng: np.random.Generator, *, candidates: int = 400) -> dict[int, np.ndarray]:
    """Persons in work per office at both follow-ups: the candidate whose correlation comes nearest to `ICC` at both."""
    drawn_counts = [_drawn_office_counts(rng) for _ in range(candidates)]
    return min(drawn_counts, key=_distance_from_icc)


def _drawn_office_counts(rng: np.random.Generator) -> dict[int, np.ndarray]:
    """Beta-binomial office rates, moved by a constant on the logit scale until each arm has its sum."""
    rates = np.concatenate([rng.beta(p * (1 - ICC) / ICC, (1 - p) * (1 - ICC) / ICC, 9) for p in (0.30, 0.24)])
    later = 1 / (1 + np.exp(-(np.log(rates / (1 - rates)) + rng.normal(0, 0.15, len(rates)))))
    return {
        month: np.concatenate(
            [
                tilted_counts(SIZES[:9], values[:9], IN_WORK[month][0]),
                tilted_counts(SIZES[9:], values[9:], IN_WORK[month][1]),
            ]
        )
        for month, values in ((NOV12, rates), (MAY13, later))
    }


def _distance_from_icc(counts: dict[int, np.ndarray]) -> float:
    arm = np.arange(len(SIZES)) < TREATED_OFFICES
    return max(abs(anova_icc(SIZES, per_office, arm) - ICC) for per_office in counts.values())


def _work_anchors(rng: np.random.Generator, people: People) -> dict[int, np.ndarray]:
    """Month → 0, part time or full time, exact at the four dates."""
    ability = rng.random(len(people.office))
    before = {month: (ability + rng.random(len(ability)) > 2 - share).astype(bool) for month, share in HISTORY}
    members = {**before, START: _in_arms(rng, people, before[HISTORY[-1][0]], IN_WORK[START])}
    previous = members[START]
    for month, per_office in _office_counts(rng).items():
        previous = members[month] = _in_offices(rng, people, previous, per_office)
    members[NOV13] = _in_arms(rng, people, previous, IN_WORK[NOV13], allowed=np.isnat(people.left))
    return _with_hours(rng, people, members)


def _in_arms(rng, people: People, current: np.ndarray, totals: tuple[int, int], allowed=None) -> np.ndarray:
    members = np.zeros(len(current), dtype=bool)
    for arm, total in zip(people.arms, totals, strict=True):
        within = None if allowed is None else allowed[arm]
        members[arm] = exact_members(rng, current[arm], total, persistence=0.75, allowed=within)
    return members


def _in_offices(rng, people: People, current: np.ndarray, counts: np.ndarray) -> np.ndarray:
    members = np.zeros(len(current), dtype=bool)
    for office, count in enumerate(counts.tolist()):
        here = people.office == office
        members[here] = exact_members(rng, current[here], count, persistence=0.7)
    return members


def _with_hours(rng, people: People, members: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    """Full time for exactly as many as `IN_FULL_TIME` says; before May 2011 for 35 per cent of those in work."""
    full = rng.random(len(people.office)) < 0.35
    states = {}
    for month, working in members.items():
        if month in IN_FULL_TIME:
            full = _subset(rng, people, full & working, working, IN_FULL_TIME[month], persistence=0.85)
        states[month] = np.where(working, np.where(full, FULL_TIME, PART_TIME), 0).astype(np.int8)
    return states


def _subset(rng, people: People, current, allowed, totals: tuple[int, int], *, persistence: float) -> np.ndarray:
    chosen = np.zeros(len(current), dtype=bool)
    for arm, total in zip(people.arms, totals, strict=True):
        chosen[arm] = exact_members(rng, current[arm], total, persistence=persistence, allowed=allowed[arm])
    return chosen


def _self_sufficient(rng, people: People, work: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    """Month → in work and without any benefit, exact at the four dates, full-time workers first."""
    found, current = {}, np.zeros(len(people.office), dtype=bool)
    for month, totals in SELF_SUFFICIENT.items():
        likely = (current | (work[month] == FULL_TIME)) & (work[month] > 0)
        current = found[month] = _subset(rng, people, likely, work[month] > 0, totals, persistence=0.9)
    return found


def _benefit_anchors(rng, people: People, work, self_sufficient) -> dict[int, np.ndarray]:
    """Month → benefit. All have KVP in May 2011; from November 2012 nobody who is self-sufficient has any benefit."""
    count = len(people.office)
    before = drawn(rng, [0, ASSISTANCE], [0.45, 0.55], count)
    early = np.where(rng.random(count) < 0.3, ASSISTANCE, before)
    # KVP lasts two years, with leave somewhat longer: those who have it in November 2012 began after October 2010,
    # and those who began before that have left it by February 2012.
    late = rng.random(count) < 0.15
    autumn = np.where(late | (rng.random(count) < 0.5), early, KVP)
    anchors = {FIRST: before, month_number("2010-02"): early, month_number("2010-10"): autumn}
    anchors[START - 1] = anchors[START] = np.full(count, KVP)
    # The control arm is more often in labour-market measures, as the trial found at 18 months.
    measure = np.where(people.treated, 0.25, 0.40)
    for month in (NOV12, MAY13, NOV13):
        state = np.where(rng.random(count) < measure, MEASURE, ASSISTANCE)
        state = np.where(late & (month == NOV12), KVP, state)
        unsupported = (work[month] == 0) & (rng.random(count) < 0.12)
        anchors[month] = np.where(self_sufficient[month] | unsupported, 0, state)
    still = (autumn != KVP) & (late | (rng.random(count) < 0.5))
    anchors[month_number("2012-02")] = np.where(still, KVP, anchors[NOV12])
    return {month: state.astype(np.int8) for month, state in anchors.items()}


def _filled(rng, anchors: dict[int, np.ndarray], *, pause: float) -> np.ndarray:
    """Monthly states from `FIRST` to `LAST`; after the last anchor nothing changes."""
    with_end = {month - FIRST: state for month, state in anchors.items()} | {LAST - FIRST: anchors[NOV13]}
    return filled_states(rng, with_end, pause=pause)


def _clear_whole_months(benefits: np.ndarray, self_sufficient: dict[int, np.ndarray]) -> None:
    """Who is self-sufficient in a month has no benefit on any day of it: none by the end of the month before."""
    for month, members in self_sufficient.items():
        benefits[members, month - 1 - FIRST] = 0


def _tables(rng: np.random.Generator, people: People, work: np.ndarray, benefits: np.ndarray) -> dict[str, dict]:
    # Until somebody leaves the register nothing is cut, so every margin to May 2013 counts all 617.
    jobs = cut_at(dated_spells(rng, work, FIRST), people.left)
    benefit_spells = cut_at(dated_spells(rng, benefits, FIRST), people.left)
    numbers = office_numbers(9001, len(SIZES))
    return {
        "personer.csv": _person_table(rng, people, numbers),
        "kontorer.csv": _office_table(rng, numbers),
        "arbeidsforhold.csv": _job_table(rng, people, jobs),
        "ytelser.csv": _benefit_table(people, benefit_spells),
        "tiltak.csv": _measure_table(rng, people, benefit_spells.where(benefit_spells.state == MEASURE)),
        "kontortilknytning.csv": _office_history(rng, people, numbers),
    }


def _person_table(rng: np.random.Generator, people: People, numbers: np.ndarray) -> dict[str, np.ndarray]:
    count = len(people.office)
    missing = np.datetime64("NaT", "D")
    table = {
        "person": people.ids,
        "kontornr": numbers[people.office],
        "gruppe": np.where(people.treated, "T", "K"),
        "inntaksdato": day_in_month(rng, np.full(count, START)),
        "kjønn": drawn(rng, ["M", "K"], [0.52, 0.48], count),
        "fødselsår": rng.integers(1952, 1992, count),
        "utdanning": drawn(rng, ["GRUNN", "VGS", "UH", ""], [0.58, 0.27, 0.08, 0.07], count),
        "landbakgrunn": drawn(rng, ["NO", "EØS", "øvrige"], [0.55, 0.05, 0.40], count),
        "barn_under_18": np.minimum(rng.poisson(1.1, count), 6),
        "utvandret": np.where(people.dead, missing, people.left),
        "død": np.where(people.dead, people.left, missing),
        "uttrekk": np.full(count, "B-2014/03"),
    }
    order = rng.permutation(count)
    return {"løpenr": np.arange(1, count + 1)} | {name: values[order] for name, values in table.items()}


def _office_table(rng: np.random.Generator, numbers: np.ndarray) -> dict[str, np.ndarray]:
    hpmt = np.arange(len(numbers)) < TREATED_OFFICES
    names = [f"Eksempelkontor {place:02d}" for place in range(1, len(numbers) + 1)]
    names[3], names[12] = "Eksempelkontor 04; avdeling øst", "Eksempelkontor 13 «Ås»"
    missing = np.datetime64("NaT", "D")
    return {
        "kontornr": numbers,
        "kontornavn": np.array(names),
        "fylke": drawn(
            rng, ["Oslo", "Akershus", "Østfold", "Møre og Romsdal", "Sør-Trøndelag"], [0.2] * 5, len(numbers)
        ),
        "hpmt": np.where(hpmt, "J", "N"),
        "opplæring_fra": np.where(hpmt, first_day(START), missing),
        "opplæring_til": np.where(hpmt, first_day(START + 5) - np.timedelta64(1, "D"), missing),
        "brukere_per_veileder": rng.normal(25, 4, len(numbers)).clip(12, 40),
        "merknad": drawn(rng, ["", "sammenslått resepsjon", "nytt bygg – 2012"], [0.7, 0.2, 0.1], len(numbers)),
    }


def _job_table(rng: np.random.Generator, people: People, jobs: Spells) -> dict[str, np.ndarray]:
    """Jobs, and a small second job inside some full-time ones: shares may then sum to above 100."""
    second = nested(rng, jobs.where(jobs.state == FULL_TIME), 0.08)
    row, state = np.concatenate([jobs.row, second.row]), np.concatenate([jobs.state, second.state])
    extra = np.arange(len(row)) >= len(jobs.row)
    part = drawn(rng, [15.0, 20.0, 37.5, 40.0, 50.0, 60.0, 75.0], [0.1, 0.15, 0.1, 0.15, 0.3, 0.12, 0.08], len(row))
    return {
        "person": people.ids[row],
        "fra": np.concatenate([jobs.start, second.start]),
        "til": np.concatenate([jobs.end, second.end]),
        "stillingsprosent": np.where(extra, 10.0, np.where(state == FULL_TIME, 100.0, part)),
        "næring": drawn(rng, ["47", "56", "81", "88", "05", ""], [0.25, 0.2, 0.2, 0.25, 0.05, 0.05], len(row)),
    }


def _benefit_table(people: People, spells: Spells) -> dict[str, np.ndarray]:
    return {
        "PERSON": people.ids[spells.row],
        "YTELSE": np.array(["", "KVP", "TILTAKSPENGER", "SOSIALHJELP"])[spells.state],
        "FRA_DATO": spells.start,
        "TIL_DATO": spells.end,
    }


def _measure_table(rng: np.random.Generator, people: People, spells: Spells) -> dict[str, np.ndarray]:
    kinds = ["Arbeidspraksis", "Arbeidsmarkedsopplæring (AMO)", "Oppfølging", "Avklaring"]
    return {
        "person": people.ids[spells.row],
        "tiltakstype": drawn(rng, kinds, [0.5, 0.2, 0.2, 0.1], len(spells.row)),
        "startdato": spells.start,
        "sluttdato": spells.end,
    }


def _office_history(rng: np.random.Generator, people: People, numbers: np.ndarray) -> dict[str, np.ndarray]:
    """The office that follows each person up: that of the assignment, and for four per cent another from 2012 on."""
    count = len(people.office)
    movers = np.flatnonzero(rng.random(count) < 0.04)
    moved = day_in_month(rng, rng.integers(month_number("2012-01"), month_number("2013-03"), len(movers)))
    until = people.left.copy()
    until[movers] = moved - np.timedelta64(1, "D")
    to = (people.office[movers] + rng.integers(1, len(SIZES), len(movers))) % len(SIZES)
    return {
        "person": np.concatenate([people.ids, people.ids[movers]]),
        "kontornr": numbers[np.concatenate([people.office, to])],
        "fra": np.concatenate([day_in_month(rng, rng.integers(START - 12, START, count)), moved]),
        "til": np.concatenate([until, people.left[movers]]),
    }


def _truth(people: People, work: dict[int, np.ndarray]) -> dict:
    """The fixed sample differences, and how the sample was made."""
    observed = dict.fromkeys(IN_WORK, (367, 250)) | {NOV13: (367 - LEFT_BEFORE_NOV13[0], 250 - LEFT_BEFORE_NOV13[1])}
    part_time = {month: tuple(np.subtract(IN_WORK[month], IN_FULL_TIME[month]).tolist()) for month in IN_WORK}
    measures = {
        "in_paid_work": IN_WORK,
        "full_time": IN_FULL_TIME,
        "part_time": part_time,
        "self_sufficient": SELF_SUFFICIENT,
    }
    arm = np.arange(len(SIZES)) < TREATED_OFFICES
    per_office = {month: np.bincount(people.office, work[month] > 0, len(SIZES)) for month in (NOV12, MAY13)}
    return {
        "estimand": "fixed difference between the arms of the sample, last day of the month, ITT by office in May 2011",
        "persons": {"hpmt": 367, "control": 250},
        "offices": {"hpmt": 9, "control": 9},
        "icc_chosen": ICC,
        "icc_sample": {month_text(month): anova_icc(SIZES, counts, arm) for month, counts in per_office.items()},
        "months": {
            name: {month_text(month): _row(counts[month], observed[month]) for month in counts}
            for name, counts in measures.items()
        },
    }


def _row(counts: tuple[int, int], persons: tuple[int, int]) -> dict:
    treated, control = counts
    return {
        "hpmt": treated,
        "control": control,
        "observed_hpmt": persons[0],
        "observed_control": persons[1],
        "difference": treated / persons[0] - control / persons[1],
    }
