"""Queue, definition and environment are made in the embedded AWS where they are missing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from pegbatch.adapters.aws_calls import AwsCaller, CallBudget
from pegbatch.adapters.aws_clients import local_client
from pegbatch.adapters.aws_entities import (
    COMPUTE_ENVIRONMENT,
    JOB_DEFINITION,
    JOB_QUEUE,
    Entities,
    LocalEntities,
    named_entities,
)
from pegbatch.adapters.clock import SystemClock
from pegbatch.emulator.background import ensure_running, local_folder, stop
from pegbatch.errors import InputError, JobServiceError, PlanError


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsCaller]:
    folder = local_folder(tmp_path_factory.mktemp("entities"))
    clock = SystemClock()
    with local_client("batch", ensure_running(folder).url) as client:
        yield AwsCaller(client, CallBudget(clock, 1_000.0), clock)
    stop(folder)


def ensure(
    caller: AwsCaller,
    folder: Path,
    properties: Mapping[str, str],
    vcpus: int | None = None,
) -> Entities:
    made = LocalEntities(
        caller=caller,
        clock=SystemClock(),
        properties=properties,
        folder=folder,
        vcpus=vcpus or 2,
        set_vcpus=vcpus is not None,
    )
    return made.ensure()


def environment(caller: AwsCaller, name: str) -> Mapping[str, int]:
    answer = caller.call("describe_compute_environments", computeEnvironments=[name])
    (found,) = answer["computeEnvironments"]
    resources: Mapping[str, int] = found["computeResources"]
    return resources


def test_without_properties_all_three_are_made_once(caller: AwsCaller, tmp_path: Path) -> None:
    first = ensure(caller, tmp_path, {})
    assert first == Entities("pegbatch-local-job-queue", "pegbatch-local-job-definition")
    assert ensure(caller, tmp_path, {}) == first
    answer = caller.call("describe_job_definitions", jobDefinitionName=first.job_definition)
    assert len(answer["jobDefinitions"]) == 1


class Overtaken(AwsCaller):
    """A caller that another run of the same directory is always a step ahead of."""

    def __init__(self, caller: AwsCaller) -> None:
        self._caller = caller

    def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        if operation.startswith("create_"):
            self._caller.call(operation, **arguments)
        return self._caller.call(operation, **arguments)


def test_two_runs_that_begin_at_once_share_what_either_makes(
    caller: AwsCaller, tmp_path: Path
) -> None:
    names = {COMPUTE_ENVIRONMENT: "both", JOB_QUEUE: "both-queue"}
    assert ensure(Overtaken(caller), tmp_path, names).job_queue == "both-queue"


def test_what_the_service_refuses_is_an_error_all_the_same(
    caller: AwsCaller, tmp_path: Path
) -> None:
    order = [{"order": 1, "computeEnvironment": "nowhere"}]
    file = tmp_path / "queue.json"
    file.write_text(
        json.dumps({"jobQueueName": "q", "priority": 1, "computeEnvironmentOrder": order})
    )
    with pytest.raises(JobServiceError, match="nowhere"):
        ensure(caller, tmp_path, {JOB_QUEUE: str(file)})


def test_vcpus_change_an_environment_that_is_there_only_when_asked_for(
    caller: AwsCaller, tmp_path: Path
) -> None:
    name = "pegbatch-local-compute-environment"
    ensure(caller, tmp_path, {})
    ensure(caller, tmp_path, {}, vcpus=7)
    assert environment(caller, name)["maxvCpus"] == 7
    ensure(caller, tmp_path, {})
    assert environment(caller, name)["maxvCpus"] == 7


def test_fargate_environments_get_no_members_of_instances(
    caller: AwsCaller, tmp_path: Path
) -> None:
    body = {"computeEnvironmentName": "serverless", "computeResources": {"type": "FARGATE_SPOT"}}
    queue = {"jobQueueName": "serverless-q"}
    for name, text in (("ce.json", body), ("q.json", queue)):
        (tmp_path / name).write_text(json.dumps(text))
    properties = {COMPUTE_ENVIRONMENT: "./ce.json", JOB_QUEUE: "./q.json"}
    assert ensure(caller, tmp_path, properties).job_queue == "serverless-q"
    assert environment(caller, "serverless") == {
        "type": "FARGATE_SPOT",
        "maxvCpus": 2,
        "subnets": ["subnet-00000000"],
        "securityGroupIds": ["sg-00000000"],
    }


def test_unmanaged_environments_get_no_resources(caller: AwsCaller, tmp_path: Path) -> None:
    body = {"computeEnvironmentName": "own", "type": "UNMANAGED", "unmanagedvCpus": 4}
    queue = {"jobQueueName": "own-q"}
    for name, text in (("ce.json", body), ("q.json", queue)):
        (tmp_path / name).write_text(json.dumps(text))
    properties = {COMPUTE_ENVIRONMENT: "./ce.json", JOB_QUEUE: "./q.json"}
    for _ in range(2):
        assert ensure(caller, tmp_path, properties, vcpus=3).job_queue == "own-q"


def test_names_and_arns_are_taken(caller: AwsCaller, tmp_path: Path) -> None:
    properties = {
        JOB_DEFINITION: "arn:aws:batch:us-east-1:1:job-definition/mine:3",
        JOB_QUEUE: "arn:aws:batch:us-east-1:1:job-queue/my-queue",
        COMPUTE_ENVIRONMENT: "my-environment",
    }
    assert ensure(caller, tmp_path, properties, vcpus=3) == Entities("my-queue", "mine")
    assert environment(caller, "my-environment")["maxvCpus"] == 3


def test_json_files_in_pegasus_form_are_taken(caller: AwsCaller, tmp_path: Path) -> None:
    bodies = {
        "definition": {
            "type": "container",
            "retryStrategy": {"attempts": 1},
            "containerProperties": {"image": "fetch_and_run", "vcpus": 1, "memory": 500},
        },
        "queue": {"jobQueueName": "q-json", "priority": 10, "computeEnvironmentOrder": []},
        "environment": {
            "computeEnvironmentName": "ce-json",
            "state": "ENABLED",
            "type": "MANAGED",
            "computeResources": {"type": "EC2", "minvCpus": 0, "maxvCpus": 99},
        },
    }
    for name, body in bodies.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(body))
    properties = {
        JOB_DEFINITION: "./definition.json",
        JOB_QUEUE: "./queue.json",
        COMPUTE_ENVIRONMENT: "./environment.json",
    }
    assert ensure(caller, tmp_path, properties) == Entities(
        "q-json", "pegbatch-local-job-definition"
    )
    assert environment(caller, "ce-json")["maxvCpus"] == 2


@pytest.mark.parametrize(
    ("text", "message"), [("{", "malformed JSON"), ("[]", "not a JSON object")]
)
def test_a_file_that_is_no_json_object_is_named(
    caller: AwsCaller, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "q.json").write_text(text)
    with pytest.raises(InputError, match=rf"q\.json(:1)?: {message}"):
        ensure(caller, tmp_path, {JOB_QUEUE: "./q.json"})


def test_wrong_keys_and_types_are_named_by_their_path(caller: AwsCaller, tmp_path: Path) -> None:
    container = {"image": "i", "vcpus": "two", "memry": 500}
    body = {"jobDefinitionName": "wrong-keys", "containerProperties": container}
    (tmp_path / "d.json").write_text(json.dumps(body))
    with pytest.raises(InputError) as error:
        ensure(caller, tmp_path, {JOB_DEFINITION: "./d.json"})
    assert [str(problem).splitlines()[0] for problem in error.value.problems] == [
        "./d.json: containerProperties.vcpus: 'two' is not a whole number",
        "./d.json: containerProperties.memry: unknown key",
    ]


def test_a_missing_file_is_named(caller: AwsCaller, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json: no such file"):
        ensure(caller, tmp_path, {COMPUTE_ENVIRONMENT: "./none.json"})


def test_on_amazon_each_missing_property_is_a_problem() -> None:
    with pytest.raises(PlanError) as error:
        named_entities({JOB_QUEUE: "./queue.json"})
    assert len(error.value.problems) == 2
    assert named_entities({JOB_QUEUE: "q", JOB_DEFINITION: "d:3"}) == Entities("q", "d:3")
