"""Bytes of logs, cut where lines end and never inside a character."""

from __future__ import annotations

import random

from pegbatch.engine.logs.texts import CHUNK_BYTES, stored_chunks, whole_lines
from pegbatch.model.plain import plain_bytes
from tests.fakes_store import MemoryStore

CSI = "\N{CONTROL SEQUENCE INTRODUCER}".encode()


def test_blocks_end_where_lines_end() -> None:
    assert list(whole_lines([b"a", b"b\nc", b"\n", b"d"])) == [b"ab\n", b"c\n", b"d\n"]
    assert list(whole_lines([])) == []


def test_nothing_is_lost_however_it_is_cut() -> None:
    seed = random.Random(7)
    for _ in range(200):
        data = bytes(seed.choice(b"ab\n") for _ in range(40)) + b"\n"
        cuts = sorted(seed.randrange(len(data)) for _ in range(5))
        pieces = [data[i:j] for i, j in zip([0, *cuts], [*cuts, len(data)], strict=True)]
        blocks = list(whole_lines(pieces))
        assert b"".join(blocks) == data
        assert all(block.endswith(b"\n") for block in blocks)


def test_an_escape_that_is_cut_in_two_is_made_harmless_all_the_same() -> None:
    long = b"x" * (CHUNK_BYTES - 1) + CSI + b"2J" + b"y" * CHUNK_BYTES
    shown = b"".join(map(plain_bytes, whole_lines([long[:CHUNK_BYTES], long[CHUNK_BYTES:]])))
    assert CSI not in shown
    assert rb"\u009b2J" in shown


def test_a_line_without_end_is_passed_on_in_pieces() -> None:
    blocks = list(whole_lines(b"z" * CHUNK_BYTES for _ in range(4)))
    assert max(map(len, blocks)) <= 2 * CHUNK_BYTES
    assert sum(map(len, blocks)) == 4 * CHUNK_BYTES + 1


def test_an_object_is_read_piece_by_piece_and_may_vanish() -> None:
    store = MemoryStore()
    store.put_bare("s3://b/log", b"a" * (CHUNK_BYTES + 5))
    assert [len(one) for one in stored_chunks(store, "s3://b/log", CHUNK_BYTES + 5)] == [
        CHUNK_BYTES,
        5,
    ]
    assert list(stored_chunks(store, "s3://b/gone", 5)) == []
