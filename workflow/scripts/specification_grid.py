"""Run every analysis that one cohort's card declares, and test them together by permutation."""

from analysis.card_grid import READ, way_of_card
from analysis.cards import read_card
from analysis.files import read_parquet, write_parquet
from analysis.logs import log_to
from analysis.plan import read_lock
from analysis.specification_grid import specification_grid

log_to(snakemake.log[0])
card = read_card(snakemake.input.card)
read_lock(card, snakemake.input.get("plan"), cohort=snakemake.wildcards.cohort)
found = specification_grid(card, {name: read_parquet(snakemake.input[name]) for name in READ[way_of_card(card)]})
write_parquet(found.specifications, snakemake.output.specifications)
write_parquet(found.tests, snakemake.output.specification_tests)
