"""Run every check of one described cohort."""

from analysis.cards import read_card
from analysis.check_cohort import check_described
from analysis.files import write_json
from analysis.logs import log_to

log_to(snakemake.log[0])
write_json(snakemake.output.checks, check_described(read_card(snakemake.input.card)).record())
