"""One address for all of AWS: which requests are ours, and where the others go.

A request is for the service that it is signed for: in its Authorization header, or, where it was
signed beforehand for a client without credentials, in its query string.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import orjson

from pegbatch.emulator.doorkeeper import check_foreign_call
from pegbatch.emulator.faults import FaultKind, foreign_refusal
from pegbatch.emulator.http_server import Connection, Head, Relay, Response
from pegbatch.emulator.moto_process import MotoProcess
from pegbatch.emulator.refusals import Refusal, not_installed
from pegbatch.emulator.relay import Breach, NotRelayed, RelayedRequest, Target
from pegbatch.errors import OutsideError

OURS = frozenset({"batch", "logs"})
_SCOPE = re.compile(r"Credential=[^,\s]*/\d{8}/[^/]+/([^/]+)/aws4_request")
_BUCKET_HOST = re.compile(r"(?P<bucket>.+?)(?:\.s3(?:[.-][\w-]+)?)?\.localhost(?P<port>:\d+)?")


class Gateway:
    """Sends what is not ours to moto."""

    def __init__(
        self,
        moto: MotoProcess,
        touch: Callable[[], None],
        next_fault: Callable[[str, str], FaultKind | None] = lambda service, method: None,
    ) -> None:
        """Take moto, whom to tell of every such request, and who says what is to go wrong."""
        self._moto = moto
        self._touch = touch
        self._next_fault = next_fault
        self.active = 0
        """Requests on their way."""

    def elsewhere(self, connection: Connection, head: Head) -> Relay | None:
        """Return who answers a request that is not ours (see http_server.Elsewhere)."""
        service = service_of(head)
        if service is None or service in OURS:
            return None

        def choose(head: Head) -> Target:
            return self._target(service, head)

        self.active += 1
        try:
            return RelayedRequest(connection, head, choose, self._ended)
        except BaseException:
            self._ended()
            raise

    def _ended(self) -> None:
        self.active -= 1
        self._touch()

    def _target(self, service: str, head: Head) -> Target:
        self._touch()
        try:
            check_foreign_call(head)
            self._moto.start()
        except Refusal as error:
            raise NotRelayed(error_answer(service, head, error)) from error
        except OutsideError as error:
            said = "; ".join(str(error).split("\n  "))  # clients print an error as one line
            raise NotRelayed(error_answer(service, head, not_installed(said))) from error
        path, host = _in_path_style(head) if service == "s3" else (head.target, _host(head))
        return Target(self._moto.connect, path, host, self._breach(service, head))

    def _breach(self, service: str, head: Head) -> Breach | None:
        """Return where the exchange is to break off.

        Errors: NotRelayed where a fault answers, or hangs up, at once.
        """
        fault = self._next_fault(service, head.method)
        if fault is None or fault == "no-image":
            return None
        if fault in ("drop-after", "half"):
            return "answer" if fault == "drop-after" else "body"
        answer = foreign_refusal(fault)
        raise NotRelayed(None if answer is None else error_answer(service, head, answer))


def service_of(head: Head) -> str | None:
    """Return the signing name of the service that a request is for, None where nothing says it."""
    signed = _SCOPE.search(head.headers.get("authorization", ""))
    if signed:
        return signed[1]
    query = parse_qs(head.query)
    presigned = _SCOPE.search("Credential=" + query.get("X-Amz-Credential", [""])[0])
    if presigned:
        return presigned[1]
    return "s3" if {"AWSAccessKeyId", "Signature"} <= query.keys() else None


def error_answer(service: str, head: Head, error: Refusal) -> Response:
    """Return an error as the clients of a service read it."""
    if head.method == "HEAD":
        return Response(error.status, b"", content_type="application/xml")
    if "x-amz-target" in head.headers:
        body = {"__type": error.error_type, "message": error.message}
        return Response(error.status, orjson.dumps(body), content_type="application/x-amz-json-1.1")
    inner = f"<Code>{escape(error.error_type)}</Code><Message>{escape(error.message)}</Message>"
    text = {
        "s3": f"<Error>{inner}</Error>",
        "ec2": f"<Response><Errors><Error>{inner}</Error></Errors></Response>",
    }.get(service, f"<ErrorResponse><Error>{inner}</Error></ErrorResponse>")
    return Response(error.status, text.encode(), content_type="application/xml")


def _in_path_style(head: Head) -> tuple[str, str]:
    """Return path and host with the bucket in the path, wherever the client put it."""
    match = _BUCKET_HOST.fullmatch(_host(head))
    if match is None:
        return head.target, _host(head)
    return f"/{match['bucket']}{head.target}", f"localhost{match['port'] or ''}"


def _host(head: Head) -> str:
    return head.headers.get("host", "")
