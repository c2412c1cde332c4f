"""How many calls a run makes of AWS Batch and S3, counted at the wire."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from pegbatch.model.records import record_line
from tests.counted_aws import CountedAws, counted_aws, end_as_failed, write_counted_workflow
from tests.functional.commands import called, planned
from tests.task_records import task_record

pytestmark = pytest.mark.slow

BRANCHES = 101
"""Transformations of each of two levels: 202 arrays, and some barriers."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch):
    with counted_aws() as account:
        for name, value in account.environment.items():
            monkeypatch.setenv(name, value)
        yield account


def branch_lines(tasks: int, inputs: Path | None = None) -> Iterator[str]:
    """Yield two levels of branches; each branch of a level has so many tasks."""
    for branch, task in product(range(BRANCHES), range(tasks)):
        name = f"{branch}.{task}"
        made, read = f"{{lfn: m{name}, type: output}}", f"{{lfn: m{name}, type: input}}"
        last = f"{{lfn: o{name}, type: output, stageOut: true}}"
        uses = made if inputs is None else f"{{lfn: {name}.txt, type: input}}, {made}"
        head = "  - {type: job, arguments: [], "
        yield f"{head}id: a{name}, name: p{branch}, uses: [{uses}]}}\n"
        yield f"{head}id: b{name}, name: p{branch + BRANCHES}, uses: [{read}, {last}]}}\n"


def planned_branches(folder: Path, tasks: int, *options: str, inputs: Path | None = None) -> Path:
    """Plan such a workflow, with an input for each task of the first level; return its folder."""
    folder.mkdir()
    workflow = write_counted_workflow(folder, 2 * BRANCHES, branch_lines(tasks, inputs))
    conf = ("--conf", str(folder / "pegasus.properties"), "--cleanup", "none")
    return Path(planned(workflow, folder / "work", *conf, *options)["submit_dir"])


def submitted(aws: CountedAws, submit_dir: Path) -> tuple[dict[str, Any], str]:
    """Submit a plan and leave it; return its header and the run's URL."""
    code, printed, said = called("run", "--detach", "--json", submit_dir)
    assert code == 0, said
    plan = json.loads((submit_dir / "plan.json").read_bytes())
    return plan, json.loads(printed)["run"]


def said_by(word: str, submit_dir: Path) -> dict[str, Any]:
    code, printed, said = called(word, "--json", submit_dir)
    assert code in (0, 1), said
    found: dict[str, Any] = json.loads(printed)
    return found


