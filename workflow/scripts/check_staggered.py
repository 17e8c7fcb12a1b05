"""Run every check of one cohort with staggered adoption, and grade it."""

from analysis.cards import read_card
from analysis.check_cohort import StaggeredTables, check_staggered
from analysis.checks.trends import honest_table
from analysis.files import read_parquet, write_json, write_parquet
from analysis.logs import log_to

log_to(snakemake.log[0])
card = read_card(snakemake.input.card)
names = ("estimates", "event_covariance", "influence", "office_cells")
estimates, events, influence, cells = (read_parquet(snakemake.input[name]) for name in names)
honest = honest_table(card, events)
write_parquet(honest, snakemake.output.honest)
verdicts = check_staggered(card, estimates, StaggeredTables(events, influence, cells, honest))
write_json(snakemake.output.checks, verdicts.record())
