"""Reckon what one cohort costs from its treated estimates and the assumptions of its card."""

from pathlib import Path

from analysis.cost_table import write_cost
from analysis.logs import log_to

log_to(snakemake.log[0])
write_cost(Path(snakemake.output.cost).parent)
