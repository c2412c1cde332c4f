"""Writing the commands: small scripts that start this very Python, wherever they are called."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import suppress
from pathlib import Path

from pegbatch.cli.shims.config import FOLDER
from pegbatch.cli.shims.names import PROGRAMS, SHIMS
from pegbatch.errors import OutsideError, Problem, UsageError

_MARK = "# Written by `pegbatch pegasus-shims`."
_MODE = 0o755


def write_shims(folder: Path) -> Path:
    """Write the commands into `bin` below a folder; return that.

    Shapes: each appears whole; commands that were written before are replaced.
    Errors: UsageError where other commands lie there, or PATH cannot name the folder; OutsideError
    where it cannot be written.
    """
    place = folder.absolute() / "bin"
    if not str(place).isprintable() or os.pathsep in str(place):
        raise UsageError(
            f"PATH cannot name the folder {str(place)!a}",
            hint="choose one without `:` and control characters",
        )
    try:
        place.mkdir(parents=True, exist_ok=True)
        _refuse_others(place)
        for name in SHIMS:
            _write(place / name, _text(name, place))
        for name, module in PROGRAMS.items():
            _write(place / name, _program(module))
    except OSError as error:
        raise OutsideError(
            f"cannot write the commands: {(error.strerror or str(error)).lower()}",
            where=str(error.filename or place),
            hint="choose another folder",
        ) from error
    return place


def _refuse_others(place: Path) -> None:
    """Refuse to write over what somebody else has put there: Pegasus itself, or HTCondor."""
    problems = [
        Problem(
            "there is a command already, and not one of pegbatch",
            where=str(place / name),
            hint="choose an empty folder, and put it before the other on PATH",
        )
        for name in (*SHIMS, *PROGRAMS)
        if os.path.lexists(place / name) and not _is_ours(place / name)
    ]
    if problems:
        raise UsageError(problems=problems)


def _is_ours(path: Path) -> bool:
    return path.is_file() and _MARK.encode() in path.read_bytes()[:4096]


def _text(name: str, place: Path) -> str:
    folder = f"export {FOLDER}={shlex.quote(str(place))}\n" if name == "pegasus-config" else ""
    # -P: what lies in the current directory must not be taken for modules.
    words = shlex.join([sys.executable, "-P", "-m", "pegbatch.cli.shims", name])
    return f'#!/bin/sh\n{_MARK}\n{folder}exec {words} "$@"\n'


def _program(module: str) -> str:
    source = Path(__file__).with_name(f"{module}.py").read_text("utf-8")
    return f"#!/usr/bin/env python3\n{_MARK}\n{source}"


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, "utf-8")
        draft.chmod(_MODE)
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
