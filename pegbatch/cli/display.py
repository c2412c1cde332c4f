"""Showing a run while it goes on: a screen on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from rich.console import Console, ConsoleDimensions, ConsoleOptions, RenderResult
from rich.control import Control
from rich.live import Live
from rich.text import Text

from pegbatch.cli.looking import look_settings
from pegbatch.cli.plain_output import stream_beneath
from pegbatch.cli.telling import heard_by, say
from pegbatch.cli.wiring import OpenRun
from pegbatch.engine.context import Context
from pegbatch.engine.looking.looker import Looker
from pegbatch.engine.looking.status import phase_of
from pegbatch.model.plain import plain_line
from pegbatch.model.run_look import RunLook
from pegbatch.ports import Clock
from pegbatch.report.lines import Line, Piece, cut, lines_text
from pegbatch.report.progress import progress_line, waiting_line
from pegbatch.report.screen import Sheet, screen, since

LINE_SECONDS = 10.0
"""Between two lines where there is no terminal."""
PAUSES_A_TELLING = 20.0
"""Pauses last at least that many times as long as telling took: with thousands of arrays a
submission would otherwise spend its time on telling."""
DRAWINGS_A_SECOND = 2.0
"""On a terminal, where the clock goes on, and the size may change, while nothing else does."""


class Display:
    """Where a run's changes are told; this one tells nobody."""

    def show(self, context: Context) -> None:
        """Take note of one change."""


class Telling(Display):
    """Looks closer, and tells of what it has seen."""

    def __init__(self, run: OpenRun, *, closely: bool = True) -> None:
        """Take the run that is going to be shown; closely: with what takes more calls to know."""
        self._run = run
        self._closely = closely
        self._clock: Clock = run.clock
        self._looker: Looker | None = None
        self._phase = ""
        self._due = 0.0

    def show(self, context: Context) -> None:
        """Tell of one change, at a pace: each telling looks at every array."""
        phase, now = phase_of(context.state), self._clock.now()
        if phase == self._phase and now < self._due:
            return
        if self._looker is None:
            settings = look_settings(self._run, context.state.service)
            self._looker = Looker(settings, bears=True, closely=self._closely)
        self.tell(self._looker.look(context))
        self._phase = phase
        self._due = now + PAUSES_A_TELLING * (self._clock.now() - now)

    def tell(self, look: RunLook) -> None:
        """Tell of one look; here: nobody."""


class Lines(Telling):
    """A line at every turn of the run, and one every so many seconds between."""

    def __init__(
        self,
        run: OpenRun,
        *,
        write: Callable[[str], None] = say,
        seconds: float = LINE_SECONDS,
    ) -> None:
        """Start silent."""
        super().__init__(run)
        self._write = write
        self._seconds = seconds
        self._last = ("", "", 0.0)
        self._waiting: tuple[str, ...] = ()

    def tell(self, look: RunLook) -> None:
        """Write a line if there is something new and the last is long enough ago."""
        waiting = tuple(map(waiting_line, look.waiting_for))
        for text in waiting:
            if text not in self._waiting:
                self._write(text)
        self._waiting = waiting
        line = progress_line(look.status, look.sub_workflows or ())
        now = self._clock.now()
        state, before, last = self._last
        if line == before or (look.status.state == state and now - last < self._seconds):
            return
        self._last = (look.status.state, line, now)
        self._write(line)


