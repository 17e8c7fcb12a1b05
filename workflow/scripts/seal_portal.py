"""Let out the start page and the comparison, and write the manifest of everything released."""

from pathlib import Path

from analysis.logs import log_to
from analysis.seal import seal, write_manifest

log_to(snakemake.log[0])
given, made = snakemake.input, snakemake.output
seal(
    [*given.portal, *given.comparison, *given.reports],
    [*made.portal, *made.comparison, *made.reports],
    deliveries=given.canaries,
)
released = [*made.portal, *made.comparison, *made.reports, *given.cohorts]
folder = Path(made.manifest).parent
provenances = {cohort: folder / cohort / "provenance.json" for cohort in snakemake.params.cohorts}
report = {"modules": snakemake.params.modules, "texts": snakemake.params.texts}
write_manifest(folder, released, provenances, lock=snakemake.params.lock, report=report)
