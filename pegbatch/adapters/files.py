"""The door to input files: opening and reading them, and the properties found beside them."""

from __future__ import annotations

import errno
import gzip
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from pegbatch.errors import InputError, OutsideError
from pegbatch.model.settings import Settings
from pegbatch.parse.properties import PropertyLine, read_properties
from pegbatch.parse.settings import definitions_layer, environment_layer, merge_settings

USER_PROPERTIES = ".pegasusrc"
DEFAULT_PROPERTIES = "pegasus.properties"

_GZIP = b"\x1f\x8b"
_REASONS = {
    errno.ENOENT: ("no such file", "check the path"),
    errno.ENOTDIR: ("no such file", "a part of the path is a file, not a directory"),
    errno.EISDIR: ("this is a directory", "name a file in it"),
    errno.EACCES: ("permission denied", "check who may read it"),
}


@contextmanager
def open_input(path: Path) -> Iterator[BinaryIO]:
    """Open an input file for reading; one that is gzipped is unpacked on the way.

    Errors: InputError with path and reason, also for what goes wrong while it is read.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.peek(2)[:2] == _GZIP
            with gzip.open(raw) if packed else raw as stream:
                yield cast(BinaryIO, stream)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise InputError(f"broken gzip file: {error}", where=str(path)) from error
    except OSError as error:
        raise _unreadable(path, error) from error


def read_input(path: Path) -> bytes:
    """Return an input file's bytes, unpacked where it is gzipped.

    Errors: InputError with path and reason.
    """
    with open_input(path) as stream:
        return stream.read()


def write_output(path: Path, text: str) -> None:
    """Write a file that the user asked for.

    Errors: OutsideError with path and reason.
    """
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise OutsideError(
            f"cannot write: {(error.strerror or str(error)).lower()}",
            where=str(path),
            hint="choose another file",
        ) from error


def load_settings(
    conf: Path | None,
    definitions: Sequence[str],
    directory: Path,
    home: Path | None,
    environment: Mapping[str, str],
) -> Settings:
    """Find and merge all properties, in Pegasus's search order (parse.settings).

    Shapes: `conf` takes the place of `pegasus.properties` in `directory`; that one and the user's
    `.pegasusrc` need not exist. Definitions are `key=value`.
    Errors: InputError (a file that cannot be read, a malformed line), UsageError (a definition).
    """
    layers = [
        _optional_layer(home / USER_PROPERTIES) if home else (),
        _layer(conf) if conf else _optional_layer(directory / DEFAULT_PROPERTIES),
        environment_layer(environment),
        definitions_layer(definitions),
    ]
    return merge_settings(layers, environment)


def _optional_layer(path: Path) -> tuple[PropertyLine, ...]:
    return _layer(path) if path.is_file() else ()


def _layer(path: Path) -> tuple[PropertyLine, ...]:
    return read_properties(read_input(path), str(path))


def _unreadable(path: Path, error: OSError) -> InputError:
    reason, hint = _REASONS.get(error.errno or 0, (error.strerror or str(error), None))
    return InputError(reason, where=str(path), hint=hint)
