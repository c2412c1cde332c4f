"""One large file up and down, through the worker's store and through bare obstore.

Usage: worker_large_files.py [--mib N] [--repeat N]

On directories the bare library is obstore's LocalStore, over the wire its S3Store; the server is
`s3_stand_in.py`. The worker's store hashes what it moves, both ways, and compares it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.rows import Row
from benchmarks.taken import Taken, bare, least, rows_of
from benchmarks.worker_bag import BUCKET, STORES, site

BOUND = 1 / 0.9
RANDOM_BYTES = 1 << 20


def moved(environment: Mapping[str, str], what: str, *words: str | Path) -> Taken:
    """Move a file through the worker's store."""
    return bare(environment, f"store-{what}", *words)


def measure(store: str, mib: int, repeat: int) -> dict[str, tuple[Taken, Taken]]:
    """Return what worker's store and bare library took, in turn, at least, up and down."""
    taken: dict[str, tuple[list[Taken], list[Taken]]] = {"put": ([], []), "get": ([], [])}
    with tempfile.TemporaryDirectory() as name, site(store, Path(name)) as (url, environment):
        folder = Path(name)
        write_file(folder / "in", mib)
        base = f"file://{folder}/s3/{BUCKET}" if store == "directory" else url
        for _ in range(repeat):
            taken["put"][0].append(moved(environment, "put", folder / "in", f"{url}/ours"))
            taken["put"][1].append(bare(environment, "put", folder / "in", f"{base}/bare"))
            taken["get"][0].append(moved(environment, "get", f"{url}/ours", folder / "ours"))
            taken["get"][1].append(bare(environment, "get", f"{base}/bare", folder / "bare"))
            (folder / "ours").unlink()
            (folder / "bare").unlink()
    return {what: (least(ours), least(theirs)) for what, (ours, theirs) in taken.items()}


def write_file(path: Path, mib: int) -> None:
    """Write a file that no file system can make smaller."""
    data = os.urandom(RANDOM_BYTES)
    with path.open("wb") as file:
        for _ in range(mib):
            file.write(data)


def large_rows(quick: bool) -> Iterator[Row]:
    """Measure on directories and over the wire."""
    mib, repeat = (16, 1) if quick else (1024, 3)
    for store in STORES[:2]:
        yield from _rows(store, mib, repeat)


def _rows(store: str, mib: int, repeat: int) -> Iterator[Row]:
    for what, (value, floor) in measure(store, mib, repeat).items():
        name = f"{what} a file, {store} (MiB)"
        # Hashing is processor time that the bare library does not spend.
        yield next(iter(rows_of(name, mib, value, floor, BOUND)))


def main() -> None:
    """Measure what the command line says."""
    parser = argparse.ArgumentParser(description="Measure large files.")
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    for store in STORES[:2]:
        for row in _rows(store, options.mib, options.repeat):
            print(row.to_json())


if __name__ == "__main__":
    main()
