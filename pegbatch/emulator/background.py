"""The embedded AWS in the background: one for each folder, started by whoever needs it first."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from pegbatch.emulator import presence
from pegbatch.emulator.presence import Endpoint
from pegbatch.errors import JobServiceError

START_PATIENCE_SECONDS = 30.0
STOP_PATIENCE_SECONDS = 20.0
IDLE_SECONDS = 60
"""A background emulator ends so long after the last job and call."""
LOG_FILE = "emulator.log"
_LOOK_SECONDS = 0.02


def local_folder(base: Path) -> Path:
    """Return the folder of the embedded AWS below the base directory of submit directories."""
    return base.resolve() / "local-aws"


def ensure_running(
    folder: Path, *, vcpus: int | None = None, options: Sequence[str] = ()
) -> Endpoint:
    """Return the embedded AWS of a folder, started in a session of its own where none answers.

    Shapes: folder is that of `local_folder`; vcpus bounds what runs at once in all compute
    environments together; options are further words for `pegbatch emulator`. Both count only
    for one that is started here.
    Errors: JobServiceError with the end of its log, where it does not come up.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "start.lock"):
        endpoint = presence.living(folder)
        if endpoint is not None:
            return endpoint
        presence.forget(folder)
        bound = () if vcpus is None else ("--vcpus", str(vcpus))
        habits = ("--idle-seconds", str(IDLE_SECONDS), *bound, *options)
        return _wait_until_up(folder, _start(folder, habits))


def running(folder: Path) -> Endpoint | None:
    """Return the embedded AWS of a folder if there is one."""
    return presence.living(folder.resolve())


def stop(folder: Path) -> bool:
    """End the embedded AWS of a folder with its children; tell whether there was one.

    Errors: JobServiceError where it does not end.
    """
    folder = folder.resolve()
    endpoint = presence.living(folder)
    if endpoint is None:
        return False
    presence.ask(endpoint, "POST", "stop")
    patience = time.monotonic() + STOP_PATIENCE_SECONDS
    while _is_locked(folder / "server.lock"):
        if time.monotonic() > patience:
            raise JobServiceError(
                f"the embedded AWS does not end (process {endpoint.pid})",
                where=str(folder),
                hint=f"end it with `kill {endpoint.pid}`",
            )
        time.sleep(_LOOK_SECONDS)
    return True


def _start(folder: Path, options: Sequence[str]) -> int:
    # -P: what lies in the current directory must not be taken for modules.
    words = [sys.executable, "-P", "-m", "pegbatch", "emulator", "--serve", "--folder", str(folder)]
    log = os.open(folder / LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        return os.posix_spawn(
            sys.executable,
            [*words, *options],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ],
            setsid=True,
        )
    finally:
        os.close(log)


def _wait_until_up(folder: Path, pid: int) -> Endpoint:
    patience = time.monotonic() + START_PATIENCE_SECONDS
    while time.monotonic() < patience:
        endpoint = presence.read(folder)
        if endpoint is not None and presence.living(folder) is not None:
            return endpoint
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            break
        time.sleep(_LOOK_SECONDS)
    lines = (folder / LOG_FILE).read_text(errors="replace").splitlines()[-5:]
    raise JobServiceError(
        "the embedded AWS does not start: " + " / ".join(lines),
        where=str(folder),
        hint=f"look at {folder / LOG_FILE}",
    )


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_locked(path: Path) -> bool:
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
