"""How many calls a run makes of AWS Batch and S3, counted at the wire."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.counted_aws import CountedAws, counted_aws
from tests.functional.commands import called, planned

pytestmark = pytest.mark.slow

BRANCHES = 101
"""Transformations of each of two levels: 202 arrays, and some barriers."""
CATALOGS = """
pegasus: "5.0"
name: branches
siteCatalog:
  pegasus: "5.0"
  sites:
    - name: cloud
      directories:
        - type: sharedScratch
          path: /b/scratch
          fileServers: [{operation: all, url: "s3://b/scratch"}]
"""
PROPERTIES = """
pegbatch.array.by = cluster
pegasus.aws.region = us-east-1
pegasus.aws.account = 111122223333
pegasus.aws.batch.job_queue = q
pegasus.aws.batch.job_definition = d
"""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch):
    with counted_aws() as account:
        for name, value in account.environment.items():
            monkeypatch.setenv(name, value)
        yield account


def write_workflow(folder: Path, tasks: int) -> Path:
    """Write two levels of branches; each branch of a level has so many tasks."""
    program = "sites: [{name: cloud, pfn: /bin/true, type: installed}]"
    rows = [CATALOGS, 'transformationCatalog:\n  pegasus: "5.0"\n  transformations:\n']
    rows += [f"    - {{name: p{number}, {program}}}\n" for number in range(2 * BRANCHES)]
    rows.append("jobs:\n")
    for branch in range(BRANCHES):
        for task in range(tasks):
            name = f"{branch}.{task}"
            made, read = f"{{lfn: m{name}, type: output}}", f"{{lfn: m{name}, type: input}}"
            last = f"{{lfn: o{name}, type: output, stageOut: true}}"
            head = "  - {type: job, arguments: [], "
            rows.append(f"{head}id: a{name}, name: p{branch}, uses: [{made}]}}\n")
            rows.append(
                f"{head}id: b{name}, name: p{branch + BRANCHES}, uses: [{read}, {last}]}}\n"
            )
    workflow = folder / "branches.yml"
    workflow.write_text("".join(rows))
    (folder / "pegasus.properties").write_text(PROPERTIES)
    return workflow


def planned_branches(folder: Path, tasks: int) -> Path:
    """Plan such a workflow; return its submit directory."""
    folder.mkdir()
    workflow = write_workflow(folder, tasks)
    options = ("--conf", str(folder / "pegasus.properties"), "--cleanup", "none")
    return Path(planned(workflow, folder / "work", *options)["submit_dir"])


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


def fail_some(aws: CountedAws, plan: dict[str, Any], run_url: str, arrays: int) -> None:
    """End a run in which a task of each of some arrays has failed."""
    ids = list(aws.jobs)
    aws.set_states("SUCCEEDED", ids=ids[:-1])
    aws.set_states("FAILED", reason="Essential container in task exited", ids=ids[-1:])
    for job in [job for job in plan["jobs"] if job["kind"] == "compute"][:arrays]:
        record = {
            "id": f"a{job['transformations'][0].lstrip('p')}.1", "bag": 1, "try": 1, "attempt": 1,
            "state": "failed", "reason": "exit code 1", "exit_code": 1, "signal": None,
            "start": 1, "end": 2, "max_rss_mib": 1, "outputs": [],
            "stdout_tail": "", "stderr_tail": "",
        }  # fmt: skip
        aws.put(f"{run_url}/failures/{job['name']}/1.1.1.0")
        text = json.dumps(record).encode() + b"\n"
        aws.put(f"{run_url}/records/{job['name']}/1/1.1.jsonl", text)


def test_a_resume_asks_for_what_failed_alone(tmp_path, aws) -> None:
    submit_dir = planned_branches(tmp_path / "w", 12)
    plan, run_url = submitted(aws, submit_dir)
    fail_some(aws, plan, run_url, 3)
    assert said_by("status", submit_dir)["tasks"]["failed"] == 3
    aws.taken()
    code, _, said = called("run", "--detach", submit_dir)
    assert code == 0, said
    calls = aws.taken()
    assert "3 of 2,424 tasks are missing, in 3 of 202 arrays" in said
    assert calls["submitjob"] == 4 and not calls["listjobs"]
    assert calls["LIST"] <= 1 + 3 + 3
    assert len(aws.bodies) == len(plan["jobs"]) + 4
