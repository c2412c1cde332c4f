"""Job-submit files of pegasus-aws-batch."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pegbatch.errors import InputError
from pegbatch.parse.job_submit import read_job_file

FULL: dict[str, Any] = {
    "jobName": "findrange_ID0000002",
    "executable": "launch.sh",
    "arguments": "findrange_ID0000002.sh 'two words'",
    "environment": [
        {"name": "TRANSFER_INPUT_FILES", "value": "/abs/worker.tgz, /abs/findrange_ID0000002.sh"},
        {"name": "BATCH_FILE_TYPE", "value": "script"},
        {"name": "BATCH_FILE_S3_URL", "value": "s3://b/run0001/launch.sh"},
    ],
}


def read(*entries: Any, key: str = "SubmitJob") -> Any:
    return read_job_file(json.dumps({key: entries}).encode(), "merge.in")


def refusals(*entries: Any) -> list[str]:
    with pytest.raises(InputError) as refused:
        read(*entries)
    return [str(problem) for problem in refused.value.problems]


def test_a_task_is_read_whole() -> None:
    (task,) = read(FULL)
    assert (task.name, task.executable) == ("findrange_ID0000002", "launch.sh")
    assert task.arguments == "findrange_ID0000002.sh 'two words'"
    assert task.files == ("/abs/worker.tgz", "/abs/findrange_ID0000002.sh")
    assert task.environment["BATCH_FILE_S3_URL"] == "s3://b/run0001/launch.sh"


def test_keys_may_have_any_case_and_most_may_be_missing() -> None:
    small = {"JOBNAME": "a", "Executable": "/bin/true", "ENVIRONMENT": [{"Name": "X", "VALUE": ""}]}
    (task,) = read(small, key="submitJOB")
    assert (task.name, task.arguments, task.files) == ("a", "", ())
    assert task.environment == {"X": ""}


@pytest.mark.parametrize("text", ["{}", "[]", '{"SubmitJob": []}', '{"SubmitJob": {"a": 1}}', "3"])
def test_a_file_without_tasks_is_an_error(text: str) -> None:
    with pytest.raises(InputError, match=r"merge\.in: no tasks"):
        read_job_file(text.encode(), "merge.in")


def test_every_wrong_entry_is_named_with_its_number() -> None:
    told = refusals(FULL, {"jobName": "b"}, "text", {**FULL, "jobName": "../x"})
    assert told[0] == "merge.in:SubmitJob[1]: executable is missing or is no text"
    assert told[1] == "merge.in:SubmitJob[2]: is not an object"
    assert told[2].startswith("merge.in:SubmitJob[3]: jobName '../x' cannot name its log files")
    assert len(told) == 3


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"arguments": ["a"]}, "arguments is no text"),
        ({"environment": {"A": "b"}}, "environment is no list"),
        ({"environment": [{"name": "A"}]}, "environment is no list"),
        ({"environment": ["A"]}, "environment is no list"),
        ({"environment": [{"name": "BATCH_FILE_TYPE", "value": "tar"}]}, "BATCH_FILE_TYPE is tar"),
        ({"environment": [{"name": "BATCH_FILE_TYPE", "value": "zip"}]}, "no BATCH_FILE_S3_URL"),
        ({"environment": [{"name": "BATCH_FILE_S3_URL", "value": "x"}]}, "s3://bucket/key"),
        ({"jobName": 7}, "jobName is missing"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], rule: str) -> None:
    (told,) = refusals({**FULL, **change})
    assert rule in told
