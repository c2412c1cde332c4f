"""What a child says of itself besides its records: where it runs, since when, how it ended."""

from __future__ import annotations

import os
import time
from pathlib import Path

from pegbatch.errors import EXIT_BUG, PegbatchError, StoreUnreachable
from pegbatch.model.child_lines import ChildLine, child_line
from pegbatch.worker.child import Child
from pegbatch.worker.nested import PlannerGaveUp
from pegbatch.worker.stop import EXIT_AGAIN, Stopped


class OwnAttempt:
    """This attempt at one bag."""

    def __init__(self, child: Child, bag: int, age_seconds: float = 0.0) -> None:
        """Note that it has begun, so many seconds ago."""
        self._child = child
        self._bag = bag
        self._start, self._begun = time.time() - age_seconds, time.monotonic() - age_seconds

    def running(self) -> bytes:
        """Return the line of an attempt that goes on."""
        return child_line(self._line(None, None, ""))

    def ended(self, exit_code: int) -> bytes:
        """Return the line of an attempt that has done its bag."""
        return child_line(self._line(self._now(), exit_code, ""))

    def broken_off(self, error: BaseException, *, stopping: bool) -> bytes:
        """Return the line of an attempt that ends before its bag is done."""
        exit_code = exit_code_of(error, stopping=stopping)
        return child_line(self._line(self._now(), exit_code, explain(error)[1]))

    def _now(self) -> float:
        # The clock of the machine may be set meanwhile.
        return self._start + time.monotonic() - self._begun

    def _line(self, end: float | None, exit_code: int | None, reason: str) -> ChildLine:
        return ChildLine(
            bag=self._bag,
            try_=self._child.try_,
            attempt=self._child.attempt,
            host=os.uname().nodename,
            start=self._start,
            end=end,
            exit_code=exit_code,
            again=exit_code == EXIT_AGAIN,
            reason=reason,
        )


def process_age() -> float:
    """Return for how long this process has run: entry script and imports are paid for, too.

    Units: seconds, to a hundredth; 0 where the system does not say.
    Source: proc(5), field 22 of /proc/self/stat: ticks since boot.
    """
    try:
        fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
        started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started)
    except (OSError, ValueError, IndexError, AttributeError):
        return 0.0


def exit_code_of(error: BaseException, *, stopping: bool) -> int:
    """Return with which code a child ends that did not come through its bag.

    Shapes: stopping says that it was told to end: whatever went wrong meanwhile, what is not
    recorded is to be run again.
    """
    return EXIT_AGAIN if stopping else explain(error)[0]


def explain(error: BaseException) -> tuple[int, str]:
    """Return with which code a child ends that did not come through its bag, and why."""
    match error:
        case Stopped():
            return EXIT_AGAIN, (
                "ended by SIGTERM; what is recorded stays, the rest is to be run again"
            )
        case PlannerGaveUp():
            return EXIT_AGAIN, (
                "the planner of the sub-workflow is to be started again; its jobs go on meanwhile"
            )
        case StoreUnreachable():
            return EXIT_AGAIN, f"the store cannot be reached: {error}"
        case PegbatchError():
            return error.exit_code, str(error)
        case OSError():
            return EXIT_AGAIN, f"this machine: {error}; another may do better"
        case _:
            return EXIT_BUG, f"a bug in pegbatch: {error!r}"
