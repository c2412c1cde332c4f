"""SubmitJob requests, and the limits they are held to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pegbatch.batch.limits import check_requests
from pegbatch.batch.requests import RunIdentity, build_requests
from pegbatch.errors import PlanError
from pegbatch.model.names import job_name, safe_name
from pegbatch.model.plan import JobLink, LinkType, plan_from_json, plan_to_json
from pegbatch.model.requests import with_job_ids
from pegbatch.model.tries import Missing
from pegbatch.planner.pipeline import plan_workflow
from pegbatch.planner.remainder import remainder
from tests.workflows import T, make_given, make_workflow

RUN = RunIdentity(
    run_url="s3://pegbatch/test-1",
    run_hex="0a1b2c3d",
    service="local",
    started=1_700_000_000.25,
    job_queue="q",
    job_definition="d:1",
)


def make_plan(properties=None):
    tasks = [T(id=f"{name}{n}", name=name) for name in "ab" for n in range(3)]
    tasks.append(T(id="c", name="c", profiles={"pegasus.gpus": "1", "pegasus.maxwalltime": "1"}))
    edges = [(f"a{n}", f"b{n}") for n in range(3)] + [(f"b{n}", "c") for n in range(3)]
    return plan_workflow(make_given(make_workflow(tasks, edges), properties)).plan


def test_tasks_in_a_container_go_to_its_definition_and_all_else_to_the_base() -> None:
    plan = make_plan()
    boxed = [
        replace(job, container="box") if job.name == "L1-b" else job
        for job in plan_from_json(plan_to_json(plan), source="plan.json").jobs
    ]
    run = replace(RUN, container_definitions={"box": "mine-0123456789ab"})
    requests = build_requests(replace(plan, jobs=tuple(boxed)), run)
    named = {request.array: request.body["jobDefinition"] for request in requests}
    assert named.pop("L1-b") == "mine-0123456789ab"
    assert set(named.values()) == {"d:1"}


def test_a_request_is_a_pointer_whatever_the_size_of_the_array() -> None:
    request = build_requests(make_plan(), RUN)[1]
    assert request.body == {
        "jobName": "test-0a1b2c3d-L1-b",
        "jobQueue": "q",
        "jobDefinition": "d:1",
        "containerOverrides": {
            "command": ["s3://pegbatch/test-1", "L1-b"],
            "environment": [
                {"name": "BATCH_FILE_TYPE", "value": "script"},
                {"name": "BATCH_FILE_S3_URL", "value": "s3://pegbatch/test-1/worker.pyz"},
                {"name": "PEGBATCH_JOB_KIND", "value": "compute"},
                {"name": "PEGBATCH_TRY", "value": "1"},
                {"name": "PEGBATCH_ATTEMPTS", "value": "4"},
                {"name": "PEGBATCH_ON_FAILURE", "value": "continue"},
            ],
            "resourceRequirements": [
                {"type": "VCPU", "value": "1"},
                {"type": "MEMORY", "value": "2048"},
            ],
        },
        "retryStrategy": {
            "attempts": 4,
            "evaluateOnExit": [
                {"onExitCode": "75", "action": "RETRY"},
                {"onStatusReason": "Host EC2*", "action": "RETRY"},
                {"onReason": "CannotPullContainerError*", "action": "RETRY"},
                {"onStatusReason": "Task failed to start*", "action": "RETRY"},
                {"onReason": "*", "action": "EXIT"},
            ],
        },
        "arrayProperties": {"size": 3},
    }


def test_job_ids_fill_the_links() -> None:
    requests = build_requests(make_plan(), RUN)
    ids = {"L0-a": "id-a", "L1-b": "id-b", "L2-c": "id-c"}
    assert "dependsOn" not in with_job_ids(requests[0], ids)
    assert with_job_ids(requests[1], ids)["dependsOn"] == [{"jobId": "id-a", "type": "N_TO_N"}]
    assert with_job_ids(requests[2], ids)["dependsOn"] == [{"jobId": "id-b"}]


def test_a_plain_job_is_no_array_and_may_have_a_gpu_and_a_timeout() -> None:
    body = build_requests(make_plan(), RUN)[2].body
    assert "arrayProperties" not in body
    assert body["timeout"] == {"attemptDurationSeconds": 360}
    assert {"type": "GPU", "value": "1"} in body["containerOverrides"]["resourceRequirements"]


def test_a_later_try_has_names_of_its_own_and_stop_is_told() -> None:
    plan = make_plan({"pegbatch.on_failure": "stop"})
    missing = {"L0-a": Missing((0, 2), 2)}
    later = remainder(plan, missing, 2, succeeded=())
    body = build_requests(plan, RUN, later)[0].body
    assert body["jobName"] == "test-0a1b2c3d-L0-a_t2"
    assert body["arrayProperties"] == {"size": 2}
    assert body["containerOverrides"]["command"][1] == "L0-a.t2"
    environment = {v["name"]: v["value"] for v in body["containerOverrides"]["environment"]}
    assert environment["PEGBATCH_TRY"] == "2"
    assert environment["PEGBATCH_ON_FAILURE"] == "stop"


def broken(**changes):
    request = build_requests(make_plan(), RUN)[1]
    body = {**request.body, **changes}
    with pytest.raises(PlanError) as caught:
        check_requests([replace(request, body=body, links=changes.get("links", request.links))])
    return str(caught.value)


def test_every_documented_limit_is_checked() -> None:
    overrides = build_requests(make_plan(), RUN)[1].body["containerOverrides"]
    assert "not a job name" in broken(jobName="-x")
    assert "not 1" in broken(arrayProperties={"size": 1})
    assert "not 10001" in broken(arrayProperties={"size": 10_001})
    assert "11 attempts" in broken(retryStrategy={"attempts": 11})
    assert "timeout of 59 s" in broken(timeout={"attemptDurationSeconds": 59})
    many = tuple(JobLink(f"a{n}", LinkType.ALL) for n in range(21))
    assert "21 dependencies" in broken(links=many)
    long = {**overrides, "command": ["x" * 9000]}
    assert "overrides of" in broken(containerOverrides=long)
    assert "a request of" in broken(parameters={"p": "x" * 31_000})
    reserved = {**overrides, "environment": [{"name": "AWS_BATCH_X", "value": ""}]}
    assert "AWS_BATCH_X is reserved" in broken(containerOverrides=reserved)
    little = {**overrides, "resourceRequirements": [{"type": "MEMORY", "value": "3"}]}
    assert "3 MiB of memory" in broken(containerOverrides=little)


def test_names_are_made_fit_and_short() -> None:
    assert safe_name("../my workflow") == "my_workflow"
    assert safe_name("\u00e4") == "workflow"
    name = job_name("w" * 300, "0a1b2c3d", "L1-x")
    assert len(name) == 128
    assert name.endswith("-0a1b2c3d-L1-x")


def test_a_plan_round_trips_through_json() -> None:
    plan = make_plan({"pegbatch.pack.size": "1", "pegasus.catalog.x.password": "no"})
    assert plan_from_json(plan_to_json(plan), source="plan.json") == plan
    assert "pegasus.catalog.x.password" not in plan.properties
    assert plan.job("L1-b").size == 3
    with pytest.raises(KeyError):
        plan.job("nobody")


def test_the_verdict_alone_is_told_where_the_run_is_and_when_it_began() -> None:
    told = [
        {pair["name"]: pair["value"] for pair in request.body["containerOverrides"]["environment"]}
        for request in build_requests(make_plan(), RUN)
    ]
    assert (told[-1]["PEGBATCH_SERVICE"], told[-1]["PEGBATCH_RUN_STARTED"]) == (
        "local",
        "1700000000.250",
    )
    assert all("PEGBATCH_RUN_STARTED" not in one for one in told[:-1])
