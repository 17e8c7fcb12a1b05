"""Try one cohort's plan on made-up studies in its own structure."""

from analysis.cards import read_card
from analysis.certify.cohort import certified
from analysis.files import read_parquet, write_json, write_parquet
from analysis.logs import log_to
from analysis.panel import Panel
from analysis.plan import read_lock

log_to(snakemake.log[0])
card, cohort = read_card(snakemake.input.card), snakemake.wildcards.cohort
read_lock(card, snakemake.input.get("plan"), cohort=cohort)
panel = Panel(*(read_parquet(snakemake.input[name]) for name in ("months", "baseline", "panel_attrition")))
made = certified(card, cohort, panel, *(read_parquet(snakemake.input[name]) for name in ("offices", "aggregates")))
write_json(snakemake.output.certificate, made.record())
write_parquet(made.table(), snakemake.output.table)
