"""Children in working containers of the real buildah, on an image of a few small programs."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.container_image import LONGEST, ImageStore
from tests.functional.emulator_bench import CONTAINER, Served, served, settings, until

IMAGE = "localhost/pegbatch-test-tiny"
PROGRAMS = ("sh", "sleep", "touch", "cat", "ls")


def missing() -> str:
    """Say why nothing can be run here; empty where it can."""
    if shutil.which("buildah") is None:
        return "buildah is not installed"
    return "" if os.geteuid() == 0 else "chroot needs root"


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(missing()), reason=missing() or "can be run"),
]


def libraries(program: Path) -> set[Path]:
    """Return what a program is linked to, and its loader."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=True)
    return {Path(word) for word in done.stdout.split() if word.startswith("/")}


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> ImageStore:
    """Return a store with an image whose entry point is a shell."""
    folder = tmp_path_factory.mktemp("buildah")
    root = folder / "root"
    for name in PROGRAMS:
        program = Path(str(shutil.which(name))).resolve()
        for file, target in ((program, f"bin/{name}"), *((x, str(x)) for x in libraries(program))):
            copy = root / target.lstrip("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
    (root / "tmp").mkdir()
    store = ImageStore(folder)
    container = store.call("from", "scratch")
    store.call("add", "-q", container, root, "/")
    store.call("config", "--entrypoint", '["/bin/sh", "-c"]', "--workingdir", "/tmp", container)
    store.call("commit", "-q", "--rm", container, IMAGE)
    return store


@pytest.fixture
def aws(image: ImageStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Serve an embedded AWS whose children run in working containers of buildah."""
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(image.settings))
    machine = {"kill_after_seconds": 2.0}
    with served(settings(tmp_path / "local-aws", runtime="buildah", machine=machine)) as bench:
        bench.set_up()
        bench.batch.register_job_definition(
            jobDefinitionName="d",
            type="container",
            containerProperties={**CONTAINER, "image": IMAGE},
        )
        yield bench
    assert image.call("containers", "-q") == "", "working containers are left"


def environment(folder: Path) -> dict[str, Any]:
    values = {"PEGBATCH_S3_DIRECTORY": str(folder), "SECRET": "canary-5Zq 'quoted'"}
    return {"environment": [{"name": name, "value": value} for name, value in values.items()]}


def wait(aws: Served, job: str) -> Any:
    until(lambda: aws.describe(job)["status"] in ("SUCCEEDED", "FAILED"), LONGEST)
    return aws.describe(job)


def test_children_have_their_variables_and_data_and_leave_nothing_to_each_other(
    aws: Served, tmp_path: Path
) -> None:
    text = """
        [ -e /left ] && exit 9
        touch /left
        echo "$SECRET"; ls /bin; echo error >&2
        echo made > $PEGBATCH_S3_DIRECTORY/$AWS_BATCH_JOB_ARRAY_INDEX
        exit $AWS_BATCH_JOB_ARRAY_INDEX"""
    job = aws.submit(text, size=2, containerOverrides=environment(tmp_path))
    wait(aws, job)
    logs = [aws.log(f"{job}:{index}") for index in (0, 1)]
    codes = [aws.describe(f"{job}:{index}")["container"]["exitCode"] for index in (0, 1)]
    assert codes == [0, 1], logs
    # The programs of the image and no other; and nothing of buildah's own talk.
    words = ["canary-5Zq 'quoted'", *sorted(PROGRAMS), "error"]
    assert [log.splitlines() for log in logs] == [words, words]
    assert all((tmp_path / name).read_text() == "made\n" for name in ("0", "1"))


def test_signals_reach_the_child_and_its_values_are_in_no_argument(
    aws: Served, tmp_path: Path
) -> None:
    more = {"containerOverrides": environment(tmp_path)}
    loop = "while :; do sleep 0.1; done"
    polite = aws.submit(f"trap 'exit 75' TERM; touch {tmp_path}/up1; {loop}", **more)
    deaf = aws.submit(f"trap '' TERM; touch {tmp_path}/up2; {loop}", **more)
    until(lambda: (tmp_path / "up1").exists() and (tmp_path / "up2").exists(), LONGEST)
    shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "buildah run" in shown and "canary-5Zq" not in shown
    for job in (polite, deaf):
        aws.batch.terminate_job(jobId=job, reason="enough")
    codes = [wait(aws, job)["container"]["exitCode"] for job in (polite, deaf)]
    assert codes == [75, 137]


def test_a_struck_child_starts_again_with_nothing_of_it_left(aws: Served, tmp_path: Path) -> None:
    text = f"""
        [ $AWS_BATCH_JOB_ATTEMPT = 2 ] && exit 0
        (while :; do sleep 0.1; done) &
        touch {tmp_path}/up; while :; do sleep 0.1; done"""
    more = {"containerOverrides": environment(tmp_path), "retryStrategy": {"attempts": 2}}
    job = aws.submit(text, **more)
    until((tmp_path / "up").exists, LONGEST)
    aws.control("POST", "strike", job=job, how="host")
    found = wait(aws, job)
    assert found["status"] == "SUCCEEDED"
    assert found["attempts"][0]["statusReason"].startswith("Host EC2")


def test_a_program_that_is_not_there_and_an_image_that_is_not_there(aws: Served) -> None:
    aws.batch.register_job_definition(
        jobDefinitionName="absent",
        type="container",
        containerProperties={**CONTAINER, "image": "localhost:9/absent"},
    )
    unknown = wait(aws, aws.submit("/no/such/program"))
    assert unknown["container"]["exitCode"] == 127
    found = wait(aws, aws.submit("x", jobDefinition="absent"))
    assert found["statusReason"] == "Task failed to start"
    assert found["container"]["reason"].startswith("CannotPullContainerError: ")
