"""Match the treated of one cohort under every specification of its card."""

from analysis.cards import read_card
from analysis.files import read_parquet, write_parquet
from analysis.logs import log_to
from analysis.match_persons import match_persons
from analysis.panel import Panel

log_to(snakemake.log[0])
panel = Panel(*(read_parquet(snakemake.input[name]) for name in ("months", "baseline", "attrition")))
matched = match_persons(read_card(snakemake.input.card), panel)
write_parquet(matched.weights, snakemake.output.weights)
write_parquet(matched.balance, snakemake.output.balance)
write_parquet(matched.overlap, snakemake.output.overlap)
write_parquet(matched.summary, snakemake.output.matching)
write_parquet(matched.attrition, snakemake.output.attrition)
