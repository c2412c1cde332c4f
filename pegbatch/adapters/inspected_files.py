"""Looking at an input file of any size: a large workflow is not held in memory for it."""

from __future__ import annotations

from pathlib import Path

from pegbatch.adapters.checked_stream import PIECE_BYTES
from pegbatch.adapters.files import SMALL_FILE_BYTES, open_input, read_input
from pegbatch.model.inspection import Inspection, Kind
from pegbatch.parse.inspecting import STREAMED, inspect_data, inspect_stream
from pegbatch.parse.kinds import detect_kind_by_head

LARGE_PIECES = 4
_SMALL_KINDS: frozenset[Kind] = frozenset(("properties", "sc-xml", "sc-yaml", "aws-json"))


def inspect_file(path: Path) -> Inspection:
    """Say what a file is and what it holds.

    Errors: InputError where it cannot be read, is malformed, or no kind that is known.
    """
    head = b""
    with open_input(path) as stream:
        while len(head) < LARGE_PIECES * PIECE_BYTES:
            piece = stream.read(PIECE_BYTES)
            if not piece:
                return inspect_data(head, str(path))
            head += piece
    kind = detect_kind_by_head(head[:PIECE_BYTES], str(path))
    if kind not in STREAMED:
        at_most = SMALL_FILE_BYTES if kind in _SMALL_KINDS else None
        return inspect_data(read_input(path, at_most=at_most), str(path))
    with open_input(path) as stream:
        return inspect_stream(kind, stream, str(path))
