"""Requests are judged by botocore's model: by path, all at once, and as botocore itself does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from pegbatch.adapters.aws_entity_files import OPERATIONS, check_entity, read_entity_file
from pegbatch.adapters.aws_shapes import batch_model, batch_regions, partition_of, request_faults
from pegbatch.batch.entity_bodies import EntityBody, prepare
from pegbatch.errors import InputError
from pegbatch.model.entities import EntityKind

SAMPLES = "github/pegasus-isi+pegasus"
FILES = {
    "sample-job-definition.json": EntityKind.DEFINITION,
    "sample-compute-env.json": EntityKind.ENVIRONMENT,
    "sample-job-queue.json": EntityKind.QUEUE,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["name", "value", "type", "image", "memory", "attempts"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
KEYS = ["jobDefinitionName", "type", "containerProperties", "retryStrategy", "tags", "parameters"]


def paths(operation: str, body: dict[str, Any]) -> list[str]:
    return [path for path, _, _ in request_faults(operation, body)]


def test_every_fault_is_named_by_its_path() -> None:
    body = {
        "jobDefinitionName": "d",
        "type": "containr",
        "containerProperties": {
            "image": 7,
            "privileged": "yes",
            "environment": {"A": "1"},
            "mountPoints": ["x"],
            "resourceRequirements": [{"type": "VCPU"}],
        },
        "parameters": {"a": 1},
        "timout": {},
    }
    assert paths("RegisterJobDefinition", body) == [
        "type",
        "containerProperties.image",
        "containerProperties.privileged",
        "containerProperties.environment",
        "containerProperties.mountPoints[0]",
        "containerProperties.resourceRequirements[0].value",
        "parameters.a",
        "timout",
    ]


def test_an_unknown_key_comes_with_the_nearest_known_one() -> None:
    body = {"jobQueueName": "q", "priority": 1, "computeEnvironmentorder": []}
    assert request_faults("CreateJobQueue", body) == (
        ("computeEnvironmentorder", "unknown key", "did you mean computeEnvironmentOrder?"),
    )


def test_numbers_and_strings_are_told_apart_with_what_to_do() -> None:
    body = {"jobQueueName": 1, "priority": "1", "tags": []}
    hints = {path: hint for path, _, hint in request_faults("CreateJobQueue", body)}
    assert hints == {
        "jobQueueName": "write it in quotes",
        "priority": "write it without quotes",
        "tags": None,
    }


def test_a_number_is_not_true_and_a_long_value_is_cut() -> None:
    body = {"jobQueueName": "q", "priority": True, "state": ["x" * 100]}
    messages = [message for _, message, _ in request_faults("CreateJobQueue", body)]
    assert messages[0] == "True is not a whole number"
    assert messages[1].endswith("... is not a string")


@given(st.dictionaries(st.sampled_from([*KEYS, "unknown"]), JSON, max_size=5))
def test_what_botocore_refuses_is_refused_and_nothing_else(body: dict[str, Any]) -> None:
    shape = batch_model().operation_model("RegisterJobDefinition").input_shape
    report = ParamValidator().validate(body, shape)  # type: ignore[arg-type]
    faults = list(request_faults("RegisterJobDefinition", body))
    words = [fault for fault in faults if " is none of " in fault[1]]
    if report.has_errors():
        assert faults
    else:
        assert faults == words


@pytest.mark.parametrize("name", FILES)
def test_the_samples_of_pegasus_are_taken_whole(shared_data: Path, name: str) -> None:
    kind = FILES[name]
    found = sorted((shared_data / SAMPLES).rglob(name))
    assert found
    for path in found:
        body = prepare(kind, read_entity_file(path), prefix="p", environment="ce")
        assert check_entity(EntityBody(kind, body, str(path))) == ()
        shape = batch_model().operation_model(OPERATIONS[kind]).input_shape
        report = ParamValidator().validate(dict(body), shape)  # type: ignore[arg-type]
        assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize(
    ("text", "words"),
    [("[1]", "not a JSON object"), ("{", "malformed JSON"), ('{"a": "b\nc"}', "AWS will refuse")],
)
def test_a_file_that_is_no_json_object_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "f.json"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_entity_file(path)


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "f.json"
    path.write_text(json.dumps({"a": [1, "ü"]}))
    assert read_entity_file(path) == {"a": [1, "ü"]}


def test_regions_of_every_partition_are_known() -> None:
    assert {"us-east-1", "cn-north-1", "us-gov-west-1"} <= batch_regions()


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("eu-west-1", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("mars", "aws"),
    ],
)
def test_a_region_tells_its_partition(region: str, partition: str) -> None:
    assert partition_of(region) == partition
