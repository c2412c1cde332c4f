"""The statistics of a run as tables of plain values, for whoever writes them out.

Names of tables and columns are those of the files of pegasus-statistics, where it has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from pegbatch.model.statistics import (
    Counts,
    JobRow,
    Level,
    Spread,
    Statistics,
    Summary,
    TransformationRow,
)

Cell: TypeAlias = str | int | float | None
"""None: not known."""
Row: TypeAlias = tuple[Cell, ...]

COUNT_COLUMNS = ("Type", "Succeeded", "Failed", "Incomplete", "Total", "Retries", "Total+Retries")
MEASURES = ("runtime", "cpu", "mem", "bytes in", "bytes out", "wait")
"""Of an invocation: seconds, seconds, MiB, bytes, bytes, seconds."""
FIGURES = ("Min", "Mean", "Max", "Total")


@dataclass(frozen=True, slots=True)
class Table:
    """One table."""

    name: str
    """Of its file, without suffix."""
    columns: tuple[str, ...]
    rows: Callable[[], Iterator[Row]]
    """Made anew at each call: a table may be long."""


def tables_of(statistics: Statistics, level: Level) -> list[Table]:
    """Return the tables of one level; none where it was not asked for."""
    return _MAKERS[level](statistics)


def counts_row(name: str, counts: Counts) -> Row:
    """Return what became of things of one type."""
    return (
        *(name, counts.succeeded, counts.failed, counts.incomplete),
        *(counts.total, counts.retries, counts.all_runs),
    )


def wall_times(summary: Summary) -> list[tuple[str, float]]:
    """Return Pegasus's lines of times, in seconds."""
    return [
        ("Workflow wall time", summary.wall_seconds),
        ("Workflow wall time without the time between tries", summary.busy_seconds),
        ("Workflow cumulative job wall time", summary.task_seconds),
        ("Cumulative job wall time as seen from submit side", summary.job_seconds),
        ("Workflow cumulative job badput wall time", summary.task_badput_seconds),
        (
            "Cumulative job badput wall time as seen from submit side",
            summary.job_badput_seconds,
        ),
    ]


def spreads(row: TransformationRow) -> tuple[Spread | None, ...]:
    """Return the measures of a row in the order of MEASURES."""
    return (
        *(row.runtime_seconds, row.cpu_seconds, row.memory_mib),
        *(row.bytes_in, row.bytes_out, row.wait_seconds),
    )


