"""One call to an AWS service: paced, retried where that is safe, its errors translated.

All calls of a process draw on one budget of calls per second, retries included, so that a
throttled client does not make the throttling worse. botocore's own retries are switched off by
whoever makes the client: they would know nothing of the budget, and would repeat SubmitJob.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProxyConnectionError,
    SSLError,
    SSOError,
)
from botocore.parsers import ResponseParserError

from pegbatch.errors import (
    AccessDenied,
    JobServiceError,
    JobServiceUnreachable,
    OutsideError,
    SubmitUnclear,
)
from pegbatch.ports import Clock

CALLS_PER_SECOND = 40.0
"""Below the 50 SubmitJob calls a second that an account has in a region."""
TRIES = 9
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 20.0
MESSAGE_MAX = 500
NOT_IMPLEMENTED = 501
_OTHER_REGION = "credential should be scoped to"
REGION_HINT = "the region is not that of the service: look at the region and AWS_ENDPOINT_URL"

logger = logging.getLogger(__name__)

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
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "OptInRequired",
    }
)
_EXPIRED = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "AuthFailure.Expired"}
)
_SKEWED = frozenset({"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"})
_SIGNED_AT_ANOTHER_TIME = ("signature expired", "signature not yet current")
"""What messages begin with where the code only says that the signature is wrong."""
Failure = ClientError | BotoCoreError | ResponseParserError
"""What boto3 raises; the last is an answer that is none of the service's, as proxies give."""
CREDENTIALS_HINT = (
    "give AWS credentials (AWS_PROFILE, ~/.aws/credentials, or a role), or run with --local"
)
EXPIRED_HINT = (
    "renew them (`aws sso login`, or whatever gave them to you) and run the same command again; "
    "what was submitted goes on meanwhile"
)
CLOCK_HINT = "set the clock of this machine right (`timedatectl set-ntp true`), and try again"
CHECK_HINT = "`pegbatch check` says what is amiss; then run the same command again"
LONGEST_QUEUE_SECONDS = 10.0
"""No thread waits longer for its turn; the clock of the machine was set back where it would."""


class CallBudget:
    """At most so many calls a second, over all threads of the process."""

    def __init__(
        self, clock: Clock, calls_per_second: float = CALLS_PER_SECOND, *, late: int = 0
    ) -> None:
        """Start with the right to one call.

        Shapes: late is how many calls that were due, and that nobody made, may be made at once
        later; in no second there are more than calls_per_second, late and one more.
        """
        self._clock = clock
        self._gap = 1.0 / calls_per_second
        self._late = late * self._gap
        self._next: float | None = None
        self._lock = threading.Lock()

    def take(self) -> None:
        """Wait until the next call may be made."""
        with self._lock:
            now = self._clock.now()
            due = now if self._next is None else self._next
            start = max(now - self._late, min(due, now + LONGEST_QUEUE_SECONDS))
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
        revive: Callable[[], object] = lambda: None,
    ) -> None:
        """Take the client, and how IAM names its service.

        Shapes: jitter gives numbers from 0 to 1; revive is called where nobody listens at the
        service's address, before the next try.
        """
        self._revive = revive
        self._service = service
        self._tries = tries
        self._client = client
        self._budget = budget
        self._clock = clock
        self._jitter = jitter

    def call(self, operation: str, *, repeatable: bool = True, **arguments: Any) -> dict[str, Any]:
        """Call a method of the client and return its answer.

        Errors: AccessDenied; SubmitUnclear where a call that is not repeatable broke off and may
        have been carried out; JobServiceUnreachable; else JobServiceError. Throttling and, where
        safe, server faults and broken connections are retried first.
        """
        for attempt in range(self._tries):
            self._budget.take()
            try:
                answer: dict[str, Any] = getattr(self._client, operation)(**arguments)
                return answer
            except (ClientError, BotoCoreError, ResponseParserError) as failed:
                error = failed
                if not _may_retry(error, repeatable) or attempt == self._tries - 1:
                    named = _Operation(self._service, operation)
                    raise _translate(error, named, repeatable) from error
                logger.info("%s is tried again: %s", operation, _one_line(str(error)))
            self._clock.sleep(self._pause(attempt))
            if isinstance(error, EndpointConnectionError):
                self._revive()
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


