"""Build panel, baseline and attrition of one cohort."""

from analysis.cards import read_card
from analysis.files import read_parquet, write_parquet
from analysis.intake import Delivery
from analysis.logs import log_to
from analysis.panel import build_panel

log_to(snakemake.log[0])
delivery = Delivery(read_parquet(snakemake.input.persons), read_parquet(snakemake.input.outcomes))
panel = build_panel(read_card(snakemake.input.card), delivery)
write_parquet(panel.months, snakemake.output.months)
write_parquet(panel.baseline, snakemake.output.baseline)
write_parquet(panel.attrition, snakemake.output.attrition)
