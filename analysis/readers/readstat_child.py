"""Run by `readstat` as a process: reads a file by ReadStat and writes it to standard output as Arrow streams.

One stream per part of the file, with the file's display formats and value labels as JSON in the schema. Any error
ends the process with a code that is not 0. Imports nothing of the project, so that it starts quickly.
"""

import json
import sys

import pyarrow as pa
import pyreadstat

BATCH_ROWS = 250_000
# Formats of dates that pyreadstat 1.3 does not know: without them a date comes as the number of days or seconds.
SAS_DATES = ["NORDFDD", "NORDFDE", "NORDFMY", "EURDFDD", "EURDFDE", "EURDFMY", "NLDATE", "MONYY", "MMYY"]
SAS_DATES += [f"YYMM{separator}" for separator in ("", "C", "D", "N", "P", "S")]
SAS_TIMES = ["NORDFDT", "EURDFDT", "NLDATM"]
SPSS_DATES = ["MOYR", "QYR", "WKYR"]


def main(kind: str, path: str, encoding: str) -> None:
    """Write all parts, at least one."""
    read = {"spss": pyreadstat.read_sav, "sas": pyreadstat.read_sas7bdat, "sas_xport": pyreadstat.read_xport}[kind]
    options = {"output_format": "dict", "row_limit": BATCH_ROWS} | ({"encoding": encoding} if encoding else {})
    options["extra_date_formats"] = SPSS_DATES if kind == "spss" else SAS_DATES
    options["extra_datetime_formats"] = [] if kind == "spss" else SAS_TIMES
    first, stated = 0, None
    while True:
        columns, about = read(path, row_offset=first, **options)
        stated = about.number_rows if stated is None else stated
        table = pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})
        _write(table.replace_schema_metadata({"about": _about(about)}))
        first += len(table)
        if len(table) < BATCH_ROWS:
            break
    # A file that was cut off has fewer rows than it says; a transport file says nothing.
    if kind != "sas_xport" and stated is not None and first < stated:
        sys.exit(2)


def _about(about: object) -> str:
    labels = {name: list(found.items()) for name, found in about.variable_value_labels.items()}
    return json.dumps({"formats": about.original_variable_types, "labels": labels})


def _write(table: pa.Table) -> None:
    with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
        stream.write_table(table)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
