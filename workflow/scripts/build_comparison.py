"""Write the comparison report in every language and form."""

from pathlib import Path

from analysis.files import read_csv
from analysis.logs import log_to
from analysis.questions import read_questions
from analysis.report.comparison_report import build_comparison
from analysis.report.rendered import write_report

log_to(snakemake.log[0])
given, folder = snakemake.input, Path(snakemake.output[0]).parent
tables = {name: read_csv(given[name]) for name in ("comparison", "horizons", "pairs", "synthesis")}
review, questions = Path(given.comparison).parent.parent, read_questions(given.questions)
told = {
    strings.stem: [path for path in given.reports if path.endswith(f".{strings.stem}.json")]
    for strings in map(Path, given.strings)
}
english = (told["en"], given.abstract) if "en" in told else None
for strings in map(Path, given.strings):
    code = strings.stem
    report = build_comparison(review, told[code], tables, questions, code, strings, abstract=english)
    write_report(report, folder, tables, fonts=given.fonts, shared=strings.parent.parent)
