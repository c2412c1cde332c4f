"""The embedded AWS over the wire: boto3 as client, local processes as children."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.exceptions import ConnectionClosedError as ConnectionClosed

from pegbatch.emulator.server import serve
from pegbatch.errors import OutsideError, RunLocked
from tests.functional.emulator_bench import GROUP, Served, client, served, settings, until
from tests.processes import gone


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Served]:
    """Serve an embedded AWS with queue and definition."""
    with served(settings(tmp_path / "local-aws", minimum_timeout_seconds=1)) as bench:
        bench.set_up()
        yield bench


def test_an_array_its_n_to_n_dependent_and_a_plain_job_run_to_the_end(aws: Served) -> None:
    first = aws.submit("echo $AWS_BATCH_JOB_ARRAY_INDEX", size=5)
    second = aws.submit("echo second", size=5, dependsOn=[{"jobId": first, "type": "N_TO_N"}])
    last = aws.submit("echo last", dependsOn=[{"jobId": second}])
    assert aws.wait(last)["status"] == "SUCCEEDED"
    assert [aws.log(f"{first}:{index}") for index in range(5)] == list("01234")


def test_a_child_of_an_array_finds_its_place_in_its_environment(aws: Served) -> None:
    """Reference 4.6."""
    job = aws.submit("env", size=2, retryStrategy={"attempts": 1})
    aws.wait(job)
    found = dict(line.split("=", 1) for line in aws.log(f"{job}:1").splitlines())
    ours = {key: value for key, value in found.items() if key.startswith("AWS_BATCH")}
    assert ours == {
        "AWS_BATCH_JOB_ID": f"{job}:1",
        "AWS_BATCH_JOB_ARRAY_INDEX": "1",
        "AWS_BATCH_JOB_ARRAY_SIZE": "2",
        "AWS_BATCH_JOB_ATTEMPT": "1",
        "AWS_BATCH_CE_NAME": "ce",
        "AWS_BATCH_JQ_NAME": "q",
    }
    assert found["AWS_ENDPOINT_URL"] == found["AWS_ENDPOINT_URL_S3"] == aws.endpoint.url
    assert "PEGBATCH_S3_DIRECTORY" not in found


def test_a_job_that_names_a_folder_of_buckets_keeps_it(aws: Served) -> None:
    folder = {"name": "PEGBATCH_S3_DIRECTORY", "value": str(aws.endpoint.s3_directory)}
    job = aws.submit("env", containerOverrides={"environment": [folder]})
    aws.wait(job)
    found = aws.log(job).splitlines()
    assert f"PEGBATCH_S3_DIRECTORY={aws.endpoint.s3_directory}" in found
    assert not any(line.startswith("AWS_ENDPOINT_URL") for line in found)


def test_a_plain_job_has_no_array_index(aws: Served) -> None:
    job = aws.submit('echo "${AWS_BATCH_JOB_ARRAY_INDEX-unset}"')
    aws.wait(job)
    assert aws.log(job) == "unset"


def test_the_attempt_counts_from_1(aws: Served) -> None:
    job = aws.submit(
        "echo $AWS_BATCH_JOB_ATTEMPT; test $AWS_BATCH_JOB_ATTEMPT = 3",
        retryStrategy={"attempts": 5},
    )
    assert aws.wait(job)["status"] == "SUCCEEDED"
    assert aws.log(job) == "3"
    exit_codes = [a["container"]["exitCode"] for a in aws.describe(job)["attempts"]]
    assert exit_codes == [1, 1, 0]


def test_environment_of_definition_and_override_reach_the_child_and_no_other(
    aws: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_USER", "x")
    job = aws.submit("env", containerOverrides={"environment": [{"name": "MINE", "value": "1 2"}]})
    aws.wait(job)
    assert "MINE=1 2" in aws.log(job).splitlines()
    assert "SECRET_OF_THE_USER" not in aws.log(job)


def test_every_child_has_an_empty_working_directory_that_is_removed(aws: Served) -> None:
    job = aws.submit("pwd; ls -A; mkdir a; touch a/b c", size=4)
    aws.wait(job)
    folders = [aws.log(f"{job}:{index}").splitlines() for index in range(4)]
    assert all(len(lines) == 1 for lines in folders)
    until(lambda: not any(Path(lines[0]).exists() for lines in folders))


def test_a_child_dies_with_everything_it_started(aws: Served) -> None:
    job = aws.submit("sleep 1000 & echo $!; exit 0")
    aws.wait(job)
    until(lambda: gone(int(aws.log(job))))


def test_a_killed_child_takes_along_what_left_its_session(aws: Served) -> None:
    job = aws.submit("setsid sleep 1000 & echo $!; sleep 1000")
    aws.wait(job, "RUNNING")
    until(lambda: aws.log(job))
    loose = int(aws.log(job))
    until(lambda: os.getsid(loose) == loose)
    aws.control("POST", "strike", job=job, how="memory")
    aws.wait(job)
    assert gone(loose)


def test_a_reclaimed_child_takes_along_what_left_its_session_before_it_starts_again(
    aws: Served,
) -> None:
    job = aws.submit(
        "test $AWS_BATCH_JOB_ATTEMPT = 2 && exit; setsid sleep 1000 & echo $!; sleep 1000",
        retryStrategy={"attempts": 2},
    )
    aws.wait(job, "RUNNING")
    until(lambda: aws.log(job))
    loose = int(aws.log(job))
    until(lambda: os.getsid(loose) == loose)
    aws.control("POST", "strike", job=job, how="host")
    assert aws.wait(job)["status"] == "SUCCEEDED"
    assert gone(loose)


@pytest.mark.parametrize(("command", "code"), [("kill -9 $$", 137), ("kill -15 $$", 143)])
def test_a_signal_is_an_exit_code_over_128(aws: Served, command: str, code: int) -> None:
    job = aws.submit(command)
    assert aws.wait(job)["container"]["exitCode"] == code


def test_a_terminated_job_may_clean_up_and_has_failed(aws: Served) -> None:
    job = aws.submit("trap 'echo cleaning; exit 0' TERM; echo up; while :; do sleep 0.01; done")
    aws.wait(job, "RUNNING")
    until(lambda: "up" in aws.log(job))
    aws.batch.terminate_job(jobId=job, reason="enough")
    found = aws.wait(job)
    assert (found["status"], found["statusReason"]) == ("FAILED", "enough")
    assert aws.log(job).splitlines()[-1] == "cleaning"


def test_a_job_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    chosen = settings(tmp_path / "local-aws", machine={"kill_after_seconds": 0.2})
    with served(chosen) as aws:
        aws.set_up()
        job = aws.submit("trap '' TERM; echo up; while :; do sleep 0.01; done")
        aws.wait(job, "RUNNING")
        until(lambda: "up" in aws.log(job))
        aws.batch.terminate_job(jobId=job, reason="enough")
        assert aws.wait(job)["container"]["exitCode"] == 137


def test_a_job_that_exceeds_its_timeout_is_ended(aws: Served) -> None:
    job = aws.submit("sleep 1000", timeout={"attemptDurationSeconds": 1})
    found = aws.wait(job)
    assert found["statusReason"] == "Job attempt duration exceeded timeout"
    assert found["container"]["exitCode"] == 143


def test_a_reclaimed_host_starts_the_job_again(aws: Served) -> None:
    job = aws.submit("test $AWS_BATCH_JOB_ATTEMPT = 2 || sleep 1000", retryStrategy={"attempts": 2})
    aws.wait(job, "RUNNING")
    assert aws.control("POST", "strike", job=job, how="host") == {"hit": [job]}
    found = aws.wait(job)
    assert found["status"] == "SUCCEEDED"
    assert found["attempts"][0]["statusReason"].startswith("Host EC2 (instance i-0")


def test_a_command_that_is_not_there_fails_the_start(tmp_path: Path) -> None:
    with served(settings(tmp_path / "local-aws", entry=("/no/such/program",))) as aws:
        aws.set_up()
        found = aws.wait(aws.submit("x"))
        assert found["statusReason"] == "Task failed to start"
        assert "CannotStartContainerError" in found["container"]["reason"]


def test_only_images_with_the_entry_script_are_started_through_it(tmp_path: Path) -> None:
    """The fetch-and-run image has it; a job that says what to fetch runs on one that has."""
    chosen = settings(tmp_path / "local-aws", entry=("/bin/echo", "entry:"), entry_for_all=False)
    with served(chosen) as aws:
        aws.set_up()
        fetch = {"name": "BATCH_FILE_TYPE", "value": "script"}
        plain = aws.submit("", containerOverrides={"command": ["/bin/echo", "hello"]})
        fetched = aws.submit("", containerOverrides={"command": ["hello"], "environment": [fetch]})
        empty = aws.batch.submit_job(jobName="e", jobQueue="q", jobDefinition="d")["jobId"]
        for job in (plain, fetched, empty):
            aws.wait(job)
        assert (aws.log(plain), aws.log(fetched)) == ("hello", "entry: hello")
        assert "no command specified" in aws.describe(empty)["container"]["reason"]


def test_no_more_children_run_at_once_than_there_are_vcpus(aws: Served, tmp_path: Path) -> None:
    job = aws.submit(f"echo x >> {tmp_path}/n; sleep 0.02; wc -l < {tmp_path}/n", size=40)
    aws.wait(job)
    level, most = 0, 0
    for event in aws.events():
        if event["job"] == job and event["child"] is not None:
            level += (event["state"] == "STARTING") - (event["state"] in ("SUCCEEDED", "FAILED"))
            most = max(most, level)
    assert most == 8


def test_every_state_change_is_a_line_of_events(aws: Served) -> None:
    job = aws.submit("test $AWS_BATCH_JOB_ATTEMPT = 2", size=2, retryStrategy={"attempts": 2})
    aws.wait(job)
    events = [event for event in aws.events() if event["job"] == job]
    assert all(set(event) == {"time", "job", "name", "child", "attempt", "state", "reason"}
               for event in events)  # fmt: skip
    assert [e["state"] for e in events if e["child"] is None] == [
        "SUBMITTED", "PENDING", "SUCCEEDED",
    ]  # fmt: skip
    assert [(e["state"], e["attempt"]) for e in events if e["child"] == 1] == [
        ("PENDING", 0), ("RUNNABLE", 0), ("STARTING", 1), ("RUNNING", 1),
        ("RUNNABLE", 1), ("STARTING", 2), ("RUNNING", 2), ("SUCCEEDED", 2),
    ]  # fmt: skip
    times = [event["time"] for event in aws.events()]
    assert times == sorted(times)


def test_a_running_jobs_log_can_be_read(aws: Served) -> None:
    job = aws.submit("echo one; echo two; sleep 1000")
    aws.wait(job, "RUNNING")
    until(lambda: aws.log(job) == "one\ntwo")
    aws.batch.terminate_job(jobId=job, reason="enough")
    aws.wait(job)


def test_errors_reach_boto3_with_code_and_message(aws: Served) -> None:
    with pytest.raises(ClientError) as refused:
        aws.submit("x", size=1)
    error: dict[str, Any] = refused.value.response["Error"]  # type: ignore[assignment]
    assert error["Code"] == "ClientException"
    assert "Array size 1" in error["Message"]
    with pytest.raises(aws.batch.exceptions.ClientException):
        aws.batch.describe_jobs(jobs=["x"] * 101)
    with pytest.raises(aws.logs.exceptions.ResourceNotFoundException):
        aws.logs.get_log_events(logGroupName=GROUP, logStreamName="none")


def test_boto3_tries_again_after_throttling_and_faults(aws: Served) -> None:
    patient = client("batch", aws.endpoint, attempts=4)
    for kind in ("throttle", "error", "drop"):
        aws.control("POST", "faults", kind=kind, calls=1, operation="DescribeJobQueues")
    assert patient.describe_job_queues()["jobQueues"]
    patient.close()


def test_an_answer_may_be_lost_although_the_job_was_accepted(aws: Served) -> None:
    aws.control("POST", "faults", kind="drop-after", operation="SubmitJob")
    with pytest.raises(ConnectionClosed):
        aws.submit("true", jobName="lost")
    query = {"name": "JOB_NAME", "values": ["lost"]}
    found = aws.batch.list_jobs(jobQueue="q", filters=[query])["jobSummaryList"]
    assert len(found) == 1


def test_tags_go_through_the_path_of_the_request(aws: Served) -> None:
    arn = aws.batch.describe_job_queues()["jobQueues"][0]["jobQueueArn"]
    aws.batch.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    aws.batch.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert aws.batch.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}


def test_paginators_of_boto3_see_every_child(aws: Served) -> None:
    blocker = aws.submit("sleep 1000")
    job = aws.submit("true", size=2500, dependsOn=[{"jobId": blocker}])
    pages = aws.batch.get_paginator("list_jobs").paginate(arrayJobId=job, jobStatus="PENDING")
    assert sum(len(page["jobSummaryList"]) for page in pages) == 2500
    aws.batch.terminate_job(jobId=blocker, reason="enough")
    assert aws.wait(job)["arrayProperties"]["statusSummary"]["FAILED"] == 2500


def test_waiting_takes_no_cpu_time(aws: Served) -> None:
    """One array waits for a sleeping job; nothing is polled meanwhile."""
    job = aws.submit("sleep 1000")
    aws.submit("true", size=100, dependsOn=[{"jobId": job}])
    aws.wait(job, "RUNNING")
    before = time.process_time()
    time.sleep(1.0)
    used = time.process_time() - before
    aws.batch.terminate_job(jobId=job, reason="enough")
    aws.wait(job)
    assert used < 0.1


def test_a_restarted_emulator_takes_running_children_for_reclaimed_hosts(
    tmp_path: Path,
) -> None:
    chosen = settings(tmp_path / "local-aws")
    with served(chosen) as aws:
        aws.set_up()
        job = aws.submit(
            "test $AWS_BATCH_JOB_ATTEMPT = 2 || sleep 1000",
            size=3,
            retryStrategy={"attempts": 2},
        )
        after = aws.submit("true", dependsOn=[{"jobId": job}])
        done = aws.submit("true")
        until(lambda: aws.describe(job)["arrayProperties"]["statusSummary"]["RUNNING"] == 3)
        aws.wait(done)
    with served(chosen) as aws:
        assert aws.wait(after)["status"] == "SUCCEEDED"
        assert aws.describe(done)["status"] == "SUCCEEDED"
        first = aws.describe(f"{job}:0")["attempts"][0]
        assert first["statusReason"].startswith("Host EC2")
        assert len(aws.describe(f"{job}:0")["attempts"]) == 2


def test_two_emulators_do_not_share_a_folder(aws: Served) -> None:
    chosen = settings(aws.endpoint.folder, lock_patience_seconds=0.1)
    with pytest.raises(RunLocked, match="another embedded AWS"):
        asyncio.run(serve(chosen))
    assert aws.batch.describe_job_queues()["jobQueues"]


def test_a_call_for_another_region_is_refused_as_amazon_does(aws: Served) -> None:
    for service, operation in (("batch", "describe_job_queues"), ("logs", "describe_log_groups")):
        far = client(service, aws.endpoint, region="eu-west-1")
        with pytest.raises(ClientError, match="is in us-east-1, the request is signed for eu-west"):
            getattr(far, operation)()
        far.close()


def test_a_restarted_one_has_the_region_of_the_last(tmp_path: Path) -> None:
    folder = tmp_path / "local-aws"
    with served(settings(folder, region="eu-west-1")) as aws:
        assert aws.endpoint.region == "eu-west-1"
    with served(settings(folder, region="")) as aws:
        assert aws.control("GET", "status")["region"] == "eu-west-1"


def test_what_a_folder_holds_keeps_its_region_and_account(tmp_path: Path) -> None:
    folder = tmp_path / "local-aws"
    with served(settings(folder)) as aws:
        aws.set_up()
    with pytest.raises(OutsideError, match="is in the region us-east-1, not in eu-west-1"):
        asyncio.run(serve(settings(folder, region="eu-west-1")))
    with pytest.raises(OutsideError, match="is in the account 123456789012, not in 210987654321"):
        asyncio.run(serve(settings(folder, account="210987654321")))


def test_arns_name_the_account_that_was_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "local-aws"
    with served(settings(folder, account="210987654321")) as aws:
        aws.set_up()
        job = aws.submit("true")
        (queue,) = aws.batch.describe_job_queues()["jobQueues"]
        found = aws.describe(job)
    assert queue["jobQueueArn"].startswith("arn:aws:batch:us-east-1:210987654321:job-queue/")
    assert found["jobQueue"] == queue["jobQueueArn"]
    assert found["jobArn"] == f"arn:aws:batch:us-east-1:210987654321:job/{job}"
