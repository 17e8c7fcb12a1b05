"""Check one delivery and turn it into persons and outcomes."""

from pathlib import Path

from analysis.cards import read_card
from analysis.delivery import delivery_digests
from analysis.files import write_json, write_parquet
from analysis.intake import read_delivery
from analysis.logs import log_to
from analysis.places import data_folder

log_to(snakemake.log[0])
card = read_card(snakemake.input.card)
folder = data_folder(snakemake.wildcards.cohort, Path())
delivery = read_delivery(card, folder)
write_parquet(delivery.persons, snakemake.output.persons)
write_parquet(delivery.outcomes, snakemake.output.outcomes)
write_json(snakemake.output.inputs, delivery_digests(card, folder))
