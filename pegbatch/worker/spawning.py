"""Starting a program: posix_spawn(3), called so that other threads go on meanwhile.

`subprocess` and `os.posix_spawn` keep Python's lock until the program is on its way, so that every
start holds all transfers up, and the latter cannot set a working directory. Where the C library
cannot do that either (glibc before 2.29), subprocess does it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pegbatch.worker.program import Program

_LIBC = ctypes.CDLL(None)
_SET_DEFAULT_SIGNALS, _SET_SESSION = 0x04, 0x80
"""POSIX_SPAWN_SETSIGDEF, POSIX_SPAWN_SETSID. Source: spawn.h of glibc and musl."""
_OPAQUE_BYTES = 1024
"""More than the largest of the structures behind posix_spawn (glibc: 336)."""
_DEFAULT_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ)
"""Ignored by Python, and not to be ignored by what it starts."""


Streams = tuple[int, int, int]
"""Descriptors for standard input, output and error."""


def spawn(program: Program, streams: Streams) -> int:
    """Start a program in a session of its own and return its process id.

    Errors: OSError, ValueError (a null character).
    """
    if not hasattr(_LIBC, "posix_spawn_file_actions_addchdir_np"):
        return _popen(program, streams)
    executable = program.executable
    variables = [f"{name}={value}" for name, value in program.environment.items()]
    words, told = _texts(program.argv), _texts(variables)
    folder = os.fsencode(program.directory)
    actions = ctypes.create_string_buffer(_OPAQUE_BYTES)
    _check(_LIBC.posix_spawn_file_actions_init(actions), executable)
    try:
        _check(_LIBC.posix_spawn_file_actions_addchdir_np(actions, folder), executable)
        for number, descriptor in enumerate(streams):
            _check(_LIBC.posix_spawn_file_actions_adddup2(actions, descriptor, number), executable)
        path = os.fsencode(_found(program))
        pid = ctypes.c_int()
        code = _LIBC.posix_spawn(ctypes.byref(pid), path, actions, _ATTRIBUTES, words, told)
    finally:
        _LIBC.posix_spawn_file_actions_destroy(actions)
    _check(code, executable)
    return pid.value


def keep_files_from_programs() -> None:
    """Close to programs what was open when Python started; what it opens itself, is."""
    for name in [entry.name for entry in Path("/proc/self/fd").iterdir()]:
        with suppress(OSError):
            if int(name) > 2:
                os.set_inheritable(int(name), False)


def _texts(texts: Iterable[str]) -> ctypes.Array[ctypes.c_char_p]:
    """Return strings as C takes them, with a null pointer after the last."""
    encoded = [os.fsencode(text) for text in texts]
    if b"\0" in b"".join(encoded):
        raise ValueError("embedded null byte")
    return (ctypes.c_char_p * (len(encoded) + 1))(*encoded)


def _check(code: int, executable: str) -> None:
    if code:
        raise OSError(code, os.strerror(code), executable)


def _found(program: Program) -> str:
    """Return the path of a program, found as a shell in its directory would find it."""
    executable = program.executable
    if "/" in executable:
        return executable
    reason = errno.ENOENT
    for folder in program.environment.get("PATH", os.defpath).split(os.pathsep):
        path = program.directory / folder / executable
        if path.is_file():
            if os.access(path, os.X_OK):
                return str(path)
            reason = errno.EACCES
    raise OSError(reason, os.strerror(reason), executable)


def _popen(program: Program, streams: Streams) -> int:
    stdin, stdout, stderr = streams
    process = subprocess.Popen(
        program.argv,
        executable=program.executable,
        cwd=program.directory,
        env=program.environment,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
    )
    # It is waited for by its id; without this Popen would complain that it still runs.
    process.returncode = 0
    return process.pid


def _attributes() -> ctypes.Array[ctypes.c_char]:
    # They hold no memory of their own, so that nothing has to be given back.
    made = ctypes.create_string_buffer(_OPAQUE_BYTES)
    signals = ctypes.create_string_buffer(_OPAQUE_BYTES)
    _LIBC.posix_spawnattr_init(made)
    _LIBC.posix_spawnattr_setflags(made, ctypes.c_short(_SET_DEFAULT_SIGNALS | _SET_SESSION))
    _LIBC.sigemptyset(signals)
    for number in _DEFAULT_SIGNALS:
        _LIBC.sigaddset(signals, int(number))
    _LIBC.posix_spawnattr_setsigdefault(made, signals)
    return made


_ATTRIBUTES = _attributes()
"""Never changed."""
