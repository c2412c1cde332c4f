"""Invented workflows with faults run on the embedded AWS; the independent checker replays them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.functional.commands import embedded_aws
from tests.plan_checker import SubmitDirectory
from tests.random_workflows import ALWAYS, InventedTask, InventedWorkflow, invent
from tests.replay import Json, Replay
from tests.replay_checker import judge, problems_of_run, run_invented

SEEDS = (31, 66, 86, 97, 100, 138, 154, 201)
"""Between them: both formats, all ways to cluster, pack and cut, both ways to fail."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Lend one folder, and so one embedded AWS, to all runs."""
    with embedded_aws(tmp_path_factory.mktemp("replay") / "all runs") as folder:
        yield folder


@pytest.mark.parametrize("seed", SEEDS)
def test_an_invented_workflow_runs_as_its_replay_says(seed: int, base: Path) -> None:
    assert judge(invent(seed), base) == []


def test_a_chain_in_one_bag_whose_tasks_all_fail_once_succeeds(base: Path) -> None:
    """More failures than Batch has attempts; no task fails more often than it may."""
    workflow = workflow_of("unsteady", chain(9, times=1))
    workflow.cluster = ("chain",)
    assert judge(workflow, base) == []


@pytest.mark.parametrize("stop", ["continue", "stop"])
def test_a_failure_in_one_of_many_bags_is_counted_to_the_task(stop: str, base: Path) -> None:
    tasks = {task.id: task for task in pairs(21)}
    tasks["p4"].times = ALWAYS
    workflow = workflow_of(f"uneven{stop}", list(tasks.values()))
    workflow.properties |= {"pegbatch.on_failure": stop, "pegbatch.pack.size": "4"}
    assert judge(workflow, base) == []


@pytest.mark.slow
def test_two_thousand_tasks_in_two_levels_run_as_their_replay_says(base: Path) -> None:
    workflow = workflow_of("wide", pairs(1000))
    workflow.properties["pegbatch.pack.size"] = "50"
    assert judge(workflow, base) == []


@pytest.mark.slow
def test_a_chain_of_levels_runs_as_its_replay_says(base: Path) -> None:
    assert judge(workflow_of("deep", chain(25)), base) == []


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replay]:
    """Lend one sound run in which a task fails, another is tried again, and one is skipped."""
    tasks = {task.id: task for task in pairs(4)}
    tasks["p0"].times, tasks["p1"].times = ALWAYS, 1
    workflow = workflow_of("sound", list(tasks.values()))
    with embedded_aws(tmp_path_factory.mktemp("sound")) as base:
        replay, problems = run_invented(workflow, base)
        assert problems + problems_of_run(replay) == []
        yield replay


@pytest.fixture
def copied(replayed: Replay, tmp_path: Path) -> Replay:
    """Lend a copy of that run, to be tampered with."""
    base = tmp_path / "copy"
    shutil.copytree(replayed.base, base, ignore=shutil.ignore_patterns("*.db*"))
    inside = {
        name: base / path.relative_to(replayed.base)
        for name, path in (("ledger", replayed.ledger), ("outputs", replayed.outputs))
    }
    submit_dir = base / replayed.submitted.path.relative_to(replayed.base)
    return replace(replayed, base=base, submitted=SubmitDirectory(submit_dir), **inside)


def start_first(replay: Replay) -> None:
    """Have a child start before everything else."""
    path = replay.base / "local-aws" / "events.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    early = next(
        line
        for line in lines
        if '"sound-' in line and '-L1-weigh","child":2,' in line and '"STARTING"' in line
    )
    path.write_text(early + "".join(line for line in lines if line != early))


def end_twice(replay: Replay) -> None:
    """Have a child end once more."""
    path = replay.base / "local-aws" / "events.jsonl"
    lines = [line for line in path.read_text().splitlines() if '"sound-' in line]
    with path.open("a") as file:
        file.write(
            next(line for line in lines if '-L1-weigh","child":2,' in line and "SUCC" in line)
            + "\n"
        )


def change(path: str, old: str, new: str) -> Callable[[Replay], None]:
    """Return a change of some text in a file of the run."""

    def tamper(replay: Replay) -> None:
        file = replay.folder / path
        text = file.read_text()
        assert old in text, f"{path}: {text}"
        file.write_text(text.replace(old, new))

    return tamper


def forget_outputs(replay: Replay) -> None:
    """Remove a delivered file."""
    (replay.outputs / "c2" / "a").unlink()


def widen(replay: Replay) -> None:
    """Have the children of an array take all vCPUs but one each."""
    path = replay.submitted.path / "plan.json"
    plan: Json = json.loads(path.read_text())
    for job in plan["jobs"]:
        job["resources"]["vcpus"] = 9
    path.write_text(json.dumps(plan))


@pytest.mark.parametrize(
    ("tamper", "problem"),
    [
        (start_first, "child ('L1-weigh', 2) started before ('L0-sift', 2) ended"),
        (end_twice, "child 2 of L1-weigh does not have one end"),
        (widen, "vCPUs were busy at once"),
        (forget_outputs, "to be delivered, but not: ['c2/a']"),
        (change("data/p2/a", "p2/a", "p3/a"), "data/p2/a is 'p3/a"),
        (change("summary.json", '"failed": 1', '"failed": 2'), "summary.json counts"),
        (
            change("records/L1-weigh/2/1.1.jsonl", '"start": ', '"start": -'),
            "task c2 began before p2 had ended",
        ),
        (
            change("records/L1-weigh/2/1.1.jsonl", '"succeeded"', '"skipped"'),
            "task c2 is skipped, not succeeded",
        ),
        (
            change("records/L1-weigh/0/1.1.jsonl", '"skipped"', '"succeeded"'),
            "task c0 is succeeded, not skipped",
        ),
        (
            change("records/L0-sift/1/1.2.jsonl", '"succeeded"', '"failed"'),
            "task p1 was recorded as ['failed', 'failed'], not ['failed', 'succeeded']",
        ),
    ],
)
def test_the_replay_notices(tamper: Callable[[Replay], None], problem: str, copied: Replay) -> None:
    tamper(copied)
    found = problems_of_run(copied)
    assert any(problem in one for one in found), found


def test_the_replay_notices_a_wrong_exit_code(copied: Replay) -> None:
    assert problems_of_run(replace(copied, exit_code=0)) == ["the exit code is 0"]


def workflow_of(name: str, tasks: list[InventedTask]) -> InventedWorkflow:
    """Return a workflow without edges but those of its files."""
    return InventedWorkflow(
        name=name,
        tasks={task.id: task for task in tasks},
        edges=[],
        given={},
        properties={"pegasus.memory": "100"},
    )


def pairs(count: int) -> list[InventedTask]:
    """Return tasks in two levels, each second one reading what a first one makes."""
    tasks: list[InventedTask] = []
    for n in range(count):
        made, read = {f"c{n}/a": False}, {f"p{n}/a": False}
        tasks.append(InventedTask(id=f"p{n}", name="sift", outputs=read))
        tasks.append(InventedTask(id=f"c{n}", name="weigh", inputs=read, outputs=made))
    return tasks


def chain(count: int, times: int = 0) -> list[InventedTask]:
    """Return tasks of which each reads what the one before makes."""
    return [
        InventedTask(
            id=f"t{n}",
            name="sift",
            times=times,
            inputs={f"t{n - 1}/a": False} if n else {},
            outputs={f"t{n}/a": False},
        )
        for n in range(count)
    ]