def describe_calls(jobs: int) -> int:
    return -(-jobs // 100)


@pytest.mark.parametrize("tasks", [2, 12])
def test_calls_of_a_run_are_as_many_as_its_arrays_ask_for(tmp_path, aws, tasks) -> None:
    submit_dir = planned_branches(tmp_path / "w", tasks)
    plan, _ = submitted(aws, submit_dir)
    jobs, calls = len(plan["jobs"]), aws.taken()
    assert jobs > 200 and plan["tasks"] == 2 * BRANCHES * tasks
    assert calls["submitjob"] == jobs and not calls["describejobs"] and not calls["listjobs"]
    assert not calls["LIST"]
    files = sum(path.is_file() for path in submit_dir.rglob("*"))
    assert calls["PUT"] <= files + 2  # the worker, and what the run says of itself
    assert said_by("status", submit_dir)["tasks"]["waiting"] == plan["tasks"]
    assert aws.taken() == Counter(describejobs=describe_calls(jobs), LIST=1)
    assert said_by("cancel", submit_dir)["tasks"]["skipped"] == plan["tasks"]
    calls = aws.taken()
    assert calls["terminatejob"] == jobs and not calls["listjobs"]
    assert calls["describejobs"] == 2 * describe_calls(jobs)  # how they stood, and how they ended


def test_a_status_of_a_run_that_goes_on_takes_no_call_more_and_tells_what_it_has_cost(
    tmp_path, aws
) -> None:
    submit_dir = planned_branches(tmp_path / "w", 12)
    plan, _ = submitted(aws, submit_dir)
    aws.taken()
    aws.ran = lambda index: 60.0 + index
    arrays = [one for one, job in aws.jobs.items() if "arrayProperties" in job]
    for job_id in arrays:
        aws.set_children(job_id, SUCCEEDED=6, RUNNING=3)
    cost = said_by("status", submit_dir)["cost"]
    assert aws.taken() == Counter(describejobs=describe_calls(len(plan["jobs"])), LIST=1)
    hours = len(arrays) * sum(60.0 + index for index in range(9)) / 3600
    assert cost["vcpu_hours"] == pytest.approx(hours, rel=0.05)
    for job_id in arrays:
        aws.set_children(job_id, SUCCEEDED=12)
    assert said_by("status", submit_dir)["cost"]["vcpu_hours"] > hours
    assert aws.taken() == Counter(describejobs=describe_calls(len(plan["jobs"])), LIST=1)


def record_of(id: str, bag: int, state: str, reason: str = "") -> bytes:
    """Return the records file of a bag of one task."""
    return record_line(task_record(id, bag=bag, state=state, reason=reason))


def compute_jobs(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [job for job in plan["jobs"] if job["kind"] == "compute"]


def task_of(job: dict[str, Any], bag: int) -> str:
    number = int(job["transformations"][0].removeprefix("p"))
    return f"{'a' if number < BRANCHES else 'b'}{number % BRANCHES}.{bag}"


def id_of(aws: CountedAws, array: str) -> str:
    """Return the job of an array, of the newest try that had it."""
    found = [
        job_id
        for job_id, body in zip(aws.jobs, aws.bodies, strict=True)
        if body["containerOverrides"]["command"][1] == array
    ]
    return found[-1]


def fail_some(aws: CountedAws, plan: dict[str, Any], run_url: str, arrays: int) -> None:
    """End a run in which a task of each of some arrays has failed."""
    end_as_failed(aws)
    for job in compute_jobs(plan)[:arrays]:
        aws.put(f"{run_url}/failures/{job['name']}/1.1.1.0")
        record = record_of(task_of(job, 1), 1, "failed", "exit code 1")
        aws.put(f"{run_url}/records/{job['name']}/1/1.1.jsonl", record)


def resumed(submit_dir: Path) -> str:
    """Begin the next try of a run and leave it; return what was said."""
    code, _, said = called("run", "--detach", submit_dir)
    assert code == 0, said
    return said


def records_asked(aws: CountedAws) -> list[str]:
    """Return the records files that were read since calls were last taken, one name a read."""
    return [name for name in aws.asked.elements() if "/records/" in name]


def test_a_resume_asks_for_what_failed_alone(tmp_path, aws) -> None:
    submit_dir = planned_branches(tmp_path / "w", 12)
    plan, run_url = submitted(aws, submit_dir)
    fail_some(aws, plan, run_url, 3)
    assert said_by("status", submit_dir)["tasks"]["failed"] == 3
    aws.taken()
    said = resumed(submit_dir)
    assert not records_asked(aws)
    calls = aws.taken()
    assert "3 of 2,424 tasks are missing, in 3 of 202 arrays" in said
    assert calls["submitjob"] == 4 and not calls["listjobs"]
    assert calls["LIST"] == 1
    assert len(aws.bodies) == len(plan["jobs"]) + 4


def test_a_resume_reads_once_what_names_a_file_or_has_part_of_a_bag(tmp_path, aws) -> None:
    options = ("-Dpegbatch.pack.size=3",)
    submit_dir = planned_branches(tmp_path / "w", 12, *options)
    plan, run_url = submitted(aws, submit_dir)
    end_as_failed(aws)
    whole, partly, blamed = compute_jobs(plan)[:3]
    for job, failed in ((whole, 3), (partly, 1), (blamed, 3)):
        aws.put(f"{run_url}/failures/{job['name']}/1.1.{failed}.0")
        lines = [
            record_of(task_of(job, task), 1, "failed" if task < 3 + failed else "succeeded")
            for task in (3, 4, 5)
        ]
        aws.put(f"{run_url}/records/{job['name']}/1/1.1.jsonl", b"".join(lines))
    aws.put(f"{run_url}/failures/{blamed['name']}/1.1.1.complaint")
    said_by("status", submit_dir)
    aws.taken()
    said = resumed(submit_dir)
    assert "7 of 2,424 tasks are missing, in 3 of 202 arrays" in said
    read = sorted(name.split("/records/")[1] for name in records_asked(aws))
    assert read == sorted(f"{job['name']}/1/1.1.jsonl" for job in (partly, blamed))
    assert aws.taken()["LIST"] == 1 + 2


def test_of_an_array_that_lost_children_only_their_records_are_read(tmp_path, aws) -> None:
    submit_dir = planned_branches(tmp_path / "w", 12)
    plan, run_url = submitted(aws, submit_dir)
    arrays = compute_jobs(plan)[:2]
    end_as_failed(aws)
    for job in arrays:
        job_id = id_of(aws, job["name"])
        aws.set_states("FAILED", reason="Host EC2 terminated", ids=[job_id])
        aws.set_children(job_id, FAILED=2, SUCCEEDED=10)
        for bag in range(1, 12):
            record = record_of(task_of(job, bag), bag, "succeeded")
            aws.put(f"{run_url}/records/{job['name']}/{bag}/1.1.jsonl", record)
    said_by("status", submit_dir)
    aws.taken()
    said = resumed(submit_dir)
    assert "2 of 2,424 tasks are missing, in 2 of 202 arrays" in said
    read = sorted(name.split("/records/")[1] for name in records_asked(aws))
    assert read == sorted(f"{job['name']}/1/1.1.jsonl" for job in arrays)
    assert aws.taken()["listjobs"] == 2

    # In the next try the first of them fails once more; the bags of before are not read again.
    end_as_failed(aws)
    aws.set_states(
        "FAILED", reason="Host EC2 terminated", ids=[id_of(aws, f"{arrays[0]['name']}.t2")]
    )
    said_by("status", submit_dir)
    aws.taken()
    said = resumed(submit_dir)
    assert "1 of 2,424 tasks are missing, in 1 of 202 arrays" in said
    assert not records_asked(aws)
    assert not aws.taken()["listjobs"]


def test_inputs_that_are_there_are_listed_and_not_asked_for_one_by_one(tmp_path, aws) -> None:
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    count = BRANCHES * 12
    for branch, task in product(range(BRANCHES), range(12)):
        (inputs / f"{branch}.{task}.txt").write_text(f"{branch} {task}")
    options = ("--input-dir", str(inputs))
    submit_dir = planned_branches(tmp_path / "w", 12, *options, inputs=inputs)
    plan, run_url = submitted(aws, submit_dir)
    first = aws.taken()
    assert first["HEAD"] == count and first["LIST"] == 1
    fail_some(aws, plan, run_url, 3)
    said_by("status", submit_dir)
    aws.taken()
    resumed(submit_dir)
    asked = [name for name in aws.asked.elements() if "/inputs/" in name]
    assert not asked
    assert aws.taken()["LIST"] == 1 + -(-count // 1000)
