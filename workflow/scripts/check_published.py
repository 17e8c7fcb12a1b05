"""Run every check of one cohort of published figures, and grade it."""

from analysis.cards import read_card
from analysis.check_cohort import check_published
from analysis.files import read_json, read_parquet, write_json
from analysis.logs import log_to
from analysis.published import Figures

log_to(snakemake.log[0])
card = read_card(snakemake.input.card)
figures = Figures.model_validate(read_json(snakemake.input.figures))
verdicts = check_published(card, read_parquet(snakemake.input.estimates), figures)
write_json(snakemake.output.checks, verdicts.record())
