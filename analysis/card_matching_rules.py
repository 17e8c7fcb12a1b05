"""Rules of the card about matching: keys that the method uses, covariates that exist, and values that go together.

See `card_rules` for how rules are written. A sensitivity row is judged as it will be run: with what it takes over from
the main matching. Whatever these rules let through can be run (`match_methods`).
"""

from collections.abc import Callable, Iterator
from typing import Any

from analysis.card_matching import METHOD_ESTIMANDS, METHOD_KEYS, NEIGHBOUR_METHODS, Matching, uses
from analysis.card_parts import files_of, mapping, mappings, texts
from analysis.strict import Finding

Key = tuple[str | int, ...]
# Keys whose values are names of covariates: a list of them, or a value by name.
NAMING_KEYS = ("exact", "antiexact", "covariate_calipers", "covariate_calipers_sd", "distance", "columns", "cutpoints")


def written_matchings(data: dict[str, Any]) -> Iterator[tuple[Key, dict[str, Any], dict[str, Any]]]:
    """Place, the keys that stand there, and the keys that count there: the main matching and each sensitivity row."""
    main = mapping(data.get("matching"))
    if main:
        yield ("matching",), main, main
    for place, row in enumerate(mappings(data.get("sensitivity"))):
        own = mapping(row.get("matching"))
        method = _method(own if "method" in own else main)
        if own and method is not None:
            kept = {name: value for name, value in main.items() if name in uses(method)}
            yield ("sensitivity", place, "matching"), own, kept | own


def _method(matching: dict[str, Any]) -> str | None:
    """The method, or None when it is none of ours (told elsewhere)."""
    method = matching.get("method", "nearest")
    return method if isinstance(method, str) and method in METHOD_KEYS else None


def keys_belong_to_the_method(data: dict[str, Any]) -> Iterator[Finding]:
    """No key stands in the card that its method would not read."""
    for place, own, whole in written_matchings(data):
        method = _method(whole)
        if method is None:
            continue
        for name in own:
            if name in Matching.model_fields and name not in uses(method):
                mend = f"Metoden bruker: {', '.join(uses(method))}."
                yield (*place, name), f"metoden {method} bruker ikke {name}.", mend


def estimands_belong_to_the_method(data: dict[str, Any]) -> Iterator[Finding]:
    """Not every method can answer for everyone."""
    for place, own, whole in written_matchings(data):
        method, estimand = _method(whole), whole.get("estimand", "att")
        if method is None or estimand not in ("att", "atc", "ate", "ato", "atm"):
            continue
        if estimand not in METHOD_ESTIMANDS[method]:
            what = f"metoden {method} kan ikke gi {estimand}."
            yield _at(place, own, "estimand"), what, f"Lovlig: {', '.join(METHOD_ESTIMANDS[method])}."


def covariates_of_the_matching_exist(data: dict[str, Any]) -> Iterator[Finding]:
    """Keys that name covariates name those of the card."""
    known = texts([covariate.get("name") for covariate in mappings(data.get("covariates"))])
    for place, own, _ in written_matchings(data):
        for key in NAMING_KEYS:
            named = own.get(key)
            for name in named if isinstance(named, list | dict) else []:
                if isinstance(name, str) and name not in known:
                    mend = f"Kortets bakgrunnskjennetegn: {', '.join(known)}."
                    yield (*place, key), f"bakgrunnskjennetegnet «{name}» finnes ikke.", mend


def places_of_the_matching_exist(data: dict[str, Any]) -> Iterator[Finding]:
    """Partners from the same office need offices, and from the same county a table that has them."""
    columns = {
        "office": _has_column(data, "office_id", "persons", "memberships"),
        "county": _has_column(data, "county", "offices"),
    }
    for place, own, _ in written_matchings(data):
        unit = mapping(own.get("within")).get("unit")
        if isinstance(unit, str) and columns.get(unit) is False:
            column, table = {"office": ("office_id", "persons"), "county": ("county", "offices")}[unit]
            mend = f"Koble {column} til en kolonne i en fil med table: {table}."
            yield (*place, "within"), f"leveransen har ikke {column}.", mend


def _has_column(data: dict[str, Any], column: str, *tables: str) -> bool:
    return any(column in mapping(file.get("columns")) for _, file in files_of(data, *tables))


def values_of_the_matching_go_together(data: dict[str, Any]) -> Iterator[Finding]:
    """No value stands that has no effect beside the others, or that lacks another."""
    for place, own, whole in written_matchings(data):
        method = _method(whole)
        if method is None:
            continue
        values = {name: whole.get(name, field.get_default()) for name, field in Matching.model_fields.items()}
        for key, wrong, what, mend in _clashes(method, values):
            if wrong:
                yield _at(place, own, key), what, mend


def _at(place: Key, own: dict[str, Any], key: str) -> Key:
    """The key where it stands; the row that inherits it where it does not."""
    return (*place, key) if key in own else place


