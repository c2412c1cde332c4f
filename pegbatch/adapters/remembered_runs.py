"""The event log of a run in memory: for a run that is driven elsewhere, and only looked at here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pegbatch.model.events import RunEvent


class RememberedRuns:
    """Events of one run; implements `ports.RunStore`. What is added ends with the process."""

    def __init__(self, events: Sequence[RunEvent] = ()) -> None:
        """Begin with what is known."""
        self._events = list(events)

    def append(self, *events: RunEvent) -> None:
        """Remember events."""
        self._events.extend(events)

    def events(self, *, after: int = 0) -> Sequence[RunEvent]:
        """Return the events but for the first `after` of them, oldest first."""
        return tuple(self._events[after:])

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold nothing: who drives the run has a log, and a lock, of its own."""
        yield
