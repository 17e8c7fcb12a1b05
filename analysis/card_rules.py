"""Rules that hold between keys of a card.

They read the plain data, not the validated card, so that they can be told together with mistakes in single keys:
pydantic's own rules across fields stay silent until every field is right, which would cost a second round.
Each rule yields (key, what is wrong, how to mend it) and says nothing about parts that are missing or misshapen.
"""

from collections.abc import Callable, Iterator
from typing import Any

from analysis.card_appraisal_rules import APPRAISAL_RULES
from analysis.card_controls_rules import CONTROL_RULES
from analysis.card_cost_rules import COST_RULES
from analysis.card_file_rules import FILE_RULES
from analysis.card_format_rules import FORMAT_RULES
from analysis.card_grid_rules import GRID_RULES
from analysis.card_library import known_outcomes
from analysis.card_matching_rules import MATCHING_RULES
from analysis.card_parts import chosen_outcomes, mapping, mappings, table_of, text, texts
from analysis.card_series_rules import SERIES_RULES
from analysis.card_single_arm_rules import SINGLE_ARM_RULES, is_matched
from analysis.card_staggered import STAGGERED_DESIGNS
from analysis.card_staggered_rules import STAGGERED_RULES
from analysis.card_subgroup_rules import SUBGROUP_RULES
from analysis.card_trial import TRIAL_DESIGNS
from analysis.card_trial_rules import TRIAL_RULES
from analysis.outcomes import CONFIG
from analysis.problems import ProblemsFound
from analysis.strict import Finding
from analysis.synthetic import generators

# Designs that are estimated from a delivery.
ESTIMATED_DESIGNS = ("matched_did", "single_arm", *STAGGERED_DESIGNS, *TRIAL_DESIGNS)
# Designs without a group to compare with.
ONE_GROUP_DESIGNS = ("single_arm", "exposures")
# Designs that a new cohort describes until more of its card is written.
DESCRIBED_DESIGNS = (
    "cluster_randomised",
    "individually_randomised",
    "staggered_did",
    "single_arm",
    "aggregated_series",
    "exposures",
)


def cross_checks(data: dict[str, Any]) -> Iterator[Finding]:
    """Every finding of every rule."""
    for rule in RULES:
        yield from rule(data)


def data_need_a_reason_to_pass(data: dict[str, Any]) -> Iterator[Finding]:
    """Only published figures, open microdata and synthetic data may pass unchanged, and open data need a licence."""
    profile = mapping(data.get("disclosure")).get("profile")
    if data.get("data_kind") == "restricted" and profile == "open":
        yield (
            ("disclosure", "profile"),
            "personopplysninger kan ikke frigis uendret.",
            "Profilen open gjelder bare publiserte tall, åpne data og syntetiske data.",
        )
    yield from _profile_findings(data)
    if data.get("data_kind") == "open" and not data.get("licence"):
        yield ("licence",), "åpne data skal ha en lisens som tillater bruken.", "Fyll inn licence."


def _profile_findings(data: dict[str, Any]) -> Iterator[Finding]:
    """What the profile itself does not allow: a method that it does not have, or too low a threshold."""
    written = mapping(data.get("disclosure"))
    key, method = written.get("profile"), written.get("method")
    if not isinstance(key, str) or key == "open" and method is None:
        return
    # Profiles load a library of statistics, which most cards and every report do without.
    from analysis.disclosure.profiles import PROFILES_FILE, profile, profile_problems, read_profiles

    try:
        chosen = profile(read_profiles(CONFIG / PROFILES_FILE.name), key, method=method)
        problems = profile_problems(str(data.get("data_kind")), chosen) if key != "open" else []
    except ProblemsFound as error:
        problems = error.problems
    yield from ((tuple(problem.where.split(".")), problem.what, problem.mend) for problem in problems)


