"""A user of Pegasus at work: the commands, a login, and an AWS that stands in for Amazon."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.functional.commands import LONGEST, ROOT, embedded_aws, pegbatch

ACCOUNT = "405596411149"
"""The account that Pegasus's files name."""
REGION = "us-west-2"
LOGIN = """[amazon]
endpoint = https://s3.us-west-2.amazonaws.com
max_object_size = 1024
[user@amazon]
access_key = AKIAEXAMPLE
secret_key = not-a-secret
[bamboo@amazon]
access_key = AKIAEXAMPLE
secret_key = not-a-secret
"""


class Desk:
    """A user's folder, with Pegasus's commands on PATH and an AWS of the user's account."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment

    def types(self, script: str, **variables: str) -> str:
        """Run a shell script as the user types it, up to its first error; return all it prints."""
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=self.folder,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def copies(self, source: Path, name: str) -> None:
        """Put a public file into the folder."""
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)

    def asks(self, service: str) -> Any:
        """Return a client of the AWS."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )

    def buckets(self) -> set[str]:
        """Return the names of all buckets."""
        client = self.asks("s3")
        try:
            return {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
        finally:
            client.close()

    def left(self, *prefixes: str) -> list[str]:
        """Return the names, with one of these prefixes, of what jobs could still be sent to."""
        client = self.asks("batch")
        try:
            queues = client.describe_job_queues()["jobQueues"]
            environments = client.describe_compute_environments()["computeEnvironments"]
            definitions = client.describe_job_definitions(status="ACTIVE")["jobDefinitions"]
        finally:
            client.close()
        names = [
            *(one["jobQueueName"] for one in queues),
            *(one["computeEnvironmentName"] for one in environments),
            *(one["jobDefinitionName"] for one in definitions),
        ]
        return sorted(name for name in names if name.startswith(prefixes))


@pytest.fixture(scope="session")
def users_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Serve an AWS of the account that Pegasus's files name; lend a user's environment."""
    base = tmp_path_factory.mktemp("migration")
    place = ("--region", REGION, "--account", ACCOUNT, "--idle-seconds", "3600")
    with embedded_aws(base):
        made = pegbatch("pegasus-shims", base, cwd=base)
        assert made.returncode == 0, made.stderr
        shown = pegbatch("emulator", "--background", *place, "--dir", base, cwd=base)
        assert shown.returncode == 0, shown.stderr
        exports = (line.removeprefix("export ").split("=", 1) for line in shown.stdout.splitlines())
        home = base / "home"
        (home / ".pegasus").mkdir(parents=True)
        (home / ".pegasus" / "credentials.conf").write_text(LOGIN)
        (home / ".pegasus" / "credentials.conf").chmod(0o600)
        # The script that pip makes of it cannot be run where its path has a space.
        (base / "bin" / "aws").write_text(f"#!/bin/sh\nexec '{sys.executable}' -m awscli \"$@\"\n")
        (base / "bin" / "aws").chmod(0o755)
        python = str(Path(sys.executable).parent)
        yield {
            "HOME": str(home),
            "PATH": f"{base}/bin:{python}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            **dict(exports),
        }


@pytest.fixture
def user(tmp_path: Path, users_aws: dict[str, str]) -> Desk:
    folder = tmp_path / "here"
    folder.mkdir()
    return Desk(folder, users_aws)
