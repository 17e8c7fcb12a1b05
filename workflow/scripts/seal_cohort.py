"""Let out one cohort's numbers and reports; restricted ones through the gate."""

import logging
from pathlib import Path

from analysis.cards import read_card
from analysis.logs import log_to
from analysis.release_files import changed_tables
from analysis.release_gate import admitted, changed_problems
from analysis.seal import seal

log_to(snakemake.log[0])
given, cohort = snakemake.input, snakemake.wildcards.cohort
card, files = read_card(given.card), [*given.numbers, *given.reports]
if card.data_kind == "restricted":
    seal(files, snakemake.output, deliveries=given.canaries, admit=lambda: admitted(cohort, card, files, Path()))
else:
    for problem in changed_problems(changed_tables(cohort, Path())):
        logging.getLogger(__name__).warning("%s", problem)
    seal(files, snakemake.output, deliveries=given.canaries)
