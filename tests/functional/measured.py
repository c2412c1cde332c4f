"""How much memory a command took, whatever the test process itself takes.

Linux counts the size of the process that forks towards the peak of the one that is started, so
a small process of its own starts the command and asks for its peak.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_STARTER = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
with open(sys.argv[1], "w") as file:
    file.write(f"{process.returncode} {usage.ru_maxrss // 1024}")
"""


@dataclass(frozen=True)
class Measured:
    """How a command ended."""

    exit_code: int
    peak_mib: int
    said: str
    """Both streams."""


def measured(
    words: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> Measured:
    """Run a command in a folder and wait for it."""
    figures = folder / "figures of the command"
    ended = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _STARTER, figures, *words],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    exit_code, peak_mib = map(int, figures.read_text().split())
    figures.unlink()
    return Measured(exit_code, peak_mib, ended.stdout)
