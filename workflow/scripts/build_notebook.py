"""Run a notebook and write its page."""

from analysis.files import write_text
from analysis.logs import log_to
from analysis.notebook import notebook_page
from analysis.web_templates import read_web_fonts

log_to(snakemake.log[0])
page = notebook_page(snakemake.input.notebook, read_web_fonts(snakemake.input.fonts))
write_text(snakemake.output[0], page)
