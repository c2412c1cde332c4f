"""Changing a properties file: comments, order and every other line stay as they are."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import javaproperties

from pegbatch.errors import OutsideError

ENCODING = "iso-8859-1"
"""Of Java's properties files; every byte is a character, so that lines come back as they were."""


def save_properties(
    path: Path, values: Mapping[str, str], *, where_set: Mapping[str, str] | None = None
) -> None:
    """Set properties in a file, which is made where it is missing; whole or not at all.

    Shapes: what is in where_set only replaces what the file says, and adds nothing to it.
    Errors: OutsideError with path and reason.
    """
    target = path.resolve()
    try:
        before = target.read_bytes().decode(ENCODING) if target.exists() else ""
        there = javaproperties.loads(before).keys() & (where_set or {}).keys()
        stale = {key: (where_set or {})[key] for key in sorted(there)}
        _replace(target, with_values(before, {**values, **stale}).encode(ENCODING))
    except OSError as error:
        raise OutsideError(
            f"cannot write: {(error.strerror or str(error)).lower()}",
            where=str(path),
            hint="name another file with --save",
        ) from error


def with_values(text: str, values: Mapping[str, str]) -> str:
    """Return a properties file with some keys set: in their place, new ones at the end.

    Shapes: a key that is set more than once keeps one line.
    """
    ending = "\r\n" if "\r\n" in text else "\n"
    if text and not text.endswith(("\n", "\r")):
        text += ending
    left = dict(values)
    lines: list[str] = []
    for element in javaproperties.parse(io.StringIO(text, newline="")):
        if not isinstance(element, javaproperties.KeyValue) or element.key not in values:
            lines.append(element.source)
        elif element.key in left:
            lines.append(_line(element.key, left.pop(element.key), ending))
    lines += [_line(key, value, ending) for key, value in left.items()]
    return "".join(lines)


def _line(key: str, value: str, ending: str) -> str:
    line = str(javaproperties.join_key_value(key, value, separator=" = "))
    # Java reads these in a value as they are, and so do people.
    return line.replace("\\:", ":").replace("\\=", "=") + ending


def _replace(target: Path, data: bytes) -> None:
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(mode)
        Path(name).replace(target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
