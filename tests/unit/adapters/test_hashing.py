"""Bytes hashed in passing, and beside."""

from __future__ import annotations

import hashlib

import pytest

from pegbatch.adapters.hashing import INLINE_BYTES, Hashing


@pytest.mark.parametrize("expected_bytes", [0, INLINE_BYTES + 1])
def test_the_digest_is_that_of_all_chunks_however_large_they_were_said_to_be(
    expected_bytes: int,
) -> None:
    chunks = [bytes([number]) * 4096 for number in range(100)]
    with Hashing(expected_bytes) as hashing:
        for chunk in (*chunks[:50], b"", *chunks[50:]):
            hashing.update(chunk)
        assert hashing.hexdigest() == hashlib.sha256(b"".join(chunks)).hexdigest()
