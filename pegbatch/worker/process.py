"""One program, run without a shell in a session of its own, and watched to its end."""

from __future__ import annotations

import errno
import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pegbatch.worker.orphans import LANE_VARIABLE, Orphans
from pegbatch.worker.program import Program
from pegbatch.worker.spawning import spawn
from pegbatch.worker.stop import LOOK_SECONDS, Stop
from pegbatch.worker.streams import Stream

if TYPE_CHECKING:
    from resource import struct_rusage

BUSY_TRIES = 20
BUSY_SECONDS = 0.05
"""An executable just written may be busy while another thread starts a program (ETXTBSY)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a program ended."""

    exit_code: int | None = None
    """None where it did not exit by itself."""
    signal: int | None = None
    timed_out: bool = False
    checkpointed: bool = False
    """Told to end at its checkpoint time, however it ended then."""
    not_started: str = ""
    """Why it could not be started; empty where it was."""
    max_rss_mib: float | None = None
    """Of the largest process of those waited for."""
    cpu_seconds: float | None = None
    """User and system time of all of these."""


def _nothing() -> None:
    pass


def run_program(
    program: Program,
    out: Stream,
    err: Stream,
    stop: Stop,
    orphans: Orphans | None = None,
    meanwhile: Callable[[], None] = _nothing,
) -> Ended:
    """Run a program to its end, or to ours; then all it has started is ended.

    Shapes: without orphans what has left its process group is not found; meanwhile is called once
    it runs.

    Errors: none; whatever goes wrong is in the result.
    """
    try:
        pid = _start(program, out, err)
    except (OSError, ValueError) as error:
        return Ended(not_started=_why_not(program, error))
    finally:
        for stream in (out, err):
            stream.started()
    watch = _Watch(pid, program)
    status, usage = watch.to_the_end(stop, (out, err), meanwhile)
    if orphans is not None:
        orphans.end(program.environment.get(LANE_VARIABLE))
    code = os.waitstatus_to_exitcode(status)
    return Ended(
        exit_code=code if code >= 0 else None,
        signal=-code if code < 0 else None,
        timed_out=watch.timed_out,
        checkpointed=watch.checkpointed,
        max_rss_mib=round(usage.ru_maxrss / 1024, 1),
        cpu_seconds=round(usage.ru_utime + usage.ru_stime, 3),
    )


class _Watch:
    """Waits for a process and passes on what it says; ends its session at its time or when told."""

    def __init__(self, pid: int, program: Program) -> None:
        self.timed_out = False
        self.checkpointed = False
        self._pid = pid
        self._program = program
        seconds, self._grace = _first_limit(program)
        self._deadline = time.monotonic() + seconds
        self._kill_at: float | None = None

    def to_the_end(
        self, stop: Stop, streams: Iterable[Stream], meanwhile: Callable[[], None]
    ) -> tuple[int, struct_rusage]:
        """Return wait status and resource usage."""
        end = _end_of(self._pid)
        try:
            meanwhile()
            self._wait(end, stop, streams)
        finally:
            os.close(end)
            # What it left running in its session goes with it. Its number is not given away before
            # it is asked how it ended.
            self._signal(signal.SIGKILL)
            _, status, usage = os.wait4(self._pid, 0)
        return status, usage

    def _wait(self, end: int, stop: Stop, streams: Iterable[Stream]) -> None:
        sources = {source: stream for stream in streams if (source := stream.source()) is not None}
        waiting = select.poll()
        for descriptor in (end, *sources):
            waiting.register(descriptor, select.POLLIN)
        while True:
            ready = [descriptor for descriptor, _ in waiting.poll(self._until_next_look() * 1000)]
            for descriptor in ready:
                if descriptor in sources and not sources[descriptor].pump():
                    waiting.unregister(descriptor)
            if end in ready:
                return
            self._look(stop)

    def _until_next_look(self) -> float:
        return max(0.0, min(LOOK_SECONDS, self._deadline - time.monotonic()))

    def _look(self, stop: Stop) -> None:
        stop.look()
        now = time.monotonic()
        if self._kill_at is None and (stop.asked or now >= self._deadline):
            self._end(now, stop)
        elif self._kill_at is not None:
            if stop.asked:
                self._kill_at = min(self._kill_at, now + self._program.grace_seconds)
            if now >= self._kill_at:
                self._signal(signal.SIGKILL)

    def _end(self, now: float, stop: Stop) -> None:
        """Ask the session to end, and note for whom."""
        if stop.asked:
            self._grace = self._program.grace_seconds
        else:
            self.checkpointed = _has_checkpoint(self._program)
            self.timed_out = not self.checkpointed
        self._deadline = float("inf")
        self._kill_at = now + self._grace
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, number)


def _end_of(pid: int) -> int:
    """Return a descriptor that can be read once a process has ended."""
    try:
        return os.pidfd_open(pid)
    except OSError:  # a kernel before 5.3, or a container that does not allow it
        told, tell = os.pipe()
        threading.Thread(target=_tell_the_end, args=(pid, tell), daemon=True).start()
        return told


def _tell_the_end(pid: int, tell: int) -> None:
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    os.close(tell)


def _has_checkpoint(program: Program) -> bool:
    """Tell whether a checkpoint time comes before the time limit."""
    limit = program.timeout_seconds or float("inf")
    return program.checkpoint_seconds is not None and program.checkpoint_seconds < limit


def _first_limit(program: Program) -> tuple[float, float]:
    """Return when TERM is due, and how long after it KILL.

    Source: Pegasus, profile checkpoint.time: half of what is left of maxwalltime.
    """
    limit = program.timeout_seconds or float("inf")
    if not _has_checkpoint(program):
        return limit, program.grace_seconds
    checkpoint = program.checkpoint_seconds or 0.0
    grace = (limit - checkpoint) / 2 if program.timeout_seconds else program.grace_seconds
    return checkpoint, grace


def _start(program: Program, out: Stream, err: Stream) -> int:
    stdin = os.open(program.stdin or os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    streams = stdin, out.descriptor(), err.descriptor()
    try:
        for tries_left in reversed(range(BUSY_TRIES)):
            try:
                return spawn(program, streams)
            except OSError as error:
                if error.errno != errno.ETXTBSY or not tries_left:
                    raise
                time.sleep(BUSY_SECONDS)
        raise AssertionError("the last try returns or raises")
    finally:
        os.close(stdin)


def _why_not(program: Program, error: OSError | ValueError) -> str:
    if not isinstance(error, OSError):
        return f"{program.executable} cannot be started: {error}"
    if error.errno == errno.ENOEXEC:
        return f"{program.executable} cannot be started: neither a binary for this machine nor #!"
    missing = error.errno == errno.ENOENT and error.filename == program.executable
    if missing and Path(program.executable).is_file():
        return (
            f"{program.executable} cannot be started: the interpreter that its #! names is missing"
        )
    reason = f"{program.executable} cannot be started: {error.strerror}"
    if not isinstance(error.filename, str) or error.filename == program.executable:
        return reason
    return f"{reason}: {error.filename}"
