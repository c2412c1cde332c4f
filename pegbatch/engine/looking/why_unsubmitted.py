"""Why the rest of a run is not submitted, where nobody is at it any more."""

from __future__ import annotations

from pegbatch.model.queue_facts import QueueFacts
from pegbatch.model.run_look import WaitingFor


def why_unsubmitted(array: str, left: int, queue: QueueFacts | None, again: str) -> WaitingFor:
    """Say why an array, the first of so many that are left, is not submitted.

    Shapes: queue is that of its last intent, None where there was none, or it is gone; again is the
    command that goes on.
    """
    jobs = "it alone is" if left == 1 else f"it and {left - 1:,} more are"
    if queue is not None and queue.state == "DISABLED":
        return WaitingFor(
            array,
            f"queue {queue.name} is DISABLED and takes no new jobs; {jobs} not submitted",
            f"enable it: `aws batch update-job-queue --job-queue {queue.name} --state ENABLED`; "
            f"then `{again}`",
        )
    if queue is not None and queue.status not in ("VALID", "UPDATING"):
        reason = f" ({queue.reason})" if queue.reason else ""
        return WaitingFor(
            array,
            f"queue {queue.name} is {queue.status}{reason}; {jobs} not submitted",
            f"mend it, or make it anew; then `{again}`",
        )
    return WaitingFor(array, f"{jobs} not submitted, and nobody is at it", f"`{again}`")
