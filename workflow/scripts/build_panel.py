"""Build panel, baseline and attrition of one cohort."""

from analysis.cards import read_card
from analysis.delivery_files import stored_delivery
from analysis.files import write_parquet
from analysis.logs import log_to
from analysis.panel import build_panel

log_to(snakemake.log[0])
panel = build_panel(read_card(snakemake.input.card), stored_delivery(snakemake.input))
write_parquet(panel.months, snakemake.output.months)
write_parquet(panel.baseline, snakemake.output.baseline)
write_parquet(panel.attrition, snakemake.output.attrition)
