"""Children as real processes: entry script, worker archive, tasks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pegbatch.adapters.store import Store, store_from_environment
from pegbatch.adapters.worker_archive import build_worker
from tests.run_layout import RunLayout
from tests.wire_s3 import BUCKET, CREDENTIALS

ENTRY = Path(__file__).parents[2] / "containers" / "fetch-and-run" / "fetch_and_run.py"


@dataclass(frozen=True)
class Site:
    """A laid out run and what a container at that site finds in its environment."""

    run: RunLayout
    environment: Mapping[str, str]
    folder: Path
    """Working directory of the children."""
    prefix: tuple[str, ...] = ()
    """Words before the command, as of a program that limits it."""

    def prepare(self) -> None:
        """Put the worker into the run."""
        self.folder.mkdir(exist_ok=True)
        self.run.store.write(self.run.url("worker.pyz"), build_worker())

    def start(self, array: str = "L0", **variables: str) -> subprocess.Popen[bytes]:
        """Start one child as Batch would."""
        names = {"index": "AWS_BATCH_JOB_ARRAY_INDEX", "attempt": "AWS_BATCH_JOB_ATTEMPT"}
        told = {
            names.get(name, f"PEGBATCH_{name.upper()}"): value for name, value in variables.items()
        }
        return subprocess.Popen(
            [*self.prefix, sys.executable, str(ENTRY), self.run.run_url, array],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "TMPDIR": str(self.folder),
                "BATCH_FILE_TYPE": "script",
                "BATCH_FILE_S3_URL": self.run.url("worker.pyz"),
                **self.environment,
                **told,
            },
        )

    def child(self, array: str = "L0", **variables: str) -> tuple[int, str]:
        """Run one child to its end; return exit code and output."""
        with self.start(array, **variables) as process:
            output, _ = process.communicate(timeout=60)
        return process.returncode, output.decode()


def local_site(folder: Path, **environment: str) -> Site:
    """Return a run in a directory whose children are told `environment`."""
    run = RunLayout(Store(), f"file://{folder}/run")
    made = Site(run, environment, folder / "container")
    made.prepare()
    return made


def wired_site(folder: Path, endpoint: str, **environment: str) -> Site:
    """Return a run on a server whose children are told `environment` besides the credentials.

    This process reaches the server at the endpoint, with the credentials of its own environment.
    """
    store = store_from_environment({"AWS_ENDPOINT_URL_S3": endpoint})
    run = RunLayout(store, f"s3://{BUCKET}/{folder.name}")
    made = Site(run, {**CREDENTIALS, **environment}, folder / "c")
    made.prepare()
    return made
