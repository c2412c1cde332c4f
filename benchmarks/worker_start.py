"""A child with an empty bag, against Python that starts and ends: what each container pays."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.rows import Row
from benchmarks.taken import least, run
from benchmarks.worker_bag import STORES, lay_out, opened, site, worker
from pegbatch.adapters.worker_archive import write_worker
from tests.run_layout import RunLayout

BOUND_SECONDS = 0.2


def start_rows(quick: bool) -> Iterator[Row]:
    """Measure on directories and over the wire."""
    for store in STORES[:2]:
        yield from _rows(store, 2 if quick else 20)


def _rows(store: str, repeat: int) -> Iterator[Row]:
    values, floors = [], []
    with tempfile.TemporaryDirectory() as name, site(store, Path(name)) as (url, environment):
        folder = Path(name)
        write_worker(folder / "worker.pyz")
        lay_out(RunLayout(opened(environment), url), 0)
        for _ in range(repeat):
            floors.append(run([sys.executable, "-c", "pass"], environment, folder))
            values.append(worker(url, environment, 1, folder))
    value, floor = least(values), least(floors)
    yield Row(
        name=f"empty bag, {store}, beyond Python's start",
        size=1,
        value=value.seconds - floor.seconds,
        unit="s",
        bound=BOUND_SECONDS,
    )
    yield Row(
        name=f"empty bag, {store}, beyond Python's start, processor time",
        size=1,
        value=value.cpu_seconds - floor.cpu_seconds,
        unit="CPU s",
        bound=BOUND_SECONDS,
    )


def main() -> None:
    """Measure and print."""
    for row in start_rows(quick=False):
        print(row.to_json())


if __name__ == "__main__":
    main()
