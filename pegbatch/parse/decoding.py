"""Bytes to text, and what is no text refused with the line at which it stops being one."""

from __future__ import annotations

import re

from pegbatch.errors import InputError

_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def decode(data: bytes, source: str) -> str:
    """Return UTF-8 text without its byte order mark.

    Errors: InputError where the bytes are not UTF-8, or hold control characters.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_text(data, error.start, source) from error
    _refuse_control(text, source)
    return text


def decode_java(data: bytes, source: str) -> str:
    """Return a properties file's text: UTF-8 since Pegasus 5, Latin-1 before.

    Errors: InputError where the bytes hold control characters.
    Source: Java, Properties.load; Pegasus, CommonProperties.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("iso-8859-1")
    _refuse_control(text, source)
    return text


def _refuse_control(text: str, source: str) -> None:
    found = _CONTROL.search(text)
    if found is not None:
        line = text.count("\n", 0, found.start()) + 1
        raise InputError(
            f"this is no text: it holds the control character {found[0]!r}",
            where=f"{source}:{line}",
            hint="is it the right file?",
        )


def _not_text(data: bytes, offset: int, source: str) -> InputError:
    line = data.count(b"\n", 0, offset) + 1
    return InputError(
        f"not UTF-8: byte 0x{data[offset]:02x} at offset {offset}",
        where=f"{source}:{line}",
        hint="save it as UTF-8; is it the right file?",
    )
