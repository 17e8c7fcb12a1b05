"""Snakemake's events as Norwegian lines on standard output, and a summary that `analysis.run` words the end from.

Snakemake finds the plugin by its name when ``workflow/plugins`` is on the path (``--logger ord``). Everything else
that Snakemake says goes to its own file under ``.snakemake/log`` alone.
"""

import json
import sys
from logging import LogRecord
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

SUMMARY = Path(".snakemake") / "tiltakseffekt.json"
TARGET_RULE = "all"
# Snakemake says this without an event of its own.
NOTHING_TO_DO = "Nothing to be done"
COHORT_WILDCARDS = ("cohort", "report")


class LogHandler(LogHandlerBase):
    """Prints one line as each job starts, and gathers what the summary holds."""

    def __post_init__(self) -> None:
        self.jobs: dict[int, dict[str, Any]] = {}
        self.failures: dict[int, dict[str, Any]] = {}
        self.finished: set[int] = set()
        self.errors: list[str] = []
        self.total = 0
        self.up_to_date = False
        # Only an absolute path holds: Snakemake may change folder while it runs.
        self.summary = SUMMARY.absolute()

    def emit(self, record: LogRecord) -> None:
        """Handle one event; an error here must not stop the run, so logging reports it."""
        handlers = {
            LogEvent.RUN_INFO: self._plan,
            LogEvent.JOB_INFO: self._start,
            LogEvent.JOB_FINISHED: self._finish,
            LogEvent.JOB_ERROR: self._fail,
            LogEvent.ERROR: self._note,
            None: self._listen,
        }
        handler = handlers.get(getattr(record, "event", None))
        if handler is not None:
            try:
                handler(record)
            except Exception:
                self.handleError(record)

    def close(self) -> None:
        """Leave the summary when Snakemake ends, however it ends."""
        self.summary.parent.mkdir(exist_ok=True)
        content = {
            "total": self.total,
            "finished": len(self.finished),
            "up_to_date": self.up_to_date,
            "dry_run": bool(self.common_settings.dryrun),
            "failures": list(self.failures.values()),
            "errors": self.errors,
        }
        self.summary.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        super().close()

    def _plan(self, record: LogRecord) -> None:
        self.total = record.stats["total"] - record.stats.get(TARGET_RULE, 0)

    def _start(self, record: LogRecord) -> None:
        """`[ 3/24] hpmt: Skriver rapporten (nb)`; a job that starts again keeps its number and gets no new line."""
        if record.rule_name == TARGET_RULE or record.jobid in self.jobs:
            return
        job = _job(record)
        self.jobs[record.jobid] = job
        width = len(str(self.total))
        sys.stdout.write(f"[{len(self.jobs):>{width}}/{self.total}] {_words(job)}\n")
        sys.stdout.flush()

    def _finish(self, record: LogRecord) -> None:
        if record.job_id in self.jobs:
            self.finished.add(record.job_id)

    def _fail(self, record: LogRecord) -> None:
        # The event of a failure lacks the wildcards and the rule's message; the event of the start has them.
        job = self.jobs.get(record.jobid, {"rule": record.rule_name, "words": record.rule_name, "cohort": None})
        self.failures[record.jobid] = {**job, "log": list(record.log)}

    def _listen(self, record: LogRecord) -> None:
        self.up_to_date = self.up_to_date or record.getMessage().startswith(NOTHING_TO_DO)

    def _note(self, record: LogRecord) -> None:
        self.errors.append(record.getMessage())

    @property
    def writes_to_stream(self) -> bool:
        """Yes: it stands in for Snakemake's own lines on the screen."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """No: the summary is no log, and Snakemake keeps its own."""
        return False

    @property
    def has_filter(self) -> bool:
        """Yes: every event is wanted, whatever ``--quiet`` says."""
        return True

    @property
    def has_formatter(self) -> bool:
        """Yes: the lines are made here."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """No."""
        return False


def _job(record: LogRecord) -> dict[str, Any]:
    """Rule, cohort and words of a job: its message, with wildcards other than the cohort in parentheses."""
    wildcards = dict(record.wildcards or {})
    cohort = next((wildcards.pop(name) for name in COHORT_WILDCARDS if name in wildcards), None)
    rest = f" ({', '.join(map(str, wildcards.values()))})" if wildcards else ""
    return {"rule": record.rule_name, "cohort": cohort, "words": (record.rule_msg or record.rule_name) + rest}


def _words(job: dict[str, Any]) -> str:
    return f"{job['cohort']}: {job['words']}" if job["cohort"] else job["words"]
