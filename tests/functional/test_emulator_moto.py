"""moto's process lives and dies with the embedded AWS, which does without it if need be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from pegbatch.emulator import background
from tests.functional.commands import ROOT, called
from tests.functional.emulator_bench import Served, client, until
from tests.processes import gone

WITHOUT_MOTO = """
import sys
sys.modules["moto"] = None
from pegbatch.cli.main import main
main(sys.argv[1:])
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder; what runs there is ended after the test."""
    folder = background.local_folder(tmp_path)
    yield folder
    if folder.exists():
        background.stop(folder)


def with_moto(folder: Path, *options: str) -> tuple[Served, int]:
    """Start one in the background with moto, and return it with moto's process id."""
    aws = Served(background.ensure_running(folder, options=("--wire", *options)))
    return aws, aws.control("GET", "status")["moto_pid"]


def test_stopping_ends_moto(folder: Path) -> None:
    aws, moto = with_moto(folder)
    aws.close()
    assert not gone(moto)
    assert background.stop(folder)
    assert gone(moto)


def test_killing_the_emulator_leaves_no_moto_behind(folder: Path) -> None:
    aws, moto = with_moto(folder)
    aws.close()
    os.kill(aws.endpoint.pid, 9)
    until(lambda: gone(moto))


def test_it_ends_some_time_after_the_last_call_with_moto(folder: Path) -> None:
    aws, moto = with_moto(folder, "--idle-seconds", "1.5")
    s3 = client("s3", aws.endpoint)
    s3.create_bucket(Bucket="some-bucket")
    s3.close()
    aws.close()
    until(lambda: gone(aws.endpoint.pid))
    assert gone(moto)
    assert not (folder / "emulator.json").exists()


def test_without_moto_batch_works_and_the_rest_says_what_to_install(folder: Path) -> None:
    folder.mkdir(parents=True)
    words = ["emulator", "--folder", str(folder), "--json", "--entry", "/bin/sh", "--entry", "-c"]
    with subprocess.Popen(
        [sys.executable, "-c", WITHOUT_MOTO, *words], stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        endpoint = background.running(folder)
        assert endpoint is not None
        aws = Served(endpoint)
        aws.set_up()
        job = aws.submit("echo $PEGBATCH_S3_DIRECTORY")
        aws.wait(job)
        assert aws.log(job) == str(endpoint.s3_directory)
        for service, call in (
            ("s3", "list_buckets"),
            ("iam", "list_roles"),
            ("events", "list_rules"),
        ):
            found = client(service, endpoint)
            with pytest.raises(ClientError, match=r"pip install 'pegbatch\[emulator\]'"):
                getattr(found, call)()
            found.close()
        aws.close()
        process.terminate()


def test_a_call_that_moto_does_not_know_is_answered_so_that_clients_can_read_it(
    folder: Path,
) -> None:
    aws, _ = with_moto(folder)
    aws.close()
    iam = client("iam", aws.endpoint)
    with pytest.raises(ClientError, match="NotImplemented"):
        iam.simulate_principal_policy(
            PolicySourceArn="arn:aws:iam::123456789012:user/u", ActionNames=["s3:GetObject"]
        )
    iam.close()


def test_asked_for_the_wire_without_moto_it_does_not_start(folder: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_MOTO, "emulator", "--folder", str(folder), "--wire"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert result.returncode == 5
    assert "pip install 'pegbatch[emulator]'" in result.stderr


def test_the_status_names_the_process_of_moto(folder: Path) -> None:
    aws, moto = with_moto(folder)
    aws.close()
    code, told, _ = called("emulator", "--status", "--json", "--folder", folder)
    assert (code, json.loads(told)["moto_pid"]) == (0, moto)
