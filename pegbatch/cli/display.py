"""Showing progress on stderr: bars on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from pegbatch.cli.plain_output import stream_beneath
from pegbatch.cli.telling import say
from pegbatch.engine.state import RunState
from pegbatch.engine.status import Findings, build_status, phase_of
from pegbatch.model.plan import Plan
from pegbatch.model.run_status import RunStatus
from pegbatch.ports import Clock
from pegbatch.report.progress import ProgressRow, progress_line, progress_rows

LINE_SECONDS = 10.0
"""Between two lines where there is no terminal."""
PAUSES_A_TELLING = 20.0
"""Pauses last at least that many times as long as telling took: with thousands of arrays a
submission would otherwise spend its time on telling."""
MOST_BARS = 40
"""Arrays with a bar of their own; beyond that one bar stands for all."""


class Display:
    """Where a run's changes are told; does nothing until it is given a run."""

    def __init__(self, plan: Plan, clock: Clock) -> None:
        """Show the progress of one plan."""
        self._plan = plan
        self._clock = clock
        self._phase = ""
        self._due = 0.0

    def show(self, state: RunState) -> None:
        """Tell of one change, at a pace: each telling looks at every array."""
        phase, now = phase_of(state), self._clock.now()
        if phase == self._phase and now < self._due:
            return
        self.tell(build_status(self._plan, state, Findings(), now=now))
        self._phase = phase
        self._due = now + PAUSES_A_TELLING * (self._clock.now() - now)

    def tell(self, status: RunStatus) -> None:
        """Tell of one status; here: nothing."""


class Lines(Display):
    """A line at every turn of the run, and one every ten seconds between."""

    def __init__(self, plan: Plan, clock: Clock) -> None:
        """Start silent."""
        super().__init__(plan, clock)
        self._last = ("", "", 0.0)

    def tell(self, status: RunStatus) -> None:
        """Write a line if there is something new and the last is long enough ago."""
        line, now = progress_line(status), self._clock.now()
        state, before, since = self._last
        if line == before or (status.state == state and now - since < LINE_SECONDS):
            return
        self._last = (status.state, line, now)
        say(line)


class Bars(Display):
    """One bar an array."""

    def __init__(self, plan: Plan, clock: Clock, progress: Progress) -> None:
        """Take the live display, which its opener ends."""
        super().__init__(plan, clock)
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    def tell(self, status: RunStatus) -> None:
        """Move the bars; where the terminal is gone, nobody misses them."""
        with suppress(OSError):
            self._move(status)

    def _move(self, status: RunStatus) -> None:
        for row in self._rows(status):
            bar = self._bars.get(row.name)
            if bar is None:
                bar = self._progress.add_task(row.name, total=row.size, note="")
                self._bars[row.name] = bar
            self._progress.update(bar, completed=row.done, note=_note(row))

    def _rows(self, status: RunStatus) -> tuple[ProgressRow, ...]:
        rows = progress_rows(status)
        if len(rows) <= MOST_BARS:
            return rows
        together = ProgressRow(
            name=f"{len(rows)} arrays",
            done=sum(row.done for row in rows),
            failed=sum(row.failed for row in rows),
            running=sum(row.running for row in rows),
            size=sum(row.size for row in rows),
        )
        return (together,)


@contextmanager
def open_display(plan: Plan, clock: Clock) -> Iterator[Display]:
    """Show progress as stderr allows."""
    if not sys.stderr.isatty():
        yield Lines(plan, clock)
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
    )
    progress = Progress(*columns, console=Console(file=stream_beneath(sys.stderr)))
    with suppress(OSError):
        progress.start()
    try:
        yield Bars(plan, clock, progress)
    finally:
        with suppress(OSError):
            progress.stop()


def _note(row: ProgressRow) -> str:
    parts = [f"{row.running} running" if row.running else ""]
    parts.append(f"[red]{row.failed} failed[/red]" if row.failed else "")
    return ", ".join(part for part in parts if part)
