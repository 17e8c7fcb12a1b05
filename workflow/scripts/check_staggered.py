"""Run every check of one cohort with staggered adoption, and grade it."""

from analysis.cards import read_card
from analysis.check_cohort import StaggeredTables, check_staggered
from analysis.checks.trends import honest_table
from analysis.files import read_json, read_parquet, write_json, write_parquet
from analysis.logs import log_to

log_to(snakemake.log[0])
card = read_card(snakemake.input.card)
names = ("estimates", "event_covariance", "influence", "office_cells", "missing", "placebo_offices")
estimates, events, *others = (read_parquet(snakemake.input[name]) for name in names)
honest = honest_table(card, events)
write_parquet(honest, snakemake.output.honest)
beside = StaggeredTables(events, honest, *others)
verdicts = check_staggered(card, estimates, beside, read_json(snakemake.input.certificate))
write_json(snakemake.output.checks, verdicts.record())
