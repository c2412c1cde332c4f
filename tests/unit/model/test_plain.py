from __future__ import annotations

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from pegbatch.model.plain import plain, plain_bytes, plain_line

STEERING = ("Cc", "Cs", "Zl", "Zp")
"""Categories of Unicode; of the marks of format (Cf) only those of direction are meant."""
DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@given(st.text(st.characters()))
def test_nothing_that_steers_a_terminal_is_left(text: str) -> None:
    left = plain(text)
    assert not [c for c in left if unicodedata.category(c) in STEERING and c not in "\n\t"]
    assert not set(left) & set(DIRECTIONS)
    assert not set(plain_line(text)) & set("\n\t")


@given(st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp"))))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert plain(text) == plain_line(text) == text
    assert plain_bytes(text.encode()) == text.encode()


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_bytes_and_text_are_treated_alike(text: str) -> None:
    assert plain_bytes(text.encode()).decode() == plain(text)


@given(st.dictionaries(st.text(), st.text()))
def test_json_means_the_same_afterwards(value: dict[str, str]) -> None:
    printed = json.dumps(value, ensure_ascii=False, indent=1)
    assert json.loads(plain(printed)) == value


def test_bytes_that_are_no_text_stay() -> None:
    assert plain_bytes(b"\xff\xfe\x1b") == b"\xff\xfe\\u001b"
