"""A new cohort's folder: a card that explains itself and is valid at once, with marks where a person must decide.

No number is made up. Texts and months carry a mark that `analysis.placeholders` finds, and figures of a source are null
with certainty absent, which nothing can be calculated on even after the marks are gone.
"""

import json
from pathlib import Path
from string import Template

from analysis.cohorts import name_problems
from analysis.files import write_text
from analysis.headers import Header, Suggestions, read_header, suggest_columns
from analysis.problems import Problem, stop_if_any

TEMPLATES = Path(__file__).resolve().parent / "templates"
# The designs that can be analysed, and the kind of data that the skeleton begins with.
DESIGNS = {"matched_did": "synthetic", "cluster_randomised": "published", "single_arm": "published"}
DATA = {
    "synthetic": "leveransen ligger i `data/`, som ikke er i git. FYLL INN: hvor den kommer fra, og når.",
    "published": "tall fra kilder, i [published.yaml](published.yaml). FYLL INN: hvor tallene er hentet.",
}
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
        what = f"designet «{design}» kan ikke analyseres med denne utgaven." if design else "designet er ikke oppgitt."
        return [Problem("DESIGN", what, f"Disse kan: {design_list()}.")]
    if header is not None and DESIGNS[design] == "published":
        what = f"designet {design} kan bare analyseres fra publiserte tall, ikke fra en leveranse."
        return [Problem("DELIVERY", what, "For en leveranse: DESIGN=matched_did.")]
    return []


def design_list() -> str:
    """The designs that can be analysed, with what they are analysed from."""
    words = {"synthetic": "leveranse av persondata", "published": "publiserte tall"}
    return ", ".join(f"{design} ({words[kind]})" for design, kind in DESIGNS.items())


def cohort_texts(
    name: str, *, design: str, header: Header | None = None, suggestions: Suggestions | None = None
) -> dict[str, str]:
    """Every file of a new cohort by its place in the folder, the card last."""
    kind = DESIGNS[design]
    blanks = {
        "name": name,
        "design": design,
        "data_kind": kind,
        "data": DATA[kind],
        **_delivery_blanks(header, suggestions),
    }
    files = {
        "README.md": ("README.md",),
        "data/README.md": ("data.README.md",),
        "published.yaml": (f"{design}.published.yaml",) if kind == "published" else (),
        "cohort.yaml": ("top.yaml", f"{design}.yaml", "end.yaml"),
    }
    return {file: "".join(_filled(part, blanks) for part in parts) for file, parts in files.items() if parts}


def _filled(part: str, blanks: dict[str, str]) -> str:
    return _Blanks((TEMPLATES / part).read_text(encoding="utf-8")).substitute(blanks)


def _delivery_blanks(header: Header | None, suggestions: Suggestions | None) -> dict[str, str]:
    if header is None or suggestions is None:
        path = '"leveranse.csv"  # FYLL INN: filens navn'
        return {"path": path, "delimiter": '";"', "encoding": "utf-8", "suggestions": NO_SUGGESTION}
    return {
        "path": _quoted(header.path.name),
        "delimiter": _quoted(header.delimiter),
        "encoding": header.encoding,
        "suggestions": "\n".join(f"      # {line}" for line in suggestion_lines(suggestions)),
    }


def suggestion_lines(suggestions: Suggestions) -> list[str]:
    """Comments of the card: what resembles the contract, and where a national id may stand. Never a value of a row."""
    count = f"{len(suggestions.columns)} av {suggestions.found} kolonner i filen ligner på noe vi kjenner."
    if not suggestions.columns:
        return [f"{count} Koble kolonnene selv.", *_national_id_lines(suggestions)]
    mend = "Stemmer et forslag, ta bort # foran det og slett linjen under med samme navn."
    columns = {target: _quoted(name) for target, name in suggestions.columns.items()}
    if "arm" in columns:
        columns["arm"] = f'{{column: {columns["arm"]}, values: {{"1": deltakere, "0": sammenligning}}}}'
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
