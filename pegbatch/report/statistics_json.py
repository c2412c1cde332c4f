"""The object of `statistics --json`."""

from __future__ import annotations

from typing import Any

from pegbatch.model.estimate import Cost, estimate_to_json
from pegbatch.model.plain import plain, plain_line
from pegbatch.model.statistics import (
    ActualCost,
    ArrayRow,
    Counts,
    JobRow,
    ResourceRow,
    Spread,
    Statistics,
    Summary,
    TimeRow,
    TransformationRow,
)
from pegbatch.report.advice import advice
from pegbatch.report.statistics_tables import utc


def statistics_to_json(statistics: Statistics) -> dict[str, Any]:
    """Return all that was asked for; a table that was not is left out."""
    parts = {
        "summary": statistics.summary and _summary(statistics.summary),
        "cost": statistics.cost and _cost(statistics.cost, statistics.service),
        "arrays": _each(statistics.arrays, _array),
        "jobs": None if statistics.jobs is None else [_job(job) for job in statistics.jobs()],
        "transformations": _each(statistics.transformations, _transformation),
        "resources": _each(statistics.resources, _resource),
        "time": _each(statistics.time, _time),
        "hosts": _each(statistics.hosts, _time),
        "integrity": statistics.integrity
        and {
            "checksums": statistics.integrity.files,
            "bytes": statistics.integrity.bytes_out,
            "mismatches": statistics.integrity.mismatches,
        },
    }
    return {
        "workflow": statistics.workflow,
        "run": statistics.run,
        "state": statistics.state,
        "service": statistics.service,
        "tries": statistics.tries,
        "started": utc(statistics.started),
        "ended": utc(statistics.ended),
        **{name: part for name, part in parts.items() if part is not None},
    }


def _each(rows: Any, told: Any) -> list[dict[str, Any]] | None:
    return None if rows is None else [told(row) for row in rows]


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "tasks": {**_counts(summary.tasks), "skipped": summary.skipped},
        "jobs": _counts(summary.jobs),
        "sub_workflows": _counts(summary.sub_workflows),
        "wall_seconds": _number(summary.wall_seconds),
        "wall_seconds_without_time_between_tries": _number(summary.busy_seconds),
        "task_seconds": _number(summary.task_seconds),
        "job_seconds": _number(summary.job_seconds),
        "planner_seconds": _number(summary.planner_seconds),
        "task_badput_seconds": _number(summary.task_badput_seconds),
        "job_badput_seconds": _number(summary.job_badput_seconds),
    }


def _counts(counts: Counts) -> dict[str, int]:
    return {
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "incomplete": counts.incomplete,
        "total": counts.total,
        "retries": counts.retries,
        "total_and_retries": counts.all_runs,
    }


def _cost(cost: ActualCost, service: str) -> dict[str, Any]:
    return {
        "is_charged": service == "aws",
        **_price(cost.cost),
        "vcpu_hours": _number(cost.vcpu_hours),
        "gib_hours": _number(cost.gib_hours),
        "containers": cost.attempts,
        "estimate": None if cost.estimate is None else estimate_to_json(cost.estimate),
    }


def _price(cost: Cost) -> dict[str, Any]:
    return {
        "amount": _number(cost.amount),
        "currency": cost.currency,
        "machine": cost.machine,
        "region": cost.region,
        "date": cost.date,
        "discount_percent": cost.discount_percent,
    }


def _array(row: ArrayRow) -> dict[str, Any]:
    return {
        "array": row.array,
        "level": row.level,
        "tasks": _counts(row.tasks),
        "jobs": _counts(row.jobs),
        "task_seconds": _number(row.task_seconds),
        "job_seconds": _number(row.job_seconds),
    }


def _job(row: JobRow) -> dict[str, Any]:
    return {
        "array": row.array,
        "child": row.child,
        "try": row.try_,
        "attempt": row.attempt,
        "state": row.state,
        "host": plain_line(row.host),
        "start": utc(row.start),
        "wait_seconds": _number(row.wait_seconds),
        "runtime_seconds": _number(row.runtime_seconds),
        "task_seconds": _number(row.task_seconds),
        "cpu_seconds": _number(row.cpu_seconds),
        "tasks": row.tasks,
        "failed_tasks": row.failed_tasks,
        "exit_code": row.exit_code,
        "reason": plain(row.reason),
    }


def _transformation(row: TransformationRow) -> dict[str, Any]:
    return {
        "transformation": row.transformation,
        "type": row.ending,
        "count": row.count,
        "runtime_seconds": _spread(row.runtime_seconds),
        "cpu_seconds": _spread(row.cpu_seconds),
        "memory_mib": _spread(row.memory_mib),
        "bytes_in": _spread(row.bytes_in),
        "bytes_out": _spread(row.bytes_out),
        "wait_seconds": _spread(row.wait_seconds),
    }


def _resource(row: ResourceRow) -> dict[str, Any]:
    return {
        "transformation": row.transformation,
        "memory_mib": {
            "asked": row.memory_asked_mib,
            "used": _number(row.memory_used_mib),
            "advised": row.memory_advised_mib,
        },
        "cores": {
            "asked": row.cores_asked,
            "used": _number(row.cores_used),
            "advised": row.cores_advised,
        },
        "out_of_memory": row.out_of_memory,
        "killed": row.may_be_out_of_memory,
        "advice": advice(row),
    }


def _time(row: TimeRow) -> dict[str, Any]:
    return {
        "start": utc(row.start),
        **({"host": plain_line(row.host)} if row.host else {}),
        "jobs": row.jobs,
        "job_seconds": _number(row.job_seconds),
        "invocations": row.tasks,
        "invocation_seconds": _number(row.task_seconds),
    }


def _spread(spread: Spread | None) -> dict[str, Any] | None:
    if spread is None:
        return None
    return {
        "count": spread.count,
        "min": _number(spread.least),
        "mean": _number(spread.mean),
        "max": _number(spread.most),
        "total": _number(spread.total),
    }


def _number(number: float | None) -> float | None:
    return None if number is None else round(number, 6)
