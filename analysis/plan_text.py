"""A pre-analysis plan that people can read, as Markdown in Bokmål: the target trial, and how it is analysed.

Everything follows from the card, the outcome library and config/plan.yaml. The target-trial table follows Hernán and
Robins (2016), Am J Epidemiol 183(8), table 1.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from analysis.cards import Card, Covariate, analysis_part
from analysis.months import month_number
from analysis.outcomes import load_outcomes
from analysis.plan import deviations, plan_hash, planned_card
from analysis.yamlio import read_yaml

TEXTS = Path(__file__).resolve().parent.parent / "config" / "plan.yaml"
UNITS = {"person": "personer", "office": "kontorer", "county": "fylker", "adviser": "veiledere"}
SCALES = {"difference": "forskjell", "share": "andel", "change": "endring", "count": "antall"}
QUANTITIES = {
    "att": "gjennomsnittlig effekt for dem som fikk tiltaket (ATT)",
    "itt": "gjennomsnittlig effekt av å bli tilbudt tiltaket (ITT)",
    "share": "andel",
    "description": "beskrivelse uten effekt",
}
CLUSTERS = {"person": "person", "pair": "par", "office": "kontor"}
# What is printed key by key, in this order, where the card has it.
DETAILS = (
    *("negative_controls", "matching", "staggered", "trial", "series", "published", "subgroups"),
    *("inference", "checks", "certify", "benchmark", "sensitivity"),
)


def plan_text(card: Card, cohort: str, lock: Mapping[str, Any] | None = None, *, power: str | None = None) -> str:
    """The plan of a cohort; `lock` is its lock, if there is one, and `power` a sentence on what it can detect.

    With a lock it is the locked plan that is printed, and what today's card has changed since is told key by key. What
    the plan does not fix (titles, background, sources) is today's.
    """
    today, card = card, card if lock is None else locked_card(card, lock)
    texts, limits = read_yaml(TEXTS).data, _bullets(item.text.nb for item in card.limitations)
    sections = [
        [f"# Analyseplan: {card.title.nb}", "", *_status(today, card, cohort, lock)],
        ["## Bakgrunn", "", "\n\n".join(words.nb for words in card.background)],
        ["## Forsøket som etterlignes", "", *_target_trial(card)],
        ["## Design", "", texts["designs"][card.design]],
        ["## Antakelser", "", texts["assumptions"][card.design]],
        ["## Utfall", "", *_outcomes(card)],
        *([["## Bakgrunnsvariabler", "", *_covariates(card)]] if card.covariates else []),
        *([["## Hva undersøkelsen kan oppdage", "", power]] if power else []),
        ["## Analysen i detalj", "", *_details(analysis_part(card) if lock is None else lock["plan"])],
        *([["## Kjente begrensninger", "", *limits]] if limits else []),
        ["## Regler for rapporteringen", "", *_bullets(texts["rules"])],
        ["## Kilder", "", *_bullets(f"{source.id}: {source.citation}" for source in card.sources)],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def locked_card(card: Card, lock: Mapping[str, Any]) -> Card:
    """The card with the analysis that was locked; today's where a card can no longer hold the locked plan."""
    try:
        return planned_card(card, dict(lock))
    except ValidationError:
        return card


def _status(today: Card, planned: Card, cohort: str, lock: Mapping[str, Any] | None) -> Iterator[str]:
    """Whose plan it is, its hash, whether it is locked, and what today's card has changed since."""
    if lock is None:
        yield f"Kohort: `{cohort}`. Planens avtrykk: `{plan_hash(today)}`."
        yield ""
        yield f"Planen er ikke låst. Lås den med `make plan-lock COHORT={cohort}`."
        return
    yield f"Kohort: `{cohort}`. Planens avtrykk: `{lock['plan_hash']}`."
    yield ""
    changed = deviations(today, dict(lock))
    kept = f"Endret siden: {', '.join(changed)}." if changed else "Ikke endret siden."
    yield f"Planen ble låst {lock['locked']} med versjon {lock['version']}. {kept}"
    if not changed:
        return
    yield ""
    if planned is today:
        told = "Bare «Analysen i detalj» er den låste planen; resten er dagens kort."
        yield f"Et kort kan ikke lenger se ut slik planen ble låst. {told}"
    else:
        yield "Det som står under, er planen slik den ble låst. Dagens kort har:"
    yield ""
    now, then = analysis_part(today), lock["plan"]
    for key in changed:
        yield from _bullets(_changes(key, then.get(key), now.get(key)))


