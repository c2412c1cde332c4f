"""Pieces of files: whole, and in memory that is used again only when nobody holds it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from pegbatch.adapters.pieces import PIECE_BYTES, pieces, write_all
from pegbatch.adapters.s3_bucket import S3Options

SIZES = (0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 5 * PIECE_BYTES + 7)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("expected", [0, PIECE_BYTES, 9 * PIECE_BYTES])
def test_pieces_are_the_file_however_large_it_was_said_to_be(
    tmp_path: Path, size: int, expected: int
) -> None:
    data = os.urandom(size)
    (tmp_path / "f").write_bytes(data)
    with (tmp_path / "f").open("rb", buffering=0) as file:
        assert b"".join(pieces(file, expected)) == data


def test_a_piece_that_is_held_is_not_written_again(tmp_path: Path) -> None:
    data = os.urandom(20 * PIECE_BYTES)
    (tmp_path / "f").write_bytes(data)
    digest, held = hashlib.sha256(), []
    with (tmp_path / "f").open("rb", buffering=0) as file:
        for number, piece in enumerate(pieces(file, len(data))):
            digest.update(piece)
            if number % 3 == 0:
                held.append((number, piece))
    assert digest.digest() == hashlib.sha256(data).digest()
    for number, piece in held:
        assert piece == data[number * PIECE_BYTES : (number + 1) * PIECE_BYTES]


def test_memory_is_used_again(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(bytes(50 * PIECE_BYTES))
    buffers = set()
    with (tmp_path / "f").open("rb", buffering=0) as file:
        for piece in pieces(file, 50 * PIECE_BYTES):
            assert isinstance(piece, memoryview)
            buffers.add(id(piece.obj))
    assert len(buffers) <= 2


def test_a_chunk_is_written_whole_though_little_is_taken_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, data = os.write, os.urandom(2 * PIECE_BYTES + 5)
    monkeypatch.setattr(os, "write", lambda to, chunk: real(to, chunk[: PIECE_BYTES // 2 + 1]))
    with (tmp_path / "f").open("wb", buffering=0) as file:
        write_all(file.fileno(), data)
    assert (tmp_path / "f").read_bytes() == data


@pytest.mark.parametrize(
    ("endpoint", "guarded"),
    [
        (None, True),
        ("https://s3.example.org", True),
        ("http://127.0.0.1:9000", True),
        ("http://localhost:9000", True),
        ("http://[::1]:9000", True),
        ("http://s3.example.org", False),
        ("http://127.0.0.1.example.org", False),
        ("http://10.0.0.7:9000", False),
    ],
)
def test_bodies_are_signed_where_others_could_change_them(
    endpoint: str | None, guarded: bool
) -> None:
    assert S3Options(endpoint_url=endpoint).is_guarded is guarded
