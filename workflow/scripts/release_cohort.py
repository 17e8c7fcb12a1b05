"""Treat one cohort's numbers by its disclosure profile, for review."""

from pathlib import Path

from analysis.cards import read_card
from analysis.files import read_json
from analysis.logs import log_to
from analysis.plan import read_lock
from analysis.release import provenance, read_tables, release, write_release

log_to(snakemake.log[0])
card = read_card(snakemake.input.card)
released = release(card, read_tables(snakemake.input))
lock = read_lock(card, snakemake.input.get("plan"), cohort=snakemake.wildcards.cohort)
origin = provenance(card, released, read_json(snakemake.input.inputs), lock, digests=dict(snakemake.params.items()))
figures = read_json(snakemake.input.figures) if snakemake.input.figures else {}
write_release(Path(snakemake.output.cohort).parent, card, released, read_json(snakemake.input.checks), origin, figures)
