"""Check the published figures of one cohort against its card."""

from analysis.cards import read_card
from analysis.files import sha256, write_json
from analysis.logs import log_to
from analysis.published import read_figures

log_to(snakemake.log[0])
card = read_card(snakemake.input.card)
figures = read_figures(snakemake.input.figures, card)
write_json(snakemake.output.figures, figures.model_dump(mode="json"))
write_json(snakemake.output.inputs, {"published.yaml": sha256(snakemake.input.figures)})
