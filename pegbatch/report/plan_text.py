"""A plan as people read it: its array jobs, level by level."""

from __future__ import annotations

from collections.abc import Sequence

from pegbatch.model.plan import Job, LinkType, Plan
from pegbatch.report.counts import count_text

ROWS_MAX = 40
"""More jobs than this are counted, not listed."""
NAMES_MAX = 10
"""Likewise of sub-workflows."""

_HEAD = ("LEVEL", "ARRAY", "CHILDREN", "TASKS", "VCPUS", "MEMORY", "WAITS FOR")
_RIGHT = (0, 2, 3, 4, 5)


def plan_text(plan: Plan) -> str:
    """Return the header line and a table of the jobs, in plan order."""
    rows = [_HEAD, *(_row(job) for job in plan.jobs[:ROWS_MAX])]
    head = [line for line in (summary_line(plan), reused_line(plan)) if line]
    lines = [*head, "", *_table(rows)]
    if len(plan.jobs) > ROWS_MAX:
        lines.append(f"  … and {len(plan.jobs) - ROWS_MAX} more jobs: see plan.json")
    said = sub_workflows_line(plan)
    if said:
        lines += ["", f"  {said}"]
    if plan.containers:
        images = (f"{one.name} ({one.image})" for one in plan.containers)
        lines += ["", f"  containers: {', '.join(images)}"]
    return "\n".join(lines) + "\n"


def summary_line(plan: Plan) -> str:
    """Return what the plan comes to, in one sentence."""
    tasks, files = count_text(plan.tasks, "task"), count_text(plan.files, "file")
    levels, calls = count_text(plan.levels, "level"), count_text(len(plan.jobs), "SubmitJob call")
    return f"{plan.workflow}: {tasks} and {files} in {levels} become {calls}"


def reused_line(plan: Plan) -> str:
    """Return what data reuse spares, or nothing where it spares nothing."""
    if not plan.reused:
        return ""
    tasks, exist = count_text(plan.reused, "more task"), "is" if plan.reused == 1 else "are"
    rest = "" if plan.tasks else "; nothing is left to run"
    return f"{tasks} {exist} not run, since the outputs exist already{rest} (--force runs all)"


def sub_workflows_line(plan: Plan) -> str:
    """Return which sub-workflows are planned in and which in the run; nothing without any."""
    kinds = (
        ("planned in", plan.planned_in),
        ("planned in the run", tuple(one.id for one in plan.sub_workflows)),
    )
    told = "; ".join(f"{kind}: {_some(ids)}" for kind, ids in kinds if ids)
    return f"sub-workflows {told}" if told else ""


def _some(names: Sequence[str]) -> str:
    more = f", … {len(names) - NAMES_MAX:,} more" if len(names) > NAMES_MAX else ""
    return ", ".join(names[:NAMES_MAX]) + more


def _row(job: Job) -> tuple[str, ...]:
    return (
        "-" if job.level is None else str(job.level),
        job.name,
        f"{job.size:,}" if job.size > 1 else "plain job",
        f"{job.tasks:,}" if job.tasks else "-",
        str(job.resources.vcpus),
        f"{job.resources.memory_mib:,} MiB",
        _links(job),
    )


def _links(job: Job) -> str:
    """Return the parents; `name[i]` stands for an N_TO_N link."""
    names = [
        f"{link.array}[i]" if link.type is LinkType.N_TO_N else link.array
        for link in job.depends_on
    ]
    more = f", … {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(names[:4]) + more if names else "-"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  "
        + "  ".join(
            cell.rjust(width) if column in _RIGHT else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
