"""Treat one cohort's numbers by its disclosure profile, for review."""

from pathlib import Path

from analysis.cards import read_card
from analysis.checklist import FILE, finished_checklist
from analysis.disclosure.kept import write_declared
from analysis.disclosure.profiles import read_profiles
from analysis.files import read_json
from analysis.logs import log_to
from analysis.plan import read_lock
from analysis.release import OPEN, provenance, read_tables, release, rounding_key, write_release
from analysis.translations import read_translations

log_to(snakemake.log[0])
cohort = snakemake.wildcards.cohort
card = read_card(snakemake.input.card)
lock = read_lock(card, snakemake.input.get("plan"), cohort=cohort)
restricted = Path(snakemake.input.checks).parent
key, profiles = None, None
if card.disclosure.profile != OPEN:
    key, profiles = rounding_key(restricted), read_profiles(snakemake.input.profiles)
released = release(card, read_tables(snakemake.input), key=key, cohort=cohort, profiles=profiles)
origin = provenance(card, released, read_json(snakemake.input.inputs), lock, digests=dict(snakemake.params.items()))
write_declared(snakemake.output.declared, released.declared)
figures = read_json(snakemake.input.figures) if snakemake.input.figures else {}
words = read_translations(snakemake.input.translations)
lists = Path(snakemake.input.checklists[0]).parent
checklist = finished_checklist(card, lists, Path(snakemake.input.card).with_name(FILE))
folder, checks = Path(snakemake.output.cohort).parent, read_json(snakemake.input.checks)
write_release(folder, card, released, checks, origin, figures, words, checklist)