def utc(seconds: float | None) -> str | None:
    """Return a time as ISO 8601 says it, to the second; None where it is none."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):  # a record may hold any number
        return None


def _summary(statistics: Statistics) -> list[Table]:
    summary = statistics.summary
    if summary is None:
        return []
    rows = [
        counts_row("Tasks", summary.tasks),
        counts_row("Jobs", summary.jobs),
        counts_row("Sub-Workflows", summary.sub_workflows),
    ]
    times = wall_times(summary)
    tables = [
        Table("summary", COUNT_COLUMNS, lambda: iter(rows)),
        Table("summary-time", ("stat_type", "time_seconds"), lambda: iter(times)),
    ]
    return [*tables, *_cost(statistics)]


def _cost(statistics: Statistics) -> list[Table]:
    cost = statistics.cost
    if cost is None:
        return []
    columns = ("Type", "vCPU-hours", "GiB-hours", "Containers", "Amount", "Currency", "Machine")
    actual = (cost.vcpu_hours, cost.gib_hours, cost.attempts, round(cost.cost.amount, 6))
    rows: list[Row] = [("actual", *actual, cost.cost.currency, cost.cost.machine)]
    known = cost.estimate
    if known is not None:
        expected = (known.billed_seconds / 3600, None, known.containers + known.helpers)
        price = (round(known.cost.amount, 6), known.cost.currency, known.cost.machine)
        rows.append(("estimate", *expected, *price))
    return [Table("cost", columns, lambda: iter(rows))]


def _workflow(statistics: Statistics) -> list[Table]:
    arrays = statistics.arrays
    if arrays is None:
        return []
    columns = ("Array", "Level", *COUNT_COLUMNS, "Runtime (sec)")

    def rows() -> Iterator[Row]:
        for array in arrays:
            tasks, jobs = counts_row("Tasks", array.tasks), counts_row("Jobs", array.jobs)
            yield (array.array, array.level, *tasks, array.task_seconds)
            yield (array.array, array.level, *jobs, array.job_seconds)

    return [Table("workflow", columns, rows)]


_JOB_COLUMNS = (
    *("Array", "Child", "Try", "Attempt", "State", "Host", "Start", "Wait", "Runtime"),
    *("Task-Time", "CPU-Time", "Tasks", "Failed-Tasks", "Exitcode", "Reason"),
)


def _jobs(statistics: Statistics) -> list[Table]:
    jobs = statistics.jobs
    if jobs is None:
        return []
    return [Table("jobs", _JOB_COLUMNS, lambda: map(_job_row, jobs()))]


def _job_row(job: JobRow) -> Row:
    return (
        *(job.array, job.child, job.try_, job.attempt, job.state, job.host, utc(job.start)),
        *(job.wait_seconds, job.runtime_seconds, job.task_seconds, job.cpu_seconds),
        *(job.tasks, job.failed_tasks, job.exit_code, job.reason),
    )


def _breakdown(statistics: Statistics) -> list[Table]:
    transformations, resources = statistics.transformations, statistics.resources
    if transformations is None or resources is None:
        return []
    figures = tuple(f"{figure} ({measure})" for measure in MEASURES for figure in FIGURES)

    def rows() -> Iterator[Row]:
        for row in transformations:
            numbers = (figure for spread in spreads(row) for figure in figures_of(spread))
            yield (row.transformation, row.ending, row.count, *numbers)

    columns = (
        *("Transformation", "Memory asked (MiB)", "Memory used (MiB)", "Memory advised (MiB)"),
        *("Cores asked", "Cores used", "Cores advised", "Out of memory", "Killed"),
    )
    return [
        Table("breakdown", ("Transformation", "Type", "Count", *figures), rows),
        Table("resources", columns, lambda: map(astuple, resources)),
    ]


def figures_of(spread: Spread | None) -> tuple[float | None, ...]:
    """Return the numbers of FIGURES."""
    if spread is None:
        return (None,) * len(FIGURES)
    return (spread.least, spread.mean, spread.most, spread.total)


_TIME_COLUMNS = ("Date", "Jobs", "Job runtime (sec)", "Invocations", "Invocation runtime (sec)")


def _time(statistics: Statistics) -> list[Table]:
    times, hosts = statistics.time, statistics.hosts
    if times is None or hosts is None:
        return []

    def rows() -> Iterator[Row]:
        for row in times:
            yield (utc(row.start), row.jobs, row.job_seconds, row.tasks, row.task_seconds)

    def host_rows() -> Iterator[Row]:
        for row in hosts:
            numbers = (row.jobs, row.job_seconds, row.tasks, row.task_seconds)
            yield (utc(row.start), row.host or "unknown", *numbers)

    return [
        Table("time", _TIME_COLUMNS, rows),
        Table("time-per-host", ("Date", "Host", *_TIME_COLUMNS[1:]), host_rows),
    ]


def _integrity(statistics: Statistics) -> list[Table]:
    known = statistics.integrity
    if known is None:
        return []
    rows: list[Row] = [
        ("checksums made", known.files, known.bytes_out),
        ("mismatches", known.mismatches, None),
    ]
    return [Table("integrity", ("Type", "Count", "Bytes"), lambda: iter(rows))]


_MAKERS: dict[Level, Callable[[Statistics], list[Table]]] = {
    "summary": _summary,
    "wf_stats": _workflow,
    "jb_stats": _jobs,
    "tf_stats": _breakdown,
    "ti_stats": _time,
    "int_stats": _integrity,
}
