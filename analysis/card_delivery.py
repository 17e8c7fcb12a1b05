"""The part of the card that describes the delivery: files and columns, the registers behind them, and what is made up.

Keys that came after the first plans were locked leave no trace at their default, so that the locks hold.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, StringConstraints, model_serializer

from analysis.strict import Date, Digest, Filled, Month, Slug, Strict, Words

EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]
ServiceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")]
TableName = Literal["persons", "outcomes", "offices", "memberships", "spells", "amounts", "aggregates"]


class Growing(Strict):
    """A model whose keys in `LATER` are written only where they differ from their default."""

    LATER: ClassVar[tuple[str, ...]] = ()

    @model_serializer(mode="wrap")
    def _without_unused_keys(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        plain = whole(self)
        unused = [key for key in self.LATER if getattr(self, key) == type(self).model_fields[key].get_default()]
        return {key: value for key, value in plain.items() if key not in unused}


class Column(Growing):
    """Where a column of a table comes from: a source column, one constant, the row number, or the earliest of dates."""

    LATER = ("earliest", "missing", "range", "type")

    column: Filled | None = None
    constant: Filled | None = None
    row_number: Filled | None = Field(None, description="Prefix of ids made from row numbers")
    earliest: list[Filled] | None = Field(None, min_length=2, description="Date columns of which the earliest counts")
    values: dict[str, Filled] | None = Field(None, description="Source value to value of the table")
    missing: Filled | None = Field(None, description="Value of the table in the place of a missing one")
    range: Annotated[list[float], Field(min_length=2, max_length=2)] | None = Field(
        None, description="Lowest and highest value that can be right"
    )
    type: Literal["text", "number"] = Field("text", description="Of a characteristic of offices")


def _source_column(value: Any) -> Any:
    return {"column": value} if isinstance(value, str | int | float) else value


class WideOutcome(Growing):
    """One outcome at one month that stands in a column of its own."""

    LATER = ("values",)

    outcome: Slug
    month: Month
    column: Filled
    values: dict[str, float] | None = Field(None, description="Source value to number")


class Connection(Strict):
    """Where the connection to a database is described. The card itself holds neither address nor password."""

    environment: EnvironmentName | None = Field(None, description="Environment variable that holds the connection")
    service: ServiceName | None = Field(None, description="Service in the person's own pg_service.conf")


class File(Growing):
    """One file of the delivery, or one query. Nothing is sniffed: what is not said here has the default here.

    `table` says what its rows are (`table_contracts`); `path` to `connection` belong to some formats only
    (`card_format_rules`).
    """

    LATER = ("table", "compression", "dates", "labels", "sheet", "query", "order", "connection")

    name: Slug
    table: TableName = "persons"
    format: Literal["csv", "stata", "spss", "sas", "sas_xport", "xlsx", "parquet", "postgresql"]
    path: Filled | None = None
    package: Filled | None = Field(None, description="Installed Python package that holds the file")
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ";"
    decimal: Literal[",", "."] = ","
    encoding: Literal["utf-8", "utf-8-sig", "cp1252", "latin-1"] = "utf-8"
    compression: Literal["none", "gzip"] = "none"
    dates: Literal["iso", "dd.mm.yyyy"] = "iso"
    labels: bool = Field(False, description="Value labels in place of the codes that have one")
    sheet: Filled | None = None
    query: Filled | None = Field(None, description="One SELECT")
    order: list[Filled] = Field([], description="Columns of the query's result that order its rows")
    connection: Connection | None = None
    missing: list[str] = ["", "NA"]
    rows: int | None = Field(None, ge=0, description="Stated number of data rows")
    sha256: Digest | None = Field(None, description="Stated checksum of the file")
    keep: dict[str, list[Filled]] = Field({}, description="Rows to use: source column to the values that are kept")
    columns: dict[Slug, Annotated[Column, BeforeValidator(_source_column)]]
    outcomes: list[WideOutcome] = []


def file_label(file: File) -> str:
    """How messages and provenance name the file or query: never with a path of the machine, or a database's."""
    if file.path is None:
        return f"database/{file.name}"
    return f"{file.package or 'data'}/{file.path}"


class SpellLink(Strict):
    """An attribute of spells that another register tells: true where a spell of `by` is there at the same time.

    `dates` same: with the same first day; overlap: on at least one of the days.
    """

    attribute: Slug
    types: list[Slug] = Field(min_length=1)
    by: list[Slug] = Field(min_length=1)
    dates: Literal["same", "overlap"] = "overlap"


class Register(Strict):
    """The registers that spells and amounts come from, and the months that the panel holds."""

    first: Month = Field(description="First month of the panel")
    last: Month = Field(description="Last month of the panel")
    drawn: Date | None = Field(None, description="Last day that the extracts cover, if before the end of the panel")
    known_from: Date | None = Field(None, description="First day that the extracts cover")
    covers: list[Slug] = Field([], description="Types that the extracts cover, also those that nobody had")
    exclusive: list[list[Slug]] = Field([], description="Types of which a person can have one at a time")
    participation: list[Slug] = Field([], description="Types that are the intervention itself")
    links: list[SpellLink] = []
    amounts_from: Month | None = Field(None, description="First month that the amounts cover")


class Municipality(Strict):
    """The date whose municipalities are used, and which part of a split one counts as."""

    on: Date
    choices: dict[str, str] = {}


class Pseudonymise(Strict):
    """Where the key to pseudonyms is. The key itself never stands in a card."""

    environment: EnvironmentName | None = Field(None, description="Environment variable that holds the key")
    file: bool = Field(False, description="The file whose place config/local.yaml gives under keys")


class Accepted(Strict):
    """A finding of severity ERROR that a person has looked into: it is told, and no longer stops the release."""

    rule: Slug
    file: Slug | None = None
    reason: Words


class Effect(Strict):
    """A true effect of a made-up delivery, in shares or the unit of the outcome."""

    outcome: Slug
    value: float
    horizon: int | None = Field(None, ge=0, description="Months after time zero")
    month: Month | None = None
    group: Filled | None = Field(None, description="Those it holds for, when not all who were treated")


class Synthetic(Strict):
    """The generator in analysis/synthetic that makes the delivery, and what is true in it."""

    generator: Slug
    effects: list[Effect] = Field(min_length=1)
    note: Words | None = None
