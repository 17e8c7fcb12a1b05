"""The part of the card where a person judges how far the study can be biased, domain by domain.

The forms are RoB 2 (Sterne and others 2019, BMJ 366:l4898), its version for trials that draw groups (Eldridge and
others 2021) and ROBINS-I (Sterne and others 2016, BMJ 355:i4919). They are about the study, not about the plan, and may
be filled in after the plan is locked.
"""

from typing import Literal

from pydantic import Field

from analysis.strict import Slug, Strict, Words

Tool = Literal["rob2", "rob2_cluster", "robins_i"]
Judgement = Literal["low", "some_concerns", "high", "moderate", "serious", "critical", "no_information"]
# Domains of each form, in its own order.
DOMAINS: dict[str, tuple[str, ...]] = {
    "rob2": ("randomisation", "deviations", "missing_outcomes", "measurement", "reporting"),
    "rob2_cluster": ("randomisation", "recruitment", "deviations", "missing_outcomes", "measurement", "reporting"),
    "robins_i": (
        *("confounding", "selection", "classification", "deviations"),
        *("missing_outcomes", "measurement", "reporting"),
    ),
}
# What each form can answer, best first. Nothing known is worse than moderate and better than serious.
JUDGEMENTS: dict[str, tuple[str, ...]] = {
    "rob2": ("low", "some_concerns", "high"),
    "rob2_cluster": ("low", "some_concerns", "high"),
    "robins_i": ("low", "moderate", "no_information", "serious", "critical"),
}


class Domain(Strict):
    """One domain of the form: how serious the risk of bias is, and why."""

    id: Slug
    judgement: Judgement
    reason: Words


class Appraisal(Strict):
    """The whole form. `overall` is the worst of its judgements."""

    tool: Tool
    domains: list[Domain] = Field(min_length=1)

    def overall(self) -> str:
        """The worst judgement."""
        return max((domain.judgement for domain in self.domains), key=JUDGEMENTS[self.tool].index)
