"""Norwegian words for pydantic's findings: what was found, and what is allowed."""

from typing import Any

_KINDS = {
    "string_type": "skal være tekst.",
    "int_type": "skal være et helt tall.",
    "float_type": "skal være et tall, med desimalpunktum og uten anførselstegn.",
    "finite_number": "skal være et endelig tall.",
    "bool_type": "skal være true eller false.",
    "list_type": "skal være en liste.",
    "dict_type": "skal være et sett av nøkler med verdier.",
    "model_type": "skal være et sett av nøkler med verdier.",
    "date_type": "skal være en dato skrevet ÅÅÅÅ-MM-DD.",
    "date_from_datetime_parsing": "skal være en dato skrevet ÅÅÅÅ-MM-DD.",
}
_PATTERNS = {
    r"^[a-z][a-z0-9_]*$": "et navn med små bokstaver a–z, tall og understrek, som begynner med en bokstav",
    r"^(19|20)\d{2}-(0[1-9]|1[0-2])$": "en måned som ÅÅÅÅ-MM, fra 1900 til 2099",
    r"^[A-Z][A-Z0-9_]*$": "navnet på en miljøvariabel: store bokstaver A–Z, tall og understrek",
    r"^[A-Za-z][A-Za-z0-9_-]*$": "navnet på en tjeneste i pg_service.conf: bokstaver a–z, tall, strek og understrek",
    r"^[0-9a-f]{64}$": "en SHA-256-sjekksum med 64 tegn",
}
_BOUNDS = {
    "greater_than": ("gt", "større enn"),
    "greater_than_equal": ("ge", "minst"),
    "less_than": ("lt", "mindre enn"),
    "less_than_equal": ("le", "høyst"),
}


def explain(details: dict[str, Any]) -> tuple[str, str]:
    """What is wrong, and how to mend it, from one entry of ``ValidationError.errors()``."""
    kind, context = details["type"], details.get("ctx", {})
    found = _found(details.get("input"))
    if kind == "missing":
        return "nøkkelen mangler.", "Legg den til; se beskrivelsen i workflow/schemas/cohort.schema.json."
    if kind == "extra_forbidden":
        return "nøkkelen er ukjent.", "Er den feilstavet?"
    if kind == "literal_error":
        return f"fant {found}.", f"Lovlig: {_either(context['expected'])}."
    if kind == "string_pattern_mismatch":
        return f"fant {found}.", f"Skriv {_PATTERNS[context['pattern']]}."
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"fant {found}.", f"Tallet skal være {words} {context[name]:g}."
    return _length_or_kind(kind, context, found, details)


def _length_or_kind(kind: str, context: dict[str, Any], found: str, details: dict[str, Any]) -> tuple[str, str]:
    if kind in ("string_too_short", "too_short"):
        return "er tom.", f"Fyll inn minst {context['min_length']}."
    if kind in ("string_too_long", "too_long"):
        return f"fant {found}.", f"Høyst {context['max_length']} er lov."
    if kind in _KINDS:
        bare = kind == "string_type" and isinstance(details["input"], int | float)
        return f"fant {found}; {_KINDS[kind]}", "Sett verdien i anførselstegn." if bare else ""
    return f"fant {found}; {details['msg']}.", ""


def _either(expected: str) -> str:
    return expected.replace("'", "").replace(" or ", " eller ")


def _found(value: Any) -> str:
    """The value as the card has it, short. A card holds no persons, so showing it is safe."""
    if isinstance(value, dict):
        return "et sett av nøkler"
    if isinstance(value, list):
        return "en liste"
    if value is None:
        return "ingenting"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"«{text[:60]}»"
