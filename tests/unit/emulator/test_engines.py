"""What container engines are told, and what they tell."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pegbatch.emulator.children import ContainerSpec, Ended, LaunchFailed, Mount
from pegbatch.emulator.container_specs import container_spec
from pegbatch.emulator.engines import buildah, docker
from pegbatch.emulator.engines.interface import Container
from pegbatch.emulator.state.jobs import Job, JobSpec, Unit

SPEC = ContainerSpec(
    image="localhost/fetch-and-run",
    command=("s3://b/run", "L0"),
    variables={"KEY": "canary-5Zq", "TEXT": "two\nlines"},
    vcpus=1.5,
    memory_mib=64,
    user="7:8",
)


def docker_words(program: str = "docker", **changes: Any) -> list[str]:
    return docker.run_words(program, "name", "key", replace(SPEC, **changes), Path("/scratch/vars"))


def buildah_words(**changes: Any) -> list[str]:
    container = Container("name", replace(SPEC, **changes), Path("/scratch"), Path("/logs/log"))
    return buildah.run_words(container, Path("/scratch/vars"), ["/entry", "word"])


def unit(variables: dict[str, str], **properties: Any) -> ContainerSpec:
    job = Job(
        seq=1,
        id="j",
        arn="a",
        spec=JobSpec(name="n", queue="q", definition="d", image="i", vcpus=1000, memory_mib=4),
        detail={"container": properties},
        created=0.0,
    )
    return container_spec(Unit(job=job, index=None), variables)


def test_docker_gets_everything_but_the_values_of_variables() -> None:
    assert docker_words() == [
        *("docker", "run", "--pull", "never", "--name", "name", "--label", "pegbatch.folder=key"),
        *("--network", "host", "--cpus", "1.5", "--memory", "64m", "--memory-swap", "64m"),
        *("--user", "7:8", "--env-file", "/scratch/vars", "-e", "TEXT"),
        *("localhost/fetch-and-run", "s3://b/run", "L0"),
    ]
    assert docker.variables_file(SPEC.variables) == "KEY=canary-5Zq\n"


def test_podman_hands_on_no_proxies_of_the_machine() -> None:
    words = docker_words("podman")
    assert words[0] == "podman" and "--http-proxy=false" in words


def test_what_a_definition_asks_of_its_container_is_passed_on() -> None:
    text = " ".join(docker_words(privileged=True, read_only=True, limits=("nofile=5:9",)))
    assert "--privileged --read-only --ulimit nofile=5:9" in text


@pytest.mark.parametrize(
    ("mount", "word"),
    [
        (Mount("/a b", "/c"), "type=bind,source=/a b,target=/c"),
        (Mount("/a", "/c", read_only=True), "type=bind,source=/a,target=/c,readonly"),
        (Mount("/a,b", "/c"), 'type=bind,"source=/a,b",target=/c'),
        (Mount("", "/c"), "type=volume,target=/c"),
    ],
)
def test_a_mount_is_a_line_of_csv(mount: Mount, word: str) -> None:
    assert docker.mount_word(mount) == word


@pytest.mark.parametrize(
    ("state", "end"),
    [
        ({"StartedAt": "2026-01-01", "ExitCode": 3}, Ended(3)),
        ({"StartedAt": "2026-01-01", "ExitCode": 0, "Running": True}, Ended(137)),
        (
            {"StartedAt": "2026-01-01", "ExitCode": 137, "OOMKilled": True},
            Ended(137, "OutOfMemoryError: Container killed due to memory usage"),
        ),
        (
            {"StartedAt": "0001-01-01T00:00:00Z", "ExitCode": 127, "Error": "no such file"},
            Ended(None, "CannotStartContainerError: no such file"),
        ),
    ],
)
def test_the_state_of_a_container_says_how_it_ended(state: dict[str, Any], end: Ended) -> None:
    assert docker.ended(state) == end


def test_buildah_gets_files_for_variables_and_log_and_a_shell_that_reads_them() -> None:
    words = buildah_words(mounts=(Mount("/s3", "/s3"),))
    assert words[:8] == [
        *("buildah", "run", "--isolation", "chroot", "--network", "host", "--user", "7:8")
    ]
    volumes = [words[i + 1] for i, word in enumerate(words) if word == "--volume"]
    assert volumes == [
        "/scratch/vars:/run/pegbatch-variables:ro",
        "/logs/log:/run/pegbatch-log",
        "/s3:/s3",
    ]
    assert words[-5:] == ["-c", buildah.SHELL, "sh", "/entry", "word"]
    assert "canary-5Zq" not in " ".join(words)


def test_what_buildah_cannot_mount_fails_the_start() -> None:
    with pytest.raises(LaunchFailed, match="CannotCreateContainerError: /a:b has a colon"):
        buildah_words(mounts=(Mount("/a:b", "/c"),))


def test_a_volume_of_the_containers_own_is_a_folder_of_its_own() -> None:
    assert "/scratch/volumes/own-data:/own/data" in buildah_words(mounts=(Mount("", "/own/data"),))


def test_variables_for_a_shell_are_quoted_and_have_names_that_it_can_hold() -> None:
    text = buildah.shell_file({"A": "it's $HOME; `x`", "b.c": "left out", "LINES": "1\n2"})
    assert text == "export A='it'\"'\"'s $HOME; `x`'\nexport LINES='1\n2'\n"


@pytest.mark.parametrize(
    ("config", "command", "words"),
    [
        ({"Entrypoint": ["/e", "x"], "Cmd": ["c"]}, ("w",), ["/e", "x", "w"]),
        ({"Entrypoint": None, "Cmd": ["c"]}, (), ["c"]),
        ({}, (), []),
    ],
)
def test_entry_point_and_command_go_together_as_in_docker(
    config: dict[str, Any], command: tuple[str, ...], words: list[str]
) -> None:
    assert buildah.words_of({"OCIv1": {"config": config}}, command) == words


@pytest.mark.parametrize(
    ("talk", "problem"),
    [
        ("", None),
        ("subprocess exited with status 7\nError: exit status 7\n", None),
        (
            "process failed to start with error: fork/exec /bin/sh: no such file\nError: x",
            "CannotStartContainerError: fork/exec /bin/sh: no such file",
        ),
        ("Error: no such user\n", "CannotStartContainerError: no such user"),
    ],
)
def test_what_buildah_says_tells_whether_a_container_ran(talk: str, problem: str | None) -> None:
    assert buildah.problem_of(talk) == problem


def test_a_container_sees_the_buckets_and_the_folder_of_its_run() -> None:
    found = unit(
        {
            "PEGBATCH_S3_DIRECTORY": "/w/s3",
            "BATCH_FILE_S3_URL": "file:///staging/run-1/worker.pyz",
        }
    )
    assert found.mounts == (Mount("/w/s3", "/w/s3"), Mount("/staging", "/staging"))


def test_a_container_has_at_most_what_the_machine_has() -> None:
    found = unit({})
    assert found.vcpus < 1000
    assert found.memory_mib == 6


def test_volumes_of_the_machine_are_mounted_and_those_of_efs_fail_the_start() -> None:
    volumes = [{"name": "v", "host": {"sourcePath": "/etc"}}, {"name": "w"}]
    points = [
        {"sourceVolume": "v", "containerPath": "/data", "readOnly": True},
        {"sourceVolume": "w", "containerPath": "/own"},
    ]
    found = unit({}, volumes=volumes, mountPoints=points, user="nobody")
    assert found.mounts == (Mount("/etc", "/data", read_only=True), Mount("", "/own"))
    assert found.user == "nobody"
    far = {"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}}
    with pytest.raises(LaunchFailed, match="on EFS"):
        unit({}, volumes=[far], mountPoints=points[:1])
