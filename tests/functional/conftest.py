"""What every functional test may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pegbatch.emulator.background import local_folder, stop
from tests.faulty_proxy import FaultyProxy, faulty_proxy
from tests.functional.migration_desk import user, users_aws
from tests.functional.nested_runs import half_failed_nested_run, nested_run
from tests.functional.resume_desk import ResumeDesk
from tests.functional.seen_runs import half_failed_run, healthy_run, lost_children_run
from tests.wire_s3 import BUCKET, make_bucket, s3_server

__all__ = [
    "half_failed_nested_run",
    "half_failed_run",
    "healthy_run",
    "lost_children_run",
    "nested_run",
    "user",
    "users_aws",
]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Return the URL of an S3 server that has BUCKET."""
    with s3_server() as url:
        make_bucket(url, BUCKET)
        yield url


@pytest.fixture
def proxy(endpoint: str) -> Iterator[FaultyProxy]:
    """Return a proxy in front of that server."""
    with faulty_proxy(endpoint) as made:
        yield made


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ResumeDesk]:
    """Return a desk for runs that fail and are resumed; its embedded AWS ends with the test."""
    desk = ResumeDesk(tmp_path)
    yield desk
    stop(local_folder(desk.base))
