"""Reading the log of a job from CloudWatch Logs (Amazon's, or that of the embedded AWS)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pegbatch.adapters.aws_calls import AwsCaller

BATCH_GROUP = "/aws/batch/job"
"""Of jobs whose definition names no other."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One event of a log stream."""

    time_ms: int
    """Milliseconds since the epoch."""
    text: str


class AwsLogs:
    """Log streams of one account and region."""

    def __init__(self, caller: AwsCaller) -> None:
        """Take the caller of a `logs` client."""
        self._caller = caller

    def read(self, stream: str, *, group: str | None = None) -> Iterator[LogLine]:
        """Yield a stream from its head to its end.

        Shapes: stream and group as `JobState` has them.

        Source: CloudWatch Logs, GetLogEvents: a page may be empty before the end; the end is
        a forward token that comes back unchanged.
        """
        token: str | None = None
        while True:
            paging: dict[str, Any] = {} if token is None else {"nextToken": token}
            page = self._caller.call(
                "get_log_events",
                logGroupName=group or BATCH_GROUP,
                logStreamName=stream,
                startFromHead=True,
                **paging,
            )
            for event in page.get("events", ()):
                yield LogLine(event["timestamp"], event["message"])
            following = page.get("nextForwardToken")
            if following is None or following == token:
                return
            token = following
