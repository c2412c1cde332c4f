"""Large files stream: memory stays flat."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.measured import measured
from tests.wire_s3 import CREDENTIALS, s3_bucket

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


@pytest.fixture
def endpoint() -> Iterator[str]:
    with s3_bucket("large-bucket") as url:
        yield url


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
    assert used_mib(tmp_path, "s3://large-bucket/large", environment) < LIMIT_MIB
