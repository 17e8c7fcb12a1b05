"""Check one delivery and turn it into tables; the page of findings is written also when the delivery is refused."""

from pathlib import Path

from analysis.cards import read_card
from analysis.delivery import delivery_digests
from analysis.delivery_files import pseudonym_key, read_and_tell
from analysis.files import write_json
from analysis.intake import write_delivery
from analysis.logs import log_to
from analysis.places import data_folders

log_to(snakemake.log[0])
cohort, card = snakemake.wildcards.cohort, read_card(snakemake.input.card)
folder = data_folders({cohort: card}, Path())[cohort]
files = {"spells": Path(snakemake.output.spells), "page": Path(snakemake.log.findings)}
delivery = read_and_tell(cohort, card, folder, **files, key=pseudonym_key(cohort, card, Path()))
write_delivery(delivery, card, Path(snakemake.output.persons).parent)
write_json(snakemake.output.inputs, delivery_digests(card, folder))
