"""Processes that outlive the child they belong to, known by what they were started with.

A container takes all its processes along. Here those that made sessions of their own are found by
the variables of the child, which everything that it starts inherits.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

ROUNDS = 20
"""Processes may start others while they are looked for."""


def kill_marked(wanted: Collection[tuple[str, ...]], names: Sequence[str]) -> int:
    """Kill the processes whose variables of these names have one of the wanted sets of values.

    Shapes: a set with an empty value in it, which a process without the variable would match, is
    left out.
    """
    whole = {values for values in wanted if all(values)}
    return _kill(lambda found: tuple(found.get(name, "") for name in names) in whole)


def end_leftovers(mark: str, variable: str) -> int:
    """Kill the children of earlier emulators with all they started, and return how many.

    Shapes: they are known by `NAME=value` and by the name of a variable in the environment that
    they were started with.
    """
    name, _, value = mark.partition("=")
    return _kill(lambda found: found.get(name) == value and variable in found)


def signal_first(wanted: tuple[str, ...], names: Sequence[str], number: signal.Signals) -> bool:
    """Send a signal to the first of the processes with these values, and tell whether there is one.

    Shapes: first are those whose parent has other values.
    """
    found = {
        pid
        for pid in _processes()
        if tuple(map(_variables(pid).get, names)) == wanted and all(wanted)
    }
    first = [pid for pid in found if _parent(pid) not in found]
    for pid in first:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
    return bool(first)


def _kill(is_wanted: Callable[[Mapping[str, str]], bool]) -> int:
    killed: set[int] = set()
    for _ in range(ROUNDS):
        fresh = {pid for pid in _processes() if pid not in killed and is_wanted(_variables(pid))}
        if not fresh:
            break
        for pid in fresh:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        killed |= fresh
    return len(killed)


def _processes() -> list[int]:
    own = os.getpid()
    names = (entry.name for entry in Path("/proc").iterdir())
    return [int(name) for name in names if name.isdecimal() and int(name) != own]


def _variables(pid: int) -> dict[str, str]:
    """Return what a process was started with; nothing where that is not ours to know."""
    try:
        text = Path(f"/proc/{pid}/environ").read_bytes().decode("utf-8", "surrogateescape")
    except OSError:
        return {}
    pairs = (line.partition("=") for line in text.split("\0"))
    return {name: value for name, _, value in pairs}


def _parent(pid: int) -> int | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name before the state may hold anything, brackets too.
    return int(text.rpartition(")")[2].split()[1])
