"""Starting a child with as little work as there is: half of what an embedded AWS does.

`posix_spawn` takes a third of the time of `subprocess.Popen`, but cannot set a working directory.
So the thread that starts children gets a working directory of its own (unshare(2), CLONE_FS),
and where that is not allowed, as in some containers, Popen is used.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_CLONE_FS = 0x200
_DEFAULT_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ)
"""Ignored by Python, and not to be ignored by what it starts."""
_LOG_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND
_LOG_MODE = 0o600


def own_working_directory() -> bool:
    """Give this thread a working directory of its own; tell whether it has one."""
    libc = ctypes.CDLL(None, use_errno=True)
    return bool(libc.unshare(_CLONE_FS) == 0)


class Spawner:
    """Starts processes, each in a session of its own; used in one thread."""

    def __init__(self, *, quick: bool) -> None:
        """Take whether this thread has a working directory of its own, and may change it."""
        self._quick = quick
        self._null = os.open(os.devnull, os.O_RDONLY)
        self._before = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
        self._programs: dict[tuple[str, str], str] = {}
        if quick:
            _keep_files_from_children()

    def close(self) -> None:
        """Start no more, and go back to where this thread was."""
        if self._quick:
            os.fchdir(self._before)
        os.close(self._before)
        os.close(self._null)

    def start(
        self, argv: Sequence[str], environment: Mapping[str, str], home: Path, log: Path
    ) -> int:
        """Start a process in a working directory, its output appended to a file; return its id.

        Errors: OSError.
        """
        if self._quick:
            os.chdir(home)
            return self._spawn(argv, environment, log)
        return self._popen(argv, environment, home, log)

    def _spawn(self, argv: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
        program = self._find(argv[0], environment.get("PATH", os.defpath))
        return os.posix_spawn(
            program,
            list(argv),
            environment,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, self._null, 0),
                (os.POSIX_SPAWN_OPEN, 1, os.fspath(log), _LOG_FLAGS, _LOG_MODE),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
            setsigdef=_DEFAULT_SIGNALS,
        )

    def _popen(
        self, argv: Sequence[str], environment: Mapping[str, str], home: Path, log: Path
    ) -> int:
        output = os.open(log, _LOG_FLAGS | os.O_CLOEXEC, _LOG_MODE)
        try:
            process = subprocess.Popen(
                argv,
                stdin=self._null,
                stdout=output,
                stderr=output,
                cwd=home,
                env=environment,
                start_new_session=True,
            )
        finally:
            os.close(output)
        # It is waited for by its id; without this Popen would wait for it, too.
        process.returncode = 0
        return process.pid

    def _find(self, name: str, path: str) -> str:
        """Return the program of a name, as the child would find it."""
        if "/" in name:
            return name
        found = self._programs.get((name, path)) or shutil.which(name, path=path)
        if found is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        self._programs[name, path] = found
        return found


def _keep_files_from_children() -> None:
    """Close to children what was open when Python started; what it opens itself, is."""
    for name in [entry.name for entry in Path("/proc/self/fd").iterdir()]:
        with contextlib.suppress(OSError):
            if int(name) > 2:
                os.set_inheritable(int(name), False)
