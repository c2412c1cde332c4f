"""Runs the command line in processes that are killed at their n-th step outside: an exact SIGKILL.

A step is a request, the opening of a database, and the opening for writing, making, renaming,
linking or removing of a file, where its path contains a needle. They are the interpreter's own
audit events, so nothing of pegbatch is replaced or told.
Source: PEP 578; docs.python.org, "Audit events table".
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pegbatch.cli.main import COMMANDS, main, pegbatch
from tests.functional.commands import ROOT

FILE_EVENTS = frozenset(
    {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.truncate", "sqlite3.connect"}
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
PATIENCE_SECONDS = 1200


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One `pegbatch …`, killed just before a step."""

    words: tuple[str, ...]
    step: int = 0
    """From 1; 0: it is left alone."""
    needle: str = ""


class Killer:
    """Counts steps, and ends the process at one of them."""

    def __init__(self, step: int, needle: str) -> None:
        """Take the number of the step, and what its path must contain."""
        self._left = step
        self._needle = needle

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Look at one audit event."""
        if not self.counts(event, arguments):
            return
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def counts(self, event: str, arguments: tuple[Any, ...]) -> bool:
        """Say whether an audit event is a step."""
        if event == "http.client.send":
            return True
        if event == "open":
            flags = arguments[2]
            return isinstance(flags, int) and bool(flags & WRITING) and self._named(arguments)
        return event in FILE_EVENTS and self._named(arguments)

    def _named(self, arguments: tuple[Any, ...]) -> bool:
        paths = (one for one in arguments if isinstance(one, str | bytes | os.PathLike))
        return any(self._needle in os.fsdecode(path) for path in paths)


def attempt(attempts: Sequence[Attempt], *, cwd: Path) -> list[int]:
    """Make attempts one after another; return their exit codes, negative for a signal.

    Shapes: each has a process of its own, forked from one in which everything is imported: a
    hundred of them take no hundred seconds.
    """
    done = subprocess.run(
        [sys.executable, "-m", __name__, json.dumps([asdict(one) for one in attempts])],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    codes: list[int] = json.loads(done.stdout)
    return codes


def _fork(one: Attempt) -> int:
    pid = os.fork()
    if pid == 0:
        os.dup2(sys.stderr.fileno(), 1)
        sys.addaudithook(Killer(one.step, one.needle).hook)
        try:
            main(list(one.words))
        except SystemExit as end:
            sys.stderr.flush()
            os._exit(int(end.code or 0))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _serve(text: str) -> None:
    context = pegbatch.make_context("pegbatch", [], resilient_parsing=True)
    for name in COMMANDS:
        pegbatch.get_command(context, name)
    attempts = [Attempt(**{**row, "words": tuple(row["words"])}) for row in json.loads(text)]
    print(json.dumps([_fork(one) for one in attempts]))


if __name__ == "__main__":
    _serve(sys.argv[1])
