"""Bytes that no honest input holds."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegbatch.errors import InputError
from pegbatch.parse.pace import LARGEST_VALUE_BYTES, PacedStream
from pegbatch.parse.sanity import DEEPEST_BRACKETS, LONGEST_BLANK_BYTES, LONGEST_QUIET_BYTES, Sanity

MIB = 1 << 20


def refusal(*pieces: bytes) -> str:
    sanity = Sanity("f")
    with pytest.raises(InputError) as caught:
        for piece in pieces:
            sanity.feed(piece)
    return str(caught.value.problems[0])


def test_a_control_character_is_told_with_its_line() -> None:
    assert "f:4: this is no text: it holds the control character '\\x00'" in refusal(
        b"a\nb\n", b"c\nd\0"
    )


@pytest.mark.parametrize(
    ("start", "unit", "words"),
    [
        (b"<adag>", b"a>", "without a tag"),
        (b'{"a": "', b"a", "without a bracket or comma"),
        (b"a", b"a", "without a line break"),
    ],
)
def test_too_long_without_anything_that_divides_it(start: bytes, unit: bytes, words: str) -> None:
    pieces = [unit * (MIB // len(unit))] * (LONGEST_QUIET_BYTES // MIB + 1)
    assert words in refusal(start, *pieces)


@pytest.mark.parametrize("unit", [b"<a>", b"<a>\n<b/>", b"<!-- --><a>"])
def test_xml_that_opens_and_never_closes(unit: bytes) -> None:
    assert "nested deeper" in refusal(*([unit * 1000] * (DEEPEST_BRACKETS // 1000 + 1)))


def test_brackets_that_open_and_never_close() -> None:
    assert "nested deeper" in refusal(b"jobs:\n", b"[\n" * (DEEPEST_BRACKETS + 1))


def test_nothing_but_white_space() -> None:
    assert "white space" in refusal(b" \n" * LONGEST_BLANK_BYTES)


def test_what_closes_what_it_opens_goes_on_for_ever() -> None:
    sanity = Sanity("f")
    for _ in range(200):
        sanity.feed(b"<?x?><!-- c --><a b='c'><d/></a>\n" * 1000)
    sanity.feed(b"")
    other = Sanity("f")
    for _ in range(200):
        other.feed(b"- {a: [b, c]}\n" * 1000)


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"]), max_size=50))
def test_short_text_without_control_characters_is_always_sane(text: str) -> None:
    Sanity("f").feed(text.encode())
    Sanity("f").feed(text.encode("utf-16"))


def test_a_stream_of_which_no_value_comes_is_given_up() -> None:
    made = iter(range(3))
    source = io.BytesIO(b"a" * (6 * LARGEST_VALUE_BYTES))
    stream = PacedStream(source, "f", lambda: next(made, 3))
    for _ in range(3):
        assert len(stream.read(LARGEST_VALUE_BYTES)) == LARGEST_VALUE_BYTES
    with pytest.raises(InputError, match="a single value of more than 8 MiB"):
        for _ in range(2):
            stream.read(LARGEST_VALUE_BYTES)
