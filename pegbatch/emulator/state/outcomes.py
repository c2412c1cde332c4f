"""What the end of a container means: success, failure, or another attempt.

Source: AWS Batch, "Automated job retries", "Job timeouts", "Job states".
"""

from __future__ import annotations

from pegbatch.emulator.rules.retry import wants_retry
from pegbatch.emulator.state.core import Core
from pegbatch.emulator.state.jobs import Attempt, Unit

CONTAINER_EXITED = "Essential container in task exited"
TIMED_OUT = "Job attempt duration exceeded timeout"
SPOT_INTERRUPTED = "Your Spot Task was interrupted."
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
_FINAL = ("terminated", "timeout")


def conclude(core: Core, unit: Unit, exit_code: int | None, reason: str | None, now: float) -> None:
    """Take the end of a unit's container and move the unit on.

    Shapes: exit_code as a container has it (128 + signal), None where it never ran.
    """
    attempt = unit.attempts[-1]
    attempt.stopped = now
    attempt.exit_code, attempt.reason = exit_code, reason
    attempt.status_reason = attempt.status_reason or unit.stop_reason or CONTAINER_EXITED
    if unit.stop == "host":
        # A host that is gone reports no exit code.
        attempt.exit_code = None
    elif unit.stop == "memory":
        attempt.reason = OUT_OF_MEMORY
    core.placement.free(unit)
    stop, unit.stop, unit.stop_reason = unit.stop, None, ""
    if stop not in _FINAL and attempt.exit_code == 0:
        core.set_unit(unit, "SUCCEEDED", now, attempt.status_reason)
    elif stop not in _FINAL and _may_retry(unit, attempt):
        core.make_runnable(unit, now, attempt.status_reason)
    else:
        core.set_unit(unit, "FAILED", now, attempt.status_reason)


def _may_retry(unit: Unit, attempt: Attempt) -> bool:
    spec = unit.job.spec
    return unit.attempt < spec.attempts and wants_retry(spec.exit_rules, attempt)
