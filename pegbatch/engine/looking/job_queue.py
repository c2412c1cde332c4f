"""The array jobs of a run as HTCondor's queue would tell of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pegbatch.engine.array_states import ArrayState
from pegbatch.engine.state import RunState
from pegbatch.model.plan import Job

_IDLE, _RUNNING = 1, 2


def queue_of(
    jobs: Iterable[Job], state: RunState, *, name: str, number: str, submit_dir: str
) -> list[dict[str, Any]]:
    """Return the run itself, and each of its array jobs that is not over, as the log knows them.

    Shapes: name is Pegasus's of the workflow, number its uuid; nothing of a run that is over.
    Source: Pegasus.client.status of pegasus-wms.api, for the attributes that it reads.
    """
    if state.started is None or state.outcome is not None:
        return []
    known = {job.name: job for job in jobs}
    common = {
        "pegasus_root_wf_uuid": number,
        "pegasus_wf_uuid": number,
        "pegasus_wf_name": name,
        "pegasus_site": state.service,
        "Iwd": submit_dir,
        "UserLog": f"{submit_dir}/{name}.log",
        "EnteredCurrentStatus": int(state.changed or state.started),
    }
    waiting = [array for array in state.arrays.values() if not array.ended]
    rows = [_root(name, int(state.started)), *(_row(one, known) for one in waiting)]
    return [{**common, "ClusterId": place, "ProcId": 0, **row} for place, row in enumerate(rows, 1)]


def _root(name: str, started: int) -> dict[str, Any]:
    return {
        "JobStatus": _RUNNING,
        "EnteredCurrentStatus": started,
        "pegasus_wf_dag_job_id": name,
        "pegasus_wf_xformation": "pegasus::dagman",
        "Cmd": "pegbatch",
    }


def _row(array: ArrayState, jobs: Mapping[str, Job]) -> dict[str, Any]:
    job = jobs.get(array.name)
    runs = array.status == "RUNNING" or array.children.get("RUNNING", 0) > 0
    return {
        "JobStatus": _RUNNING if runs else _IDLE,
        "pegasus_wf_dag_job_id": array.name,
        "pegasus_wf_xformation": f"pegbatch::{job.kind if job else 'barrier'}",
        "Cmd": array.job_id or "",
    }
