"""Stata files: rows as a table, labels of every kind, and the bytes as they stand."""

import io
from collections.abc import Iterator

import pyreadstat

from analysis.filetext.contract import WHOLE_FILE, Part, Refused, placed, visible

BEGINS, ENDS = b"<stata_dta>", b"</stata_dta>"
TRAILING = "det ligger data etter slutten på tabellen"
OLD = "formatet er eldre enn Stata 13 og er derfor ikke kontrollert"


def stata(content: bytes) -> Iterator[Part]:
    """Everything in a .dta file of Stata 13 or later; the bytes too, for what no reader of tables shows."""
    if not content.startswith(BEGINS):
        yield Refused(WHOLE_FILE, OLD)
        return
    if not content.endswith(ENDS):
        yield Refused("slutten av fila", TRAILING)
    yield placed("fila byte for byte", content.decode("latin-1"))
    rows, about = pyreadstat.read_dta(io.BytesIO(content))
    labels = [about.file_label, *about.column_names, *about.column_names_to_labels.values(), *about.notes]
    labels += [text for one in about.value_labels.values() for text in one.values()]
    yield placed("navn og merkelapper", visible("\n".join(str(label) for label in labels)))
    yield placed("radene", visible(rows.to_csv(index=False)))
