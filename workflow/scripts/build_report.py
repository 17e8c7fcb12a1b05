"""Write one cohort's report in every language and form."""

from pathlib import Path

from analysis.logs import log_to
from analysis.report.material import read_material
from analysis.report.model import build_report
from analysis.report.rendered import write_report

log_to(snakemake.log[0])
given, folder = snakemake.input, Path(snakemake.output[0]).parent
material = read_material(Path(given.cohort).parent)
for strings in map(Path, given.strings):
    report = build_report(material, strings.stem, strings, abstract=given.abstract)
    write_report(report, folder, material.tables, fonts=given.fonts, shared=strings.parent.parent)
