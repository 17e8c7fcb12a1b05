"""Make the synthetic delivery of one cohort."""

from analysis.logs import log_to
from analysis.synthetic import write

log_to(snakemake.log[0])
write(snakemake.params.generator, snakemake.output[0])
