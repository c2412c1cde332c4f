"""Runs that fail and are run again, judged try by try; and the judge itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.functional.commands import embedded_aws
from tests.random_workflows import InventedTask, InventedWorkflow, invent
from tests.resumed_runs import judge_tries, run_tries
from tests.tries import SubmittedJob, Tries
from tests.tries_checker import problems_of_tries

SEEDS = (5, 86, 138)
"""Between them: both ways to fail, chains, packed bags, clusters, clean-up."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Lend one folder, and so one embedded AWS, to all runs."""
    with embedded_aws(tmp_path_factory.mktemp("tries") / "all runs") as folder:
        yield folder


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_an_invented_workflow_that_fails_is_run_again_as_its_judge_says(
    seed: int, base: Path
) -> None:
    workflow = invent(seed)
    workflow.name = f"again{seed}"
    assert judge_tries(workflow, base) == []


@pytest.fixture(scope="module")
def sound(base: Path) -> Tries:
    """Lend a run of two tries: a task of the first level fails in the first one."""
    tasks = {}
    for n in range(3):
        made, last = f"p{n}/a", f"c{n}/a"
        tasks[f"p{n}"] = InventedTask(id=f"p{n}", name="sift", outputs={made: False})
        tasks[f"c{n}"] = InventedTask(
            id=f"c{n}", name="weigh", inputs={made: False}, outputs={last: False}
        )
    tasks["end"] = InventedTask(
        id="end", name="stack", inputs={"c0/a": False, "c2/a": False}, outputs={"end/a": False}
    )
    tasks["p0"].times = tasks["p1"].times = 1
    properties = {"pegasus.memory": "100", "dagman.retry": "0"}
    workflow = InventedWorkflow(
        name="sound", tasks=tasks, edges=[], given={}, properties=properties, cleanup="inplace"
    )
    tries, _, code = run_tries(workflow, base)
    assert (code, tries.numbers, problems_of_tries(tries)) == (0, [1, 2], [])
    return tries


def found(tries: Tries, jobs: list[SubmittedJob]) -> list[str]:
    """Return what the judge says of other jobs."""
    return problems_of_tries(replace(tries, jobs=jobs))


def job_of(tries: Tries, array: str, number: int) -> SubmittedJob:
    """Return the job of an array in a try."""
    return next(job for job in tries.jobs if (job.array, job.number) == (array, number))


def without(tries: Tries, job: SubmittedJob) -> list[SubmittedJob]:
    """Return the jobs but for one."""
    return [other for other in tries.jobs if other.id != job.id]


def test_the_judge_notices_an_array_that_was_submitted_twice(sound: Tries) -> None:
    twin = replace(job_of(sound, "L0-sift", 2), id="twin")
    assert found(sound, [*sound.jobs, twin]) == ["L0-sift was submitted twice in try 2"]


def test_the_judge_notices_an_array_that_was_left_out(sound: Tries) -> None:
    [problem, *_] = found(sound, without(sound, job_of(sound, "L0-sift", 2)))
    assert problem == (
        "try 2 runs the bags None of L0-sift, and [0, 1] have tasks without a success"
    )


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda job, sound: replace(job, links=()), "wait for ('L0-sift', 0) in try 2"),
        (
            lambda job, sound: replace(job, links=((job_of(sound, "L0-sift", 1).id, "ALL"),)),
            "which is not of this try",
        ),
    ],
)
def test_the_judge_notices_wrong_links(
    sound: Tries, change: Callable[[SubmittedJob, Tries], SubmittedJob], problem: str
) -> None:
    job = job_of(sound, "L1-weigh", 2)
    problems = found(sound, [*without(sound, job), change(job, sound)])
    assert any(problem in one for one in problems), problems


def test_the_judge_notices_a_second_success(sound: Tries) -> None:
    tries = replace(sound)
    tries.records["p2"].append(tries.records["p2"][-1] | {"try": 2})
    problems = problems_of_tries(tries)
    assert "task p2 has records after its success: ['succeeded', 'succeeded']" in problems


def test_the_judge_notices_a_task_that_ran_before_its_parent(sound: Tries) -> None:
    tries = replace(sound)
    [*_, row] = tries.records["c1"]
    row["start"] = 0.0
    assert "task c1 ran in try 2 before p1 had succeeded" in problems_of_tries(tries)


def test_the_judge_notices_a_task_that_was_skipped_for_nothing(sound: Tries) -> None:
    tries = replace(sound)
    tries.records["c2"].insert(0, tries.records["c2"][0] | {"state": "skipped", "try": 1})
    assert "task c2 was skipped in try 1, its parents had succeeded" in problems_of_tries(tries)
