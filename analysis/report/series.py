"""What the report of a series of counts says beside the staggered headline: which part stands where."""

from collections.abc import Iterator

from analysis.card_delivery import Effect
from analysis.report import series_chance, series_dates, series_places, series_trend
from analysis.report.blocks import Block
from analysis.report.book import Row
from analysis.report.series_numbers import SeriesNumbers
from analysis.report.staggered_numbers import Numbers


def _asked(numbers: Numbers) -> list[SeriesNumbers]:
    """The numbers, where the card asks for such an analysis."""
    return [] if numbers.card.series is None else [SeriesNumbers(numbers)]


def summary(numbers: Numbers) -> Iterator[Block]:
    """The two dates, the badge of a process outcome, and the warning of regression to the mean."""
    for s in _asked(numbers):
        yield series_dates.told(s)
        yield from series_places.short(s)
        yield from series_dates.badge(s)
        yield from series_chance.warning(s)


def results(numbers: Numbers) -> Iterator[Block]:
    """Dates, the interrupted series, every unit's rank interval, single offices, chance, and who came and left."""
    for s in _asked(numbers):
        yield from series_dates.dates(s)
        yield from series_trend.trend(s)
        yield from series_places.places(s)
        yield from series_places.offices(s)
        yield from series_chance.to_the_mean(s)
        yield from series_chance.funnel(s)
        yield from series_dates.composition(s)


def over_time(numbers: Numbers) -> Iterator[Block]:
    """The difference month by month beside what the model fits."""
    for s in _asked(numbers):
        yield from series_trend.over_time(s)


def truth(numbers: Numbers) -> Iterator[Block]:
    """What was put into made-up data beside what is left when regression to the mean is taken off."""
    for s in _asked(numbers):
        yield from series_chance.truth(s)


def office_truth(numbers: Numbers, effect: Effect) -> Row | None:
    """The interrupted series of an office in the month of an effect that was put in; None without one."""
    found = [series_places.of_effect(s, effect) for s in _asked(numbers)]
    return found[0] if found else None


def method(numbers: Numbers) -> Iterator[Block]:
    """How it was reckoned, and by whom it was thought out."""
    for s in _asked(numbers):
        yield s.paragraph("method")