def errata_end_with_the_version(data: dict[str, Any]) -> Iterator[Finding]:
    """Each correction is a version of its own, and the report carries that of the last one."""
    report = mapping(data.get("report"))
    versions = [item.get("version") for item in mappings(report.get("errata"))]
    if versions and versions[-1] != report.get("version", "1.0"):
        mend = "Rettelsene står i tidsrekkefølge, og den siste er den versjonen rapporten har nå."
        yield ("report", "version"), "er ikke versjonen til den siste rettelsen (errata).", mend
    for place, version in enumerate(versions):
        if version in versions[:place]:
            what = f"«{version}» står to ganger."
            yield ("report", "errata", place, "version"), what, "Gi hver rettelse sin versjon."


def published_cohorts_have_no_files(data: dict[str, Any]) -> Iterator[Finding]:
    """A published cohort has figures with sources; every other kind has a delivery."""
    published = data.get("data_kind") == "published"
    if published and data.get("files"):
        yield ("files",), "en publisert kohort har ingen leveranse.", "Tallene skal stå i published.yaml."
    if published and data.get("published") is None:
        yield (
            ("published",),
            "mangler for en publisert kohort.",
            "Fyll inn published.two_arms eller published.single_arm, eller skriv published: {}.",
        )
    if not published and data.get("data_kind") and not data.get("files"):
        yield ("files",), "leveransen er ikke beskrevet.", "List opp filene med format og kolonner."


def deliveries_are_estimated_or_described(data: dict[str, Any]) -> Iterator[Finding]:
    """Only some designs are estimated from a delivery; any can be described, and figures of a source are not."""
    describe = data.get("analysis") == "describe"
    unestimated = data.get("design") in DESCRIBED_DESIGNS and data["design"] not in ESTIMATED_DESIGNS
    if data.get("files") and not describe and unestimated:
        what = f"designet {data['design']} kan ikke anslås fra en leveranse ennå."
        mend = f"Skriv analysis: describe. Anslås fra en leveranse: {', '.join(ESTIMATED_DESIGNS)}."
        yield ("design",), what, mend
    if describe and data.get("data_kind") == "published":
        yield ("analysis",), "describe gjelder leveranser, ikke publiserte tall.", "Fjern analysis."


def designs_have_what_they_need(data: dict[str, Any]) -> Iterator[Finding]:
    """Arms, base month and matching that the design cannot do without."""
    roles = [arm.get("role") for arm in mappings(data.get("arms"))]
    if roles and roles.count("treated") != 1:
        yield ("arms",), f"fant {roles.count('treated')} grupper med rollen treated.", "Det skal være nøyaktig én."
    if (
        data.get("design") not in (None, *ONE_GROUP_DESIGNS)
        and roles
        and "comparison" not in roles
        and not _alone(data)
    ):
        yield ("arms",), "designet trenger en gruppe med rollen comparison.", ""
    if not is_matched(data):
        return
    design = data["design"]
    if data.get("matching") is None:
        yield ("matching",), f"mangler, men designet {design} bruker den.", "Fyll inn matching."
    if data.get("base_month") is None and data.get("base_period") is None:
        mend = "Fyll inn base_month, eller base_period når hver person har sitt eget starttidspunkt."
        yield ("base_month",), f"mangler, men designet {design} bruker den.", mend
    if design == "single_arm" and roles and "comparison" not in roles:
        yield ("arms",), "matching trenger en gruppe med rollen comparison.", ""


def _alone(data: dict[str, Any]) -> bool:
    """Published figures of one series over time, which has nothing beside it."""
    return data.get("data_kind") == "published" and data.get("design") == "aggregated_series"


def interviews_carry_no_effect(data: dict[str, Any]) -> Iterator[Finding]:
    """What advisers say in interviews tells of practice; no effect is estimated from it."""
    if data.get("analysis") == "describe":
        return
    why = "I intervjuer forteller veiledere om praksis, og ingen effekt kan anslås av det."
    quantity = mapping(data.get("estimand")).get("quantity")
    if data.get("design") == "exposures" and isinstance(quantity, str) and quantity != "description":
        mend = f"{why} Skriv quantity: description, eller velg et design med utfall fra register."
        yield ("estimand", "quantity"), f"fant «{quantity}», men designet exposures beskriver bare praksis.", mend
    if quantity == "description":
        return
    told = {source.get("id") for source in mappings(data.get("sources")) if source.get("interviews") is True}
    for key, words in (("assignment", "hvem som fikk innsatsen"), ("outcomes", "utfallene")):
        source = mapping(data.get(key)).get("source")
        if isinstance(source, str) and source in told:
            mend = f"{why} Skriv estimand.quantity: description, eller hent opplysningen fra et register."
            yield (key, "source"), f"{words} er hentet fra intervjuer («{source}»).", mend


