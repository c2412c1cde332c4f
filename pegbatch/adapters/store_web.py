"""Files on the web, read only: `http://` and `https://`.

Redirects are followed a few times and only from web to web; what a busy or broken server says (5xx,
429, a reset, silence) is tried again with growing pauses; 404 and 403 are final.
"""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from http import HTTPStatus
from typing import NoReturn
from urllib.parse import quote, urlsplit

from pegbatch.adapters.pieces import Chunk
from pegbatch.adapters.store_backend import BrokenTransfer, Found, Opened, Pauses
from pegbatch.errors import AccessDenied, ObjectMissing, StoreError, StoreUnreachable

CHUNK_BYTES = 1 << 20
SILENCE_SECONDS = 60.0
"""How long a server may say nothing before the connection counts as broken."""
REDIRECTS_MAX = 5

_MISSING = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_DENIED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_BUSY = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
_KEPT = "%/:=&?~#+!$,;'@()*[]"
"""Characters of a URL that are sent as they are; `%` because a URL may be escaped already."""


class _FewRedirects(urllib.request.HTTPRedirectHandler):
    max_redirections = REDIRECTS_MAX
    max_repeats = REDIRECTS_MAX

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        """Refuse to leave the web: the base class would go on to ftp."""
        if urlsplit(newurl).scheme not in ("http", "https"):
            raise StoreError(f"redirected to {newurl}, which is not on the web", where=req.full_url)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """Return an opener that knows http and https and nothing else."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        _FewRedirects(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener


@dataclass(frozen=True, slots=True)
class WebBackend:
    """All of the web; keys are whole URLs."""

    retry_seconds: float
    """How long transient faults are tried again."""
    sleep: Callable[[float], None] = time.sleep

    def open(self, key: str) -> Opened:
        """Open a file for streaming; no checksum travels with it."""
        answer = self._answer(key)
        size = answer.headers.get("Content-Length", "")
        expected = int(size) if size.isdecimal() else None
        return Opened(Found(key, expected or 0, None), _chunks(key, answer, expected))

    def _answer(self, url: str) -> http.client.HTTPResponse:
        headers = {"Accept-Encoding": "identity", "User-Agent": "pegbatch"}
        pauses = Pauses(self.retry_seconds, self.sleep)
        while True:
            try:
                # Made inside: a URL that is none shows here.
                request = urllib.request.Request(quote(url, safe=_KEPT), headers=headers)
                found: http.client.HTTPResponse = _opener().open(request, timeout=SILENCE_SECONDS)
                return found
            except (OSError, http.client.HTTPException, ValueError) as error:
                trouble = _translated(url, error)
                if not (isinstance(trouble, StoreUnreachable) and pauses.wait()):
                    raise trouble from error

    def read(self, key: str, start: int, length: int | None) -> bytes:
        """Refuse: the web is only fetched from, file by file."""
        _refuse(key)

    def head(self, key: str) -> Found:
        """Refuse."""
        _refuse(key)

    def put(self, key: str, chunks: Iterable[Chunk], size_bytes: int, *, create: bool) -> Found:
        """Refuse."""
        _refuse(key)

    def copy(self, source: str, key: str) -> bool:
        """Refuse: nothing is copied on the web itself."""
        return False

    def list(self, prefix: str) -> Iterator[Found]:
        """Refuse."""
        _refuse(prefix)

    def delete(self, keys: Iterable[str]) -> None:
        """Refuse."""
        for key in keys:
            _refuse(key)


def _refuse(url: str) -> NoReturn:
    raise StoreError("a file on the web can be fetched, and nothing else", where=url)


def _chunks(url: str, answer: http.client.HTTPResponse, expected: int | None) -> Iterator[bytes]:
    """Yield the body; one that ends early does not pass for a whole file."""
    received = 0
    with closing(answer):
        try:
            while chunk := answer.read(CHUNK_BYTES):
                received += len(chunk)
                yield chunk
        except (OSError, http.client.HTTPException) as error:
            raise BrokenTransfer(f"the transfer broke off: {error!r}", where=url) from error
    if expected is not None and received != expected:
        raise BrokenTransfer(
            f"the transfer broke off after {received} of {expected} bytes", where=url
        )


def _translated(url: str, error: Exception) -> StoreError | AccessDenied:
    """Return our error for what urllib raises; StoreUnreachable where another try may do."""
    if isinstance(error, urllib.error.HTTPError):
        with closing(error):
            return _refused(url, error.code, error.reason)
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, (ssl.SSLCertVerificationError, ValueError, http.client.InvalidURL)):
        return StoreError(f"cannot be fetched: {reason}", where=url)
    if isinstance(reason, (OSError, http.client.HTTPException)):
        return StoreUnreachable(f"the server does not answer: {reason!r}", where=url)
    return StoreError(f"cannot be fetched: {reason}", where=url)


def _refused(url: str, code: int, reason: str) -> StoreError | AccessDenied:
    said = f"the server says {code} {reason}".rstrip()
    if code in _MISSING:
        return ObjectMissing(said, where=url)
    if code in _DENIED:
        return AccessDenied(said, where=url)
    if code >= HTTPStatus.INTERNAL_SERVER_ERROR or code in _BUSY:
        return StoreUnreachable(said, where=url)
    return StoreError(said, where=url)
