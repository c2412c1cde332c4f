"""The event log and its fold, kept in step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pegbatch.engine.commands import Command
from pegbatch.engine.deciding import decide
from pegbatch.engine.folding import fold
from pegbatch.engine.state import RunState
from pegbatch.model.events import EventKind, RunEvent
from pegbatch.ports import Clock, RunStore


class Journal:
    """What this process knows of a run: reads what others wrote, writes what it does.

    A journal that may not write (another process holds the run) keeps its own events in memory,
    so that watching never disturbs the holder.
    """

    def __init__(self, runs: RunStore, clock: Clock, state: RunState, *, writes: bool) -> None:
        """Take the empty state of the plan and read the log."""
        self._runs = runs
        self._clock = clock
        self._seen = 0
        self.writes = writes
        self.state = state
        self.commands: tuple[Command, ...] = ()
        self.refresh()

    def refresh(self) -> None:
        """Fold in what was written since, by this process or another (a cancel)."""
        events = self._runs.events(after=self._seen)
        self._seen += len(events)
        self.state = fold(self.state, events)
        self.commands = decide(self.state)

    def put(self, kind: EventKind, **body: Any) -> None:
        """Record one event of the current try and fold it in.

        Shapes: `try` is added to the body unless it is given.
        """
        self.put_all(kind, (body,))

    def put_all(self, kind: EventKind, bodies: Iterable[Mapping[str, Any]]) -> None:
        """Record events of one kind, all or none: as one, they are on the disk as soon as one is.

        Shapes: as `put`; nothing is written where there are none.
        """
        events = [self._event(kind, body) for body in bodies]
        if self.writes and events:
            self._runs.append(*events)
            self.refresh()
        else:
            self._take(events)

    def note_all(self, kind: EventKind, bodies: Iterable[Mapping[str, Any]]) -> None:
        """Fold in events of the current try that this process alone needs to know of."""
        self._take([self._event(kind, body) for body in bodies])

    def _take(self, events: Iterable[RunEvent]) -> None:
        self.state = fold(self.state, events)
        self.commands = decide(self.state)

    def _event(self, kind: EventKind, body: Mapping[str, Any]) -> RunEvent:
        return RunEvent(self._clock.now(), kind, {"try": self.state.number, **body})
