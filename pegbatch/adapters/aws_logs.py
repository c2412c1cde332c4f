"""Reading the log of a job from CloudWatch Logs (Amazon's, or that of the embedded AWS)."""

from __future__ import annotations

from typing import Any

from pegbatch.adapters.aws_calls import AwsCaller, service_code
from pegbatch.errors import OutsideError
from pegbatch.ports import LogLine, LogPage

BATCH_GROUP = "/aws/batch/job"
"""Of jobs whose definition names no other."""


class AwsLogs:
    """Log streams of one account and region; implements `ports.LogService`."""

    def __init__(self, caller: AwsCaller) -> None:
        """Take the caller of a `logs` client."""
        self._caller = caller

    def page(self, stream: str, *, group: str | None, token: str | None) -> LogPage | None:
        """Return what follows a token, or the head of a stream; None where there is no stream.

        Source: CloudWatch Logs, GetLogEvents: a page may be empty before the end; the end is
        a forward token that comes back unchanged.
        """
        paging: dict[str, Any] = {} if token is None else {"nextToken": token}
        try:
            page = self._caller.call(
                "get_log_events",
                logGroupName=group or BATCH_GROUP,
                logStreamName=stream,
                startFromHead=True,
                **paging,
            )
        except OutsideError as error:
            if service_code(error) == "ResourceNotFoundException":
                return None
            raise
        lines = (LogLine(event["timestamp"], event["message"]) for event in page.get("events", ()))
        return LogPage(tuple(lines), page.get("nextForwardToken") or token or "")
