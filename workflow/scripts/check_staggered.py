"""Run every check of one cohort with staggered adoption, and grade it."""

from analysis.cards import read_card
from analysis.check_cohort import check_staggered
from analysis.files import read_parquet, write_json
from analysis.logs import log_to

log_to(snakemake.log[0])
verdicts = check_staggered(read_card(snakemake.input.card), read_parquet(snakemake.input.estimates))
write_json(snakemake.output.checks, verdicts.record())
