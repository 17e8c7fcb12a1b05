"""Rules about the delivery that a card describes: its tables, its outcomes and their months. See `card_rules`."""

from collections.abc import Callable, Iterator
from typing import Any

from analysis.card_column_rules import COLUMN_RULES
from analysis.card_library import rules_of, sources
from analysis.card_parts import (
    chosen_outcomes,
    files_of,
    mapping,
    mappings,
    measured_outcomes,
    table_of,
    text,
    texts,
)
from analysis.card_register_rules import REGISTER_RULES, reads_registers
from analysis.strict import Finding

ADOPTION = "adoption_month"


def has_column(data: dict[str, Any], table: str, name: str) -> bool:
    """Whether every file of the table maps the column; False where there is no such file."""
    files = files_of(data, table)
    return bool(files) and all(name in mapping(file.get("columns")) for _, file in files)


def some_has_column(data: dict[str, Any], table: str, name: str) -> bool:
    """Whether at least one file of the table maps the column."""
    return any(name in mapping(file.get("columns")) for _, file in files_of(data, table))


def tables_suit_the_design(data: dict[str, Any]) -> Iterator[Finding]:
    """A delivery has persons, and a series of counts has offices with groups and counts instead."""
    if not mappings(data.get("files")):
        return
    series = data.get("design") == "aggregated_series"
    for table in ("offices", "aggregates") if series else ("persons",):
        if not files_of(data, table):
            yield ("files",), f"ingen fil har table: {table}.", f"Legg til en fil med table: {table}."
    if series:
        for place, _ in files_of(data, "persons"):
            mend = "Fjern filen, eller oppgi en annen table."
            yield ("files", place, "table"), "designet aggregated_series leser ikke personer.", mend


def groups_are_known(data: dict[str, Any]) -> Iterator[Finding]:
    """Persons have a group, unless teams come office by office; in a series of counts the offices have it."""
    if data.get("design") == "staggered_did" and _adopts(data):
        return
    if data.get("design") == "aggregated_series":
        if files_of(data, "offices") and not some_has_column(data, "offices", "arm"):
            place = files_of(data, "offices")[0][0]
            yield ("files", place, "columns"), "kolonnen arm er ikke koblet til filen.", "Legg til arm."
        return
    for place, file in files_of(data, "persons"):
        if "arm" not in mapping(file.get("columns")):
            yield ("files", place, "columns"), "kolonnen arm er ikke koblet til filen.", "Legg til arm."


def _adopts(data: dict[str, Any]) -> bool:
    return has_column(data, "persons", ADOPTION) or some_has_column(data, "offices", ADOPTION)


def adoption_is_known(data: dict[str, Any]) -> Iterator[Finding]:
    """Staggered adoption needs the month of each office or person, and persons an office to get it from."""
    if data.get("design") != "staggered_did" or not files_of(data, "persons"):
        return
    if not _adopts(data):
        mend = "Legg til adoption_month for personer eller kontorer."
        yield ("files",), "designet staggered_did trenger innføringsmåneden.", mend
    elif not has_column(data, "persons", ADOPTION):
        linked = has_column(data, "persons", "office_id") or files_of(data, "memberships")
        if not linked:
            mend = "Legg til office_id for personer, eller en fil med table: memberships."
            yield ("files",), "innføringsmåneden står ved kontorene, men personene har ikke kontor.", mend


def outcomes_stand_where_they_are_read(data: dict[str, Any]) -> Iterator[Finding]:
    """Columns with outcomes belong to persons, or to tables of outcomes, which have nothing else."""
    for place, file in enumerate(mappings(data.get("files"))):
        entries = mappings(file.get("outcomes"))
        if entries and table_of(file) not in ("persons", "outcomes"):
            mend = "Fjern dem, eller oppgi table: outcomes."
            yield ("files", place, "outcomes"), "utfall i kolonner leses bare for personer.", mend
        if not entries and table_of(file) == "outcomes":
            mend = "Oppgi utfall, måned og kolonne, eller fjern filen."
            yield ("files", place, "outcomes"), "en fil med table: outcomes har ingen utfall.", mend


def outcome_columns_are_used_once(data: dict[str, Any]) -> Iterator[Finding]:
    """An outcome with a column is one that the card needs, once a month, and not made from spells as well."""
    needed = sources(measured_outcomes(data))
    made = rules_of(needed) if reads_registers(data) else {}
    for place, file in files_of(data, "persons", "outcomes"):
        seen: set[tuple[str, str]] = set()
        for order, entry in enumerate(mappings(file.get("outcomes"))):
            key, name = ("files", place, "outcomes", order), text(entry.get("outcome"))
            if name and needed and name not in needed:
                yield (*key, "outcome"), f"utfallet «{name}» brukes ikke.", f"Kortet trenger: {', '.join(needed)}."
            if name in made:
                yield (*key, "outcome"), f"utfallet {name} lages av periodene.", "Fjern linjen."
            if (name, str(entry.get("month"))) in seen:
                yield key, "samme utfall står to ganger for samme måned.", "Behold én av dem."
            seen.add((name, str(entry.get("month"))))


