"""Real time."""

from __future__ import annotations

import time


class SystemClock:
    """The clock of this machine; implements `ports.Clock`."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