class Drawing(Telling):
    """The screen as rich draws it, as large as the terminal is at that moment."""

    def __init__(self, run: OpenRun, *, arrays: bool = False, alone: bool = False) -> None:
        """Start empty.

        Shapes: with arrays, each of them has a row where there is room; alone says that the
        terminal has nothing else on it.
        """
        super().__init__(run)
        self._arrays = arrays
        self._alone = alone
        self._size: ConsoleDimensions | None = None
        self._look: RunLook | None = None
        self.note = ""
        """Said meanwhile; shown below."""

    def tell(self, look: RunLook) -> None:
        """Draw this look from now on."""
        self._look = look

    def hear(self, text: str) -> None:
        """Show what is said from now on."""
        self.note = text

    @property
    def last(self) -> RunLook | None:
        """Return what was drawn last."""
        return self._look

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._look is None:
            return
        size = console.size
        if self._size not in (None, size) and not self._alone:
            # What was drawn before lies otherwise now, and cannot be drawn over line by line.
            yield Control.clear()
            yield Control.home()
        self._size = size
        sheet = Sheet(
            width=max(1, size.width - 1),
            height=max(1, size.height - 1 - bool(self.note)),
            unicode=console.encoding.lower().startswith("utf"),
            arrays=self._arrays,
        )
        lines = screen(since(self._look, self._clock.now()), sheet)
        if self.note:
            lines.append(cut((Piece(plain_line(self.note), "yellow"),), max(1, size.width - 1)))
        yield rich_text(lines)


def rich_text(lines: list[Line]) -> Text:
    """Return lines as rich takes them."""
    text = Text(no_wrap=True, overflow="crop")
    for number, line in enumerate(lines):
        if number:
            text.append("\n")
        for piece in line:
            text.append(piece.text, piece.style or None)
    return text


@contextmanager
def open_display(run: OpenRun) -> Iterator[Display]:
    """Show progress as stderr allows, below what was there before."""
    if not _can_draw(sys.stderr):
        yield Lines(run)
        return
    drawing = Drawing(run)
    with _live(drawing, sys.stderr, alone=False):
        yield drawing


@contextmanager
def open_watch(run: OpenRun, *, arrays: bool) -> Iterator[Telling]:
    """Show a run on stdout: on a terminal of its own, or line by line where it is none."""
    if not _can_draw(sys.stdout):
        yield Lines(run, write=_write_line, seconds=0.0)
        return
    drawing = Drawing(run, arrays=arrays, alone=True)
    try:
        with heard_by(drawing.hear), _live(drawing, sys.stdout, alone=True):
            yield drawing
    except BaseException:
        if drawing.last is not None:
            # What was there before is back: the last that was seen is left below it.
            draw_once(drawing.last, arrays=arrays, whole=False)
        raise


@contextmanager
def _live(drawing: Drawing, stream: TextIO, *, alone: bool) -> Iterator[None]:
    """Draw again and again; where the terminal is gone, nobody misses it."""
    live = Live(
        drawing,
        console=Console(file=stream_beneath(stream), highlight=False),
        screen=alone,
        refresh_per_second=DRAWINGS_A_SECOND,
        vertical_overflow="crop",
    )
    with suppress(OSError):
        live.start()
    try:
        yield
    finally:
        with suppress(OSError):
            live.stop()


def draw_once(look: RunLook, *, arrays: bool, whole: bool | None = None) -> None:
    """Print a screen on stdout.

    Shapes: no higher than the terminal, but whole where there is none; whole None is also so with
    the arrays: who asks for these once can scroll.
    """
    if not sys.stdout.isatty():
        _write_line(lines_text(screen(look, Sheet(unicode=_is_utf8(sys.stdout), arrays=arrays))))
        return
    console = Console(file=stream_beneath(sys.stdout), highlight=False)
    size = console.size
    sheet = Sheet(
        width=size.width,
        height=None if (arrays if whole is None else whole) else max(4, size.height - 2),
        unicode=_is_utf8(sys.stdout),
        arrays=arrays,
    )
    console.print(rich_text(screen(look, sheet)), soft_wrap=True)


def _can_draw(stream: TextIO) -> bool:
    """Say whether a stream is a terminal on which lines can be drawn over (a dumb one is none)."""
    return stream.isatty() and not Console(file=stream_beneath(stream)).is_dumb_terminal


def _is_utf8(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "").startswith("utf8")


def _write_line(text: str) -> None:
    """Write a line of the answer, at once: who reads it waits for it.

    Errors: BrokenPipeError where nobody reads any more.
    """
    sys.stdout.write(f"{text}{os.linesep}")
    sys.stdout.flush()
