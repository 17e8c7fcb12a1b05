"""Rules about the delivery that a card describes: columns, groups, outcomes and months. See `card_rules`."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from analysis.card_parts import chosen_outcomes, mapping, mappings, texts
from analysis.outcomes import load_outcomes, sources
from analysis.strict import Finding

REQUIRED_COLUMNS = ("person_id", "arm")
MONTH_COLUMNS = ("time_zero", "adoption_month")
OPTIONAL_COLUMNS = ("office_id", *MONTH_COLUMNS)
ORIGINS = ("column", "constant", "row_number")
MONTH = re.compile(r"(19|20)\d{2}-(0[1-9]|1[0-2])")


def columns_fit_the_contract(data: dict[str, Any]) -> Iterator[Finding]:
    """Every file maps the required columns and each delivered covariate, and nothing that nobody uses."""
    delivered = texts([c.get("name") for c in mappings(data.get("covariates")) if c.get("outcome") is None])
    for place, file in enumerate(mappings(data.get("files"))):
        columns = mapping(file.get("columns"))
        for name in [*REQUIRED_COLUMNS, *delivered]:
            if name not in columns:
                yield ("files", place, "columns"), f"kolonnen {name} er ikke koblet til filen.", f"Legg til {name}."
        for name in columns:
            if name not in (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS, *delivered):
                mend = "Legg den til under covariates, eller fjern den."
                yield ("files", place, "columns", name), "kolonnen brukes ikke til noe.", mend


def columns_have_one_origin(data: dict[str, Any]) -> Iterator[Finding]:
    """A column comes from one place, of a kind that suits it, and only groups are translated."""
    for key, name, column in _columns(data):
        allowed = _origins(name)
        given = [origin for origin in ORIGINS if column.get(origin) is not None]
        if len(given) != 1 or given[0] not in allowed:
            found = " og ".join(given) or "ingenting"
            yield key, f"fant {found}.", f"Oppgi nøyaktig én av: {', '.join(allowed)}."
        if column.get("values") is not None and (name != "arm" or given != ["column"]):
            yield (*key, "values"), "verdier oversettes bare for arm, og bare fra en kolonne.", "Fjern values."
        constant = column.get("constant")
        if name in MONTH_COLUMNS and isinstance(constant, str) and not MONTH.fullmatch(constant):
            yield (*key, "constant"), f"fant «{constant}».", "Skriv en måned som ÅÅÅÅ-MM, fra 1900 til 2099."


def _columns(data: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, dict[str, Any]]]:
    """Key, name and content of every column that is described with more than the name of a source column."""
    for place, file in enumerate(mappings(data.get("files"))):
        for name, column in mapping(file.get("columns")).items():
            if isinstance(column, dict):
                yield ("files", place, "columns", name), name, column


def _origins(name: str) -> tuple[str, ...]:
    if name == "person_id":
        return ("column", "row_number")
    return ("column", "constant") if name in ("arm", *OPTIONAL_COLUMNS) else ("column",)


def files_name_known_arms(data: dict[str, Any]) -> Iterator[Finding]:
    """Groups that files are translated to stand under `arms`."""
    known = texts([arm.get("id") for arm in mappings(data.get("arms"))])
    for key, name, column in _columns(data):
        if name == "arm" and known:
            wanted = [(("constant",), column.get("constant"))]
            wanted += [(("values", value), arm) for value, arm in mapping(column.get("values")).items()]
            for part, arm in wanted:
                if isinstance(arm, str) and arm not in known:
                    yield (*key, *part), f"gruppen «{arm}» finnes ikke.", f"Lovlig: {', '.join(known)}."


def outcomes_are_delivered(data: dict[str, Any]) -> Iterator[Finding]:
    """Every file holds what the card's outcomes are made from, once a month, and no other outcome."""
    library = load_outcomes()
    needed = sources([name for name in chosen_outcomes(data) if name in library])
    for place, file in enumerate(mappings(data.get("files"))):
        seen: set[tuple[str, str]] = set()
        for order, entry in enumerate(mappings(file.get("outcomes"))):
            key, name = ("files", place, "outcomes", order), entry.get("outcome")
            if isinstance(name, str) and needed and name not in needed:
                yield (*key, "outcome"), f"utfallet «{name}» brukes ikke.", f"Kortet trenger: {', '.join(needed)}."
            if (str(name), str(entry.get("month"))) in seen:
                yield key, "samme utfall står to ganger for samme måned.", "Behold én av dem."
            seen.add((str(name), str(entry.get("month"))))
        for name in needed:
            if name not in {outcome for outcome, _ in seen}:
                mend = "Oppgi kolonne og måned under outcomes."
                yield ("files", place), f"utfallet {name} er ikke koblet til filen.", mend


def months_are_delivered(data: dict[str, Any]) -> Iterator[Finding]:
    """Months that the analysis reads are months that every file measures."""
    wanted = [(("base_month",), data.get("base_month"))]
    wanted += [
        (("covariates", place, "month"), covariate.get("month"))
        for place, covariate in enumerate(mappings(data.get("covariates")))
    ]
    files = [mappings(file.get("outcomes")) for file in mappings(data.get("files"))]
    for key, month in wanted:
        for entries in files:
            delivered = texts([entry.get("month") for entry in entries])
            if isinstance(month, str) and delivered and month not in delivered:
                yield key, f"ingen utfall er levert for {month}.", f"Leverte måneder: {', '.join(delivered)}."
                break


def time_zero_is_known(data: dict[str, Any]) -> Iterator[Finding]:
    """The card gives one month for all, or every file has the month of each person."""
    if mapping(data.get("time_zero")).get("month") is None:
        for place, file in enumerate(mappings(data.get("files"))):
            if "time_zero" not in mapping(file.get("columns")):
                mend = "Legg til time_zero, eller oppgi time_zero.month for alle."
                yield ("files", place, "columns"), "starttidspunktet mangler.", mend


def covariates_from_outcomes_have_a_month(data: dict[str, Any]) -> Iterator[Finding]:
    """`outcome` and `month` of a covariate come together, and the outcome can be made."""
    wanted = chosen_outcomes(data)
    for place, covariate in enumerate(mappings(data.get("covariates"))):
        if (covariate.get("outcome") is None) != (covariate.get("month") is None):
            yield ("covariates", place), "outcome og month skal stå sammen.", ""
        elif covariate.get("outcome") is not None and covariate["outcome"] not in wanted:
            yield ("covariates", place, "outcome"), "utfallet er ikke blant kortets utfall.", "Legg det til i outcomes."


FILE_RULES: tuple[Callable[[dict[str, Any]], Iterator[Finding]], ...] = (
    columns_fit_the_contract,
    columns_have_one_origin,
    files_name_known_arms,
    outcomes_are_delivered,
    months_are_delivered,
    time_zero_is_known,
    covariates_from_outcomes_have_a_month,
)
