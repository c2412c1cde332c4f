"""An estimate as people read it."""

from __future__ import annotations

import math

from pegbatch.model.estimate import Estimate
from pegbatch.report.cost_text import hours, money
from pegbatch.report.counts import count_text


def estimate_text(estimate: Estimate) -> str:
    """Return a few lines: what was assumed, how long it takes, what it costs."""
    rows = [
        ("makespan", duration(estimate.makespan_seconds), _against_bound(estimate)),
        ("critical path", duration(estimate.critical_path_seconds), "of the tasks"),
        _work_row(estimate),
        ("billed", _vcpu_hours(estimate.billed_seconds), _overhead(estimate)),
        ("containers", f"{estimate.containers:,}", _containers(estimate)),
        ("cost", _money(estimate), _price(estimate)),
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    lines = [
        f"  {name.ljust(widths[0])}  {value.rjust(widths[1])}  {note}".rstrip()
        for name, value, note in rows
    ]
    return "\n".join([_head(estimate), "", *lines]) + "\n"


def _head(estimate: Estimate) -> str:
    conditions = estimate.conditions
    known = not math.isinf(conditions.vcpus)
    vcpus = count_text(int(conditions.vcpus), "vCPU") if known else "unlimited vCPUs"
    parts = [vcpus, f"{conditions.start_seconds:g} s to start a container"]
    if conditions.losses_per_hour:
        parts.append(f"each machine lost {conditions.losses_per_hour:g} times an hour")
    return (
        f"{estimate.workflow}: {count_text(estimate.tasks, 'task')} in "
        f"{count_text(estimate.arrays, 'job')} of AWS Batch\n{', '.join(parts)}"
    )


def _against_bound(estimate: Estimate) -> str:
    if not estimate.bound_seconds:
        return ""
    return f"{estimate.makespan_seconds / estimate.bound_seconds:.2f} times the larger bound"


def _work_row(estimate: Estimate) -> tuple[str, str, str]:
    work = _vcpu_hours(estimate.work_seconds)
    if math.isinf(estimate.conditions.vcpus):
        return "work", work, "of the tasks"
    return "work / vCPUs", duration(estimate.work_per_vcpu_seconds), f"{work} of the tasks"


def _overhead(estimate: Estimate) -> str:
    if not estimate.work_seconds:
        return ""
    return f"{estimate.billed_seconds / estimate.work_seconds:.2f} times the tasks' own"


def _containers(estimate: Estimate) -> str:
    lost = f"{count_text(estimate.losses, 'loss')} of machines; " if estimate.losses else ""
    helpers = (
        f"; and {count_text(estimate.helpers, 'small job')} beside" if estimate.helpers else ""
    )
    return f"{lost}one a task would be {estimate.tasks:,}{helpers}"


def _price(estimate: Estimate) -> str:
    cost = estimate.cost
    less = f", {cost.discount_percent:g} % off" if cost.discount_percent else ""
    return f"compute alone: {cost.machine}, {cost.region}, prices of {cost.date}{less}"


def _money(estimate: Estimate) -> str:
    return money(estimate.cost.amount, estimate.cost.currency)


def _vcpu_hours(seconds: float) -> str:
    return f"{hours(seconds / 3600)} vCPU h"


def duration(seconds: float) -> str:
    """Return a time in the two largest units that say enough: `3 h 12 min`, `4.2 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    days, rest = divmod(whole, 86_400)
    whole_hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    if days:
        return f"{days} d {whole_hours} h"
    return f"{whole_hours} h {minutes} min" if whole_hours else f"{minutes} min {rest} s"
