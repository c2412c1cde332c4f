"""What `pegasus-analyzer` prints above the failures, and the object of its `--json`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pegbatch.model.history import History, PlannedTask
from pegbatch.model.plain import plain_line
from pegbatch.model.run_status import Failure, RunStatus

_WIDTH = 80
_ENDS = {"succeeded": "success", "failed": "failure", "cancelled": "failure"}
"""Pegasus's words; that of a run that goes on is ours."""


def summary_text(status: RunStatus, submit_dir: str) -> str:
    """Return the summary, in the lines that scripts look for."""
    tasks = status.tasks
    counts = {
        "Total jobs": tasks.total,
        "# jobs succeeded": tasks.succeeded,
        "# jobs failed": tasks.failed,
        "# jobs held": 0,
        "# jobs unsubmitted": tasks.total - tasks.succeeded - tasks.failed - tasks.running,
    }
    if tasks.running:
        counts["# jobs running"] = tasks.running
    return "\n".join(
        (
            "",
            "Summary".center(_WIDTH, "*"),
            "",
            f" {'Submit Directory':<18} : {plain_line(submit_dir)}",
            f" {'Workflow Status':<18} : {_end(status)}",
            *(
                f" {word:<18} : {count:>6} ({_percent(count, tasks.total):.2f}%)"
                for word, count in counts.items()
            ),
            "",
        )
    )


def failures_heading() -> str:
    """Return the line above what failed."""
    return "Failed jobs' details".center(_WIDTH, "*") + "\n"


def end_text() -> str:
    """Return the last lines."""
    return f"\n{'Done'.center(_WIDTH, '*')}\n\npegasus-analyzer: end of status report\n"


def analysis_object(
    history: History, failures: Iterable[Failure], identity: Mapping[str, str]
) -> dict[str, Any]:
    """Return the JSON object, with every task that failed and every child that was lost.

    Shapes: identity is what braindump.yml says.
    Source: Pegasus.api of pegasus-wms.api, `Workflow.analyze`.
    """
    tasks, submit_dir = history.status.tasks, identity.get("submit_dir", "")
    names = ("wf_uuid", "submit_hostname", "user", "planner_version")
    details = {_name(one): _details(one, history.tasks, submit_dir) for one in failures}
    return {
        "root_wf_uuid": identity.get("root_wf_uuid", ""),
        "submit_directory": submit_dir,
        "workflows": {
            "root": {
                **{name: identity.get(name, "") for name in names},
                "dag_file_name": identity.get("dag", ""),
                "submit_dir": submit_dir,
                "wf_name": identity.get("pegasus_wf_name", ""),
                "wf_status": _end(history.status),
                "parent_wf_name": "-",
                "parent_wf_uuid": "-",
                "jobs": {
                    "total": tasks.total,
                    "success": tasks.succeeded,
                    "failed": tasks.failed,
                    "held": 0,
                    "unsubmitted": tasks.total - tasks.succeeded - tasks.failed - tasks.running,
                    "job_details": {"failed_jobs": details},
                },
            }
        },
    }


def _name(failure: Failure) -> str:
    return failure.id or f"{failure.array}:{failure.bag}"


def _details(failure: Failure, tasks: Mapping[str, PlannedTask], submit_dir: str) -> dict[str, Any]:
    task = tasks.get(failure.id or "")
    return {
        "job_name": _name(failure),
        "state": f"{failure.state}: {failure.reason}",
        "submit_dir": submit_dir,
        "stdout_text": failure.stdout_tail,
        "stderr_text": failure.stderr_tail,
        "tasks": {
            _name(failure): {
                "exitcode": "" if failure.exit_code is None else str(failure.exit_code),
                "transformation": task.transformation if task else "",
                "abs_task_id": _name(failure),
                "array": failure.array,
                "bag": failure.bag,
            }
        },
    }


def _end(status: RunStatus) -> str:
    return _ENDS.get(status.state, status.state)


def _percent(count: int, total: int) -> float:
    return 100 * count / total if total else 0.0
