"""A run in memory and a child in this process; only the tasks are processes of their own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from pegbatch.worker.main import Surroundings, run_worker
from pegbatch.worker.stop import Stop
from pegbatch.worker.transfers import Transfers
from tests.fakes_store import MemoryStore, nothing_happens
from tests.run_layout import RunLayout

RUN = "s3://bucket/site/run-1"


@dataclass
class Bench:
    """A run, and how to start children of it."""

    store: MemoryStore
    run: RunLayout
    folder: Path
    stop: Stop

    def child(
        self, array: str = "L0", age: Callable[[], float] = lambda: 0.0, **environment: str
    ) -> int:
        """Run one child; variables by their last word in lower case (index=, attempt=, …)."""
        names = {
            "index": "AWS_BATCH_JOB_ARRAY_INDEX",
            "attempt": "AWS_BATCH_JOB_ATTEMPT",
            "number": "PEGBATCH_TRY",
            "attempts": "PEGBATCH_ATTEMPTS",
            "kind": "PEGBATCH_JOB_KIND",
            "on_failure": "PEGBATCH_ON_FAILURE",
        }
        told = {names.get(name, name): value for name, value in environment.items()}
        around = Surroundings(
            store=self.store,
            environment={"PATH": os.environ["PATH"], **told},
            folder=self.folder,
            stop=self.stop,
            stream=None,
            age=age,
        )
        return run_worker([self.run.run_url, array], around)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


@pytest.fixture
def faulty(tmp_path: Path) -> Callable[[Callable[[str, str], None]], Bench]:
    """Return a maker of benches whose store shows every operation to a function first."""
    return lambda before: make_bench(tmp_path, before)


def looked_at_until(told: threading.Event, pool: Transfers) -> bool:
    """Look after transfers, as who waits for them does, until something has happened."""
    for _ in range(600):
        pool.look()
        if told.wait(0.1):
            return True
    return False


def make_bench(tmp_path: Path, before: Callable[[str, str], None] = nothing_happens) -> Bench:
    store = MemoryStore(before)
    folder = tmp_path / "scratch"
    folder.mkdir()
    return Bench(store, RunLayout(store, RUN), folder, Stop())
