"""Tables of the report for LaTeX: longtable with booktabs, text and numbers as printed."""

from collections.abc import Iterable, Sequence
from typing import Any

from analysis.report.data_columns import SOFT_HYPHEN, labels
from analysis.report.sheets import Held

# What LaTeX would take for a command, and signs that its oldest engines do not know.
SIGNS = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "$": r"\$",
        "&": r"\&",
        "%": r"\%",
        "#": r"\#",
        "_": r"\_",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\ensuremath{\vert}",
        '"': r"\textquotedbl{}",
        # A row that begins with one of these would be taken for an option of the line break before it.
        "*": "{*}",
        "[": "{[}",
        "]": "{]}",
        "\u00a0": "~",
        SOFT_HYPHEN: r"\-",
        "\u202f": r"\,",
        "\u2212": r"\ensuremath{-}",
        "±": r"\ensuremath{\pm}",
        "×": r"\ensuremath{\times}",
        "·": r"\ensuremath{\cdot}",
        "≤": r"\ensuremath{\leq}",
        "≥": r"\ensuremath{\geq}",
        "≠": r"\ensuremath{\neq}",
        "≈": r"\ensuremath{\approx}",
        "→": r"\ensuremath{\rightarrow}",
        "²": r"\ensuremath{^2}",
        "β": r"\ensuremath{\beta}",
        "ρ": r"\ensuremath{\rho}",
        "σ": r"\ensuremath{\sigma}",
        "τ": r"\ensuremath{\tau}",
        "χ": r"\ensuremath{\chi}",
        "Γ": r"\ensuremath{\Gamma}",
        "Δ": r"\ensuremath{\Delta}",
        "○": r"\ensuremath{\circ}",
        "✓": r"\ensuremath{\checkmark}",
    }
)
COLUMN = r">{{\{side}\arraybackslash\hspace{{0pt}}}}p{{\dimexpr {part}\linewidth-2\tabcolsep\relax}}"


def escaped(text: str) -> str:
    """Text that reads in LaTeX as it stands."""
    return text.translate(SIGNS)


def latex_table(held: Held, words: dict[str, Any]) -> str:
    """A table of the model, or the table of a figure, as a longtable with caption, label and note.

    It needs the packages booktabs, longtable, array, textcomp and amssymb. LaTeX gives the number. The warning of
    made-up data stands first, as a comment, and again in the note.
    """
    block, table = held.block, held.table
    head = _row(escaped(label) for label in labels(table, words))
    note = " ".join(text for text in (held.warning, _text(block.get("note"))) if text)
    lines = [
        *([f"% {held.warning}"] if held.warning else []),
        rf"\begin{{longtable}}{{@{{}}{_columns(table['columns'])}@{{}}}}",
        rf"\caption{{{escaped(_text(block['caption']))}}}\label{{{block['id']}}}\\",
        *(r"\toprule", head, r"\midrule", r"\endfirsthead"),
        *(r"\toprule", head, r"\midrule", r"\endhead"),
        *(_row(escaped(_text(cell)) for cell in row) for row in table["rows"]),
        *(r"\bottomrule", r"\end{longtable}"),
        *([rf"{{\footnotesize\noindent {escaped(note)}\par}}"] if note else []),
    ]
    return "\n".join(lines) + "\n"


def _text(runs: Sequence[dict[str, Any]] | None) -> str:
    return "".join(run["text"] for run in runs or ())


def _row(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _columns(columns: Sequence[dict[str, Any]]) -> str:
    """Columns that share the width of the text as they do in the report; \\hspace lets the first word be divided."""
    whole = sum(column["width"] for column in columns)
    sides = {"left": "raggedright", "right": "raggedleft"}
    return "".join(
        COLUMN.format(side=sides[column["align"]], part=round(column["width"] / whole, 4)) for column in columns
    )
