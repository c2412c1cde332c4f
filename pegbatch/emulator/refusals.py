"""What the service answers instead of a result."""

from __future__ import annotations

from pegbatch.errors import JobServiceError


class Refusal(JobServiceError):
    """An error answer on the wire: type, HTTP status, message."""

    code = "refused"

    def __init__(self, message: str, *, error_type: str = "ClientException", status: int = 400):
        """Take what the client reads, the AWS error type and the HTTP status."""
        super().__init__(message)
        self.message = message
        self.error_type = error_type
        self.status = status


def throttled() -> Refusal:
    """Return the answer of an account whose calls come too fast."""
    return Refusal("Too Many Requests", error_type="TooManyRequestsException", status=429)


def broken(message: str = "the embedded AWS was told to fail") -> Refusal:
    """Return the answer of a service that has a fault of its own."""
    return Refusal(message, error_type="ServerException", status=500)


def not_served(operation: str) -> Refusal:
    """Return the answer to an operation that Amazon has and the embedded AWS has not."""
    return Refusal(
        f"the embedded AWS does not do {operation}", error_type="NotImplemented", status=501
    )


def not_installed(message: str) -> Refusal:
    """Return the answer of a service that could be there."""
    return Refusal(message, error_type="NotImplemented", status=501)
