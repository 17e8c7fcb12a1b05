"""Run every check of one matched cohort, and grade it."""

from analysis.cards import read_card
from analysis.check_cohort import MatchedTables, check_matched
from analysis.files import read_json, read_parquet, write_json
from analysis.logs import log_to

log_to(snakemake.log[0])
tables = (read_parquet(snakemake.input[name]) for name in ("estimates", "balance", "matching"))
beside = MatchedTables(*(read_parquet(snakemake.input[name]) for name in ("influence", "sets", "missing")))
verdicts = check_matched(read_card(snakemake.input.card), *tables, beside, read_json(snakemake.input.certificate))
write_json(snakemake.output.checks, verdicts.record())
