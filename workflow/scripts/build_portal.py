"""Write the start page of everything released."""

from pathlib import Path

from analysis.files import read_csv, write_text
from analysis.logs import log_to
from analysis.report import portal
from analysis.report.fonts import read_web_fonts
from analysis.report.portal_model import build_portal

log_to(snakemake.log[0])
shared = Path(snakemake.input.strings).parent.parent
comparison, pairs = read_csv(snakemake.input.comparison), read_csv(snakemake.input.pairs)
synthesis = read_csv(snakemake.input.synthesis)
model = build_portal(comparison, pairs, snakemake.input.reports, snakemake.input.strings, synthesis=synthesis)
css = "".join((shared / name).read_text(encoding="utf-8") for name in ("report.css", "portal.css"))
js = (shared / "portal.js").read_text(encoding="utf-8")
page = portal.render(model, css=css, js=js, fonts=read_web_fonts(snakemake.input.fonts), template_folder=shared)
write_text(snakemake.output.portal, page)
