"""A new cohort's folder: a card that explains itself and is valid at once, with marks where a person must decide.

No number is made up. Texts and months carry a mark that `analysis.placeholders` finds, and figures of a source are null
with certainty absent, which nothing can be calculated on even after the marks are gone.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any, Literal

from analysis.card_rules import DESCRIBED_DESIGNS
from analysis.checklist import FILE, LISTS, read_checklist
from analysis.cohorts import name_problems
from analysis.files import write_text
from analysis.headers import Header, Suggestions, read_header, suggest_columns
from analysis.placeholders import MARK
from analysis.problems import Problem, stop_if_any

TEMPLATES = Path(__file__).resolve().parent / "templates"
FROM_REGISTERS = ("persons.yaml", "offices.yaml", "registers.yaml")


@dataclass(frozen=True)
class Skeleton:
    """What a new card begins as: design, kind of data, the parts between its top and its end, and what was assigned.

    groups: ids of the treated and the other arm, where a file of persons has them.
    """

    design: str
    data_kind: Literal["synthetic", "published"]
    parts: tuple[str, ...]
    unit: str = "person"
    groups: tuple[str, str] | None = None

    @property
    def described(self) -> bool:
        """Whether nothing is estimated from a delivery of this design yet."""
        return self.data_kind != "published" and self.design in DESCRIBED_DESIGNS


# What DESIGN may be. A design that is found both in sources and in registers has a name for each.
DESIGNS: dict[str, Skeleton] = {
    "matched_did": Skeleton("matched_did", "synthetic", ("matched_did.yaml",), groups=("deltakere", "sammenligning")),
    "staggered_did": Skeleton("staggered_did", "synthetic", ("staggered_did.yaml", *FROM_REGISTERS), "office"),
    "individually_randomised": Skeleton(
        "individually_randomised", "synthetic", ("randomised.yaml", *FROM_REGISTERS), groups=("tiltak", "kontroll")
    ),
    "cluster_randomised_delivery": Skeleton(
        "cluster_randomised", "synthetic", ("randomised.yaml", *FROM_REGISTERS), "office", ("tiltak", "kontroll")
    ),
    "aggregated_series": Skeleton(
        "aggregated_series", "synthetic", ("aggregated_series.yaml", "counts.yaml", "offices.yaml"), "office"
    ),
    "cluster_randomised": Skeleton("cluster_randomised", "published", ("cluster_randomised.yaml",), "office"),
    "single_arm": Skeleton("single_arm", "published", ("single_arm.yaml",)),
}
DATA = {
    "synthetic": "leveransen ligger i `data/`, som ikke er i git. FYLL INN: hvor den kommer fra, og når.",
    "published": "tall fra kilder, i [published.yaml](published.yaml). FYLL INN: hvor tallene er hentet.",
}
CASELOAD = "brukere_per_veileder: {column: brukere, type: number}  # FYLL INN: kolonnen, eller slett linjen"
NO_SUGGESTION = "      # Få forslag til koblinger fra filens første linje: make new-cohort ... DELIVERY=fil.csv"


class _Blanks(Template):
    # Cards hold dollar signs (the schema's key), so that the blanks are marked otherwise.
    delimiter = "@"


def new_cohort(name: str, *, design: str, cohorts: Path, header: Header | None = None) -> list[Path]:
    """Write the folder of a new cohort; returns the files. Raises ProblemsFound with all mistakes, and writes nothing.

    header: first line of the delivery, from which columns are suggested as comments; the file itself is not copied.
    """
    folder = cohorts / name
    problems = [*_folder_problems(folder, name), *_design_problems(design, header)]
    stop_if_any("Kohorten er ikke laget:", problems)
    suggestions = suggest_columns(read_header(header)) if header else None
    texts = cohort_texts(name, design=design, header=header, suggestions=suggestions)
    folder.mkdir(parents=True)
    # The card comes last: a folder with a card is a cohort.
    for file, text in texts.items():
        write_text(folder / file, text)
    return [folder / file for file in texts]


def _folder_problems(folder: Path, name: str) -> list[Problem]:
    if not name:
        return [Problem("NAME", "kohorten mangler navn.", "Skriv: make new-cohort NAME=... DESIGN=...")]
    if folder.exists():
        return [Problem(str(folder), "mappen finnes fra før og er ikke endret.", "Velg et annet navn.")]
    return name_problems(folder, name)


def _design_problems(design: str, header: Header | None) -> list[Problem]:
    if design not in DESIGNS:
        what = f"designet «{design}» har ikke noe skjelett." if design else "designet er ikke oppgitt."
        return [Problem("DESIGN", what, f"Disse har: {design_list()}.")]
    if header is not None and "@{suggestions}" not in "".join(map(_part, DESIGNS[design].parts)):
        fitting = [name for name, skeleton in DESIGNS.items() if "persons.yaml" in skeleton.parts]
        what = f"DESIGN={design} begynner ikke med en fil med personer."
        return [Problem("DELIVERY", what, f"For en slik fil: DESIGN={' eller '.join(['matched_did', *fitting])}.")]
    return []


def design_list() -> str:
    """What DESIGN may be, with what each is made from and what is done with it."""
    return ", ".join(f"{name} ({_kind_words(skeleton)})" for name, skeleton in DESIGNS.items())


def _kind_words(skeleton: Skeleton) -> str:
    if skeleton.data_kind == "published":
        return "publiserte tall"
    return "leveranse, beskrives" if skeleton.described else "leveranse, anslås"


def cohort_texts(
    name: str, *, design: str, header: Header | None = None, suggestions: Suggestions | None = None
) -> dict[str, str]:
    """Every file of a new cohort by its place in the folder, the card last."""
    skeleton = DESIGNS[design]
    blanks = {
        "name": name,
        "design": skeleton.design,
        "data_kind": skeleton.data_kind,
        "data": DATA[skeleton.data_kind],
        "unit": skeleton.unit,
        **_column_blanks(skeleton),
        **_delivery_blanks(header, suggestions, skeleton.groups),
    }
    files = {
        "README.md": ("README.md",),
        "data/README.md": ("data.README.md",),
        "published.yaml": (f"{design}.published.yaml",) if skeleton.data_kind == "published" else (),
        "cohort.yaml": ("top.yaml", *skeleton.parts, "end.yaml"),
    }
    texts = {file: "".join(_filled(part, blanks) for part in parts) for file, parts in files.items() if parts}
    return {FILE: _filled("checklist.yaml", blanks) + questions(skeleton), **texts}


def questions(skeleton: Skeleton) -> str:
    """What only those who know the study can answer: an answer to fill in per item of its reporting checklist."""
    # Asked as of persons' data: that made-up data need no answer is no reason to leave out the questions.
    kind = "published" if skeleton.data_kind == "published" else "restricted"
    items = read_checklist(skeleton.design, kind, LISTS, None)["items"]
    return "".join(_question(item) for item in items if not item["answers"])


def _question(item: dict[str, Any]) -> str:
    text = item["text"]["nb"]
    asked_by = "; ".join(f"{one['guideline']['nb']} {', '.join(one['numbers'])}" for one in item["numbers"])
    mark = _quoted(f"{MARK}: {text[:1].lower()}{text[1:]}")
    return f"  # {text} ({asked_by}).\n  - items: [{item['id']}]\n    text: {mark}\n"


def _filled(part: str, blanks: dict[str, str]) -> str:
    return _Blanks(_part(part)).substitute(blanks)


def _part(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _column_blanks(skeleton: Skeleton) -> dict[str, str]:
    """Where groups and adoption stand: with the persons where lots were drawn, with the offices otherwise."""
    group = "# Gruppen. values oversetter fra verdiene i filen til id under arms."
    adoption = "# Måneden kontoret innførte innsatsen, som måned eller dato. Tom for kontorer som aldri gjorde det."
    own = '{column: gruppe, values: {"1": tiltak, "0": kontroll}}'
    series = '{column: gruppe, values: {"1": innsats, "0": andre}}'
    fill = "  # FYLL INN: kolonnen og verdiene i filen"
    offices = {
        "staggered_did": [adoption, "adoption_month: innfort  # FYLL INN: kolonnen med måneden"],
        "aggregated_series": [group, f"arm: {series}{fill}"],
    }
    caseload = ["# Kjennetegn ved kontoret, med navn du velger.", CASELOAD]
    persons = ["# Gruppen følger av kontoret og måneden det innførte innsatsen."]
    if skeleton.design != "staggered_did":
        persons = [group, f"arm: {own}{fill}"]
    return {"arm": _indented(persons), "office_columns": _indented([*offices.get(skeleton.design, []), *caseload])}


def _indented(lines: list[str]) -> str:
    return "\n".join(f"      {line}" for line in lines)


def _delivery_blanks(
    header: Header | None, suggestions: Suggestions | None, groups: tuple[str, str] | None
) -> dict[str, str]:
    if header is None or suggestions is None:
        path = '"leveranse.csv"  # FYLL INN: filens navn'
        return {"path": path, "delimiter": '";"', "encoding": "utf-8", "suggestions": NO_SUGGESTION}
    return {
        "path": _quoted(header.path.name),
        "delimiter": _quoted(header.delimiter),
        "encoding": header.encoding,
        "suggestions": "\n".join(f"      # {line}" for line in suggestion_lines(suggestions, groups)),
    }


def suggestion_lines(suggestions: Suggestions, groups: tuple[str, str] | None) -> list[str]:
    """Comments of the card: what resembles the contract, and where a national id may stand. Never a value of a row."""
    columns = {target: _quoted(name) for target, name in suggestions.columns.items()}
    if groups is None:
        columns.pop("arm", None)
    elif "arm" in columns:
        columns["arm"] = f'{{column: {columns["arm"]}, values: {{"1": {groups[0]}, "0": {groups[1]}}}}}'
    count = f"{len(columns)} av {suggestions.found} kolonner i filen ligner på noe vi kjenner."
    if not columns:
        return [f"{count} Koble kolonnene selv.", *_national_id_lines(suggestions)]
    mend = "Stemmer et forslag, ta bort # foran det og slett linjen under med samme navn."
    lines = [f"{target}: {column}  # forslag, bekreft" for target, column in columns.items()]
    return [count, mend, *lines, *_national_id_lines(suggestions)]


def _national_id_lines(suggestions: Suggestions) -> list[str]:
    if not suggestions.national_ids:
        return []
    places = ", ".join(map(str, suggestions.national_ids))
    return [f"Kolonne {places} heter som et fødselsnummer. Leveransen skal ha pseudonymer: kontroller før bruk."]


def _quoted(text: str) -> str:
    """A text that YAML reads back as it is."""
    return json.dumps(text, ensure_ascii=False)
