"""What obstore says of S3, as errors of our tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from pegbatch.errors import AccessDenied, BucketMissing, ObjectMissing, StoreError, StoreUnreachable

_TRANSIENT = re.compile(r"HTTP error|status code: (5\d\d|429)\b")
"""In obstore's messages: what it retried, in vain."""
_BEYOND_END = re.compile(r"status code: 416\b")
"""Not the number alone: it may stand in the key, the port, or the time that was taken."""
_REFUSALS = {
    "ExpiredToken": "the credentials have expired; get new ones, and run again",
    "RequestTimeTooSkewed": "the clock of this machine is wrong by more than 15 minutes; set it",
    "InvalidAccessKeyId": "these are no credentials of this account; check them",
    "SignatureDoesNotMatch": "the secret key does not fit the access key; check both",
}
"""By S3's error codes. Source: Amazon S3, error responses."""


@contextmanager
def translated(bucket: str, where: str) -> Iterator[None]:
    """Translate what goes wrong in the block; where is the object's URL.

    Errors: ObjectMissing, BucketMissing, AccessDenied, StoreUnreachable, StoreError.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise _missing(error, bucket, where) from error
    except (PermissionDeniedError, UnauthenticatedError) as error:
        raise _denied(error, where) from error
    except (BaseError, ValueError) as error:
        if "ExpiredToken" in str(error):
            raise _denied(error, where) from error
        raise broken(error, where) from error


def is_transient(error: BaseException) -> bool:
    """Say whether an error is one that obstore has retried, in vain."""
    return bool(_TRANSIENT.search(str(error)))


def is_beyond_end(error: BaseException) -> bool:
    """Say whether a range was asked for that begins where the object has ended."""
    return bool(_BEYOND_END.search(first_line(error)))


def broken(error: BaseException, where: str) -> StoreError:
    """Return the error for one that says neither what is missing nor what is refused."""
    text = first_line(error)
    if _TRANSIENT.search(text):
        return StoreUnreachable(text, where=where, hint="check the endpoint and the network")
    hint = "check AWS_REGION: the bucket may lie in another region" if "redirect" in text else None
    return StoreError(text, where=where, hint=hint)


def first_line(error: BaseException) -> str:
    """Cut obstore's debugging tail off."""
    return str(error).strip().split("\n", 1)[0]


def _missing(error: FileNotFoundError, bucket: str, where: str) -> StoreError:
    if "NoSuchBucket" in str(error):
        return BucketMissing(
            f"there is no bucket {bucket}",
            where=where,
            hint="make it, or name another one; a run with --wire has lost what its S3 held: "
            "`pegbatch run` does all again",
        )
    return ObjectMissing("there is no such object", where=where)


def _denied(error: BaseException, where: str) -> AccessDenied:
    text = first_line(error)
    hints = (hint for code, hint in _REFUSALS.items() if code in text)
    hint = next(hints, "check the job role, the credentials and the bucket policy")
    return AccessDenied(f"access denied: {text}", where=where, hint=hint)
