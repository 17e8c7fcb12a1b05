"""Why a released number is not worked out once more, or is so in another way: names, and the words of the page."""

PERSONS, STRATA, OTHERS = "persons", "strata", "other_persons"
HIDDEN_CELLS, HIDDEN, NO_ESTIMATE = "hidden_cells", "hidden", "not_estimated"
UNCERTAINTY, DESCRIBED = "uncertainty", "described"

REASONS = {
    PERSONS: "Regnestykket trenger personer, par eller kontorer, som aldri ligger i en pakke.",
    STRATA: "Tallet er veid etter gruppene det ble trukket lodd innenfor, og cellene er ikke delt etter dem. Det "
    "omregnede tallet er den uveide forskjellen.",
    OTHERS: "Noen er ikke fulgt i begge månedene. Det utgitte tallet gjelder dem som er det; cellene har alle i hver "
    "måned.",
    HIDDEN_CELLS: "Celler som tallet bygger på, er skjult av hensyn til personvernet, eller ikke sluppet ut.",
    HIDDEN: "Tallet er ikke sluppet ut, av hensyn til personvernet.",
    NO_ESTIMATE: "Det finnes ikke noe tall å regne om: ingen anslag er sluppet ut.",
    UNCERTAINTY: "Usikkerheten bygger på par, kontorer eller personer, som aldri ligger i en pakke. Intervallet er det "
    "utgitte.",
    DESCRIBED: "Kohorten er bare beskrevet. Andelene er regnet av cellene, og det finnes ikke noe anslag å holde dem "
    "mot.",
}
# Reasons with a recomputed number beside the released one, of which no verdict is given.
BESIDE = (STRATA, OTHERS, DESCRIBED)
