"""Snakemake's events as Norwegian lines on standard output, and a summary that `analysis.run` words the end from.

Snakemake finds the plugin by its name when ``workflow/plugins`` is on the path (``--logger ord``). Everything else
that Snakemake says goes to its own file under ``.snakemake/log`` alone.
"""

import json
import sys
import time
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
# The clock of the machine that wrote a log, or of its disk, may be this much behind.
CLOCK_SECONDS = 2.0
STOPPED_EARLY = "Jobben i klyngen ble stoppet uten at et steg sier hvorfor"


class LogHandler(LogHandlerBase):
    """Prints one line as each job starts, and gathers what the summary holds."""

    def __post_init__(self) -> None:
        self.began = time.time()
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
            LogEvent.GROUP_ERROR: self._fail_group,
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
        # On a cluster a job that failed is tried again.
        self.failures.pop(record.job_id, None)

    def _fail(self, record: LogRecord) -> None:
        # Every job of a group is said to have failed; `_fail_group` has looked at which did.
        if not record.indent:
            self._note_failure(record.jobid, record.rule_name, record.log)

    def _note_failure(self, jobid: int, rule: str, logs: list[str]) -> None:
        # The event of a failure lacks the wildcards and the rule's message; the event of the start has them.
        job = self.jobs.get(jobid, {"rule": rule, "words": rule, "cohort": None})
        self.failures[jobid] = {**job, "log": list(logs)}

    def _fail_group(self, record: LogRecord) -> None:
        """A group of jobs fails as one. At fault are those that began and did not finish, and without any all of it.

        This comes before Snakemake removes what the group made.
        """
        jobs = record.job_error_info
        for job in jobs:
            self.failures.pop(job["jobid"], None)
        begun = [job for job in jobs if self._has_begun(job) and not all(Path(path).exists() for path in job["output"])]
        for job in begun:
            self._note_failure(job["jobid"], job["rule_name"], [*job["log"], *record.aux_logs])
        if not begun:
            last = max(jobs, key=lambda job: job["jobid"])
            self._note_failure(last["jobid"], last["rule_name"], record.aux_logs)
            self.failures[last["jobid"]] |= {"rule": record.groupid, "words": STOPPED_EARLY}

    def _has_begun(self, job: dict[str, Any]) -> bool:
        earliest = self.began - CLOCK_SECONDS
        return any(Path(log).is_file() and Path(log).stat().st_mtime >= earliest for log in job["log"])

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
