"""Cut the fonts of the web pages down to the signs that the reports use."""

from pathlib import Path

from analysis.files import write_bytes
from analysis.logs import log_to
from analysis.report.fonts import web_fonts

log_to(snakemake.log[0])
for weight, font in web_fonts(Path(snakemake.input.fonts[0]).parent).items():
    write_bytes(Path(snakemake.output[0]).parent / f"{weight}.woff2", font)
