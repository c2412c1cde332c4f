"""Servers that did not answer, however often they were asked: asked no more by this child.

Each try of an input lasts minutes before it is given up, and a bag may hold thousands of inputs.
"""

from __future__ import annotations

import threading
from collections import Counter

from pegbatch.errors import StoreUnreachable

IN_VAIN_MAX = 3
"""Inputs that were given up one after another before a server counts as silent."""


class SilentHosts:
    """Counts what was asked for in vain, by server or bucket."""

    def __init__(self) -> None:
        """Start without any."""
        self._in_vain: Counter[str] = Counter()
        self._lock = threading.Lock()

    def check(self, url: str) -> None:
        """Refuse to ask a server that is silent.

        Errors: StoreUnreachable.
        """
        if self._in_vain[_host(url)] >= IN_VAIN_MAX:
            raise StoreUnreachable(
                "not asked for, since the server has not answered before", where=url
            )

    def note(self, url: str, *, answered: bool) -> None:
        """Note that a server has answered, or not for as long as it was asked."""
        with self._lock:
            self._in_vain[_host(url)] = 0 if answered else self._in_vain[_host(url)] + 1


def _host(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])
