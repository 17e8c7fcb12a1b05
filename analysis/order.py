"""What to order from Nav and Statistics Norway for the analysis that a card describes, as Markdown in Bokmål.

Everything follows from the card and the outcome library; config/order.yaml says who holds what. Only what an
outcome reads is ordered (data minimisation).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.cards import Card, History
from analysis.months import month_number, month_text
from analysis.outcomes import Outcome, load_breaks, load_outcomes
from analysis.spell_rules import AmountAboveG, needed_attributes, needed_types
from analysis.yamlio import read_yaml

TEXTS = Path(__file__).resolve().parent.parent / "config" / "order.yaml"
# Baseline covariates count days in work over two years, where the card names no earlier month itself.
MONTHS_BEFORE = 24
ROLES = {"treated": "fikk innsatsen", "comparison": "sammenligning", "benchmark": "kontroll fra loddtrekning"}
UNITS = {"person": "personer", "office": "kontorer", "county": "fylker", "adviser": "veiledere"}


@dataclass(frozen=True)
class Period:
    """First and last month to order, as text; `reason` says where the first one comes from.

    `first_month` and `last_month` are months (year*12 + month - 1), or None where persons carry time zero or the card
    has no horizon.
    """

    first: str
    last: str
    reason: str
    first_month: int | None = None
    last_month: int | None = None


def order_list(card: Card, cohort: str) -> str:
    """The order as Markdown: population, keys, outcomes, registers with variables and periods, breaks, safeguards."""
    found, texts = order_outcomes(card), read_yaml(TEXTS).data
    sections = [
        [f"# Bestilling av data: {cohort}", "", f"{card.title.nb}."],
        ["## Hva bestillingen gjelder", "", *_purpose(card)],
        ["## Populasjon", "", *_population(card, texts["designs"][card.design])],
        ["## Nøkler og tabeller som alltid trengs", "", *_keys(card, texts["always"])],
        ["## Utfall", "", *_outcome_lines(card, found)],
        ["## Registre, variabler og perioder", "", *_register_lines(card, found)],
        ["## Kjente brudd i perioden", "", *_break_lines(card, found)],
        ["## Slik skal dataene leveres", "", *_bullets(texts["delivery"])],
        ["## Vern om personer", "", *_bullets(texts["safeguards"])],
    ]
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def order_outcomes(card: Card) -> dict[str, list[Outcome]]:
    """Outcomes of registers that answer each of the card's outcomes, by the card's name.

    An outcome without a register of its own (a source's word, a count of a project) gets the register outcomes of the
    same kind, role and unit, where there are any those of the same timing alone: one must be chosen before the order
    is sent.
    """
    library = load_outcomes()
    ruled = [outcome for outcome in library.values() if outcome.rule is not None]
    chosen = [library[name] for name in card.measured_names()]
    return {outcome.name: [outcome] if outcome in ruled else _nearest(outcome, ruled) for outcome in chosen}


def _nearest(outcome: Outcome, others: list[Outcome]) -> list[Outcome]:
    wanted = (outcome.kind, outcome.role, outcome.unit)
    alike = [other for other in others if (other.kind, other.role, other.unit) == wanted]
    return [other for other in alike if other.timing == outcome.timing] or alike


def _every(found: dict[str, list[Outcome]]) -> dict[str, Outcome]:
    return {outcome.name: outcome for outcomes in found.values() for outcome in outcomes}


def order_period(card: Card, *, extra_months: int = 0) -> Period:
    """From the earliest baseline month, or 24 months before time zero, to the last horizon.

    The card's own months decide where covariates name earlier outcomes or tell of the time before. `extra_months` are
    those that a rule reads before the month it measures.
    """
    zero = month_number(card.time_zero.month) if card.time_zero.month else None
    horizon = max(card.horizons, default=None)
    end = zero + horizon if zero is not None and horizon is not None else None
    named = [month_number(covariate.month) for covariate in card.covariates if covariate.month]
    base = [month_number(card.base_month)] if card.base_month else []
    before = _months_before(card)
    first, reason = None, f"{before} måneder før start"
    if named:
        past = [zero - before] if zero is not None and _histories(card) else []
        first, reason = min(named + base + past) - extra_months, "den tidligste måneden kortet bruker"
    elif zero is not None:
        first = min([zero - before, *base]) - extra_months
    words = f"{before + extra_months} måneder før hver persons starttidspunkt"
    begins = words if first is None else month_text(first)
    return Period(begins, _last_words(end, horizon), _reason(reason, extra_months), first, end)


def _histories(card: Card) -> list[History]:
    return [covariate.history for covariate in card.covariates if covariate.history is not None]


def _months_before(card: Card) -> int:
    """How far before time zero the card looks; two years where it does not say."""
    told = [history.months or 0 for history in _histories(card)]
    return max([*told, -(card.base_period or 0)]) if told else MONTHS_BEFORE


def _reason(reason: str, extra_months: int) -> str:
    return f"{reason}, og {extra_months} måneder til fordi utfallet ser bakover" if extra_months else reason


def _last_words(end: int | None, horizon: int | None) -> str:
    if horizon is None:
        return "siste måling (kortet har ingen horizons)"
    return month_text(end) if end is not None else f"{horizon} måneder etter hver persons starttidspunkt"


def _look_back(outcomes: dict[str, Outcome]) -> int:
    """Months before the month of measurement that a rule on amounts reads."""
    return max((o.rule.months - 1 for o in outcomes.values() if isinstance(o.rule, AmountAboveG)), default=0)


def _purpose(card: Card) -> Iterator[str]:
    yield f"- **Innsats:** {card.intervention_name.nb}. {card.content.intervention.nb}"
    yield f"- **Sammenlignes med:** {card.content.usual_care.nb}"
    yield f"- **Spørsmål:** {card.estimand.description.nb}"
    yield f"- **Starttidspunkt:** {card.time_zero.description.nb}{_in_brackets(card.time_zero.month)}"
    yield f"- **Horisonter:** {', '.join(map(str, card.horizons)) or 'ikke oppgitt i kortet'} (måneder etter start)"
    period = order_period(card)
    reason = "" if period.first_month is None else f" ({period.reason})"
    yield f"- **Periode:** fra {period.first}{reason} til {period.last}"
    if card.data_kind == "published":
        yield "- **Merk:** kortet bygger på publiserte tall. Bestillingen er det som trengs for å svare med registre."


def _in_brackets(text: str | None) -> str:
    return f" ({text})" if text else ""


def _population(card: Card, needs: list[str]) -> Iterator[str]:
    yield f"{card.population.description.nb[:1].upper()}{card.population.description.nb[1:]}."
    yield ""
    yield "Krav for å være med:"
    yield ""
    yield from _bullets([line.nb for line in card.population.eligibility])
    yield ""
    yield "Grupper:"
    yield ""
    yield from (f"- {arm.label.nb} (`{arm.id}`): {ROLES[arm.role]}" for arm in card.arms)
    yield ""
    yield f"Tildelt: {UNITS[card.assignment.unit]}. {card.assignment.rule.nb}"
    yield ""
    yield "For dette designet trengs:"
    yield ""
    yield from _bullets(needs)


def _bullets(lines: list[str]) -> list[str]:
    return [f"- {line}" for line in lines]


def _counts(card: Card) -> bool:
    """Whether the design reads counts per office and month: then nothing about persons is ordered."""
    return card.design == "aggregated_series"


def _keys(card: Card, always: list[dict[str, Any]]) -> Iterator[str]:
    zero = "starttidspunkt (måned)" if card.time_zero.month is None else f"starttidspunkt ({card.time_zero.month})"
    person = f"`person_id` (pseudonym); gruppe; {zero}; `office_id` (kontornummer ved tildelingen, tekst)"
    yield "| Tabell | Variabler | Eier |"
    yield "|---|---|---|"
    if not _counts(card):
        yield f"| Personer | {person} | prosjektet, koblet av dataeier |"
    tables = [table for table in always if not (_counts(card) and table.get("persons"))]
    yield from (f"| {table['nb']} | {'; '.join(table['variables'])} | {table['owner']} |" for table in tables)
    delivered = [c for c in card.covariates if c.outcome is None and c.history is None]
    labels = [covariate.label.nb for covariate in delivered]
    if labels:
        yield f"| Bakgrunn ved start | {'; '.join(labels)} | Nav eller SSB |"


def _outcome_lines(card: Card, found: dict[str, list[Outcome]]) -> Iterator[str]:
    library = load_outcomes()
    for name, outcomes in found.items():
        role = "hovedutfall" if name == card.outcomes.primary else "sekundært"
        if [outcome.name for outcome in outcomes] == [name]:
            yield f"- `{name}` ({role}): {outcomes[0].definition['nb']} Kilde: {outcomes[0].register['nb']}."
            continue
        yield f"- `{name}` ({role}): {library[name].definition['nb']}"
        yield from _choices(library[name], outcomes)


def _choices(outcome: Outcome, outcomes: list[Outcome]) -> Iterator[str]:
    if not outcomes:
        yield "  - Utfallsbiblioteket har ingen registerkilde for dette. Avtal kilde og definisjon med dataeier."
        return
    same = all(other.timing == outcome.timing for other in outcomes)
    near = "" if same else " De måles på en annen måte i tid, men bygger på de registrene som trengs."
    yield f"  - Utfallsbiblioteket har ingen registerkilde for dette. **Velg blant disse før bestilling.**{near}"
    for other in outcomes:
        yield f"    - `{other.name}`: {other.label['nb']}. Kilde: {other.register['nb']}."


def _register_lines(card: Card, found: dict[str, list[Outcome]]) -> Iterator[str]:
    outcomes, others = _every(found), other_uses(card)
    registers = needed_registers(outcomes, others)
    if not registers:
        yield "Ingen registre følger av kortets utfall. Avtal kilde og variabler med dataeier."
        return
    key = "" if _counts(card) else " (i tillegg til `person_id`)"
    yield f"| Register | Eier | Variabler{key} | Fra | Til | Brukes til |"
    yield "|---|---|---|---|---|---|"
    periods = []
    for register, used in registers:
        period = order_period(card, extra_months=_look_back(used) if register.get("wages") else 0)
        variables = "; ".join([*register["variables"], *_attributes(register, used)])
        if _counts(card):
            variables = "antall per kontor og måned: teller og nevner, slik utfallet er definert over"
        names = ", ".join(f"`{name}`" for name in [*used, *_used_otherwise(register, others)])
        yield f"| {register['nb']} | {register['owner']} | {variables} | {period.first} | {period.last} | {names} |"
        periods.append(f"- {register['nb']}: {period.first}, {period.reason}.")
    yield ""
    yield "Begge månedene er med, og likeså perioder som begynte før første måned og løp inn i den. Første måned er:"
    yield ""
    yield from periods
    held = {kind for register in _registers() for kind in register["types"]}
    unheld = sorted({kind for types in others.values() for kind in types} - held)
    if unheld:
        yield f"- Kortet bruker også perioder av typen {', '.join(unheld)}. Avtal kilde med dataeier."


def needed_registers(
    outcomes: dict[str, Outcome], others: Mapping[str, Collection[str]] | None = None
) -> list[tuple[dict[str, Any], dict[str, Outcome]]]:
    """The registers that the outcomes read, in the order of config/order.yaml, each with those outcomes.

    others: types of spells by the name of what else reads them; their registers come too, perhaps with no outcome.
    """
    found = []
    for register in _registers():
        used = {name: outcome for name, outcome in outcomes.items() if _reads(outcome, register)}
        if used or _used_otherwise(register, others or {}):
            found.append((register, used))
    return found


def _registers() -> list[dict[str, Any]]:
    return list(read_yaml(TEXTS).data["registers"].values())


def other_uses(card: Card) -> dict[str, set[str]]:
    """Types of spells that the card reads for something else than outcomes, by what that is."""
    uses = {covariate.name: set(covariate.history.types) for covariate in card.covariates if covariate.history}
    if card.registers is not None:
        uses |= {link.attribute: set(link.by) for link in card.registers.links}
        uses |= {"participation": set(card.registers.participation)}
    return uses


def _used_otherwise(register: dict[str, Any], others: Mapping[str, Collection[str]]) -> list[str]:
    return [name for name, types in others.items() if not set(types).isdisjoint(register["types"])]


def _reads(outcome: Outcome, register: dict[str, Any]) -> bool:
    if isinstance(outcome.rule, AmountAboveG):
        return bool(register.get("wages"))
    return not needed_types({outcome.name: outcome.rule}).isdisjoint(register["types"])


def _attributes(register: dict[str, Any], used: dict[str, Outcome]) -> list[str]:
    wanted = needed_attributes({name: outcome.rule for name, outcome in used.items()})
    return [text for name, text in register.get("attributes", {}).items() if name in wanted]


def _break_lines(card: Card, found: dict[str, list[Outcome]]) -> Iterator[str]:
    outcomes = _every(found)
    period = order_period(card, extra_months=_look_back(outcomes))
    breaks = load_breaks()
    keys = [key for key in breaks if any(key in outcome.breaks for outcome in outcomes.values())]
    inside = [breaks[key]["nb"] for key in keys if _is_inside(breaks[key]["date"], period)]
    if inside and (period.first_month is None or period.last_month is None):
        yield "Kortet sier ikke hele perioden. Dette er alle kjente brudd for utfallene:"
        yield ""
    yield from (f"- {line}" for line in inside)
    if not inside:
        yield "Ingen som utfallsbiblioteket kjenner."


def _is_inside(date: str, period: Period) -> bool:
    month = month_number(date[:7])
    after = period.first_month is None or month > period.first_month
    return after and (period.last_month is None or month <= period.last_month)
