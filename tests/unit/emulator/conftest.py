"""Fixtures of the embedded AWS."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.emulator.bench import Bench


@pytest.fixture
def bare(tmp_path: Path) -> Bench:
    """Return an embedded AWS in which nothing has been made."""
    return Bench(tmp_path)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Return an embedded AWS with environment `ce` (8 vCPUs), queue `q` and definition `d`."""
    bench = Bench(tmp_path)
    bench.set_up()
    return bench
