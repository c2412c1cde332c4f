"""What a task leaves running in sessions of its own: it comes to this process, and ends here.

A process whose parent has ended is handed to the next "subreaper" above it. With the worker as
one, nothing that a task has started leaves the tree below the worker, however it detaches itself.
"""

from __future__ import annotations

import ctypes
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

LANE_VARIABLE = "PEGBATCH_LANE"
"""Tells the processes of tasks that run side by side apart; unset where they run in turn."""
PR_SET_CHILD_SUBREAPER = 36
"""Source: prctl(2)."""
PATIENCE_SECONDS = 2.0
"""How long a killed process is waited for; the kernel may still have work with it."""
LOOK_SECONDS = 0.005


class Orphans:
    """Ends what tasks leave behind."""

    def __init__(self) -> None:
        """Have orphans handed to this process; without that (no Linux) there will be none."""
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def end(self, lane: str | None) -> None:
        """Kill what a task that has ended has left running, with all that this has started.

        Shapes: without a lane everything below this process; with one what carries its number,
        since other tasks still run.
        """
        if not _has_children():
            return
        killed: set[int] = set()
        patience = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < patience:
            left = _left(lane)
            for pid in left:
                _kill(pid)
            killed = {pid for pid in killed | left if not _is_gone(pid)}
            if not killed:
                return
            time.sleep(LOOK_SECONDS)


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _left(lane: str | None) -> set[int]:
    """Return the processes that are to be ended."""
    below = _descendants()
    if lane is None:
        return below
    mark = f"{LANE_VARIABLE}={lane}".encode()
    return {pid for pid in below if mark in _variables(pid)}


def _descendants() -> set[int]:
    """Return every process below this one."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (parent := _parent(int(entry.name))) is not None:
            children.setdefault(parent, []).append(int(entry.name))
    below = [os.getpid()]
    for pid in below:
        below.extend(children.get(pid, ()))
    return set(below[1:])


def _parent(pid: int) -> int | None:
    """Return the parent of a process; None where it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    # The name before it is in parentheses and may hold anything.
    return int(text.rpartition(")")[2].split()[1])


def _variables(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _is_gone(pid: int) -> bool:
    """Tell whether a killed process is no more; a child of ours must be asked how it ended."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return not Path(f"/proc/{pid}").exists()
