"""AWS's own command line against `pegbatch emulator`: one address, nothing else told."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

RESOURCES = {
    "type": "EC2",
    "maxvCpus": 8,
    "instanceTypes": ["optimal"],
    "instanceRole": "ecsInstanceRole",
    "subnets": ["subnet-1"],
    "securityGroupIds": ["sg-1"],
}
ORDER = [{"order": 1, "computeEnvironment": "cli-ce"}]
NEEDS = [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "64"}]
PATIENCE_SECONDS = 60


class Cli:
    """`aws …` in the environment that `pegbatch emulator` prints."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.environment = {**os.environ, **environment}
        self.folder = folder

    def text(self, *words: str) -> str:
        result = subprocess.run(
            [sys.executable, "-m", "awscli", *words],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
        assert result.returncode == 0, f"{words}: {result.stderr}"
        return result.stdout

    def __call__(self, *words: str, **options: Any) -> Any:
        """Make one call; options are `--names` with JSON or text as values."""
        given = [*words, "--output", "json"]
        for name, value in options.items():
            text = value if isinstance(value, str) else json.dumps(value)
            given += [f"--{name.replace('_', '-')}", text]
        text = self.text(*given)
        return json.loads(text) if text.strip() else None

    def job(self, job_id: str) -> Any:
        return self("batch", "describe-jobs", jobs=job_id)["jobs"][0]

    def wait(self, job_id: str, *states: str) -> Any:
        wanted = states or ("SUCCEEDED", "FAILED")
        patience = time.monotonic() + PATIENCE_SECONDS
        while (job := self.job(job_id))["status"] not in wanted:
            assert time.monotonic() < patience, job
        return job

    def log(self, job: Any) -> list[str]:
        events = self(
            *("logs", "get-log-events", "--start-from-head"),
            log_group_name="/aws/batch/job",
            log_stream_name=job["container"]["logStreamName"],
        )
        return [event["message"] for event in events["events"]]


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Cli]:
    """Serve `pegbatch emulator` and lend the command line for it."""
    pytest.importorskip("awscli")
    words = [sys.executable, "-m", "pegbatch", "emulator", "--dir", str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            exports = [process.stdout.readline().removeprefix("export ") for _ in range(4)]
            environment = dict(line.strip().split("=", 1) for line in exports)
            assert set(environment) == {
                "AWS_ENDPOINT_URL",
                "AWS_DEFAULT_REGION",
                "AWS_ACCESS_KEY_ID",
                "AWS_SECRET_ACCESS_KEY",
            }
            yield Cli(environment, tmp_path)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()


@pytest.mark.slow
def test_awss_own_command_line_works_on_the_one_address(aws: Cli) -> None:
    set_up(aws)
    first = aws(
        *("batch", "submit-job"),
        job_name="first",
        job_queue="cli-q",
        job_definition="cli-d",
        array_properties={"size": 3},
        container_overrides={"command": ["/bin/sh", "-c", "echo $AWS_BATCH_JOB_ARRAY_INDEX"]},
    )["jobId"]
    second = aws(
        *("batch", "submit-job"),
        job_name="second",
        job_queue="cli-q",
        job_definition="cli-d",
        array_properties={"size": 3},
        depends_on=[{"jobId": first, "type": "N_TO_N"}],
    )["jobId"]
    endless = aws(
        *("batch", "submit-job"),
        job_name="endless",
        job_queue="cli-q",
        job_definition="cli-d",
        container_overrides={"command": ["sleep", "1000"]},
    )["jobId"]

    aws.wait(second)
    assert aws.job(second)["arrayProperties"]["statusSummary"]["SUCCEEDED"] == 3
    children = aws("batch", "list-jobs", array_job_id=first, job_status="SUCCEEDED")
    assert sorted(child["jobId"] for child in children["jobSummaryList"]) == [
        f"{first}:{index}" for index in range(3)
    ]
    assert aws.log(aws.job(f"{first}:2")) == ["2"]
    assert aws.log(aws.job(f"{second}:0")) == ["from the definition"]

    aws.wait(endless, "RUNNING")
    aws("batch", "terminate-job", job_id=endless, reason="seen enough")
    ended = aws.wait(endless)
    assert (ended["status"], ended["statusReason"]) == ("FAILED", "seen enough")

    runs_a_program_from_s3(aws)


def set_up(aws: Cli) -> None:
    aws(
        *("batch", "create-compute-environment"),
        compute_environment_name="cli-ce",
        type="MANAGED",
        compute_resources=RESOURCES,
    )
    environments = aws("batch", "describe-compute-environments", compute_environments="cli-ce")
    assert environments["computeEnvironments"][0]["status"] == "VALID"
    queue = aws(
        *("batch", "create-job-queue"),
        job_queue_name="cli-q",
        priority="1",
        compute_environment_order=ORDER,
    )
    assert queue["jobQueueArn"].endswith(":job-queue/cli-q")
    definition = aws(
        *("batch", "register-job-definition"),
        job_definition_name="cli-d",
        type="container",
        container_properties={
            "image": "busybox",
            "command": ["echo", "from the definition"],
            "resourceRequirements": NEEDS,
        },
    )
    assert definition["revision"] == 1


def runs_a_program_from_s3(aws: Cli) -> None:
    """Send a script to the same address, and run it as a fetch-and-run job."""
    (aws.folder / "hello.sh").write_text('#!/bin/sh\necho "hello $1"\n')
    aws.text("s3", "mb", "s3://cli-bucket")
    aws.text("s3", "cp", "--quiet", "hello.sh", "s3://cli-bucket/programs/hello.sh")
    assert "hello.sh" in aws.text("s3", "ls", "s3://cli-bucket/programs/")
    variables = {
        "BATCH_FILE_TYPE": "script",
        "BATCH_FILE_S3_URL": "s3://cli-bucket/programs/hello.sh",
    }
    job = aws(
        *("batch", "submit-job"),
        job_name="fetched",
        job_queue="cli-q",
        job_definition="cli-d",
        container_overrides={
            "command": ["you"],
            "environment": [{"name": name, "value": text} for name, text in variables.items()],
        },
    )["jobId"]
    done = aws.wait(job)
    assert (done["status"], aws.log(done)) == ("SUCCEEDED", ["hello you"])
