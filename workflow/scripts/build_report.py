"""Write one cohort's report in one language: model, web page and PDF."""

from pathlib import Path

from analysis.files import write_bytes, write_json, write_text
from analysis.logs import log_to
from analysis.report import html, pdf
from analysis.report.fonts import read_web_fonts
from analysis.report.material import read_material
from analysis.report.model import build_report

log_to(snakemake.log[0])
shared = Path(snakemake.input.strings).parent.parent
material = read_material(Path(snakemake.input.cohort).parent)
report = build_report(material, snakemake.wildcards.lang, snakemake.input.strings)
css = (shared / "report.css").read_text(encoding="utf-8")
page = html.render(report, css=css, fonts=read_web_fonts(snakemake.input.fonts), template_folder=shared)
write_json(snakemake.output.json, report)
write_text(snakemake.output.html, page)
write_bytes(snakemake.output.pdf, pdf.render(report, template=shared / "report.typ", font_folder=shared / "fonts"))
