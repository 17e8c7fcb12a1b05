"""The rules that a delivery is checked by: one table with the id, gravity and words of each.

Ids are stable: cards accept findings by them. Texts in braces are filled in where the rule is broken.
"""

from dataclasses import dataclass
from typing import Any

from analysis.findings import Finding, Severity


@dataclass(frozen=True)
class Rule:
    """What a broken rule means for the run, what is told, and how to mend it."""

    severity: Severity
    what: str
    mend: str = ""


RULES: dict[str, Rule] = {
    # Whole files.
    "file_missing": Rule("FATAL", "filen finnes ikke.", "Den skal ligge i {place}."),
    "file_empty": Rule("FATAL", "filen er tom."),
    "file_unreadable": Rule("FATAL", "filen kan ikke leses som kortet sier."),
    "no_rows": Rule("FATAL", "{source}."),
    "checksum": Rule("FATAL", "filen er en annen enn den kortet oppgir (SHA-256).", "Rett filen eller kortet."),
    "row_count": Rule("FATAL", "filen har {found}, men kortet oppgir {stated}.", "Rett filen eller kortet."),
    "column_missing": Rule("FATAL", "kolonnen mangler i filen.", "Rett navnet i kortet under columns."),
    "national_id": Rule("FATAL", "kolonnen ser ut til å inneholde fødselsnumre.", "Lever pseudonymer i stedet."),
    # Single rows.
    "value_missing": Rule("FATAL", "verdien mangler.", "{mend}"),
    "unknown_arm": Rule("FATAL", "verdien er ikke en av gruppene i kortet.", "Oversett den under columns.arm.values."),
    "category": Rule("FATAL", "verdien er ikke oversatt i kortet.", "Legg den til under values for kolonnen."),
    "month_form": Rule("FATAL", "{form}", "År før 1900 og etter 2099 er ikke lov."),
    "date_form": Rule("FATAL", "{form}", "År før 1900 og etter 2099 er ikke lov."),
    "number_form": Rule("FATAL", "skal være et tall.", "Kortet sier at desimaltegnet er «{decimal}»."),
    "count_form": Rule("FATAL", "skal være et helt tall, 0 eller høyere."),
    "boolean_form": Rule("FATAL", "skal være true eller false.", "Oversett den under values for kolonnen."),
    "slug_form": Rule(
        "FATAL",
        "skal være små bokstaver a–z, tall og understrek, og begynne med en bokstav.",
        "Oversett den under values for kolonnen.",
    ),
    "start_missing": Rule(
        "FATAL", "en deltaker mangler starttidspunkt.", "Alle i tiltaksgruppen skal ha en måned for start."
    ),
    "ends_before_start": Rule("FATAL", "siste dag er før første dag.", "Rett datoene. Begge dagene er med."),
    "numerator_above_denominator": Rule("FATAL", "telleren er større enn nevneren.", "Rett tallene."),
    "outside_range": Rule(
        "ERROR", "verdien er utenfor det kortet sier kan være riktig.", "Rett verdien, eller range i kortet."
    ),
    "unlikely_share": Rule(
        "WARNING", "andelen er under 0 eller over 2.", "Er den i prosent? Oppgi range i kortet hvis den er riktig."
    ),
    "negative_amount": Rule("WARNING", "beløpet er under 0.", "Oppgi range i kortet hvis det er riktig."),
    "after_drawn": Rule(
        "WARNING", "begynner etter at uttrekket ble tatt.", "Er datoen, eller registers.drawn i kortet, riktig?"
    ),
    # Keys.
    "duplicate_person": Rule("FATAL", "samme person-id står i flere rader.", "Hver person skal ha én rad."),
    "duplicate_office": Rule(
        "FATAL", "samme kontor står i flere rader.", "Hvert kontor skal ha én rad, eller én for hver etterfølger."
    ),
    "duplicate_aggregate": Rule(
        "FATAL",
        "samme enhet, måned, gruppe og utfall står i flere rader.",
        "Det skal være én rad for hver av dem.",
    ),
    "duplicate_outcome": Rule(
        "FATAL", "samme utfall er levert flere ganger for samme person og måned.", "Behold ett av dem."
    ),
    # References between tables.
    "unknown_person": Rule("WARNING", "{counted} hører til personer som ikke er i persontabellen, og er tatt ut."),
    "unknown_office": Rule(
        "ERROR", "{counted} har et kontor som ikke er i kontortabellen.", "Lever kontoret, eller rett kontornummeret."
    ),
    "empty_arm": Rule("FATAL", "ingen {whose} i leveransen hører til denne gruppen.", "Se columns.arm i kortet."),
    # What cannot be true of a person, a group or an office.
    "overlapping_spells": Rule(
        "ERROR", "{counted} har perioder samtidig som ikke kan være det: {types}.", "Se registers.exclusive i kortet."
    ),
    "no_participation": Rule(
        "WARNING", "{counted} i tiltaksgruppen har ingen periode i tiltaket.", "Se registers.participation i kortet."
    ),
    "late_participation": Rule(
        "WARNING",
        "{counted} i tiltaksgruppen begynner i tiltaket etter første horisont.",
        "Utfallet er da målt før tiltaket.",
    ),
    "treated_comparison": Rule(
        "ERROR",
        "{counted} i sammenligningsgruppen er i tiltaket ved starttidspunktet eller før.",
        "Rett gruppen, eller se registers.participation i kortet.",
    ),
    "later_treated_comparison": Rule(
        "WARNING",
        "{counted} i sammenligningsgruppen kommer i tiltaket etter starttidspunktet.",
        "Sammenligningen er da ikke mot ingen.",
    ),
    "municipality": Rule("FATAL", "{what}", "{mend}"),
    "office_history": Rule("FATAL", "{what}", "{mend}"),
    "office_not_open": Rule("ERROR", "{what}", "{mend}"),
    "office_merged": Rule("WARNING", "{what}", "{mend}"),
    "office_split": Rule("WARNING", "{what}", "{mend}"),
    "office_closed": Rule("WARNING", "{what}", "{mend}"),
    "office_renumbered": Rule("WARNING", "{what}", "{mend}"),
    "office_gap": Rule("WARNING", "{what}", "{mend}"),
}


def finding(
    rule: str, where: str, *, column: str | None = None, count: int = 1, rows: tuple = (), **words: Any
) -> Finding:
    """The finding of a broken rule, with its words filled in."""
    found = RULES[rule]
    return Finding(
        rule=rule,
        severity=found.severity,
        where=where,
        what=found.what.format(**words),
        mend=found.mend.format(**words),
        column=column,
        count=count,
        rows=tuple(rows),
    )


def counted(count: int, one: str, several: str) -> str:
    """``1 person`` or ``3 personer``."""
    return f"{count} {one if count == 1 else several}"
