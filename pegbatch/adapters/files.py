"""The door to input files: opening and reading them, and the properties found beside them."""

from __future__ import annotations

import errno
import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from pegbatch.adapters.checked_stream import CheckedStream
from pegbatch.adapters.whole_files import written_whole
from pegbatch.errors import InputError, OutsideError
from pegbatch.model.inspection import Kind
from pegbatch.model.settings import Settings
from pegbatch.parse.kinds import guess_kind
from pegbatch.parse.properties import PropertyLine, read_properties
from pegbatch.parse.settings import definitions_layer, environment_layer, merge_settings

USER_PROPERTIES = ".pegasusrc"
DEFAULT_PROPERTIES = "pegasus.properties"

SMALL_FILE_BYTES = 4 << 20
"""Of properties and site catalogs; real ones have kilobytes."""

_OTHER_KINDS = (
    "dax-xml", "wf-yaml", "sc-xml", "sc-yaml", "tc-text", "tc-yaml", "rc-yaml", "aws-json",
    "wfformat-json",
)  # fmt: skip
"""A replica file is not among them: its lines may look like properties, and the other way round."""

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

    Shapes: reads, and goes back to any offset; a zip bomb and the like end the reading.
    Errors: InputError with path and reason, also for what goes wrong while it is read.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.peek(2)[:2] == _GZIP
            with gzip.open(raw) if packed else raw as stream:
                checked = CheckedStream(
                    cast(BinaryIO, stream), str(path), cast(BinaryIO, raw) if packed else None
                )
                yield cast(BinaryIO, checked)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise InputError(
            f"broken gzip file: {error}", where=str(path), hint="make or fetch it again"
        ) from error
    except OSError as error:
        raise _unreadable(path, error) from error


def read_input(path: Path, *, at_most: int | None = None) -> bytes:
    """Return an input file's bytes, unpacked where it is gzipped.

    Errors: InputError with path and reason, also where there are more bytes than at_most.
    """
    with open_input(path) as stream:
        if at_most is None:
            return stream.read()
        data = stream.read(at_most + 1)
    if len(data) > at_most:
        raise InputError(
            f"larger than a file of this kind can be ({at_most >> 20} MiB)",
            where=str(path),
            hint="is it the right file?",
        )
    return data


def write_output(path: Path, content: str | bytes) -> None:
    """Write a file that the user asked for.

    Errors: OutsideError with path and reason.
    """
    write_pieces(path, (content,))


def write_pieces(path: Path, pieces: Iterable[str | bytes]) -> None:
    """Write a file that the user asked for, piece by piece as they come; whole or not at all.

    Errors: OutsideError with path and reason.
    """
    try:
        with written_whole(path) as file:
            file.writelines(one.encode() if isinstance(one, str) else one for one in pieces)
    except OSError as error:
        raise _unwritable(path, error, "choose another file") from error


def make_folder(path: Path) -> None:
    """Make a folder that the user asked for, where it is not there.

    Errors: OutsideError with path and reason.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error, "choose another folder") from error


def _unwritable(path: Path, error: OSError, hint: str) -> OutsideError:
    reason = (error.strerror or str(error)).lower()
    return OutsideError(f"cannot write: {reason}", where=str(path), hint=hint)


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
    data = read_input(path, at_most=SMALL_FILE_BYTES)
    kind = _guess(data, path)
    if kind in _OTHER_KINDS:
        raise InputError(
            f"expected properties, found {kind}", where=str(path), hint="is it the right file?"
        )
    return read_properties(data, str(path))


def _guess(data: bytes, path: Path) -> Kind | None:
    try:
        return guess_kind(data, str(path))
    except InputError:
        return None  # old properties are Latin-1; what is no text at all is refused below


def _unreadable(path: Path, error: OSError) -> InputError:
    reason, hint = _REASONS.get(error.errno or 0, (error.strerror or str(error), None))
    return InputError(reason, where=str(path), hint=hint)
