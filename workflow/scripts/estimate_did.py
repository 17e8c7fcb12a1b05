"""Estimate one matched cohort: difference-in-differences, its neighbours, and the benchmark."""

from analysis.cards import read_card
from analysis.estimate_did import estimate_did
from analysis.files import read_json, read_parquet, write_parquet
from analysis.identity import identity
from analysis.logs import log_to
from analysis.match_persons import TABLES, Matched
from analysis.panel import Panel
from analysis.plan import read_lock

log_to(snakemake.log[0])
card = read_card(snakemake.input.card)
read_lock(card, snakemake.input.get("plan"), cohort=snakemake.wildcards.cohort)
panel = Panel(*(read_parquet(snakemake.input[name]) for name in ("months", "baseline", "attrition")))
matched = Matched(**{part: read_parquet(snakemake.input[name]) for part, name in TABLES.items()})
digests = {"code": snakemake.params.code, "lock": snakemake.params.lock}
who = identity(snakemake.wildcards.cohort, card, read_json(snakemake.input.inputs), **digests)
result = estimate_did(card, panel, matched, offices=read_parquet(snakemake.input.offices), **who)
write_parquet(result.estimates, snakemake.output.estimates)
write_parquet(result.cells, snakemake.output.cells)
write_parquet(result.influence, snakemake.output.influence)
write_parquet(result.sets, snakemake.output.sets)
write_parquet(result.missing, snakemake.output.missing)
