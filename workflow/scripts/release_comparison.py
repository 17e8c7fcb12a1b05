"""Pass on the comparison of numbers that are treated already."""

from analysis.files import read_parquet, write_csv
from analysis.logs import log_to

log_to(snakemake.log[0])
for name, path in snakemake.input.items():
    if name in snakemake.output.keys():  # noqa: SIM118 - Snakemake's
        write_csv(read_parquet(path), snakemake.output[name])
