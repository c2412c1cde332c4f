"""Job-submit files as a workflow."""

from __future__ import annotations

from typing import Any

import pytest

from pegbatch.batch.job_workflow import job_workflow
from pegbatch.errors import InputError
from pegbatch.model.job_files import JobTask


def task(name: str, *files: str, url: str | None = "s3://b/run/launch.sh") -> JobTask:
    environment = {"MORE": "x", "BATCH_FILE_TYPE": "script"}
    if files:
        environment["TRANSFER_INPUT_FILES"] = ",".join(files)
    if url is not None:
        environment["BATCH_FILE_S3_URL"] = url
    return JobTask(
        name=name,
        executable="launch.sh",
        arguments=f"{name}.sh",
        environment=environment,
        where=f"m.in:{name}",
    )


def workflow(*tasks: JobTask, common: tuple[str, ...] = ()) -> dict[str, Any]:
    return job_workflow(
        tasks, common, name="m", staging_url="s3://b/run", unpacker="/here/run_zip.py"
    )


def test_files_go_by_their_last_names_and_common_ones_to_every_task() -> None:
    found = workflow(task("a", "/x/one"), task("b"), common=("/y/all",))
    first, second = found["jobs"]
    inputs = [
        [use["lfn"] for use in job["uses"] if use["type"] == "input"] for job in (first, second)
    ]
    assert inputs == [["one", "all"], ["all"]]
    assert first["profiles"]["env"] == {
        "MORE": "x",
        "TRANSFER_INPUT_FILES": "one,all",
        "PEGASUS_AWS_BATCH_BUCKET": "s3://b/run/",
        "PEGASUS_JOB_NAME": "a",
    }
    assert [one["lfn"] for one in found["replicaCatalog"]["replicas"]] == ["all", "one"]


def test_an_executable_is_fetched_from_its_url_once_and_else_is_in_the_image() -> None:
    found = workflow(task("a"), task("b"), task("c", url=None))
    programs = found["transformationCatalog"]["transformations"]
    assert [one["sites"][0] for one in programs] == [
        {"name": "aws-batch", "type": "stageable", "pfn": "s3://b/run/launch.sh"},
        {"name": "aws-batch", "type": "installed", "pfn": "launch.sh"},
    ]
    assert found["jobs"][0]["name"] == found["jobs"][1]["name"] != found["jobs"][2]["name"]


def test_output_and_errors_of_each_task_are_delivered() -> None:
    (job,) = workflow(task("a"))["jobs"]
    assert (job["stdout"], job["stderr"]) == ("a.out", "a.err")
    assert [use["lfn"] for use in job["uses"] if use["stageOut"]] == ["a.out", "a.err"]


def test_what_would_overwrite_each_other_is_refused_all_at_once() -> None:
    with pytest.raises(InputError) as refused:
        workflow(task("a", "/x/one"), task("a"), task("b", "/y/one"))
    told = [str(problem) for problem in refused.value.problems]
    assert "another task is called a: m.in:a" in told[0]
    assert "/y/one and /x/one would be one file" in told[1]
