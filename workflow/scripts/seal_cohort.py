"""Let out one cohort's numbers and reports."""

from analysis.logs import log_to
from analysis.seal import seal

log_to(snakemake.log[0])
seal(snakemake.input, snakemake.output)
