"""The blinded rehearsal: the whole way from delivery to report with an assignment that was drawn anew.

Everything lies under ``results/restricted/<cohort>/blinded/``, which no rule reads: it can be neither released nor
sealed. The seed is drawn once and kept there, so that a second rehearsal gives the same bytes.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.blinding import blinded, renamed_offices
from analysis.cards import Card
from analysis.cost_table import write_cost
from analysis.files import read_json, write_bytes, write_json, write_text
from analysis.findings import findings_table
from analysis.intake import Delivery
from analysis.plan import plan_hash
from analysis.problems import Problem, ProblemsFound
from analysis.release import unreleased, write_release
from analysis.report import html, pdf
from analysis.report.fonts import web_fonts
from analysis.report.material import read_material
from analysis.report.model import build_report
from analysis.whole_run import Tables, checked, made_tables

RUN = "blindet"
SEED_BITS = 63


def blind_folder(cohort: str, root: Path) -> Path:
    """Where the rehearsal of a cohort lies, below `root`, the project's folder."""
    return root / "results" / "restricted" / cohort / "blinded"


def kept_seed(folder: Path) -> int:
    """The seed of the cohort's rehearsals, drawn the first time and written to ``seed.json``."""
    path = folder / "seed.json"
    if not path.is_file():
        write_json(path, {"seed": secrets.randbits(SEED_BITS)})
    return int(read_json(path)["seed"])


@dataclass(frozen=True)
class Rehearsal:
    """Every table of a cohort under a permuted assignment; `card` names the offices that bear the labels now."""

    card: Card
    tables: Tables


def rehearsed(card: Card, delivery: Delivery, cohort: str, *, seed: int) -> Rehearsal:
    """All that the stages make of `delivery` once its labels are permuted; each estimate's run_id is ``blindet``.

    Raises ProblemsFound for published figures, which have no assignment to permute, and as the stages do.
    """
    if card.data_kind == "published":
        what = "kohorten har publiserte tall og ingen fordeling å skjule."
        raise ProblemsFound("Kohorten kan ikke prøvekjøres blindt.", [Problem("data_kind", what)])
    hidden = blinded(card, delivery, seed=seed)
    used = renamed_offices(card, delivery, hidden)
    tables = made_tables(used, hidden, **blind_identity(card, cohort))
    return Rehearsal(used, {**tables, "findings": findings_table(delivery.findings, card)})


def blind_identity(card: Card, cohort: str) -> dict[str, str]:
    """The stamp of a rehearsal."""
    return {"cohort": cohort, "plan_hash": plan_hash(card), "run_id": RUN}


def write_rehearsal(folder: Path, made: Rehearsal, cohort: str, *, shared: Path) -> list[Path]:
    """Numbers and report of a rehearsal; returns the reports. `shared` is reports/_shared.

    The numbers are not treated for disclosure: they stay where only the owner of the folder reads them.
    """
    verdicts, origin = checked(made.card, made.tables), _origin(made.card)
    write_release(folder / cohort, made.card, unreleased(made.tables), verdicts.record(), origin, {})
    write_cost(folder / cohort)
    report = build_report(read_material(folder / cohort), "nb", shared / "strings" / "nb.yaml")
    css = (shared / "report.css").read_text(encoding="utf-8")
    page = html.render(report, css=css, fonts=web_fonts(shared / "fonts"), template_folder=shared)
    written = [folder / f"{cohort}.blindet.nb.{kind}" for kind in ("html", "pdf")]
    write_text(written[0], page)
    write_bytes(written[1], pdf.render(report, template=shared / "report.typ", font_folder=shared / "fonts"))
    return written


def _origin(card: Card) -> dict[str, Any]:
    """The provenance of a rehearsal: it has no run, and its lock is not asked for."""
    reason = {"nb": "fordelingen er trukket på nytt, og ingenting herfra kan slippes ut"}
    return {
        "run_id": RUN,
        "plan_hash": plan_hash(card),
        "plan_locked": None,
        "deviations": [],
        "blinded": True,
        "inputs": {},
        "digests": {"code": RUN, "estimated": RUN, "lock": RUN},
        "disclosure": {"profile": RUN, "reason": reason, "tables": {}},
    }
