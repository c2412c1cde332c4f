"""What a process took: seconds, processor seconds with those of what it started, memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rows import Row

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Taken:
    """What something took."""

    seconds: float
    cpu_seconds: float
    peak_rss_mib: float = 0.0

    def __add__(self, other: Taken) -> Taken:
        """Return what both took, one after the other."""
        peak = max(self.peak_rss_mib, other.peak_rss_mib)
        return Taken(self.seconds + other.seconds, self.cpu_seconds + other.cpu_seconds, peak)


def least(taken: Iterable[Taken]) -> Taken:
    """Return the least of each figure: others had the machine meanwhile."""
    every = list(taken)
    return Taken(
        min(one.seconds for one in every),
        min(one.cpu_seconds for one in every),
        max(one.peak_rss_mib for one in every),
    )


def run(words: Sequence[str], environment: Mapping[str, str], folder: Path) -> Taken:
    """Run a command to its end, which must be a good one."""
    start = time.perf_counter()
    process = subprocess.Popen(
        words, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(words)} ended with exit code {process.returncode}")
    return Taken(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def bare(environment: Mapping[str, str], *words: str | Path) -> Taken:
    """Do something of `bare.py`, which times itself, so that the start of Python is not in it."""
    command = [sys.executable, "-m", "benchmarks.bare", *map(str, words)]
    ended = subprocess.run(
        command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True
    )
    seconds, cpu_seconds = ended.stdout.split()
    return Taken(float(seconds), float(cpu_seconds))


def rows_of(name: str, size: int, value: Taken, floor: Taken, bound: float) -> Iterator[Row]:
    """Yield time and processor time against a floor."""
    yield Row(
        name=f"{name}, time",
        size=size,
        value=value.seconds,
        unit="s",
        floor=floor.seconds,
        bound=bound,
    )
    yield Row(
        name=f"{name}, processor time",
        size=size,
        value=value.cpu_seconds,
        unit="CPU s",
        floor=floor.cpu_seconds,
        bound=bound,
    )
