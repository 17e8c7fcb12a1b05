"""Estimate one trial: differences between the groups that were drawn, and the groups over time beside them."""

from dataclasses import fields

from analysis.cards import read_card
from analysis.estimate_persons_trial import estimate_persons_trial
from analysis.estimate_trial import estimate_trial
from analysis.files import read_json, read_parquet, write_parquet
from analysis.identity import identity
from analysis.logs import log_to
from analysis.plan import read_lock

log_to(snakemake.log[0])
card = read_card(snakemake.input.card)
read_lock(card, snakemake.input.get("plan"), cohort=snakemake.wildcards.cohort)
tables = {name: read_parquet(snakemake.input[name]) for name in ("baseline", "months", "offices")}
digests = {"code": snakemake.params.code, "lock": snakemake.params.lock}
who = identity(snakemake.wildcards.cohort, card, read_json(snakemake.input.inputs), **digests)
estimated = estimate_persons_trial if card.design == "individually_randomised" else estimate_trial
result = estimated(card, **tables, attrition=read_parquet(snakemake.input.panel_attrition), **who)
for field in fields(result):
    write_parquet(getattr(result, field.name), snakemake.output[field.name])
