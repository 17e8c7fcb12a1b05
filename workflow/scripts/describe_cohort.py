"""Describe one cohort over time: cells, means of background, and no estimate."""

from analysis.cards import read_card
from analysis.describe import describe, describe_baseline, empty_estimates
from analysis.files import read_parquet, write_parquet
from analysis.logs import log_to
from analysis.plan import read_lock

log_to(snakemake.log[0])
card = read_card(snakemake.input.card)
read_lock(card, snakemake.input.get("plan"), cohort=snakemake.wildcards.cohort)
tables = {name: read_parquet(snakemake.input[name]) for name in ("months", "baseline", "aggregates", "offices")}
write_parquet(describe(card, **tables), snakemake.output.cells)
write_parquet(describe_baseline(card, tables["baseline"]), snakemake.output.balance)
write_parquet(empty_estimates(), snakemake.output.estimates)
write_parquet(read_parquet(snakemake.input.panel_attrition), snakemake.output.attrition)
