"""Match the treated of one cohort under every specification of its card."""

from analysis.cards import read_card
from analysis.files import read_parquet, write_json, write_parquet
from analysis.logs import log_to
from analysis.match_persons import match_persons, matched_tables, sidecar
from analysis.panel import Panel
from analysis.plan import read_lock

log_to(snakemake.log[0])
card = read_card(snakemake.input.card)
read_lock(card, snakemake.input.get("plan"), cohort=snakemake.wildcards.cohort)
panel = Panel(*(read_parquet(snakemake.input[name]) for name in ("months", "baseline", "attrition")))
matched = match_persons(card, panel, read_parquet(snakemake.input.offices))
for name, table in matched_tables(matched).items():
    write_parquet(table, snakemake.output[name])
write_json(snakemake.output.sidecar, sidecar(card, matched))
