"""Run every check of one matched cohort, and grade it."""

from analysis.cards import read_card
from analysis.check_cohort import check_matched
from analysis.files import read_parquet, write_json
from analysis.logs import log_to

log_to(snakemake.log[0])
tables = (read_parquet(snakemake.input[name]) for name in ("estimates", "balance", "matching"))
verdicts = check_matched(read_card(snakemake.input.card), *tables)
write_json(snakemake.output.checks, verdicts.record())
