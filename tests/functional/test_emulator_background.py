"""The background emulator and its command, as processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from pegbatch.emulator import background, presence
from pegbatch.errors import JobServiceError
from tests.functional.emulator_bench import Served, until
from tests.processes import gone

ENTRY = ("--entry", "/bin/sh", "--entry", "-c")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder below a path with a space; what runs there is ended after the test."""
    folder = background.local_folder(tmp_path / "a b")
    yield folder
    if folder.exists():
        background.stop(folder)


def command(*words: str, base: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pegbatch", "emulator", "--dir", str(base), *words],
        capture_output=True,
        text=True,
        check=False,
    )


def start(folder: Path, *options: str) -> Served:
    return Served(background.ensure_running(folder, options=(*ENTRY, *options)))


def test_the_first_call_starts_it_and_the_next_ones_find_it(folder: Path) -> None:
    first = background.ensure_running(folder)
    second = background.ensure_running(folder)
    assert first == second
    body = json.loads((folder / "emulator.json").read_text())
    assert body == {"address": first.url, "pid": first.pid}
    assert first.url.startswith("http://127.0.0.1:")
    assert os.getsid(first.pid) != os.getsid(0)


def test_calls_at_the_same_time_start_one(folder: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        endpoints = list(pool.map(lambda _: background.ensure_running(folder), range(4)))
    assert len(set(endpoints)) == 1


def test_stopping_ends_it_with_its_children(folder: Path) -> None:
    aws = start(folder)
    aws.set_up()
    job = aws.submit("echo $$; exec sleep 1000")
    aws.wait(job, "RUNNING")
    until(lambda: aws.log(job))
    child = int(aws.log(job))
    pid = aws.endpoint.pid
    aws.close()
    assert background.stop(folder)
    assert gone(child)
    until(lambda: gone(pid))
    assert not (folder / "emulator.json").exists()
    assert not background.stop(folder)
    assert background.running(folder) is None


def test_killed_and_restarted_it_goes_on(folder: Path) -> None:
    aws = start(folder)
    aws.set_up()
    done = aws.submit("true", size=3)
    job = aws.submit(
        'echo $$; test "$AWS_BATCH_JOB_ATTEMPT" = 2 || sleep 1000',
        size=2,
        retryStrategy={"attempts": 2},
    )
    after = aws.submit("echo after", size=2, dependsOn=[{"jobId": job, "type": "N_TO_N"}])
    aws.wait(done)
    until(lambda: aws.describe(job)["arrayProperties"]["statusSummary"]["RUNNING"] == 2)
    until(lambda: aws.log(f"{job}:0"))
    child = int(aws.log(f"{job}:0"))
    os.kill(aws.endpoint.pid, signal.SIGKILL)
    aws.close()
    again = start(folder)
    assert again.endpoint.pid != aws.endpoint.pid
    assert again.endpoint.url == aws.endpoint.url
    assert gone(child)
    assert again.wait(after)["status"] == "SUCCEEDED"
    assert again.wait(done)["status"] == "SUCCEEDED"
    attempts = again.describe(f"{job}:0")["attempts"]
    assert [a["container"].get("exitCode") for a in attempts] == [None, 0]
    assert attempts[0]["statusReason"].startswith("Host EC2")
    states = [e["state"] for e in again.events() if e["job"] == after and e["child"] == 1]
    assert states == ["PENDING", "RUNNABLE", "STARTING", "RUNNING", "SUCCEEDED"]
    again.close()


def test_it_ends_some_time_after_the_last_job_and_call(folder: Path) -> None:
    aws = start(folder, "--idle-seconds", "3")
    aws.set_up()
    job = aws.submit("sleep 1.2")
    aws.wait(job)
    aws.close()
    until(lambda: gone(aws.endpoint.pid))
    assert not (folder / "emulator.json").exists()
    states = [e["state"] for e in aws.events() if e["job"] == job]
    assert states[-1] == "SUCCEEDED"


def test_a_left_over_emulator_json_is_not_believed(folder: Path) -> None:
    folder.mkdir(parents=True)
    presence.publish(presence.Endpoint("http://127.0.0.1:9", os.getpid(), folder))
    assert background.running(folder) is None
    assert background.ensure_running(folder).pid != os.getpid()


def test_an_emulator_that_cannot_start_says_why(folder: Path) -> None:
    with pytest.raises(JobServiceError, match="no-such-option"):
        background.ensure_running(folder, options=["--no-such-option"])


def test_the_command_tells_status_and_stops(folder: Path) -> None:
    base = folder.parent
    assert command("--status", base=base).stdout == "not running\n"
    place = ("--region", "eu-west-1", "--account", "210987654321")
    shown = command("--background", *place, "--rate", "9", base=base)
    assert shown.returncode == 0, shown.stderr
    exports = dict(line.removeprefix("export ").split("=", 1) for line in shown.stdout.splitlines())
    status: dict[str, Any] = json.loads(command("--status", "--json", base=base).stdout)
    assert status["running"] is True
    assert exports["AWS_ENDPOINT_URL"] == status["address"]
    assert exports["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert status["account"] == "210987654321"
    other = command("--background", "--account", "123456789012", base=base)
    assert other.returncode == 5
    assert "is in the account 210987654321, not in 123456789012" in other.stderr
    assert command("--background", *place, base=base).returncode == 0
    assert "0 of 0 jobs not finished" in command("--status", base=base).stdout
    assert command("--stop", base=base).stderr == "stopped\n"
    assert command("--stop", base=base).stderr == "not running\n"
    wrong = command("--background", "--account", "21098765432", base=base)
    assert (wrong.returncode, "is no AWS account: 12 digits" in wrong.stderr) == (2, True)


def test_the_command_serves_in_the_foreground_until_interrupted(folder: Path) -> None:
    words = [sys.executable, "-m", "pegbatch", "emulator", "--dir", str(folder.parent)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"export AWS_ENDPOINT_URL=http://127.")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 0


def test_the_command_passes_faults_and_mishaps_on_to_the_running_one(folder: Path) -> None:
    aws = start(folder)
    aws.set_up()
    job = aws.submit("sleep 1000")
    aws.wait(job, "RUNNING")
    assert command("--fault", "throttle:SubmitJob=1", base=folder.parent).returncode == 0
    with pytest.raises(aws.batch.exceptions.ClientError, match="TooManyRequests"):
        aws.submit("true")
    assert command("--strike", job, "--how", "memory", base=folder.parent).stdout == f"{job}\n"
    assert "OutOfMemoryError" in aws.wait(job)["container"]["reason"]
    assert command("--strike", "nonsense", base=folder.parent).returncode == 5
    assert command("--fault", "nonsense", base=folder.parent).returncode == 2
    assert command("--fault", "error=1/0", base=folder.parent).returncode == 2
    aws.close()


def test_a_share_of_the_calls_goes_wrong_until_it_is_told_to_behave(folder: Path) -> None:
    aws = start(folder, "--fault", "error:DescribeJobQueues=1/1")
    for _ in range(3):
        with pytest.raises(aws.batch.exceptions.ClientError, match="told to fail"):
            aws.batch.describe_job_queues()
    assert command("--behave", base=folder.parent).returncode == 0
    assert aws.batch.describe_job_queues()["jobQueues"] == []
    assert command("--fault", "drop:DescribeJobQueues=1/1", base=folder.parent).returncode == 0
    with pytest.raises(ConnectionClosedError):
        aws.batch.describe_job_queues()
    aws.close()
    background.stop(folder)
    assert command("--behave", base=folder.parent).returncode == 5
