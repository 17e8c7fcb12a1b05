"""Reading deliveries: one small module per family of formats, all with the same result.

Every value comes as the text that a CSV file with the same card would hold: the card's decimal sign, the card's way
of writing dates, whole numbers without decimals, 1 and 0 for true and false. What the file itself calls missing is
null. Nothing is sniffed, and no message holds anything from the file.
"""

from pathlib import Path

from analysis.cards import File
from analysis.readers.contract import Source
from analysis.readers.delimited import open_csv
from analysis.readers.parquet import open_parquet
from analysis.readers.postgresql import open_query
from analysis.readers.readstat import open_readstat
from analysis.readers.stata import open_stata
from analysis.readers.xlsx import open_xlsx

OPENERS = {
    "csv": open_csv,
    "stata": open_stata,
    "spss": open_readstat,
    "sas": open_readstat,
    "sas_xport": open_readstat,
    "xlsx": open_xlsx,
    "parquet": open_parquet,
}


def open_file(file: File, path: Path | None, label: str) -> Source:
    """The rows of one file of a delivery, or of its query where `path` is None.

    Raises Unreadable with what is wrong; so may the batches.
    """
    if path is None:
        return open_query(file, label)
    return OPENERS[file.format](file, path, label)
