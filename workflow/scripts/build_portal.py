"""Write the start page of everything released, in every language."""

from pathlib import Path

from analysis.files import read_csv, write_text
from analysis.logs import log_to
from analysis.report import portal
from analysis.report.portal_model import build_portal
from analysis.tables import COST_TEXTS
from analysis.web_templates import read_web_fonts

log_to(snakemake.log[0])
given, languages = snakemake.input, snakemake.params.languages
shared = Path(given.strings[0]).parent.parent
comparison, pairs, synthesis = (read_csv(given[name]) for name in ("comparison", "pairs", "synthesis"))
css = "".join((shared / name).read_text(encoding="utf-8") for name in ("report.css", "portal.css"))
js = (shared / "portal.js").read_text(encoding="utf-8")
fonts = read_web_fonts(given.fonts)
costs = {Path(path).parent.name: read_csv(path, text=COST_TEXTS) for path in given.costs}
for code, strings, page in zip(languages, given.strings, snakemake.output.portal, strict=True):
    tables = {"synthesis": synthesis, "costs": costs}
    model = build_portal(comparison, pairs, given.reports, strings, code=code, languages=languages, **tables)
    write_text(page, portal.render(model, css=css, js=js, fonts=fonts, template_folder=shared))
