"""Estimate what the published figures of one cohort carry."""

from analysis.cards import read_card
from analysis.estimate_published import estimate_published
from analysis.files import read_json, write_parquet
from analysis.identity import identity
from analysis.logs import log_to
from analysis.plan import read_lock
from analysis.published import Figures

log_to(snakemake.log[0])
card = read_card(snakemake.input.card)
read_lock(card, snakemake.input.get("plan"), cohort=snakemake.wildcards.cohort)
figures = Figures.model_validate(read_json(snakemake.input.figures))
digests = {"code": snakemake.params.code, "lock": snakemake.params.lock}
who = identity(snakemake.wildcards.cohort, card, read_json(snakemake.input.inputs), **digests)
result = estimate_published(card, figures, **who)
write_parquet(result.estimates, snakemake.output.estimates)
write_parquet(result.scenarios, snakemake.output.scenarios)
write_parquet(result.ranges, snakemake.output.ranges)
write_parquet(result.attrition, snakemake.output.attrition)
write_parquet(result.moderators, snakemake.output.moderators)
