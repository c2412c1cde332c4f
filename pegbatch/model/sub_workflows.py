"""Sub-workflows: jobs that stand for a whole workflow (`pegasusWorkflow`, `<dax>`).

One whose file is at hand while the outer workflow is planned takes no part in the plan: its own
tasks stand in its place. One whose file a job of the workflow writes is a task of the plan, whose
program plans, submits and waits (docs/sub-workflows.md).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pegbatch.errors import InputError
from pegbatch.model.workflow import TransformationName

SUB_WORKFLOW = TransformationName("pegbatch", "sub-workflow", "")
"""What the task of a sub-workflow that is planned in the run counts as."""

GATE = TransformationName("pegbatch", "gate", "")
"""What a task counts as that stands between many tasks before and many inside a sub-workflow."""

ARGV = ("pegbatch", "sub-workflow")
"""What a bag line says that such a task runs."""
RUNS_VARIABLE = "PEGBATCH_SUB_WORKFLOWS"
"""Set to 1 where a job's tasks run sub-workflows: they wait more than they compute."""
NESTING_VARIABLE = "PEGBATCH_NESTING"
"""Told to such a job: 1 where it belongs to a run that no other run has begun, 2 below that."""
QUEUE_VARIABLE = "PEGBATCH_JOB_QUEUE"
DEFINITION_VARIABLE = "PEGBATCH_JOB_DEFINITION"
"""Told to such a job: where the jobs of its sub-workflows go."""
NESTING_MAX = 10
"""Runs in runs; more are taken for a workflow that contains itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubWorkflowTask:
    """A task of the plan that plans and runs a workflow while the run goes on."""

    id: str
    array: str
    bag: int
    file: str
    """LFN of the workflow's file."""


def refuse_planned_in(word: str, planned_in: Collection[str], where: str) -> None:
    """Say, to who asks for a task, that this is a sub-workflow whose tasks stand in its place.

    Shapes: planned_in are the ids of such sub-workflows.
    Errors: InputError where the word is one of them.
    """
    if word in planned_in:
        raise InputError(
            f"{word!r} is a sub-workflow that is planned in: its tasks stand in its place",
            where=where,
            hint=f"name one of them: {word}.<its id>",
        )


def sub_workflow_task_to_json(task: SubWorkflowTask) -> dict[str, Any]:
    """Return it as it stands in `plan.json`."""
    return {"id": task.id, "array": task.array, "bag": task.bag, "file": task.file}


def sub_workflow_task_from_json(data: Mapping[str, Any]) -> SubWorkflowTask:
    """Read what `sub_workflow_task_to_json` wrote.

    Errors: KeyError, TypeError, ValueError where a part is missing or no such thing.
    """
    return SubWorkflowTask(
        id=str(data["id"]), array=str(data["array"]), bag=int(data["bag"]), file=str(data["file"])
    )
