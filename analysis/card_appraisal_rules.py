"""Rules of the form for risk of bias: every domain of the form once, each answered with one of its own words."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from analysis.card_appraisal import DOMAINS, JUDGEMENTS
from analysis.card_parts import mapping, mappings
from analysis.strict import Finding


def forms_are_whole(data: dict[str, Any]) -> Iterator[Finding]:
    """A domain that is left out would let the rest speak for it."""
    form = mapping(data.get("appraisal"))
    domains = mappings(form.get("domains"))
    if form.get("tool") not in DOMAINS or not domains:
        return
    wanted, counted = DOMAINS[form["tool"]], Counter(domain.get("id") for domain in domains)
    missing = [name for name in wanted if not counted[name]]
    if missing:
        yield ("appraisal", "domains"), f"mangler {', '.join(missing)}.", f"Skjemaet har: {', '.join(wanted)}."
    for place, domain in enumerate(domains):
        name = domain.get("id")
        if isinstance(name, str) and (name not in wanted or counted[name] > 1):
            what = "står to ganger." if name in wanted else "er ikke med i skjemaet."
            yield ("appraisal", "domains", place, "id"), f"«{name}» {what}", f"Skjemaet har: {', '.join(wanted)}."


def forms_use_their_own_words(data: dict[str, Any]) -> Iterator[Finding]:
    """RoB 2 and ROBINS-I answer with different words, which are not of the same weight."""
    form = mapping(data.get("appraisal"))
    allowed = JUDGEMENTS.get(str(form.get("tool")))
    if allowed is None:
        return
    every = {word for words in JUDGEMENTS.values() for word in words}
    for place, domain in enumerate(mappings(form.get("domains"))):
        found = domain.get("judgement")
        if found in every and found not in allowed:
            key = ("appraisal", "domains", place, "judgement")
            yield key, f"{form['tool']} bruker ikke «{found}».", f"Lovlig: {', '.join(allowed)}."


APPRAISAL_RULES = (forms_are_whole, forms_use_their_own_words)
