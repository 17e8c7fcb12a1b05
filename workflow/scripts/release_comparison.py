"""Pass on the comparison of numbers that are treated already."""

from analysis.files import read_parquet, write_csv
from analysis.logs import log_to

log_to(snakemake.log[0])
write_csv(read_parquet(snakemake.input.comparison), snakemake.output.comparison)
write_csv(read_parquet(snakemake.input.pairs), snakemake.output.pairs)
write_csv(read_parquet(snakemake.input.synthesis), snakemake.output.synthesis)
