"""Who may talk to the embedded AWS: whoever can submit a job runs programs as this user.

Only loopback is listened on. Beyond that, other users of the machine are turned away, and so
are web pages: they can make a browser send a request here, but neither with an Authorization
header nor, by a rebound name, with a Host that is ours.
"""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from pegbatch.emulator.http_server import Head, Request
from pegbatch.emulator.refusals import Refusal

HOSTS = ("127.0.0.1", "localhost")
BUCKET_HOSTS = ".localhost"
"""After the name of a bucket; browsers and resolvers keep such names on this machine."""
OWN_KEY = "local"
"""Access key of pegbatch's own clients."""
_SCOPE = re.compile(
    r"Credential=(?P<key>[^,/\s]*)/\d{8}/(?P<region>[^/,\s]+)/[^/,\s]+/aws4_request"
)
CONTROL_HEADER = "x-pegbatch"
_ROOT = 0
_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""A client may come to 127.0.0.1 through an IPv6 socket; then its end is in the second one."""


def is_own_user(transport: asyncio.Transport) -> bool:
    """Tell whether the other end of a connection belongs to this user or to root.

    Shapes: an end that is in no table was closed already, or hides: nobody we need to answer.
    """
    peer, own = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
    for table in _TABLES:
        user = socket_user(_read(table), peer[1], own[1])
        if user is not None:
            return user in (os.getuid(), _ROOT)
    return False


def socket_user(table: str, port: int, remote_port: int) -> int | None:
    """Return the owner of the socket with a local and a remote port, None where there is none.

    Source: proc(5), /proc/net/tcp: addresses are hexadecimal, the user is the eighth field.
    """
    local, remote = f":{port:04X}", f":{remote_port:04X}"
    for line in table.splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(local) and fields[2].endswith(remote):
            return int(fields[7])
    return None


def _read(table: Path) -> str:
    try:
        return table.read_text()
    except OSError:  # a machine without IPv6 has no table of it
        return ""


def check_call(request: Request) -> None:
    """Refuse an API call that is not signed (any signature will do), as Amazon does."""
    _check_host(request)
    if not request.headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 "):
        raise Refusal(
            "Missing Authentication Token: sign the request, with any credentials",
            error_type="MissingAuthenticationTokenException",
            status=403,
        )


def check_region(request: Request, region: str) -> None:
    """Refuse a call that is signed for another region, as Amazon does.

    Shapes: pegbatch's own clients know this address and no region.
    """
    scope = _SCOPE.search(request.headers.get("authorization", ""))
    if scope is None or scope["key"] == OWN_KEY or scope["region"] == region:
        return
    raise Refusal(
        f"Credential should be scoped to a valid region: the embedded AWS is in {region}, the"
        f" request is signed for {scope['region']}. Name {region} (--region, AWS_DEFAULT_REGION,"
        f" pegasus.aws.region), or start it with --region {scope['region']} on a fresh --dir",
        error_type="InvalidSignatureException",
        status=403,
    )


def check_foreign_call(head: Head) -> None:
    """Refuse a call of another service that is not signed, in its header or beforehand.

    A URL signed beforehand is all that a web page would need: with one it gets nothing.
    """
    host = head.headers.get("host", "").rpartition(":")[0]
    if host not in HOSTS and not host.endswith(BUCKET_HOSTS):
        raise Refusal(f"host {host!r} is not this one", status=403)
    if "authorization" not in head.headers and ("origin" in head.headers or head.method == "POST"):
        raise Refusal("web pages are not served", error_type="AccessDenied", status=403)


def check_control(request: Request) -> None:
    """Refuse a control call that a web page could have made."""
    _check_host(request)
    if CONTROL_HEADER not in request.headers:
        raise Refusal(f"the header {CONTROL_HEADER} is missing", status=403)


def _check_host(request: Request) -> None:
    host = request.headers.get("host", "")
    if host.rpartition(":")[0] not in HOSTS:
        raise Refusal(f"host {host!r} is not this one", status=403)
