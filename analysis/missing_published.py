"""What a source of published figures lacks before an effect can be estimated, or estimated more surely."""

from collections.abc import Iterator

from analysis.cards import Card
from analysis.missing_parts import Lack
from analysis.needs import needs
from analysis.published import Figures

# By the keys of `analysis.needs`: what, why, and what to ask the source or the registers for.
TOLD: dict[str, tuple[str, str, str]] = {
    "figures": (
        "Kilden har ingen tall for utfallet.",
        "Et resultat i ord kan ikke regnes på.",
        "Be om hvor mange i hver gruppe som hadde utfallet, ved hvert tidspunkt.",
    ),
    "outcome": (
        "Kilden har ikke noe utfall for brukerne.",
        "Hvem som gjorde hva, sier ikke hva det førte til.",
        "Bestill et utfall fra register, målt på samme måte overalt (make order skriver bestillingen).",
    ),
    "denominators": (
        "Antallet bak en eller flere av andelene mangler.",
        "Uten det er usikkerheten ukjent.",
        "Be kilden om hvor mange personer hver andel er regnet av.",
    ),
    "comparator": (
        "Ingen sammenligningsgruppe som er målt på samme måte.",
        "Ingen vet hvor mange som ville nådd det samme uansett, så kohorten kan beskrives, men ikke gi en effekt.",
        "Finn tall for folk som oppfyller de samme kravene uten å ha fått innsatsen, målt på samme måte.",
    ),
    "baseline": (
        "Kilden sier ikke hvordan gruppene var før start.",
        "Forskjellen kan ha vært der hele tiden.",
        "Be om utfallet før start i begge gruppene.",
    ),
    "series": (
        "Kilden har bare to tidspunkter.",
        "En endring kan være begynt før innsatsen eller være tilfeldig.",
        "Be om tall for hver måned, helst fra tolv måneder før start.",
    ),
    "arm_sizes": (
        "Kilden sier ikke hvor mange det var i hver gruppe.",
        "Antallet avgjør hvor sikkert tallet er.",
        "Be kilden om antallet i hver gruppe.",
    ),
    "measured": (
        "Kilden sier ikke hvor mange i hver gruppe som ble målt.",
        "De som falt fra, kan være ulike dem som ble igjen.",
        "Be om antallet målt i hver gruppe, og hvorfor andre falt fra.",
    ),
    "offices": (
        "Kilden sier ikke hvilke kontorer deltakerne hørte til.",
        "Personer ved samme kontor ligner hverandre, og usikkerheten er større enn antallet personer tilsier.",
        "Be om antall kontorer og personer per kontor i hver gruppe.",
    ),
    "icc": (
        "Kilden sier ikke hvor like deltakere ved samme kontor er (intraklassekorrelasjonen, ICC).",
        "Bredden på intervallet avhenger av det; rapporten regner med flere antatte verdier.",
        "Be kilden om ICC, eller om utfallet kontor for kontor.",
    ),
    "adoption": (
        "Kilden sier ikke når hvert kontor begynte.",
        "Uten et før og et etter kan ingen endring måles.",
        "Be om måneden hvert kontor innførte innsatsen.",
    ),
    "time_zero": (
        "Kilden sier ikke når deltakerne begynte.",
        "Da er det uklart hvor lenge etter start utfallet gjelder.",
        "Be om en dato for når hver deltaker ble valgt ut eller begynte.",
    ),
    "horizon": (
        "Kilden sier ikke hvor lenge etter start utfallet er målt.",
        "Et tall etter seks måneder og et etter tre år er ikke det samme.",
        "Be om tidspunktet for målingen.",
    ),
    "curve": (
        "Kilden følger ikke utfallet over tid.",
        "En forskjell kan komme og gå.",
        "Be om utfallet måned for måned i minst tre år.",
    ),
}


def lacks_of_figures(card: Card, figures: Figures) -> Iterator[Lack]:
    """What `analysis.needs` finds; of two groups drawn by lot an effect is estimated all the same."""
    estimated = figures.part == "two_arms" and card.assignment.randomised
    for key in needs(card, figures):
        yield Lack(*TOLD[key], blocks=not estimated)
