"""The event log and its fold, kept in step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pegbatch.engine.commands import Command
from pegbatch.engine.state import RunState, decide, fold, step
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
        if self.writes:
            self._runs.append(self._event(kind, body))
            self.refresh()
        else:
            self.note(kind, **body)

    def note(self, kind: EventKind, **body: Any) -> None:
        """Fold in one event of the current try that this process alone needs to know of."""
        self.state, self.commands = step(self.state, self._event(kind, body))

    def _event(self, kind: EventKind, body: Mapping[str, Any]) -> RunEvent:
        return RunEvent(self._clock.now(), kind, {"try": self.state.number, **body})