def named_sources_stand_in_the_card(data: dict[str, Any]) -> Iterator[Finding]:
    """A source that assignment or outcomes point to is listed."""
    listed = [source.get("id") for source in mappings(data.get("sources"))]
    for key in ("assignment", "outcomes"):
        source = mapping(data.get(key)).get("source")
        if isinstance(source, str) and listed and source not in listed:
            yield (key, "source"), f"kilden «{source}» står ikke i kortet.", "Legg den til under sources."


def base_is_given_once(data: dict[str, Any]) -> Iterator[Finding]:
    """The month that changes are counted from is a calendar month or a time before each person's start."""
    if data.get("base_month") is not None and data.get("base_period") is not None:
        yield ("base_period",), "base_month er også oppgitt.", "Behold én av dem."


def randomisation_agrees_with_design(data: dict[str, Any]) -> Iterator[Finding]:
    """The design's name and the assignment must tell the same story."""
    randomised = mapping(data.get("assignment")).get("randomised")
    expected = data.get("design") in ("cluster_randomised", "individually_randomised")
    if isinstance(randomised, bool) and data.get("design") and randomised != expected:
        yield (
            ("assignment", "randomised"),
            f"passer ikke med design: {data['design']}.",
            f"Et slikt design har randomised: {str(expected).lower()}.",
        )


def names_are_unique(data: dict[str, Any]) -> Iterator[Finding]:
    """Lists whose entries have a name may not use it twice."""
    for key, name in (
        ("arms", "id"),
        ("files", "name"),
        ("covariates", "name"),
        ("sensitivity", "name"),
        ("sources", "id"),
    ):
        seen: set[str] = set()
        for place, item in enumerate(mappings(data.get(key))):
            if item.get(name) is not None and str(item[name]) in seen:
                yield (key, place, name), f"«{item[name]}» er brukt før.", "Hvert navn kan bare stå én gang."
            seen.add(str(item.get(name)))


def outcomes_exist(data: dict[str, Any]) -> Iterator[Finding]:
    """Outcomes are chosen from the library."""
    known = known_outcomes()
    wanted = mapping(data.get("outcomes"))
    secondary = wanted.get("secondary")
    listed = [(("outcomes", "primary"), wanted.get("primary"))]
    listed += [
        (("outcomes", "secondary", i), name) for i, name in enumerate(secondary if isinstance(secondary, list) else [])
    ]
    for key, name in listed:
        if isinstance(name, str) and name not in known:
            yield key, f"utfallet «{name}» finnes ikke.", f"Lovlig: {', '.join(sorted(known))}."


def headline_is_a_share(data: dict[str, Any]) -> Iterator[Finding]:
    """The report words its headline in percentage points, so that an amount can only be a secondary outcome."""
    name = mapping(data.get("outcomes")).get("primary")
    found = known_outcomes().get(name) if isinstance(name, str) else None
    if found is not None and found.kind != "share":
        what = f"«{name}» er et beløp, og hovedutfallet skal være en andel."
        yield ("outcomes", "primary"), what, "Gjør det sekundært."


def horizons_are_given_once(data: dict[str, Any]) -> Iterator[Finding]:
    """A delivery needs at least one horizon, and none stands twice."""
    horizons = data.get("horizons")
    if data.get("files") and not horizons:
        yield ("horizons",), "mangler.", "Oppgi minst én måned etter starttidspunktet."
    if isinstance(horizons, list) and len(horizons) != len(set(map(str, horizons))):
        yield ("horizons",), "samme horisont står to ganger.", "Behold én av dem."


