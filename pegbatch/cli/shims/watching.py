"""The watcher of a run: keeps the file that Pegasus's client reads, and fetches outputs at the end.

One for each submit directory, held by a lock that whoever starts it hands on.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pegbatch.adapters.private_files import FILE_MODE, open_private, replace_private
from pegbatch.cli.display import Telling
from pegbatch.cli.running import wait_for
from pegbatch.cli.shims.identity import name_of, number_of
from pegbatch.cli.shims.names import WATCH
from pegbatch.cli.shims.registry import forget
from pegbatch.cli.telling import say
from pegbatch.cli.wiring import OpenRun
from pegbatch.engine.looking.dag_counts import count_dag
from pegbatch.errors import OutsideError
from pegbatch.model.dag import dagman_file
from pegbatch.model.run_look import RunLook
from pegbatch.model.run_status import RunStatus
from pegbatch.report.dagman_out import EXITING, dagman_text

LOCK_FILE = "watcher.lock"
"""The lock is the kernel's and ends with the process; the text is the number of the last one."""
LOG_FILE = "watcher.log"
"""What a watcher has to say; nobody sees its terminal."""
LONGEST_LOG = 1 << 20
"""A longer one is begun anew."""
PAUSES = (5.0, 30.0, 120.0, 600.0)
"""Seconds between a fault from outside and the next attempt; after the last one it gives up."""


class _DagFile(Telling):
    """Writes each look at the run into the file."""

    def __init__(self, run: OpenRun) -> None:
        super().__init__(run, closely=False)

    def tell(self, look: RunLook) -> None:
        write_dagman_file(self._run, look.status, settled=False)


def dagman_path(run: OpenRun) -> Path:
    """Return the file in which Pegasus's client looks how a run stands."""
    return run.directory.path / dagman_file(name_of(run))


def write_dagman_file(run: OpenRun, status: RunStatus, *, settled: bool) -> None:
    """Write the file, whole or not at all.

    Shapes: settled says that all is over: outputs fetched, hooks run.
    Errors: OSError.
    """
    counts = count_dag(status, run.plan.jobs, settled=settled)
    replace_private(dagman_path(run), dagman_text(counts, now=run.clock.now()).encode())


def is_settled(run: OpenRun) -> bool | None:
    """Say whether the file tells that all is over; None where `pegasus-run` has begun nothing."""
    try:
        return EXITING in dagman_path(run).read_text("ascii", errors="replace")
    except OSError:
        return None


@contextmanager
def watch_lock(run: OpenRun) -> Iterator[int | None]:
    """Hold the place of the run's watcher; None where there is one.

    Shapes: a descriptor, which `start_watcher` hands on.
    Errors: OSError.
    """
    path = run.directory.path / LOCK_FILE
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield lock
    finally:
        os.close(lock)


def start_watcher(run: OpenRun, lock: int) -> None:
    """Start the watcher in a session of its own; all that it inherits is its lock.

    Errors: OSError.
    """
    # -P: what lies in the current directory must not be taken for modules.
    words = [sys.executable, "-P", "-m", "pegbatch.cli.shims", WATCH, "--lock", str(lock)]
    log = run.directory.path / LOG_FILE
    is_long = log.exists() and log.stat().st_size > LONGEST_LOG
    with open_private(log, append=not is_long) as output:
        process = subprocess.Popen(
            [*words, str(run.directory.path)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=(lock,),
        )
    # Nobody waits for it; without this Python would say so.
    process.returncode = 0


def take_up(run: OpenRun) -> None:
    """Start the watcher of a run again where it was killed."""
    if is_settled(run) is not False:
        return
    with watch_lock(run) as lock:
        # Between the two looks one may have come to its end.
        if lock is not None and is_settled(run) is False:
            start_watcher(run, lock)


def watch_to_the_end(run: OpenRun) -> None:
    """Watch a run, fetch its outputs, and say in the file how it ended.

    Errors: InputError where nobody submits what is missing; OutsideError where a fault lasts.
    """
    for pause in PAUSES:
        try:
            return _watch(run)
        except (OutsideError, OSError) as error:
            say(f"pegbatch: {error}; the next attempt is in {pause:.0f} s")
            run.clock.sleep(pause)
    _watch(run)


def _watch(run: OpenRun) -> None:
    result = wait_for(run, _DagFile(run).show)
    write_dagman_file(run, result.status, settled=True)
    forget(number_of(run))
