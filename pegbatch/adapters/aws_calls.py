"""One call to an AWS service: paced, retried where that is safe, its errors translated.

All calls of a process draw on one budget of calls per second, retries included, so that a
throttled client does not make the throttling worse. botocore's own retries are switched off by
whoever makes the client: they would know nothing of the budget, and would repeat SubmitJob.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError

from pegbatch.errors import AccessDenied, JobServiceError, OutsideError, SubmitUnclear
from pegbatch.ports import Clock

CALLS_PER_SECOND = 40.0
"""Below the 50 SubmitJob calls a second that an account has in a region."""
TRIES = 9
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 20.0
MESSAGE_MAX = 500

_THROTTLED = frozenset(
    {
        "TooManyRequestsException",
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "LimitExceededException",
    }
)
_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "ExpiredToken",
        "ExpiredTokenException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "OptInRequired",
    }
)
Failure = ClientError | BotoCoreError | ResponseParserError
"""What boto3 raises; the last is an answer that is none of the service's, as proxies give."""
CREDENTIALS_HINT = (
    "give AWS credentials (AWS_PROFILE, ~/.aws/credentials, or a role), or run with --local"
)


class CallBudget:
    """At most so many calls a second, over all threads of the process."""

    def __init__(self, clock: Clock, calls_per_second: float = CALLS_PER_SECOND) -> None:
        """Start with the right to one call."""
        self._clock = clock
        self._gap = 1.0 / calls_per_second
        self._next = 0.0
        self._lock = threading.Lock()

    def take(self) -> None:
        """Wait until the next call may be made."""
        with self._lock:
            now = self._clock.now()
            start = max(now, self._next)
            self._next = start + self._gap
        if start > now:
            self._clock.sleep(start - now)


@dataclass(frozen=True, slots=True)
class _Operation:
    service: str
    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def action(self) -> str:
        """Return the IAM action of a client method: `submit_job` is `batch:SubmitJob`."""
        words = "".join(part.capitalize() for part in self.name.split("_"))
        return f"{self.service}:{words}"


class AwsCaller:
    """Calls of one boto3 client."""

    def __init__(
        self,
        client: BaseClient,
        budget: CallBudget,
        clock: Clock,
        *,
        service: str = "batch",
        tries: int = TRIES,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Take the client, and how IAM names its service; jitter gives numbers from 0 to 1."""
        self._service = service
        self._tries = tries
        self._client = client
        self._budget = budget
        self._clock = clock
        self._jitter = jitter

    def call(self, operation: str, *, repeatable: bool = True, **arguments: Any) -> dict[str, Any]:
        """Call a method of the client and return its answer.

        Errors: AccessDenied; SubmitUnclear where a call that is not repeatable broke off and may
        have been carried out; else JobServiceError. Throttling and, where safe, server faults
        and broken connections are retried first.
        """
        for attempt in range(self._tries):
            self._budget.take()
            try:
                answer: dict[str, Any] = getattr(self._client, operation)(**arguments)
                return answer
            except (ClientError, BotoCoreError, ResponseParserError) as error:
                if not _may_retry(error, repeatable) or attempt == self._tries - 1:
                    named = _Operation(self._service, operation)
                    raise _translate(error, named, repeatable) from error
            self._clock.sleep(self._pause(attempt))
        raise AssertionError("the last try returns or raises")

    def _pause(self, attempt: int) -> float:
        ceiling = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0**attempt)
        return ceiling * (0.25 + 0.75 * self._jitter())


def error_code(error: ClientError) -> str:
    """Return the service's own code of an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


def service_code(error: OutsideError) -> str:
    """Return the service's own code behind an error of a call; empty where there is none."""
    cause = error.__cause__
    return error_code(cause) if isinstance(cause, ClientError) else ""


def was_answered(error: OutsideError) -> bool:
    """Tell whether a failed call reached the service at all."""
    cause = error.__cause__
    silent = HTTPClientError | EndpointConnectionError | ConnectTimeoutError | ResponseParserError
    return not isinstance(cause, silent)


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _is_throttled(error: ClientError) -> bool:
    return error_code(error) in _THROTTLED or _status(error) == 429


def _was_not_carried_out(error: Failure) -> bool:
    """Say whether a failed call surely did nothing, and may do better later."""
    if isinstance(error, ClientError):
        return _is_throttled(error)
    return isinstance(error, EndpointConnectionError | ConnectTimeoutError)


def _is_doubtful(error: Failure) -> bool:
    """Say whether a failed call may have been carried out all the same."""
    if isinstance(error, ClientError):
        return _status(error) >= 500 and not _is_throttled(error)
    if isinstance(error, ResponseParserError):
        return True
    return isinstance(error, HTTPClientError) and not _was_not_carried_out(error)


def _may_retry(error: Failure, repeatable: bool) -> bool:
    return _was_not_carried_out(error) or (repeatable and _is_doubtful(error))


def _translate(error: Failure, operation: _Operation, repeatable: bool) -> OutsideError:
    if not repeatable and _is_doubtful(error):
        return SubmitUnclear(f"{operation}: {error}", hint="it is looked for by name")
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return AccessDenied(f"{operation}: {error}", hint=CREDENTIALS_HINT)
    if isinstance(error, ClientError):
        return _translate_answer(error, operation)
    if isinstance(error, NoRegionError):
        return JobServiceError(f"{operation}: {error}", hint="set pegasus.aws.region")
    if isinstance(error, ResponseParserError):
        return JobServiceError(
            f"{operation}: the answer is none that the service gives",
            hint="is a proxy in between? look at HTTPS_PROXY and AWS_ENDPOINT_URL",
        )
    return JobServiceError(
        f"{operation}: {error}", hint="look at the network, and run the same command again"
    )


def _translate_answer(error: ClientError, operation: _Operation) -> OutsideError:
    code = error_code(error)
    said = str(error.response.get("Error", {}).get("Message", "")) or "no message"
    # What is no service, such as a proxy, may answer with a whole page.
    message = " ".join(said.split())[:MESSAGE_MAX]
    text = f"{operation}: {message} ({code or _status(error)})"
    if code in _DENIED or _status(error) in (401, 403):
        return AccessDenied(
            text, hint=f"allow the caller {operation.action}, or: {CREDENTIALS_HINT}"
        )
    if _is_throttled(error) or _status(error) >= 500:
        return JobServiceError(text, hint="the service is overloaded; run the same command again")
    return JobServiceError(text)
