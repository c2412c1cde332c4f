"""Invented workflows with faults that are run again after they failed, and judged with their tries.

python -m tests.resumed_runs --seeds 0-200
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.functional.commands import called
from tests.hunt import hunt
from tests.plan_checker import SubmitDirectory
from tests.random_workflows import InventedWorkflow, invent
from tests.replay import Json
from tests.replay_checker import VCPUS, run_invented
from tests.soak.afterwards import submitted_jobs
from tests.tries import Tries
from tests.tries_checker import problems_of_tries

TRIES = 3


def judge_tries(workflow: InventedWorkflow, base: Path) -> list[str]:
    """Plan and run a workflow, run it again while it fails; return everything that is wrong."""
    tries, said, code = run_tries(workflow, base)
    return [
        *problems_of_tries(tries),
        *_states(tries, workflow),
        *_answers(tries, workflow, said, code),
        *_data(tries, workflow),
    ]


def run_tries(workflow: InventedWorkflow, base: Path) -> tuple[Tries, Json, int]:
    """Run a workflow up to three times; return what is left, and the last answer and exit code."""
    replay, _ = run_invented(workflow, base)
    said, code = replay.said, replay.exit_code
    while code == 1 and said.get("try", 1) < TRIES:
        words = ("run", "--json", "--vcpus", VCPUS, replay.submitted.path)
        code, printed, talk = called(*words)
        assert code in (0, 1) and printed, f"{workflow.name}: exit code {code}\n{printed}{talk}"
        said = json.loads(printed)
    return gathered(workflow, base, replay.submitted.path, replay.folder), said, code


def gathered(workflow: InventedWorkflow, base: Path, submit_dir: Path, run: Path) -> Tries:
    """Return what a run on directories has left behind."""
    folder = base / "local-aws"
    return Tries(
        parents=workflow.parents(),
        submitted=SubmitDirectory(submit_dir),
        run=run,
        events=folder / "events.jsonl",
        jobs=submitted_jobs(folder, workflow.name),
        doomed=frozenset(id for id in workflow.tasks if is_doomed(workflow, id)),
    )


def is_doomed(workflow: InventedWorkflow, id: str) -> bool:
    """Tell whether a task needs a file that its maker leaves out."""
    makers = workflow.makers()
    return any(
        not optional and lfn in makers and workflow.tasks[makers[lfn]].omitted == lfn
        for lfn, optional in workflow.tasks[id].inputs.items()
    )


def expected_states(workflow: InventedWorkflow, tries: int) -> dict[str, str]:
    """Return what becomes of each task in so many tries, where failures stop nothing else."""
    retry, parents = int(workflow.option("dagman.retry", "1")), workflow.parents()
    runs = Counter[str]()
    found: dict[str, str] = {}
    for _ in range(tries):
        for id in workflow.in_order():
            task = workflow.tasks[id]
            if found.get(id) == "succeeded":
                continue
            if is_doomed(workflow, id) or any(
                found[parent] != "succeeded" for parent in parents[id]
            ):
                found[id] = "skipped"
                continue
            most = task.tries(retry)
            found[id] = "succeeded" if task.times - runs[id] < most else "failed"
            runs[id] += most
    return found


def _states(tries: Tries, workflow: InventedWorkflow) -> Iterator[str]:
    if workflow.option("pegbatch.on_failure", "continue") == "stop":
        return
    for id, wanted in expected_states(workflow, len(tries.numbers)).items():
        rows = tries.records.get(id, [])
        state = rows[-1]["state"] if rows else "unrun"
        if state != wanted:
            yield f"task {id} is {state} after {len(tries.numbers)} tries, not {wanted}"


def _answers(tries: Tries, workflow: InventedWorkflow, said: Json, code: int) -> Iterator[str]:
    """`run` counts as the records do, and so does the summary."""
    summary: dict[str, Any] = json.loads((tries.run / "summary.json").read_text())
    counts = Counter(rows[-1]["state"] for rows in tries.records.values())
    rest = len(workflow.tasks) - counts["succeeded"]
    for name, told in (("`run`", said), ("summary.json", summary)):
        tasks = told["tasks"]
        if tasks["succeeded"] != counts["succeeded"] or tasks["failed"] + tasks["skipped"] != rest:
            yield f"{name} counts {tasks}, and the records {dict(counts)}"
        if told["state"] != ("failed" if rest else "succeeded"):
            yield f"{name} says {told['state']}"
    if code != (1 if rest else 0):
        yield f"the exit code is {code}"


def _data(tries: Tries, workflow: InventedWorkflow) -> Iterator[str]:
    """What lies in the run's folder is right, and whole where nothing is cleaned up."""
    right = workflow.contents(set(tries.successes))
    data = tries.run / "data"
    there = {str(path.relative_to(data)): path for path in data.rglob("*") if path.is_file()}
    for lfn, path in there.items():
        if path.read_text() != right.get(lfn):
            yield f"data/{lfn} has wrong bytes"
    wanted = set(right)
    if workflow.cleanup != "none":
        wanted = {lfn for task in workflow.tasks.values() if task.delivered for lfn in task.made()}
        wanted &= right.keys()
    if wanted - there.keys():
        yield f"data lacks {sorted(wanted - there.keys())[:5]}"
    done = len(tries.successes) == len(workflow.tasks)
    if done and workflow.cleanup != "none" and there.keys() - wanted:
        yield f"not cleaned up: {sorted(there.keys() - wanted)[:5]}"


def judge_seed(seed: int, base: Path) -> tuple[str, list[str]]:
    """Judge the tries of the workflow of a seed; return what it is, and some of what is wrong."""
    workflow = invent(seed)
    problems = judge_tries(workflow, base)
    return f"{len(workflow.tasks)} tasks, {' '.join(workflow.words())}", problems[:10]


def main() -> int:
    """Hunt: run the workflows of many seeds, again while they fail, and print what is wrong."""
    return hunt(main.__doc__, judge_seed)


if __name__ == "__main__":
    sys.exit(main())
