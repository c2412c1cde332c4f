"""A bag of tasks that only copy a small file, against the same commands and transfers bare.

Usage: worker_bag.py [--tasks N] [--repeat N] [--store directory|wire|moto]

The floor is the commands, one after another, plus the transfers, all at once. Over the wire the
server is a quick stand-in (`s3_stand_in.py`), or moto's.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

from benchmarks.rows import Row
from benchmarks.s3_stand_in import CREDENTIALS, s3_stand_in
from benchmarks.taken import Taken, bare, least, rows_of, run
from pegbatch.adapters.s3_bucket import S3Options
from pegbatch.adapters.store import Store
from pegbatch.adapters.worker_archive import write_worker
from tests.functional.measured import measured
from tests.run_layout import RunLayout, task
from tests.wire_s3 import s3_server

BOUND = 1.3
MEMORY_BOUND = 1.5
SHORT, LONG = 1_000, 100_000
"""Tasks of the bags whose memory is compared."""
BUCKET = "benchmark"
DATA = b"small\n"
STORES = ("directory", "wire", "moto")


@contextmanager
def site(store: str, folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the URL of an empty folder and what a container has in its environment there."""
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(folder)}
    if store == "directory":
        yield f"s3://{BUCKET}/run", {**environment, "PEGBATCH_S3_DIRECTORY": str(folder / "s3")}
        return
    with s3_stand_in() if store == "wire" else s3_server() as endpoint:
        os.environ.update(CREDENTIALS)
        with urlopen(Request(f"{endpoint}/{BUCKET}", method="PUT")):
            pass
        yield f"s3://{BUCKET}/run", {**environment, **CREDENTIALS, "AWS_ENDPOINT_URL_S3": endpoint}


def opened(environment: Mapping[str, str]) -> Store:
    """Open the store of a site on this side."""
    directory = environment.get("PEGBATCH_S3_DIRECTORY")
    return Store(
        s3_directory=Path(directory) if directory else None,
        s3=S3Options(endpoint_url=environment.get("AWS_ENDPOINT_URL_S3")),
    )


def lay_out(layout: RunLayout, tasks: int) -> None:
    """Put the inputs and a bag."""
    for number in range(tasks):
        layout.put(f"in.{number}", DATA)
    bag = [
        task(
            f"t{number}",
            *("/bin/cp", f"in.{number}", f"out.{number}"),
            inputs=[f"in.{number}"],
            outputs=[f"out.{number}"],
        )
        for number in range(tasks)
    ]
    layout.add_array("L0", bag)


def worker(url: str, environment: Mapping[str, str], attempt: int, folder: Path) -> Taken:
    """Run the bag in a child, as another array each time: what is recorded is not run again."""
    told = {**environment, "PEGBATCH_TRY": "1", "AWS_BATCH_JOB_ATTEMPT": str(attempt)}
    return run([sys.executable, str(folder / "worker.pyz"), url, "L0"], told, folder)


def measure(store: str, tasks: int, repeat: int) -> tuple[Taken, Taken]:
    """Return what the worker and what the bare floor took, in turn, at least."""
    values, floors = [], []
    with tempfile.TemporaryDirectory() as name, site(store, Path(name)) as (url, environment):
        folder = Path(name)
        write_worker(folder / "worker.pyz")
        for number in range(repeat):
            layout = RunLayout(opened(environment), f"{url}-{number}")
            lay_out(layout, tasks)
            floors.append(_floor(store, layout.run_url, environment, tasks, folder))
            values.append(worker(layout.run_url, environment, 1, folder))
            states = set(layout.states("L0", 0).values())
            if states != {"succeeded"} or len(layout.states("L0", 0)) != tasks:
                raise SystemExit("not every task succeeded")
    return least(values), least(floors)


def _floor(store: str, url: str, environment: Mapping[str, str], tasks: int, folder: Path) -> Taken:
    here = folder / "bare"
    here.mkdir(exist_ok=True)
    base = f"file://{folder}/s3{url.removeprefix('s3:/')}" if store == "directory" else url
    places = (f"{base}/data", f"{base}/bare")
    moved = bare(environment, "transfers", str(tasks), *places, here)
    return moved + bare(environment, "commands", str(tasks), here)


def bag_rows(quick: bool) -> Iterator[Row]:
    """Measure on directories and over the wire."""
    tasks, repeat = (50, 1) if quick else (1_000, 5)
    for store in STORES[:2]:
        yield from rows_of(f"bag, {store}", tasks, *measure(store, tasks, repeat), BOUND)
    yield _long_bag_row(2_000 if quick else LONG)


def _long_bag_row(tasks: int) -> Row:
    """Measure what the worker keeps in memory of a long bag, against a short one."""
    return Row(
        name="skipped tasks, peak RSS",
        size=tasks,
        value=_peak_mib(tasks),
        unit="MiB",
        floor=_peak_mib(SHORT),
        bound=MEMORY_BOUND,
    )


def _peak_mib(tasks: int) -> int:
    """Return what a child takes whose first task fails, so that all others are skipped."""
    with tempfile.TemporaryDirectory() as name, site("directory", Path(name)) as (url, environment):
        folder = Path(name)
        write_worker(folder / "worker.pyz")
        layout = RunLayout(opened(environment), url)
        files = [f"f{number}" for number in range(tasks)]
        pairs = zip(["in", *files], files, strict=False)
        layout.put("in", DATA)
        layout.add_array(
            "L0", [task(made, "/bin/false", inputs=[read], outputs=[made]) for read, made in pairs]
        )
        words = [sys.executable, str(folder / "worker.pyz"), url, "L0"]
        return measured(words, folder, environment).peak_mib


def main() -> None:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(description="Measure a bag of empty tasks.")
    parser.add_argument("--tasks", type=int, default=1_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--store", choices=STORES, default="directory")
    options = parser.parse_args()
    value, floor = measure(options.store, options.tasks, options.repeat)
    for row in rows_of(f"bag, {options.store}", options.tasks, value, floor, BOUND):
        print(row.to_json())


if __name__ == "__main__":
    main()
