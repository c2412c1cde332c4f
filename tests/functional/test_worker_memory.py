"""Large files stream, and long bags wait on the disk: memory stays flat."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pegbatch.adapters.store import Store
from pegbatch.adapters.worker_archive import write_worker
from tests.functional.measured import measured
from tests.run_layout import RunLayout, task
from tests.wire_s3 import BUCKET, CREDENTIALS

PROGRAM = """
import os, sys
from pathlib import Path
from pegbatch.adapters.store import store_from_environment
store, folder = store_from_environment(os.environ), Path(sys.argv[1])
store.upload(folder / "in", sys.argv[2])
store.download(sys.argv[2], folder / "out", require_checksum=True)
assert (folder / "out").stat().st_size == (folder / "in").stat().st_size
"""
LARGE = 300 << 20
LIMIT_MIB = 140


def used_mib(folder: Path, url: str, environment: dict[str, str]) -> int:
    """Return what a process took at most that moved a large file to a store and back."""
    with (folder / "in").open("wb") as file:
        file.truncate(LARGE)
    clean = {"PATH": os.environ["PATH"], **environment}
    ended = measured([sys.executable, "-c", PROGRAM, str(folder), url], folder, clean)
    assert ended.exit_code == 0, ended.said
    (folder / "out").unlink()
    return ended.peak_mib


def test_a_large_file_in_a_directory_takes_little_memory(tmp_path: Path) -> None:
    assert used_mib(tmp_path, f"file://{tmp_path}/store/large", {}) < LIMIT_MIB


@pytest.mark.slow
def test_a_large_object_over_the_wire_takes_little_memory(tmp_path: Path, endpoint: str) -> None:
    environment = {**CREDENTIALS, "AWS_ENDPOINT_URL_S3": endpoint}
    assert used_mib(tmp_path, f"s3://{BUCKET}/large", environment) < LIMIT_MIB


SHORT, LONG = 1_000, 20_000
MORE_MIB = 12
"""What a bag of LONG tasks may take more; held in memory, it would be some 70 MiB."""


def peak_of_bag_mib(folder: Path, tasks: int) -> int:
    """Return what children took at most whose tasks are skipped, but for the first, which fails."""
    layout = RunLayout(Store(s3_directory=folder / "s3"), "s3://b/run")
    chain = [
        task(f"t{n}", "/bin/false", inputs=[f"f{n - 1}"] if n else [], outputs=[f"f{n}"])
        for n in range(tasks)
    ]
    layout.add_array("L0", chain)
    write_worker(folder / "worker.pyz")
    told = {"PATH": os.environ["PATH"], "TMPDIR": str(folder), "PEGBATCH_ATTEMPTS": "2"}
    told["PEGBATCH_S3_DIRECTORY"] = str(folder / "s3")
    words = [sys.executable, str(folder / "worker.pyz"), layout.run_url, "L0"]
    peak = 0
    for attempt in ("1", "2"):
        ended = measured(words, folder, {**told, "AWS_BATCH_JOB_ATTEMPT": attempt})
        assert ended.exit_code == 0, ended.said
        peak = max(peak, ended.peak_mib)
    states = layout.states("L0", 0)
    assert len(states) == tasks and states[f"t{tasks - 1}"] == "skipped"
    return peak


def test_a_long_bag_takes_as_little_memory_as_a_short_one(tmp_path: Path) -> None:
    short, long = tmp_path / "short", tmp_path / "long"
    short.mkdir()
    long.mkdir()
    assert peak_of_bag_mib(long, LONG) <= peak_of_bag_mib(short, SHORT) + MORE_MIB