def _changes(place: str, then: Any, now: Any) -> Iterator[str]:
    """Each value under `place` that is another one now: in the lock, and in today's card."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in {**then, **now}:
            yield from _changes(f"{place}.{key}", then.get(key), now.get(key))
    elif then != now:
        yield f"`{place}`: {_value(now)} (låst: {_value(then)})"


def _value(value: Any) -> str:
    """A value of a card on one line."""
    if value is None:
        return "ikke fylt inn"
    return f"`{yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=10_000).split(chr(10))[0]}`"


def _target_trial(card: Card) -> list[str]:
    """A table of the trial that the analysis stands for, part by part."""
    rows = {
        "Hvem": card.population.description.nb,
        "Inklusjon": "; ".join(words.nb for words in card.population.eligibility),
        "Tiltaket": card.content.intervention.nb,
        "Det vanlige": card.content.usual_care.nb,
        "Grupper": "; ".join(arm.label.nb for arm in card.arms),
        "Tildeling": _assignment(card),
        "Starttidspunkt": _time_zero(card),
        "Oppfølging": _follow_up(card),
        "Primært utfall": load_outcomes()[card.outcomes.primary].definition["nb"],
        "Det som skal anslås": f"{card.estimand.description.nb}: {QUANTITIES[card.estimand.quantity]}, "
        f"som {SCALES[card.estimand.scale]}",
        "Analyse": _analysis(card),
    }
    lines = [f"| {name} | {_cell(text)} |" for name, text in rows.items()]
    return ["| Del | I denne undersøkelsen |", "|---|---|", *lines]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _assignment(card: Card) -> str:
    drawn = "Loddtrekning" if card.assignment.randomised else "Ikke loddtrekning"
    return f"{drawn}, av {UNITS[card.assignment.unit]}. {card.assignment.rule.nb}"


def _time_zero(card: Card) -> str:
    month = f" ({card.time_zero.month})" if card.time_zero.month else ""
    return f"{card.time_zero.description.nb}{month}"


def _follow_up(card: Card) -> str:
    if not card.horizons:
        return "ikke oppgitt i måneder"
    first, *others = card.horizons
    further = f"; deretter {', '.join(map(str, others))}" if others else ""
    return f"{first} måneder etter start er hovedtidspunktet{further}"


def _analysis(card: Card) -> str:
    if card.analysis == "describe":
        return "Gruppene beskrives, og ingen effekt anslås"
    level = f"{100 * card.inference.level:g} prosent konfidensintervall"
    clusters = f", klynger: {CLUSTERS[card.inference.cluster]}" if card.matching is not None else ""
    return f"Se «Analysen i detalj»; {level}{clusters}"


def _outcomes(card: Card) -> Iterator[str]:
    library = load_outcomes()
    for number, name in enumerate(card.outcome_names()):
        role = "primært" if number == 0 else "sekundært"
        yield f"- **{library[name].label['nb']}** ({role}, `{name}`): {library[name].definition['nb']}"


def _covariates(card: Card) -> Iterator[str]:
    for covariate in card.covariates:
        yield f"- {covariate.label.nb} (`{covariate.name}`{_measured(covariate)})"


def _measured(covariate: Covariate) -> str:
    if covariate.outcome is not None and covariate.month is not None:
        month = month_number(covariate.month)
        return f", {covariate.outcome} i {month % 12 + 1:02d}.{month // 12}"
    return ", fra registrene før start" if covariate.history is not None else ""


def _details(part: Mapping[str, Any]) -> list[str]:
    """The card's own keys with defaults filled in, as they are locked."""
    chosen = {name: part[name] for name in DETAILS if part.get(name)}
    text = yaml.safe_dump(chosen, allow_unicode=True, sort_keys=False, width=100)
    return ["Nøklene er kortets egne, med standardverdier fylt inn.", "", "```yaml", text.rstrip(), "```"]


def _bullets(texts: Any) -> list[str]:
    return [f"- {_cell(text)}" for text in texts]