def outcomes_are_delivered(data: dict[str, Any]) -> Iterator[Finding]:
    """Outcomes that are not made from spells stand in columns: of all persons, or of a table of outcomes."""
    if data.get("design") == "aggregated_series":
        return
    registers = reads_registers(data)
    needed = sources(measured_outcomes(data))
    needed = [name for name in needed if not registers or name not in rules_of(needed)]
    apart = {name for _, file in files_of(data, "outcomes") for name in _outcome_names(file)}
    mend = "Oppgi kolonne og måned under outcomes."
    for name in (name for name in needed if name not in apart):
        without = [place for place, file in files_of(data, "persons") if name not in _outcome_names(file)]
        if registers and len(without) == len(files_of(data, "persons")):
            yield ("files",), f"utfallet {name} er ikke koblet til noen fil.", mend
        elif not registers:
            for place in without:
                yield ("files", place), f"utfallet {name} er ikke koblet til filen.", mend


def _outcome_names(file: dict[str, Any]) -> set[str]:
    return {text(entry.get("outcome")) for entry in mappings(file.get("outcomes"))}


def counts_are_delivered(data: dict[str, Any]) -> Iterator[Finding]:
    """In a series of counts every outcome of the card is counted, and no other is."""
    files, chosen = files_of(data, "aggregates"), measured_outcomes(data)
    counted: set[str] = set()
    for place, file in files:
        column = mapping(mapping(file.get("columns")).get("outcome"))
        if column.get("constant") is None and column.get("values") is None:
            return  # the file itself names the outcomes
        named = texts([column.get("constant"), *mapping(column.get("values")).values()])
        for name in sorted(set(named) - set(chosen)):
            mend = f"Kortet trenger: {', '.join(chosen)}."
            yield ("files", place, "columns", "outcome"), f"utfallet «{name}» brukes ikke.", mend
        counted.update(named)
    if files and data.get("design") == "aggregated_series":
        for name in [name for name in chosen if name not in counted]:
            yield ("files",), f"utfallet {name} er ikke talt i noen fil.", "Oppgi det under columns.outcome."


def months_are_delivered(data: dict[str, Any]) -> Iterator[Finding]:
    """Months that the analysis reads from columns are months that every file with such columns measures."""
    if reads_registers(data) or data.get("design") == "aggregated_series":
        return
    wanted = [(("base_month",), data.get("base_month"))]
    wanted += [
        (("covariates", place, "month"), covariate.get("month"))
        for place, covariate in enumerate(mappings(data.get("covariates")))
    ]
    files = [mappings(file.get("outcomes")) for _, file in files_of(data, "persons", "outcomes")]
    for key, wanted_month in wanted:
        for entries in files:
            delivered = texts([entry.get("month") for entry in entries])
            if isinstance(wanted_month, str) and delivered and wanted_month not in delivered:
                yield key, f"ingen utfall er levert for {wanted_month}.", f"Leverte måneder: {', '.join(delivered)}."
                break


def time_zero_is_known(data: dict[str, Any]) -> Iterator[Finding]:
    """The card gives one month for all, or every file of persons has the month of each."""
    if mapping(data.get("time_zero")).get("month") is not None:
        return
    for place, file in files_of(data, "persons"):
        if "time_zero" not in mapping(file.get("columns")):
            mend = "Legg til time_zero, eller oppgi time_zero.month for alle."
            yield ("files", place, "columns"), "starttidspunktet mangler.", mend
    if data.get("design") == "aggregated_series" and files_of(data, "aggregates"):
        yield ("time_zero",), "starttidspunktet mangler.", "Oppgi time_zero.month."


def covariates_have_one_origin(data: dict[str, Any]) -> Iterator[Finding]:
    """`outcome` and `month` of a covariate come together and can be made, and a history is told in full."""
    wanted = chosen_outcomes(data)
    for place, covariate in enumerate(mappings(data.get("covariates"))):
        key, history = ("covariates", place), covariate.get("history")
        if (covariate.get("outcome") is None) != (covariate.get("month") is None):
            yield key, "outcome og month skal stå sammen.", ""
        elif covariate.get("outcome") is not None and covariate["outcome"] not in wanted:
            yield (*key, "outcome"), "utfallet er ikke blant kortets utfall.", "Legg det til i outcomes."
        if history is not None and covariate.get("outcome") is not None:
            yield key, "kjennetegnet har både outcome og history.", "Behold én av dem."
        measure, months = text(mapping(history).get("measure")), mapping(history).get("months")
        if measure == "on_the_day" and months is not None:
            yield (*key, "history", "months"), "brukes ikke når measure er on_the_day.", "Fjern months."
        if measure in ("days_before", "months_before") and months is None:
            yield (*key, "history"), f"months mangler, men {measure} bruker den.", "Oppgi antall måneder før start."


FILE_RULES: tuple[Callable[[dict[str, Any]], Iterator[Finding]], ...] = (
    *COLUMN_RULES,
    tables_suit_the_design,
    groups_are_known,
    adoption_is_known,
    outcomes_stand_where_they_are_read,
    outcome_columns_are_used_once,
    outcomes_are_delivered,
    counts_are_delivered,
    months_are_delivered,
    time_zero_is_known,
    covariates_have_one_origin,
    *REGISTER_RULES,
)
