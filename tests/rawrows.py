"""The rows of one file of a delivery as a reader gives them, for tests of readers."""

from analysis.csv_rows import ROW
from analysis.delivery import Reading


def read_raw(file, folder):
    """Problems as text, and rows with their number first and None for what the card calls missing.

    The rows are None where they do not stand.
    """
    reading = Reading(file, folder)
    rows = []
    for batch in reading.batches():
        columns = [batch.column(name).to_pylist() for name in (ROW, *reading.names)]
        rows += [tuple(None if value in file.missing else value for value in row) for row in zip(*columns, strict=True)]
    problems = [str(found.problem()).strip() for found in reading.findings]
    return problems, rows if reading.stands and reading.names else None
