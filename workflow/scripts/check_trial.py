"""Run every check of one trial, and grade it."""

from analysis.cards import read_card
from analysis.check_cohort import TrialTables, check_trial
from analysis.files import read_json, read_parquet, write_json
from analysis.logs import log_to

log_to(snakemake.log[0])
card = read_card(snakemake.input.card)
tables = [read_parquet(snakemake.input[name]) for name in ("estimates", "balance", "attrition")]
beside = TrialTables(*(read_parquet(snakemake.input[name]) for name in ("missing", "influence")))
verdicts = check_trial(card, *tables, beside, read_json(snakemake.input.certificate))
write_json(snakemake.output.checks, verdicts.record())
