"""Reading the PFNs and URLs that catalogs hold."""

from __future__ import annotations

import posixpath
from urllib.parse import unquote, urlsplit


def local_path(pfn: str) -> str | None:
    """Return the path that a PFN names on the disk of its site, or None for other URLs."""
    if not pfn.startswith("file:"):
        return None if "://" in pfn else pfn
    rest = pfn[len("file:") :]
    if rest.startswith("//"):
        rest = rest[2:]
        host, slash, path = rest.partition("/")
        if host in ("", "localhost"):
            rest = slash + path
    return unquote(rest)


def s3_url(pfn: str) -> str | None:
    """Return `s3://bucket/key` of a PFN on S3, without Pegasus's `user@endpoint/`, or None.

    Source: pegasus-s3, URLs of the form s3://user@site/bucket/key.
    """
    if not pfn.startswith("s3://"):
        return None
    host, _, path = pfn[len("s3://") :].partition("/")
    bucket_and_key = path if "@" in host else f"{host}/{path}"
    return f"s3://{bucket_and_key.strip('/')}"


def s3_user(pfn: str) -> str | None:
    """Return `user@site` of a URL `s3://user@site/bucket/key`, or None."""
    host = pfn.removeprefix("s3://").partition("/")[0]
    return host if pfn.startswith("s3://") and "@" in host else None


def scheme_of(url: str) -> str:
    """Return the scheme of a URL; `file` for a bare path."""
    return urlsplit(url).scheme if "://" in url else "file"


def is_web(url: str) -> bool:
    """Tell whether a URL is one of the web, which children do not read one by one."""
    return url[:8].lower().startswith(("http://", "https://"))


def absolute_path(path: str, *, naming_file: str, working_dir: str) -> str:
    """Return an absolute path: a relative one starts at the folder of the file that names it."""
    folder = posixpath.dirname(naming_file)
    return posixpath.normpath(posixpath.join(working_dir, folder, path))


def file_of(where: str) -> str:
    """Return the file of a place written `file:line`."""
    head, colon, line = where.rpartition(":")
    return head if colon and line.isdecimal() else where
