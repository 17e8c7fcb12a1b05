"""Estimate the headline of the locked plan, where the card has changed since."""

from dataclasses import replace

from analysis.cards import read_card
from analysis.delivery_files import stored_delivery
from analysis.files import read_json, read_parquet, write_parquet
from analysis.identity import identity
from analysis.logs import log_to
from analysis.plan import read_lock
from analysis.planned import planned_estimates

log_to(snakemake.log[0])
card = read_card(snakemake.input.card)
lock = read_lock(card, snakemake.input.plan, cohort=snakemake.wildcards.cohort)
tables = {name: read_parquet(snakemake.input[name]) for name in ("offices", "aggregates")}
delivery = replace(stored_delivery(snakemake.input), **tables)
digests = {"code": snakemake.params.code, "lock": snakemake.params.lock}
who = identity(snakemake.wildcards.cohort, card, read_json(snakemake.input.inputs), **digests)
write_parquet(
    planned_estimates(card, lock, delivery, cohort=who["cohort"], run_id=who["run_id"]), snakemake.output.planned
)
