"""What a process took: seconds, processor seconds with those of what it started, memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rows import Row

ROOT = Path(__file__).resolve().parents[1]
LAUNCHER = """
import os, sys, time
start = time.perf_counter()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
seconds = time.perf_counter() - start
used, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
with open(int(sys.argv[1]), "w") as telling:
    print(os.waitstatus_to_exitcode(status), seconds, used, peak, file=telling)
"""
"""Starts a command and says what it took. A process of its own: the peak of memory of a process is
never less than that of the one which started it."""


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
    """Run a command to its end, which must be a good one; what it prints goes nowhere."""
    return _run(words, environment, folder, subprocess.DEVNULL, (0,))[0]


def run_printing(
    words: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    *,
    codes: Collection[int] = (0,),
) -> tuple[Taken, str]:
    """Run a command to its end, which must be one of these; return what it took and printed."""
    return _run(words, environment, folder, subprocess.PIPE, codes)


def _run(
    words: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    stdout: int,
    codes: Collection[int],
) -> tuple[Taken, str]:
    reader, writer = os.pipe()
    with os.fdopen(reader, encoding="utf-8") as told, os.fdopen(writer, "w") as telling:
        process = subprocess.Popen(
            [sys.executable, "-ISc", LAUNCHER, str(writer), *words],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            text=True,
            pass_fds=[writer],
        )
        telling.close()
        printed = process.communicate()[0] or ""
        code, seconds, cpu_seconds, peak = told.read().split()
    if int(code) not in codes:
        raise SystemExit(f"{' '.join(words)} ended with exit code {code}")
    return Taken(float(seconds), float(cpu_seconds), float(peak)), printed


def bare(environment: Mapping[str, str], *words: str | Path) -> Taken:
    """Do something of `bare.py`, which times itself, so that the start of Python is not in it."""
    command = [sys.executable, "-m", "benchmarks.bare", *map(str, words)]
    ended = subprocess.run(
        command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True
    )
    seconds, cpu_seconds = ended.stdout.split()
    return Taken(float(seconds), float(cpu_seconds))


def memory_row(name: str, size: int, value: Taken, bound: float | None) -> Row:
    """Return the row of a peak of memory."""
    peak = value.peak_rss_mib
    return Row(name=f"{name}, peak RSS", size=size, value=peak, unit="MiB", bound=bound)


def rows_of(name: str, size: int, value: Taken, floor: Taken, bound: float | None) -> Iterator[Row]:
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
