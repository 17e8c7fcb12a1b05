"""The part of the card that says what the intervention costs and what work is worth: assumptions, each with its source.

It belongs to no plan: prices may be changed after the outcomes are seen, for no estimate depends on them.
"""

from typing import Annotated, Literal

from pydantic import Field

from analysis.strict import Certainty, Share, Slug, Strict, Text, Words

# What nobody has stated: the author of the card has chosen it.
ASSUMED = "assumed"
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
WholeMonths = Annotated[int, Field(ge=1)]


class Assumption(Strict):
    """Where a number comes from, and how certain it is there."""

    source: Slug | None = Field(None, description="Source of the value, an id under sources")
    certainty: Certainty | Literal["assumed"]
    note: Words | None = None


class Amount(Assumption):
    """Kroner at the prices of `price_year`."""

    value: NotNegative
    low: NotNegative | None = None
    high: NotNegative | None = None


class Caseload(Assumption):
    """Users per adviser."""

    value: Positive
    low: Positive | None = None
    high: Positive | None = None


class Period(Assumption):
    """Months, on average over persons."""

    value: NotNegative
    low: NotNegative | None = None
    high: NotNegative | None = None


class HalfLife(Assumption):
    """Months until half is left."""

    value: Positive
    low: Positive | None = None
    high: Positive | None = None


class Months(Assumption):
    """Whole months."""

    value: WholeMonths
    low: WholeMonths | None = None
    high: WholeMonths | None = None


class Part(Assumption):
    """A part of 1."""

    value: Share
    low: Share | None = None
    high: Share | None = None


def _assumed(kind: type[Assumption], value: float, nb: str, nn: str, en: str) -> Assumption:
    return kind(value=value, certainty=ASSUMED, note=Text(nb=nb, nn=nn, en=en))


NOTHING = _assumed(Amount, 0.0, "Regnes ikke med.", "Blir ikkje rekna med.", "Not counted.")
RATE = _assumed(
    Part,
    0.04,
    "Vanlig kalkulasjonsrente i staten; kontroller mot gjeldende rundskriv.",
    "Vanleg kalkulasjonsrente i staten; kontroller mot gjeldande rundskriv.",
    "The usual rate in central government; check against the circular in force.",
)
TAX_COST = _assumed(
    Part,
    0.2,
    "Vanlig sats i staten; kontroller mot gjeldende rundskriv.",
    "Vanleg sats i staten; kontroller mot gjeldande rundskriv.",
    "The usual figure in central government; check against the circular in force.",
)
LEISURE = _assumed(
    Part, 0.0, "Fritid er ikke verdsatt.", "Fritid er ikkje verdsett.", "Leisure is not given any value."
)


class Cost(Strict):
    """What follow-up costs in each group and, where all of `ACCOUNT_KEYS` are stated, what a month of work is worth.

    Months followed up are averages over all in the group, also those who never started.
    """

    price_year: Annotated[int, Field(ge=1990, le=2100)]
    adviser_year: Amount = Field(description="One adviser for a year: wage with the employer's tax, pension, overhead")
    caseload_treated: Caseload
    caseload_comparison: Caseload
    months_treated: Period
    months_comparison: Period
    other_treated: Amount = Field(NOTHING, description="Other direct cost per person")
    other_comparison: Amount = Field(NOTHING, description="Other direct cost per person")
    work_month: Amount | None = Field(None, description="Gross wage cost of a month of the further work")
    tax_share: Part | None = Field(None, description="Part of work_month that goes to the public purse")
    benefit_month: Amount | None = Field(None, description="Benefit that falls away for a month in work")
    leisure_share: Part = Field(LEISURE, description="Part of work_month that is lost leisure")
    effect_months: Months | None = Field(None, description="Months that the difference is counted")
    half_life: HalfLife | None = Field(None, description="Months until half is left, in the fading variant")
    discount_rate: Part = Field(RATE, description="A year, real")
    tax_cost: Part = Field(TAX_COST, description="Cost of public funds, per krone")

    def assumptions(self) -> dict[str, Assumption]:
        """Every assumption that is stated or has a default, by its key, in the order of the report."""
        found = {name: getattr(self, name) for name in type(self).model_fields if name != "price_year"}
        unused = () if self.work_month else UNUSED_WITHOUT_ACCOUNTS
        return {name: item for name, item in found.items() if item is not None and name not in unused}


# What the accounts need, all or none of them, and what is used by nothing else.
ACCOUNT_KEYS = ("work_month", "tax_share", "benefit_month", "effect_months")
UNUSED_WITHOUT_ACCOUNTS = ("leisure_share", "half_life", "discount_rate", "tax_cost")
