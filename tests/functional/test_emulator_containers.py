"""Children in a container engine: a fake one that takes Docker's words, and no mercy with it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pegbatch.emulator import background
from pegbatch.emulator.runtimes import container_key
from pegbatch.errors import JobServiceError, OutsideError
from tests.functional.commands import ROOT, pegbatch
from tests.functional.emulator_bench import CONTAINER, Served, served, settings, until

SECRET = "canary-5Zq"
LINES = "two\nlines"


@dataclass(frozen=True)
class FakeDocker:
    """The folder of a fake engine."""

    home: Path

    def image(self, name: str, *entry: str) -> None:
        (self.home / "images" / name.replace("/", "%")).write_text(json.dumps(entry))

    def calls(self, verb: str) -> list[list[str]]:
        lines = (self.home / "calls").read_text().splitlines()
        return [words for words in map(json.loads, lines) if words[0] == verb]

    def containers(self) -> list[str]:
        return sorted(path.stem for path in (self.home / "containers").glob("*.json"))


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDocker]:
    """Put a fake `docker` where programs are looked for, with an image that runs shell commands."""
    home, bin_folder = tmp_path / "docker", tmp_path / "bin"
    for folder in (home / "images", home / "containers", bin_folder):
        folder.mkdir(parents=True)
    program, script = bin_folder / "docker", bin_folder / "fake_docker.py"
    shutil.copyfile(ROOT / "tests" / "fake_docker.py", script)
    # By the shell: the first line of a script holds no path with a space.
    words = shlex.join([sys.executable, "-SE", str(script)])
    program.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_folder}:{os.environ['PATH']}")
    monkeypatch.setenv("HOST_SECRET", "of the machine")
    found = FakeDocker(home)
    found.image("busybox", "/bin/sh", "-c")
    yield found
    assert not found.containers(), "containers are left"


@pytest.fixture
def aws(docker: FakeDocker, tmp_path: Path) -> Iterator[Served]:
    """Serve an embedded AWS whose children run in the fake engine."""
    machine = {"kill_after_seconds": 1.0}
    with served(settings(tmp_path / "local-aws", runtime="docker", machine=machine)) as bench:
        bench.set_up()
        yield bench


def with_image(aws: Served, image: str, **properties: Any) -> str:
    """Register a definition with an image of its own, and return its name."""
    name = image.replace("/", "_")
    aws.batch.register_job_definition(
        jobDefinitionName=name,
        type="container",
        containerProperties={**CONTAINER, "image": image, **properties},
    )
    return name


def test_a_child_runs_through_the_images_entry_point_with_its_own_variables_alone(
    aws: Served, docker: FakeDocker
) -> None:
    variables = [{"name": "KEY", "value": SECRET}, {"name": "LINES_TWO", "value": LINES}]
    job = aws.submit("env; echo to the log; exit 3", containerOverrides={"environment": variables})
    found = aws.wait(job)
    assert found["container"]["exitCode"] == 3
    assert found["statusReason"] == "Essential container in task exited"
    log = aws.log(job)
    assert f"KEY={SECRET}" in log and LINES in log and "to the log" in log
    assert f"AWS_BATCH_JOB_ID={job}" in log
    assert "HOST_SECRET" not in log and "HOME=" not in log


def test_no_value_of_a_variable_is_among_the_arguments(aws: Served, docker: FakeDocker) -> None:
    values = [{"name": "KEY", "value": SECRET}, {"name": "MORE", "value": f"{SECRET}\n"}]
    aws.wait(aws.submit("exit 0", containerOverrides={"environment": values}))
    [words] = docker.calls("run")
    assert SECRET not in " ".join(words)
    assert "MORE" in words
    assert not Path(words[words.index("--env-file") + 1]).exists()


def test_a_container_is_bounded_by_what_its_job_asks_for_and_sees_the_buckets(
    aws: Served, docker: FakeDocker, tmp_path: Path
) -> None:
    volume = {"name": "v", "host": {"sourcePath": "/etc"}}
    point = {"sourceVolume": "v", "containerPath": "/data", "readOnly": True}
    more = {"volumes": [volume], "mountPoints": [point], "user": "nobody"}
    limit = {"name": "nofile", "softLimit": 5, "hardLimit": 9}
    name = with_image(aws, "busybox", ulimits=[limit], readonlyRootFilesystem=True, **more)
    buckets = {"name": "PEGBATCH_S3_DIRECTORY", "value": str(tmp_path)}
    job = aws.submit("exit 0", jobDefinition=name, containerOverrides={"environment": [buckets]})
    aws.wait(job)
    text = " ".join(docker.calls("run")[0])
    assert "--cpus 1 --memory 64m --memory-swap 64m --user nobody" in text
    assert f"--mount type=bind,source={tmp_path},target={tmp_path}" in text
    assert "--mount type=bind,source=/etc,target=/data,readonly" in text
    assert "--read-only --ulimit nofile=5:9" in text
    assert "--network host" in text


def test_a_command_that_is_not_in_the_image_fails_the_start(
    aws: Served, docker: FakeDocker
) -> None:
    docker.image("bare")
    found = aws.wait(aws.submit("/no/such/program", jobDefinition=with_image(aws, "bare")))
    assert found["statusReason"] == "Task failed to start"
    assert found["container"]["reason"].startswith("CannotStartContainerError: exec: /no/such")
    assert "exitCode" not in found["container"]


def test_an_image_that_cannot_be_pulled_is_the_containers_reason(
    aws: Served, docker: FakeDocker
) -> None:
    found = aws.wait(aws.submit("exit 0", jobDefinition=with_image(aws, "nobody/has-it")))
    assert found["statusReason"] == "Task failed to start"
    reason = found["container"]["reason"]
    assert reason.startswith("CannotPullContainerError: ")
    assert "pull access denied for nobody/has-it" in reason


def test_an_image_is_pulled_once_for_all_children(aws: Served, docker: FakeDocker) -> None:
    found = aws.wait(aws.submit("/bin/true", size=4, jobDefinition=with_image(aws, "remote/new")))
    assert found["status"] == "SUCCEEDED"
    assert len(docker.calls("pull")) == 1
    assert len(docker.calls("run")) == 4


def test_a_job_that_is_terminated_while_its_image_is_pulled_never_runs(
    aws: Served, docker: FakeDocker
) -> None:
    gate = docker.home / "gate"
    gate.touch()
    job = aws.submit("/bin/true", jobDefinition=with_image(aws, "remote/large"))
    until(lambda: (docker.home / "calls").exists() and docker.calls("pull"))
    assert aws.describe(job)["status"] == "STARTING"
    aws.batch.terminate_job(jobId=job, reason="changed my mind")
    found = aws.wait(job)
    gate.unlink()
    assert (found["status"], found["statusReason"]) == ("FAILED", "changed my mind")
    assert not docker.calls("run")


def test_a_terminated_child_gets_sigterm_and_if_it_goes_on_sigkill(
    aws: Served, docker: FakeDocker, tmp_path: Path
) -> None:
    polite = aws.submit(f"trap 'exit 75' TERM; touch {tmp_path}/up1; while :; do sleep 0.05; done")
    deaf = aws.submit(f"trap '' TERM; touch {tmp_path}/up2; while :; do sleep 0.05; done")
    until(lambda: (tmp_path / "up1").exists() and (tmp_path / "up2").exists())
    for job in (polite, deaf):
        aws.batch.terminate_job(jobId=job, reason="enough")
    codes = [aws.wait(job)["container"]["exitCode"] for job in (polite, deaf)]
    assert codes == [75, 137]
    assert aws.describe(deaf)["statusReason"] == "enough"


def test_a_container_killed_for_its_memory_says_so(aws: Served, docker: FakeDocker) -> None:
    docker.image("tiny", "/bin/sh", "-c")
    found = aws.wait(aws.submit("kill -9 $$", jobDefinition=with_image(aws, "tiny")))
    assert found["container"]["exitCode"] == 137
    assert found["container"]["reason"].startswith("OutOfMemoryError: ")


def test_a_struck_container_is_gone_before_its_job_starts_again(
    aws: Served, docker: FakeDocker, tmp_path: Path
) -> None:
    script = f"echo up >> {tmp_path}/starts; [ $AWS_BATCH_JOB_ATTEMPT = 2 ] || exec sleep 1000"
    job = aws.submit(script, retryStrategy={"attempts": 2})
    until(lambda: (tmp_path / "starts").exists())
    first = docker.containers()
    aws.control("POST", "strike", job=job, how="host")
    found = aws.wait(job)
    assert found["status"] == "SUCCEEDED"
    assert found["attempts"][0]["statusReason"].startswith("Host EC2")
    assert len(first) == 1 and first[0] not in docker.containers()


def test_children_end_with_the_embedded_aws(docker: FakeDocker, tmp_path: Path) -> None:
    with served(settings(tmp_path / "local-aws", runtime="docker")) as aws:
        aws.set_up()
        aws.submit(f"touch {tmp_path}/up; exec sleep 1000")
        until((tmp_path / "up").exists)
    assert not docker.containers()


def test_what_a_killed_one_left_is_removed_and_nothing_else(
    docker: FakeDocker, tmp_path: Path
) -> None:
    folder = tmp_path / "local-aws"
    body = {"pid": 0, "State": {"Running": False}}
    for name, key in (("old", container_key(folder)), ("foreign", container_key(tmp_path))):
        path = docker.home / "containers" / f"{name}.json"
        path.write_text(json.dumps({**body, "label": f"pegbatch.folder={key}"}))
    with served(settings(folder, runtime="docker")):
        assert docker.containers() == ["foreign"]
    (docker.home / "containers" / "foreign.json").unlink()


def test_a_call_that_a_killed_one_was_waiting_for_is_ended(
    docker: FakeDocker, tmp_path: Path
) -> None:
    (docker.home / "gate").touch()
    folder = tmp_path / "local-aws"
    endpoint = background.ensure_running(folder, runtime="docker")
    aws = Served(endpoint)
    aws.set_up()
    more = {"retryStrategy": {"attempts": 2}}
    aws.submit("/bin/true", jobDefinition=with_image(aws, "remote/large"), **more)
    until(lambda: (docker.home / "calls").exists() and docker.calls("pull"))
    aws.close()
    os.kill(endpoint.pid, signal.SIGKILL)
    with served(settings(folder)) as again:
        until(lambda: len(docker.calls("pull")) == 2)
        assert again.control("GET", "status")["runtime"] == "docker"
    assert pulls(docker) == 0


def pulls(docker: FakeDocker) -> int:
    """Return how many processes of the fake engine are waiting for an image."""
    shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return sum("pull" in line and str(docker.home.parent) in line for line in shown.splitlines())


def test_a_restarted_one_has_the_runtime_of_the_last(docker: FakeDocker, tmp_path: Path) -> None:
    folder = tmp_path / "local-aws"
    with served(settings(folder, runtime="docker")):
        pass
    with served(settings(folder)) as aws:
        assert aws.control("GET", "status")["runtime"] == "docker"
    with served(settings(folder, runtime="process")) as aws:
        assert aws.control("GET", "status")["runtime"] == "process"


def test_an_engine_that_does_not_answer_is_told_at_the_start(
    docker: FakeDocker, tmp_path: Path
) -> None:
    (docker.home / "down").touch()
    refused = pegbatch("emulator", "--dir", tmp_path, "--runtime", "docker", cwd=tmp_path)
    assert refused.returncode == OutsideError.exit_code
    assert "docker cannot run containers: Cannot connect to the Docker daemon" in refused.stderr


def test_an_engine_that_is_not_installed_is_told_at_the_start(tmp_path: Path) -> None:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    refused = pegbatch(
        *("emulator", "--dir", tmp_path, "--runtime", "podman"),
        cwd=tmp_path,
        environment={"PATH": str(bin_folder)},
    )
    assert refused.returncode == OutsideError.exit_code
    assert "podman is not installed" in refused.stderr
    assert "choose another runtime" in refused.stderr


def test_a_running_one_is_not_taken_for_one_of_another_runtime(tmp_path: Path) -> None:
    try:
        assert not pegbatch("emulator", "--background", "--dir", tmp_path, cwd=tmp_path).returncode
        refused = pegbatch(
            *("emulator", "--background", "--runtime", "buildah", "--dir", tmp_path), cwd=tmp_path
        )
        assert refused.returncode == JobServiceError.exit_code
        assert "runs children by process, not by buildah" in refused.stderr
    finally:
        pegbatch("emulator", "--stop", "--dir", tmp_path, cwd=tmp_path)
    shutil.rmtree(tmp_path / "local-aws")