def benchmark_names_an_arm(data: dict[str, Any]) -> Iterator[Finding]:
    """The benchmark's arm stands among the arms, with that role."""
    arm = mapping(data.get("benchmark")).get("arm")
    fitting = [a.get("id") for a in mappings(data.get("arms")) if a.get("role") == "benchmark"]
    if arm is not None and arm not in fitting:
        yield ("benchmark", "arm"), f"«{arm}» er ikke en gruppe med rollen benchmark.", ""


def made_up_deliveries_say_what_is_true(data: dict[str, Any]) -> Iterator[Finding]:
    """A generator belongs to synthetic data, and the true effects are about outcomes of the card at one time each."""
    made_up = data.get("synthetic")
    if made_up is not None and text(data.get("data_kind")) not in ("", "synthetic"):
        yield ("synthetic",), "gjelder bare data_kind: synthetic.", "Fjern synthetic, eller rett data_kind."
    generator = mapping(made_up).get("generator")
    if isinstance(generator, str) and generator not in generators():
        mend = f"Lovlig: {', '.join(generators())}."
        yield ("synthetic", "generator"), f"fant «{generator}».", mend
    chosen = chosen_outcomes(data)
    for place, effect in enumerate(mappings(mapping(made_up).get("effects"))):
        key, outcome = ("synthetic", "effects", place), effect.get("outcome")
        if isinstance(outcome, str) and chosen and outcome not in chosen:
            mend = f"Kortets utfall: {', '.join(chosen)}."
            yield (*key, "outcome"), f"utfallet «{outcome}» er ikke blant kortets utfall.", mend
        if effect and (effect.get("horizon") is None) == (effect.get("month") is None):
            yield key, "tidspunktet skal stå én gang.", "Oppgi nøyaktig én av: horizon, month."


def accepted_findings_name_files(data: dict[str, Any]) -> Iterator[Finding]:
    """What is accepted for one file is accepted for a file of the delivery, or for one of its tables."""
    files = mappings(data.get("files"))
    names = list(dict.fromkeys([*texts([file.get("name") for file in files]), *map(table_of, files)]))
    for place, accepted in enumerate(mappings(data.get("accepted"))):
        file = accepted.get("file")
        if isinstance(file, str) and file not in names:
            mend = f"Lovlig: {', '.join(names)}." if names else "Fjern file."
            yield ("accepted", place, "file"), f"leveransen har ingen fil eller tabell som heter «{file}».", mend


def keys_have_one_place(data: dict[str, Any]) -> Iterator[Finding]:
    """The key to pseudonyms is in an environment variable or in a file, and municipalities need a column."""
    pseudonyms = data.get("pseudonyms")
    if isinstance(pseudonyms, dict) and (pseudonyms.get("environment") is None) == (pseudonyms.get("file") is not True):
        yield ("pseudonyms",), "nøkkelen skal ligge ett sted.", "Oppgi nøyaktig én av: environment, file: true."
    columns = [name for file in mappings(data.get("files")) for name in mapping(file.get("columns"))]
    if data.get("municipality") is not None and "municipality" not in columns:
        mend = "Koble municipality til en kolonne, eller fjern nøkkelen."
        yield ("municipality",), "ingen fil har kommunenumre.", mend


RULES: tuple[Callable[[dict[str, Any]], Iterator[Finding]], ...] = (
    data_need_a_reason_to_pass,
    errata_end_with_the_version,
    published_cohorts_have_no_files,
    deliveries_are_estimated_or_described,
    designs_have_what_they_need,
    interviews_carry_no_effect,
    named_sources_stand_in_the_card,
    base_is_given_once,
    randomisation_agrees_with_design,
    names_are_unique,
    outcomes_exist,
    headline_is_a_share,
    horizons_are_given_once,
    benchmark_names_an_arm,
    made_up_deliveries_say_what_is_true,
    accepted_findings_name_files,
    keys_have_one_place,
    *APPRAISAL_RULES,
    *CONTROL_RULES,
    *COST_RULES,
    *FILE_RULES,
    *FORMAT_RULES,
    *GRID_RULES,
    *MATCHING_RULES,
    *STAGGERED_RULES,
    *SERIES_RULES,
    *SINGLE_ARM_RULES,
    *SUBGROUP_RULES,
    *TRIAL_RULES,
)