def _is_broken(error: ClientError) -> bool:
    """Say whether the service has a fault; what it has not at all, it has not later either."""
    return _status(error) >= 500 and _status(error) != NOT_IMPLEMENTED


def _is_throttled(error: ClientError) -> bool:
    return error_code(error) in _THROTTLED or _status(error) == 429


def _was_not_carried_out(error: Failure) -> bool:
    """Say whether a failed call surely did nothing, and may do better later."""
    if isinstance(error, ClientError):
        return _is_throttled(error)
    return isinstance(error, EndpointConnectionError | ConnectTimeoutError | ProxyConnectionError)


def _is_doubtful(error: Failure) -> bool:
    """Say whether a failed call may have been carried out all the same."""
    if isinstance(error, ClientError):
        return _is_broken(error) and not _is_throttled(error)
    if isinstance(error, ResponseParserError):
        return True
    return isinstance(error, HTTPClientError | SSLError) and not _was_not_carried_out(error)


def _may_retry(error: Failure, repeatable: bool) -> bool:
    return _was_not_carried_out(error) or (repeatable and _is_doubtful(error))


def _translate(error: Failure, operation: _Operation, repeatable: bool) -> OutsideError:
    if not repeatable and _is_doubtful(error):
        return SubmitUnclear(f"{operation}: {error}", hint="it is looked for by name")
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return AccessDenied(f"{operation}: {error}", hint=CREDENTIALS_HINT)
    if isinstance(error, CredentialRetrievalError | SSOError):
        return AccessDenied(f"{operation}: {error}", hint=EXPIRED_HINT)
    if isinstance(error, ClientError):
        return _translate_answer(error, operation)
    if isinstance(error, NoRegionError):
        return JobServiceError(f"{operation}: {error}", hint="set pegasus.aws.region")
    if isinstance(error, ResponseParserError):
        return JobServiceUnreachable(
            f"{operation}: the answer is none that the service gives",
            hint="is a proxy in between? look at HTTPS_PROXY and AWS_ENDPOINT_URL",
        )
    no_answer = isinstance(error, HTTPClientError | ConnectionError)
    kind = JobServiceUnreachable if no_answer else JobServiceError
    return kind(f"{operation}: {error}", hint="look at the network, and run the same command again")


def _translate_answer(error: ClientError, operation: _Operation) -> OutsideError:
    code = error_code(error)
    said = str(error.response.get("Error", {}).get("Message", "")) or "no message"
    # What is no service, such as a proxy, may answer with a whole page.
    message = _one_line(said)
    text = f"{operation}: {message} ({code or _status(error)})"
    if code in _EXPIRED:
        return AccessDenied(f"the AWS credentials have expired: {text}", hint=EXPIRED_HINT)
    if code in _SKEWED or said.lower().startswith(_SIGNED_AT_ANOTHER_TIME):
        return AccessDenied(f"the clock of this machine is wrong: {text}", hint=CLOCK_HINT)
    if said.lower().startswith(_OTHER_REGION):
        return AccessDenied(text, hint=REGION_HINT)
    if code in _DENIED or _status(error) in (401, 403):
        return AccessDenied(
            text, hint=f"allow the caller {operation.action}, or: {CREDENTIALS_HINT}"
        )
    if _is_throttled(error) or _is_broken(error):
        return JobServiceUnreachable(
            text, hint="the service is overloaded; run the same command again"
        )
    return JobServiceError(text, hint=CHECK_HINT if operation.name == "submit_job" else None)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:MESSAGE_MAX]
