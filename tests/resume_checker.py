"""An independent judge of resumes: an invented workflow is run again until all of it is done.

Every task of it can succeed in the end. Then each must have one success on record, must have been
started as often as it was to fail and once more, and every file must hold the right bytes.

    python -m tests.resume_checker --seeds 0-50
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tests.functional.commands import called
from tests.hunt import hunt
from tests.random_workflows import InventedWorkflow, invent
from tests.replay import Replay
from tests.replay_checker import problems_of_end, run_invented

TIMES_MOST = 3
TRIES_MOST = 25
"""Tries of a run after which something must be wrong: each brings a task on its way."""


def invent_curable(seed: int) -> InventedWorkflow:
    """Return the workflow of a seed, changed so that every task succeeds some day."""
    workflow = invent(seed)
    required = {
        lfn
        for task in workflow.tasks.values()
        for lfn, optional in task.inputs.items()
        if not optional
    }
    for task in workflow.tasks.values():
        task.times = min(task.times, TIMES_MOST)
        if task.fault == "hang":
            task.fault = "exit"
        if task.omitted in required:
            task.omitted = "-"
    return workflow


def judge(workflow: InventedWorkflow, base: Path) -> tuple[int, list[str]]:
    """Run a workflow until it has succeeded; return the number of tries and what is wrong."""
    first, problems = run_invented(workflow, base)
    runs, code = 1, first.exit_code
    while code == 1 and runs < TRIES_MOST:
        code, printed, talk = called("run", "--json", first.submitted.path)
        runs += 1
        if code not in (0, 1):
            return runs, [*problems, f"try {runs}: exit code {code}\n{printed}{talk}"]
    _, printed, _ = called("status", "--json", first.submitted.path)
    cured = replace(workflow, tasks={id: replace(t, times=0) for id, t in workflow.tasks.items()})
    last = replace(first, workflow=cured, said=json.loads(printed), exit_code=code)
    return runs, [*problems, *_problems(workflow, last)]


def _problems(workflow: InventedWorkflow, last: Replay) -> Iterator[str]:
    yield from problems_of_end(last)
    for id, task in workflow.tasks.items():
        path = last.ledger / id
        starts = len(path.read_text().splitlines()) if path.exists() else 0
        if starts != task.times + 1:
            yield f"task {id} was started {starts} times, not {task.times + 1}"
        rows = [row["state"] for row in last.records.get(id, ())]
        if rows.count("succeeded") != 1:
            yield f"task {id} has the records {rows}"


def judge_seed(seed: int, base: Path) -> tuple[str, list[str]]:
    """Judge the curable workflow of a seed; return what it is, and what is wrong."""
    workflow = invent_curable(seed)
    tries, problems = judge(workflow, base)
    return f"{len(workflow.tasks)} tasks, {tries} tries, {' '.join(workflow.words())}", problems


def main() -> int:
    """Hunt: run the workflows of many seeds to their ends and print what is wrong with each."""
    return hunt(main.__doc__, judge_seed)


if __name__ == "__main__":
    sys.exit(main())
