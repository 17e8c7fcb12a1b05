"""Set all cohorts side by side and say which may share a column."""

from analysis.compare import comparability, comparison, read_results
from analysis.compare_horizons import horizons
from analysis.files import write_parquet
from analysis.logs import log_to
from analysis.pooling import Prior, pooled

log_to(snakemake.log[0])
results = read_results(
    snakemake.params.cohorts, snakemake.input.cards, snakemake.input.estimates, snakemake.input.checks
)
write_parquet(comparison(results), snakemake.output.comparison)
write_parquet(horizons(results), snakemake.output.horizons)
write_parquet(comparability(results), snakemake.output.pairs)
priors = [Prior(**prior) for prior in snakemake.params.priors]
write_parquet(pooled(results, priors=priors), snakemake.output.synthesis)
