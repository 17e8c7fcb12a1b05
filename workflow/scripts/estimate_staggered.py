"""Estimate one cohort with staggered adoption: its effects, and the groups over time beside them."""

from analysis.attrition import continued
from analysis.cards import read_card
from analysis.describe import describe, describe_baseline
from analysis.estimate_staggered import estimate_staggered
from analysis.files import read_json, read_parquet, write_parquet
from analysis.identity import identity
from analysis.logs import log_to
from analysis.plan import read_lock

log_to(snakemake.log[0])
card = read_card(snakemake.input.card)
read_lock(card, snakemake.input.get("plan"), cohort=snakemake.wildcards.cohort)
tables = {name: read_parquet(snakemake.input[name]) for name in ("baseline", "months", "aggregates", "offices")}
digests = {"code": snakemake.params.code, "lock": snakemake.params.lock}
who = identity(snakemake.wildcards.cohort, card, read_json(snakemake.input.inputs), **digests)
result = estimate_staggered(card, **tables, **who)
write_parquet(result.estimates, snakemake.output.estimates)
write_parquet(result.office_cells, snakemake.output.office_cells)
write_parquet(result.series.series, snakemake.output.series)
write_parquet(result.series.funnel, snakemake.output.funnel)
for name, table in result.family.items():
    write_parquet(table, snakemake.output[name])
write_parquet(result.events, snakemake.output.event_covariance)
write_parquet(result.influence, snakemake.output.influence)
write_parquet(result.missing, snakemake.output.missing)
write_parquet(result.placebo_offices, snakemake.output.placebo_offices)
write_parquet(describe(card, **tables), snakemake.output.cells)
write_parquet(describe_baseline(card, tables["baseline"]), snakemake.output.balance)
earlier = read_parquet(snakemake.input.panel_attrition)
write_parquet(continued(earlier, result.attrition), snakemake.output.attrition)
