"""Rules that no equation holds: about one number and the persons behind it.

A minimum or maximum is the value of a person, unless as many persons as the threshold share it. A mean, sum, share or
effect of a handful of persons is theirs. A sum must not be dominated by one or two persons, an effect needs enough
persons in each arm and a regression enough degrees of freedom. What the auditor was not told is not passed.
"""

from collections.abc import Iterator

from analysis.disclosure.declared import EFFECT, MAXIMUM, MEAN, MINIMUM, MODEL, SHARE, SUM, Number
from analysis.disclosure.shown import EXACT, HIDDEN
from analysis.disclosure.targets import Rule, kept_values

EXTREME = "viser verdien til én eller noen få personer (minste eller største verdi)."
FEW = "bygger på for få personer."
DOMINATED = "kommer nesten helt fra én eller to personer."
FEW_IN_ARM = "er en effekt med for få personer i en av gruppene."
FEW_DF = "kommer fra en regresjon med for få frihetsgrader."
UNKNOWN = "kan ikke prøves, for det er ikke oppgitt hvor mange personer som står bak, eller om noen få dominerer."


def broken_rules(number: Number, rule: Rule) -> Iterator[str]:
    """What is wrong with one shown number, in Norwegian; nothing when it may stand."""
    if number.shown.status == HIDDEN:
        return
    if number.kind in (MINIMUM, MAXIMUM):
        yield from _of_extreme(number, rule)
    if number.kind in (SUM, MEAN):
        yield from _of_amount(number, rule)
    if number.kind == EFFECT:
        yield from _of_effect(number, rule)
    if number.kind == MODEL:
        yield from _of_model(number, rule)
    if number.kind == SHARE and number.shown.status == EXACT:
        yield from _of_share(number, rule)
    if number.truth.df is not None and number.truth.df < rule.residual_df:
        yield FEW_DF


def _of_extreme(number: Number, rule: Rule) -> Iterator[str]:
    if number.truth.at_extreme is None:
        yield UNKNOWN
    elif number.truth.at_extreme < rule.threshold:
        yield EXTREME


def _of_amount(number: Number, rule: Rule) -> Iterator[str]:
    asked = rule.dominance is not None or rule.p_ratio is not None
    if number.truth.base is None or (asked and number.truth.dominated is None):
        yield UNKNOWN
    elif 0 < number.truth.base < rule.threshold:
        yield FEW
    elif asked and number.truth.dominated:
        yield DOMINATED


def _of_effect(number: Number, rule: Rule) -> Iterator[str]:
    bases = (number.truth.base, number.truth.minus_base)
    if any(base is None for base in bases):
        yield UNKNOWN
    elif min(bases) < max(rule.persons_per_arm, rule.threshold):
        yield FEW_IN_ARM


def _of_model(number: Number, rule: Rule) -> Iterator[str]:
    """By persons and degrees of freedom alone: how persons divide by covariates is not printed (ACRO, SDAP)."""
    bases = [number.truth.base, *([] if number.minus is None else [number.truth.minus_base])]
    if any(base is None for base in bases):
        yield UNKNOWN
    elif min(bases) < max(rule.persons_per_arm, rule.threshold):
        yield FEW_IN_ARM if number.minus is not None else FEW
    elif number.truth.dominated:
        yield DOMINATED


def _of_share(number: Number, rule: Rule) -> Iterator[str]:
    """An exact share is hidden with its numerator and with what is left of its base, where counts are hidden."""
    value, base = number.truth.value, number.truth.base
    if value is None or base is None:
        yield UNKNOWN
        return
    least = 0 if rule.zeros_hidden else 1
    parts = (base,) if kept_values(rule) else (base, value, base - value)
    if any(least <= part < rule.threshold for part in parts):
        yield FEW
