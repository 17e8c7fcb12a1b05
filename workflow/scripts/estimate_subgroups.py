"""Estimate the subgroups that one cohort's card states, by the cohort's own headline."""

from analysis.cards import read_card
from analysis.files import read_parquet, write_parquet
from analysis.logs import log_to
from analysis.match_persons import TABLES, Matched
from analysis.panel import Panel
from analysis.plan import read_lock
from analysis.subgroups.estimate import estimate_subgroups

log_to(snakemake.log[0])
card = read_card(snakemake.input.card)
lock = read_lock(card, snakemake.input.get("plan"), cohort=snakemake.wildcards.cohort)
read = {name: read_parquet(path) for name, path in snakemake.input.items() if str(path).endswith(".parquet")}
panel = Panel(read["months"], read["baseline"], read["panel_attrition"])
found = Matched(**{part: read[name] for part, name in TABLES.items()}) if "weights" in read else None
write_parquet(estimate_subgroups(card, panel, read["offices"], found, lock=lock), snakemake.output.subgroups)
