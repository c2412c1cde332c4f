"""The embedded AWS in the background: one for each folder, started by whoever needs it first."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from pegbatch.adapters.durable import disk_of
from pegbatch.adapters.private_files import FILE_MODE, private_folder
from pegbatch.emulator import presence
from pegbatch.emulator.inheritance import of_emulator
from pegbatch.emulator.presence import Endpoint
from pegbatch.emulator.settings import Runtime
from pegbatch.errors import JobServiceError

START_PATIENCE_SECONDS = 30.0
STOP_PATIENCE_SECONDS = 20.0
IDLE_SECONDS = 60
"""A background emulator ends so long after the last job and call."""
LOG_FILE = "emulator.log"
ROOM_BYTES = 1 << 16
"""With less than that on its disk the embedded AWS cannot begin."""
_LOOK_SECONDS = 0.02


def local_folder(base: Path) -> Path:
    """Return the folder of the embedded AWS below the base directory of submit directories."""
    return base.resolve() / "local-aws"


def ensure_running(
    folder: Path,
    *,
    vcpus: int | None = None,
    runtime: Runtime | None = None,
    options: Sequence[str] = (),
) -> Endpoint:
    """Return the embedded AWS of a folder, started in a session of its own where none answers.

    Shapes: folder is that of `local_folder`; vcpus bounds what runs at once in all compute
    environments together; options are further words for `pegbatch emulator`. Both count only
    for one that is started here. runtime None is that of the running one, or processes.
    Errors: JobServiceError with the end of its log, where it does not come up, or where a running
    one has another runtime than is asked for.
    """
    folder = folder.resolve()
    private_folder(folder)
    with _locked(folder / "start.lock"):
        endpoint = presence.living(folder)
        if endpoint is not None:
            _check_runtime(endpoint, runtime)
            return endpoint
        (folder / presence.FILE).unlink(missing_ok=True)
        bound = () if vcpus is None else ("--vcpus", str(vcpus))
        engine = () if runtime is None else ("--runtime", runtime)
        habits = ("--idle-seconds", str(IDLE_SECONDS), *bound, *engine, *options)
        log = folder / LOG_FILE
        log_start = log.stat().st_size if log.exists() else 0
        return _wait_until_up(folder, _start(folder, habits), log_start)


def running(folder: Path) -> Endpoint | None:
    """Return the embedded AWS of a folder if there is one."""
    return presence.living(folder.resolve())


def runtime_of(folder: Path) -> str:
    """Return what children of the embedded AWS of a folder run in; empty where none answers."""
    endpoint = running(folder)
    status = None if endpoint is None else presence.ask(endpoint, "GET", "status")
    return str((status or {}).get("runtime", ""))


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


def _check_runtime(endpoint: Endpoint, wanted: Runtime | None) -> None:
    found = (presence.ask(endpoint, "GET", "status") or {}).get("runtime")
    if wanted not in (None, found):
        raise JobServiceError(
            f"the embedded AWS of this folder runs children by {found}, not by {wanted}",
            where=str(endpoint.folder),
            hint="end it with `pegbatch emulator --stop --dir DIR`, and with it what runs there",
        )


def _start(folder: Path, options: Sequence[str]) -> int:
    # -P: what lies in the current directory must not be taken for modules.
    words = [sys.executable, "-P", "-m", "pegbatch", "emulator", "--serve", "--folder", str(folder)]
    log = os.open(folder / LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, FILE_MODE)
    try:
        return os.posix_spawn(
            sys.executable,
            [*words, *options],
            of_emulator(os.environ),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
            ],
            setsid=True,
        )
    finally:
        os.close(log)


def _wait_until_up(folder: Path, pid: int, log_start: int) -> Endpoint:
    patience = time.monotonic() + START_PATIENCE_SECONDS
    while time.monotonic() < patience:
        endpoint = presence.living(folder)
        if endpoint is not None:
            return endpoint
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            break
        time.sleep(_LOOK_SECONDS)
    raise _not_started(folder, log_start)


def _not_started(folder: Path, log_start: int) -> JobServiceError:
    """Return why the embedded AWS has not come up: on a full disk its log cannot tell."""
    disk = os.statvfs(folder)
    if disk.f_bavail * disk.f_frsize < ROOM_BYTES:
        return JobServiceError(
            f"the embedded AWS does not start: the disk of {disk_of(folder)} is full",
            where=str(folder),
            hint="make room there, and run the same command again",
        )
    with (folder / LOG_FILE).open("rb") as log:
        log.seek(log_start)
        lines = log.read().decode(errors="replace").splitlines()[-5:]
    return JobServiceError(
        "the embedded AWS does not start: " + (" / ".join(lines) or "it has said nothing"),
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
