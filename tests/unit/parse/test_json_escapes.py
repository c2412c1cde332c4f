from __future__ import annotations

import io
import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.parse.json_escapes import JsonEscapes


def handed_on(data: bytes, size: int) -> bytes:
    stream = JsonEscapes(io.BytesIO(data))
    return b"".join(iter(lambda: stream.read(size), b""))


@settings(deadline=None)
@given(st.lists(st.text(alphabet='\\u😀𐀀d8aé"/', max_size=12)), st.integers(1, 20))
def test_json_with_characters_beyond_16_bits_is_read_as_yaml(texts: list[str], size: int) -> None:
    assert yaml.safe_load(handed_on(json.dumps(texts).encode(), size)) == texts


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_an_escaped_backslash_before_u_is_no_pair(size: int) -> None:
    data = rb'["\\ud83d\\ude00", "\\\ud83d\ude00"]'
    assert handed_on(data, size) == rb'["\\ud83d\\ude00", "\\\U0001f600"]'


def test_what_is_no_json_passes_untouched() -> None:
    data = rb"a: '\ud83d\ude00'"
    assert handed_on(data, 3) == data


def test_a_long_run_of_digits_is_not_held_back_for_ever() -> None:
    data = b'["' + b"0" * 200_000 + b'"]'
    stream = JsonEscapes(io.BytesIO(data))
    parts = list(iter(lambda: stream.read(10_000), b""))
    assert len(parts) > 2
    assert b"".join(parts) == data


def test_an_unfinished_end_is_handed_on() -> None:
    assert handed_on(b'["\\ud83d', 4) == b'["\\ud83d'
