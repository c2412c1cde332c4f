from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegbatch.model.words import split_words

UNQUOTED = st.text(st.characters(exclude_characters="\"'\\"))


@given(UNQUOTED)
def test_without_quotes_only_blank_tab_and_line_break_part_words(text: str) -> None:
    assert split_words(text) == [word for word in re.split("[ \t\r\n]", text) if word]


@pytest.mark.parametrize("space", ["\u00a0", "\u2003", "\x0b", "\x0c", "\x1c", "\u2028", "\x85"])
def test_any_other_white_space_belongs_to_its_word(space: str) -> None:
    assert split_words(f"a{space}b c") == [f"a{space}b", "c"]


def test_quotes_and_backslash_count() -> None:
    assert split_words("a 'b c' d\\ e") == ["a", "b c", "d e"]


def test_a_quote_that_is_not_closed_is_an_error() -> None:
    with pytest.raises(ValueError, match="quotation"):
        split_words("a 'b")
