"""Work and benefit histories of people with reduced work capacity, without and with a method that helps some into work.

Shared by the Supported Employment and the mentor cohort. Work without the method is a Markov chain: people differ in a
trait that nobody sees, lose ground some months before they come to follow-up, and regain some of it afterwards. That
gives the dip before the start (Ashenfelter, 1978) and the return to the mean after it. Who gets the method depends on
the history up to the start only, so the histories that are delivered are enough to make the groups comparable.
"""

from dataclasses import dataclass

import numpy as np

NONE, AAP, DAILY, ASSISTANCE, DISABILITY = 0, 1, 2, 3, 4
BENEFIT_NAMES = np.array(["", "AAP", "DAGPENGER", "SOSIALHJELP", "UFØRETRYGD"])
ORDINARY, SUBSIDISED = 1, 2


@dataclass(frozen=True)
class Entrants:
    """People who come to follow-up, row by row.

    start: column of the month in which follow-up starts; trait: unseen ability for work (standard normal);
    age, woman, education (0–2), born_abroad: what the register holds.
    """

    start: np.ndarray
    trait: np.ndarray
    age: np.ndarray
    woman: np.ndarray
    education: np.ndarray
    born_abroad: np.ndarray


def drawn_entrants(rng: np.random.Generator, count: int, first_start: int, last_start: int) -> Entrants:
    """`count` people whose follow-up starts in the columns from `first_start` to `last_start`."""
    education = rng.choice(3, size=count, p=[0.48, 0.37, 0.15])
    born_abroad = rng.random(count) < 0.22
    return Entrants(
        start=rng.integers(first_start, last_start + 1, count),
        trait=rng.normal(size=count) + 0.35 * (education - 0.67) - 0.3 * born_abroad,
        age=rng.integers(19, 60, count),
        woman=rng.random(count) < 0.53,
        education=education,
        born_abroad=born_abroad,
    )


def untreated_work(rng: np.random.Generator, people: Entrants, months: int) -> np.ndarray:
    """In ordinary paid work on the last day of each month without the method: persons × `months`, 0 or 1."""
    count = len(people.start)
    shock = people.start - rng.integers(1, 13, count)
    odds = -0.7 + 1.0 * people.trait
    working = rng.random(count) < 1 / (1 + np.exp(-odds))
    states = np.zeros((count, months), dtype=np.int8)
    for month in range(months):
        since = month - shock
        strain = np.where(since >= 0, np.maximum(1 - since / 30, 0.25), 0.0)
        entry = -3.7 + 0.75 * people.trait - 0.9 * strain
        leave = -3.3 - 0.55 * people.trait + 1.7 * strain
        chance = 1 / (1 + np.exp(-np.where(working, -leave, entry)))
        working = rng.random(count) < chance
        states[:, month] = working
    return states


def worked_months(states: np.ndarray, start: np.ndarray, first: int, last: int) -> np.ndarray:
    """Months in work from event month `first` to `last`, counted from each person's start column."""
    columns = start[:, None] + np.arange(first, last + 1)
    return np.take_along_axis(states == ORDINARY, columns, axis=1).sum(axis=1)


def event_states(states: np.ndarray, start: np.ndarray, first: int, last: int) -> np.ndarray:
    """States in event time: persons × event months `first` to `last`."""
    return np.take_along_axis(states, start[:, None] + np.arange(first, last + 1), axis=1)


def helped_into_work(
    rng: np.random.Generator, untreated: np.ndarray, targets: np.ndarray, log_weights: np.ndarray
) -> np.ndarray:
    """Potential outcome with the method, in event time from month 0 (persons × months).

    Exactly ``targets[k]`` persons are in work in event month k who would not have been without the method, so the
    average effect on the treated of this sample is ``targets[k] / persons``. Nobody loses work by it, and who is
    helped once stays helped as long as the targets allow. `log_weights` says who is likelier to be helped.
    """
    outcome = untreated.copy()
    helped = np.zeros(len(untreated), dtype=bool)
    for month, target in enumerate(targets.tolist()):
        idle = untreated[:, month] == 0
        gain = np.flatnonzero(helped & idle)
        if len(gain) > target:
            helped[rng.choice(gain, len(gain) - target, replace=False)] = False
        elif len(gain) < target:
            waiting = np.flatnonzero(~helped & idle)
            keys = log_weights[waiting] + rng.gumbel(size=len(waiting))
            helped[waiting[np.argsort(-keys, kind="stable")[: target - len(gain)]]] = True
        outcome[helped & idle, month] = 1
    return outcome


def with_subsidised_jobs(
    rng: np.random.Generator, states: np.ndarray, untreated: np.ndarray, start: np.ndarray, share: float
) -> np.ndarray:
    """`states` with jobs on wage subsidy for a `share` of the people, in months with no ordinary work in either world.

    The subsidised months are the same with and without the method, so they add to the level and not to the effect.
    """
    begin = start + rng.integers(2, 25, len(start))
    span = np.arange(states.shape[1])
    inside = (span >= begin[:, None]) & (span < (begin + rng.integers(3, 10, len(start)))[:, None])
    chosen = (rng.random(len(start)) < share)[:, None]
    return np.where(chosen & inside & (states == 0) & (untreated == 0), SUBSIDISED, states).astype(np.int8)


def benefit_states(rng: np.random.Generator, people: Entrants, working: np.ndarray) -> np.ndarray:
    """Benefit on the last day of each month: AAP, unemployment benefit after work, social assistance, disability.

    A person is of one kind. Those on AAP lose it after four years, and a third of those who work keep some of it.
    """
    count, months = working.shape
    kind = rng.choice(3, size=count, p=[0.62, 0.23, 0.15])
    onset = people.start - rng.integers(0, 30, count)
    keeps = rng.random(count) < 0.33
    disabled = rng.random(count) < 0.4
    idle_months = np.full(count, 99)
    states = np.zeros((count, months), dtype=np.int8)
    for month in range(months):
        idle = working[:, month] == 0
        idle_months = np.where(idle, idle_months + 1, 0)
        since = month - onset
        aap = np.where(since < 48, AAP, np.where(disabled, DISABILITY, NONE))
        aap = np.where((since >= 0) & (idle | (keeps & (since < 48))), aap, NONE)
        job_seeker = np.where(
            idle & (idle_months <= 12), DAILY, np.where(idle & (month >= people.start), ASSISTANCE, 0)
        )
        states[:, month] = np.select([kind == 0, kind == 1], [aap, job_seeker], NONE)
    return states