def _clashes(method: str, values: dict[str, Any]) -> Iterator[tuple[str, bool, str, str]]:
    """(key, whether something is wrong, what, how to mend it)."""
    if method in NEIGHBOUR_METHODS:
        yield from _neighbour_clashes(method, values)
    if method in ("nearest", "full"):
        yield from _group_size_clashes(method, values)
    if method in ("optimal", "full"):
        measured = bool(values["distance"])
        unused = not measured and values["metric"] != "mahalanobis"
        yield "metric", unused, "metric brukes bare sammen med distance.", "Oppgi distance, eller fjern metric."
        idle = measured and values["caliper"] is None and values["link"] != "logit"
        yield "link", idle, "link brukes ikke når distance er oppgitt uten caliper.", "Fjern link."
    if method == "exact":
        yield "exact", not values["exact"], "metoden exact trenger exact.", "List opp kjennetegnene som skal være like."
    if method in ("mahalanobis", "optimal", "cardinality"):
        yield "ratio", not _is_whole(values["ratio"]), "ratio skal være et helt tall med denne metoden.", "Rund av."
    if method == "ipw":
        trim = values["trim"]
        wrong = isinstance(trim, list) and len(trim) == 2 and all(map(_is_number, trim)) and not trim[0] < trim[1]
        yield (
            "trim",
            wrong,
            "den laveste grensen er ikke under den høyeste.",
            "Skriv [lav, høy], for eksempel [0.05, 0.95].",
        )
    if method == "cem":
        columns = values["columns"]
        outside = [name for name in mapping(values["cutpoints"]) if isinstance(columns, list) and name not in columns]
        what = f"cutpoints har kjennetegn som ikke står i columns: {', '.join(map(str, outside))}."
        yield "cutpoints", bool(outside), what, "Ta dem med i columns, eller fjern dem."


def _neighbour_clashes(method: str, values: dict[str, Any]) -> Iterator[tuple[str, bool, str, str]]:
    order, replace, penalty = values["order"], values["replace"] is True, mapping(values["within"]).get("penalty")
    how = mapping(values["within"]).get("how", "second_pass") if values["within"] else None
    mahalanobis = method == "mahalanobis"
    unlimited = replace and values["reuse_max"] is None
    yield "reuse_max", values["reuse_max"] is not None and not replace, "reuse_max krever replace: true.", "Fjern den."
    what = "seed skal stå når order er random, og bare da."
    yield "seed", (order == "random") != (values["seed"] is not None), what, "Legg til seed, eller fjern den."
    what = f"order: {order} har ingen betydning når alle kan brukes så ofte det trengs."
    yield "order", unlimited and order in ("closest", "random"), what, "Fjern order, eller oppgi reuse_max."
    what = "order: closest finnes ikke med denne metoden, eller sammen med within.how: penalty."
    yield "order", order == "closest" and (mahalanobis or how == "penalty"), what, "Velg en annen order."
    what = "within.penalty skal stå når how er penalty, og bare da."
    yield "within", (how == "penalty") != (penalty is not None), what, "Legg til penalty, eller fjern den."
    what = "within.how: penalty finnes ikke med mahalanobis."
    yield "within", how == "penalty" and mahalanobis, what, "Velg second_pass."
    free = values["caliper"] is None
    what = "caliper_unit har ingen betydning uten caliper eller within.penalty."
    yield "caliper_unit", values["caliper_unit"] != "sd" and free and penalty is None, what, "Fjern caliper_unit."
    what = "link har ingen betydning for mahalanobis uten caliper."
    yield "link", mahalanobis and free and values["link"] != "logit", what, "Fjern link, eller oppgi caliper."
    for key, other in (("antiexact", "exact"), ("covariate_calipers_sd", "covariate_calipers")):
        both = _names(values[key]) & _names(values[other])
        what = f"{', '.join(sorted(both))} står også i {other}."
        yield key, bool(both), what, "La det stå ett av stedene."


def _group_size_clashes(method: str, values: dict[str, Any]) -> Iterator[tuple[str, bool, str, str]]:
    least, most, ratio = values["min_controls"], values["max_controls"], values["ratio"]
    if method == "full":
        yield from _full_clashes(values, least, most)
        return
    variable = least is not None or most is not None
    what = "min_controls og max_controls skal stå sammen."
    yield "min_controls", (least is None) != (most is None), what, "Oppgi begge, eller ingen."
    what = "min_controls og max_controls kan ikke brukes sammen med replace: true."
    yield "min_controls", variable and values["replace"] is True, what, "Fjern dem."
    known = all(map(_is_number, (least, most, ratio)))
    what = "ratio, det gjennomsnittlige antallet, skal ligge mellom min_controls og max_controls."
    yield "ratio", known and not least <= ratio <= most, what, "Rett ratio."
    yield (
        "ratio",
        not variable and not _is_whole(ratio),
        "ratio skal være et helt tall.",
        "Oppgi også min_controls og max_controls.",
    )


def _full_clashes(values: dict[str, Any], least: Any, most: Any) -> Iterator[tuple[str, bool, str, str]]:
    """Limits on the sets are solved on a score without a caliper only, and many to one go one way."""
    treated = values["max_treated"]
    limited = any(value is not None for value in (least, most, treated))
    what = "grenser for settene (min_controls, max_controls, max_treated) kan bare brukes uten caliper og distance."
    free = values["caliper"] is None and not values["distance"]
    yield "caliper", limited and not free, what, "Skriv caliper: null, eller fjern grensene."
    known = _is_number(least) and _is_number(most)
    yield "min_controls", known and least > most, "min_controls er større enn max_controls.", "Rett en av dem."
    clash = _is_number(least) and least > 1 and _is_number(treated) and treated > 1
    what = "min_controls over 1 krever at max_treated er 1."
    yield "min_controls", clash, what, "Fjern en av dem."


def _names(value: Any) -> set[str]:
    return {name for name in value if isinstance(name, str)} if isinstance(value, list | dict) else set()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    """Whether a number is whole; what is no number is told elsewhere."""
    return not _is_number(value) or float(value).is_integer()


MATCHING_RULES: tuple[Callable[[dict[str, Any]], Iterator[Finding]], ...] = (
    keys_belong_to_the_method,
    estimands_belong_to_the_method,
    covariates_of_the_matching_exist,
    places_of_the_matching_exist,
    values_of_the_matching_go_together,
)
