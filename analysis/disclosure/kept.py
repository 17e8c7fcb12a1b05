"""What is declared of a cohort's numbers, kept from treatment to seal in results/restricted/<cohort>/declared.json.

Treatment writes it with `write_declared`; the page that a person signs and the seal read it.
"""

from pathlib import Path

from analysis.disclosure.declared import Declared
from analysis.disclosure.records import definition, restored, values
from analysis.files import read_json, write_json

DECLARED = "declared.json"


def write_declared(path: str | Path, declared: Declared | None) -> None:
    """Keep a declaration, in the restricted area; None for a cohort whose numbers anybody may see."""
    write_json(path, None if declared is None else {"definition": definition(declared), "values": values(declared)})


def read_declared(path: str | Path) -> Declared | None:
    """What `write_declared` kept; None for nothing."""
    kept = read_json(path)
    return None if kept is None else restored(kept["definition"], kept["values"])
