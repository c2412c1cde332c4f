"""What `pegasus-status` prints: jobs that are not over, and tasks in DAGMan's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pegbatch.model.dag import DagCounts, dag_file
from pegbatch.model.plain import plain_line

IDLE, RUNNING = 1, 2
"""HTCondor's `JobStatus`."""
_STATES = {IDLE: "Idle", RUNNING: "Run"}
_WORDS = ("UNREADY", "READY", "PRE", "QUEUED", "POST", "SUCCESS", "FAILURE", "%DONE")
_LONG_WORDS = ("UNREADY", "READY", "PRE", "IN_Q", "POST", "DONE", "FAIL", "%DONE")
_LEGEND = (
    "UNREADY: tasks that wait for others  READY: tasks that wait for a machine  PRE: none here",
    "QUEUED: tasks that run  POST: outputs are fetched  SUCCESS, FAILURE: tasks by their end",
)


def status_text(
    counts: DagCounts,
    name: str,
    queue: Sequence[Mapping[str, Any]],
    *,
    now: float,
    long: bool = False,
    legend: bool = False,
) -> str:
    """Return the screen.

    Units: now is in seconds since the epoch.
    """
    lines = [""]
    if queue:
        lines += [*queue_lines(queue, now=now), ""]
    if legend:
        lines += [*_LEGEND, ""]
    cells = [f"{word:^9}" for word in (_LONG_WORDS if long else _WORDS)]
    values = [f"{value:^9}" for value in (*_numbers(counts), counts.percent_done)]
    if long:
        cells += [f"{'STATE':^9}", "DAGNAME"]
        # The client of Pegasus 5.0 reads this line, and finds it by the asterisk.
        values += [f"{counts.state:^9}", f"*{plain_line(dag_file(name))}"]
    lines += ["".join(cells).rstrip(), "".join(values).rstrip()]
    return "\n".join([*lines, f"Summary: 1 DAG total ({counts.state}:1)"])


def queue_lines(queue: Sequence[Mapping[str, Any]], *, now: float) -> list[str]:
    """Return the jobs of runs, a line each, and how many there are."""
    lines = [f"{'STAT':5}{'IN_STATE':^11}JOB"]
    for job in queue:
        state, name = _STATES[job["JobStatus"]], plain_line(job["pegasus_wf_dag_job_id"])
        lines.append(f"{state:5}{_time(now - job['EnteredCurrentStatus']):^11}{name}")
    running = sum(job["JobStatus"] == RUNNING for job in queue)
    counts = {"I": len(queue) - running, "R": running}
    told = " ".join(f"{letter}:{count}" for letter, count in counts.items() if count)
    return [*lines, f"Summary: {len(queue)} jobs total ({told})"]


def status_json(counts: DagCounts, name: str, queue: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the object of `pegasus-status --json`.

    Source: Pegasus.client.status of pegasus-wms.api, `fetch_status`.
    """
    keys = ("unready", "ready", "pre", "queued", "post", "succeeded", "failed")
    totals: dict[str, Any] = dict(zip(keys, _numbers(counts), strict=True))
    totals |= {"percent_done": counts.percent_done, "total": counts.total}
    told: dict[str, Any] = {
        "totals": totals,
        "dags": {"root": {**totals, "dagname": dag_file(name), "state": counts.state}},
    }
    for job in queue:
        known = told.setdefault("condor_jobs", {}).setdefault(
            job["pegasus_wf_uuid"], {"DAG_NAME": "root", "DAG_CONDOR_JOBS": []}
        )
        known["DAG_CONDOR_JOBS"].append({**job, "JobStatusName": _STATES[job["JobStatus"]]})
    return told


def _numbers(counts: DagCounts) -> tuple[int, ...]:
    return (
        counts.unready,
        counts.ready,
        0,
        counts.queued,
        counts.post,
        counts.done,
        counts.failed,
    )


def _time(seconds: float) -> str:
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"
