"""The statistics of a run: the tables of pegasus-statistics, folded from its history."""

from __future__ import annotations

from collections.abc import Collection

from pegbatch.engine.statistics.breakdown import breakdown
from pegbatch.engine.statistics.invocations import invocations
from pegbatch.engine.statistics.job_rows import job_rows
from pegbatch.engine.statistics.overall import array_rows, summarize
from pegbatch.engine.statistics.resource_use import resource_rows
from pegbatch.engine.statistics.time_rows import DAY_SECONDS, time_rows
from pegbatch.model.history import History
from pegbatch.model.statistics import ActualCost, Integrity, Level, Statistics


def statistics(
    history: History,
    levels: Collection[Level],
    *,
    cost: ActualCost | None = None,
    span_seconds: int = DAY_SECONDS,
) -> Statistics:
    """Fold what was asked for; each table is linear in the history.

    Units: span_seconds is the length of a row of the time table, an hour or a day.
    """
    wants_breakdown = "tf_stats" in levels
    time, hosts = (
        time_rows(history, span_seconds=span_seconds) if "ti_stats" in levels else (None, None)
    )
    return Statistics(
        workflow=history.status.workflow,
        run=history.status.run,
        state=history.status.state,
        service=history.status.service,
        tries=history.status.number,
        started=history.started,
        ended=history.ended,
        summary=summarize(history) if "summary" in levels else None,
        cost=cost if "summary" in levels else None,
        arrays=array_rows(history) if "wf_stats" in levels else None,
        jobs=(lambda: job_rows(history)) if "jb_stats" in levels else None,
        transformations=breakdown(history) if wants_breakdown else None,
        resources=resource_rows(history) if wants_breakdown else None,
        time=time,
        hosts=hosts,
        integrity=integrity(history) if "int_stats" in levels else None,
    )


def integrity(history: History) -> Integrity:
    """Count checksums: one is made of each output, and compared wherever the file is read."""
    files = bytes_out = mismatches = 0
    for execution, _ in invocations(history):
        files += execution.files_out
        bytes_out += execution.bytes_out
        # The worker's own words: a program that ran has an exit code.
        mismatches += execution.exit_code is None and "checksum" in execution.reason
    return Integrity(files=files, bytes_out=bytes_out, mismatches=mismatches)
