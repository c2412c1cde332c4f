"""URLs of objects, taken apart.

Keys are raw: nothing is percent-decoded, so that `a%20b`, `a b`, `a#b` and `a?b` are four names.
"""

from __future__ import annotations

from dataclasses import dataclass

from pegbatch.errors import StoreError

CHECKSUM_SUFFIX = ".sha256"
"""Of the object beside an object whose checksum could not travel with it."""
CHECKSUM_BYTES = 64
"""Such an object holds the checksum in hexadecimal and nothing else."""


@dataclass(frozen=True, slots=True)
class ObjectUrl:
    """One place in a store."""

    scheme: str
    """`s3`, `file` or `http`."""
    bucket: str
    """Empty for `file` and `http`."""
    key: str
    """Without a slash at either end; empty for a whole bucket; for `http` the whole URL."""
    user: str = ""
    """`user@site` of `s3://user@site/bucket/key`; empty in other URLs."""


def parse_url(url: str) -> ObjectUrl:
    """Take a URL apart.

    Errors: StoreError where no store has such a URL.
    """
    scheme, separator, rest = url.partition("://")
    if scheme == "s3" and separator:
        bucket, _, key = rest.partition("/")
        user = bucket if "@" in bucket else ""
        if user:
            bucket, _, key = key.partition("/")
        if bucket:
            return ObjectUrl("s3", bucket, key.strip("/"), user)
    elif scheme == "file" and separator:
        host, _, key = rest.partition("/")
        if host in ("", "localhost"):
            return ObjectUrl("file", "", key.strip("/"))
    elif scheme in ("http", "https") and rest.strip("/"):
        return ObjectUrl("http", "", url)
    raise StoreError("no store for this URL", where=url, hint="use s3://bucket/key or file:///path")


def is_leftover(name: str) -> bool:
    """Say whether a file is what a killed writer left: `name#1`, never shown."""
    _, mark, digits = name.rpartition("#")
    return bool(mark) and digits.isdecimal()


def is_checksum(name: str, size_bytes: int) -> bool:
    """Say whether an object is the checksum of the one beside it, and not one of its own."""
    return size_bytes == CHECKSUM_BYTES and name.endswith(CHECKSUM_SUFFIX)


def as_checksum(data: bytes) -> str | None:
    """Read the content of a checksum object; None where it is something else."""
    text = data.decode("ascii", "replace")
    whole = len(text) == CHECKSUM_BYTES and not text.strip("0123456789abcdef")
    return text if whole else None
