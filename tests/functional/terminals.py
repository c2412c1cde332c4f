"""A command on a terminal whose size the test sets, and what is on its screen."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.functional.commands import LONGEST, ROOT

_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_SCREEN = "\x1b[H"
"""What a drawing that has the terminal for itself begins with."""


class Terminal:
    """A process on a terminal of its own."""

    def __init__(self, process: subprocess.Popen[bytes], ours: int) -> None:
        self.process = process
        self.text = ""
        self._ours = ours

    def resize(self, columns: int, rows: int) -> None:
        """Make the terminal larger or smaller, as a user who drags its corner."""
        _set_size(self._ours, columns, rows)

    def screens(self) -> list[list[str]]:
        """Return what was drawn so far, screen after screen, without styles and blank ends."""
        drawn = _STYLE.sub("", self.text).replace("\r", "").split(_SCREEN)[1:]
        return [[line.rstrip() for line in screen.split("\n")] for screen in drawn]

    def until(self, *words: str) -> list[str]:
        """Read until a whole screen has all of these words, and return it."""
        while True:
            for screen in reversed(self.screens()[:-1]):
                text = "\n".join(screen)
                if all(word in text for word in words):
                    return screen
            assert self._read(), f"it has ended without {words}: {self.text[-3000:]!r}"

    def until_said(self, words: str) -> None:
        """Read until these words have come."""
        while words not in self.text:
            assert self._read(), f"it has ended without {words}: {self.text[-3000:]!r}"

    def forget(self) -> None:
        """Look only at what is drawn from now on."""
        self.text = ""

    def end(self) -> str:
        """Read to the end of the process; return what is left below its screens."""
        while self._read():
            pass
        self.process.wait()
        return _STYLE.sub("", self.text).replace("\r", "").rpartition("\x1b[?1049l")[2]

    def _read(self) -> bool:
        ready, _, _ = select.select([self._ours], [], [], LONGEST)
        assert ready, f"nothing is drawn any more after {self.text[-3000:]!r}"
        try:
            piece = os.read(self._ours, 1 << 16)
        except OSError:  # how a terminal says that nobody writes any more
            return False
        self.text += piece.decode(errors="replace")
        return bool(piece)


@contextmanager
def terminal(
    *words: str | Path, cwd: Path, columns: int = 80, rows: int = 24
) -> Iterator[Terminal]:
    """Run `pegbatch …` on a terminal; it is ended with the block, if not before."""
    ours, theirs = pty.openpty()
    _set_size(ours, columns, rows)
    environment = {name: text for name, text in os.environ.items() if name not in _FIXED}
    process = subprocess.Popen(
        [sys.executable, "-m", "pegbatch", *map(str, words)],
        cwd=cwd,
        env={**environment, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


_FIXED = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
"""Would stand above the size and the kind of the terminal."""


def _set_size(terminal: int, columns: int, rows: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
