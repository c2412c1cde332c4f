from __future__ import annotations

import pytest

from pegbatch.errors import InputError
from pegbatch.parse.properties import read_properties


def pairs(text: str) -> list[tuple[str, str]]:
    return [(line.key, line.value) for line in read_properties(text.encode(), "p")]


@pytest.mark.parametrize(
    "text",
    ["a.b=c", "a.b = c", "a.b: c", "a.b c", "a.b\tc", "  a.b   c  ", "a.b=\\\n   c", "\\a.b=c"],
)
def test_every_way_to_separate_key_and_value_says_the_same(text: str) -> None:
    assert pairs(text) == [("a.b", "c")]


def test_comments_and_blank_lines_are_no_entries() -> None:
    assert pairs("# one\n! two\n\n   \nkey=value\n") == [("key", "value")]


def test_an_empty_file_has_no_entries() -> None:
    assert pairs("") == []


def test_a_key_alone_has_an_empty_value() -> None:
    assert pairs("pegasus.register") == [("pegasus.register", "")]


def test_escapes_are_undone() -> None:
    assert pairs(r"url=jdbc\:sqlite\:/x\u00e9") == [("url", "jdbc:sqlite:/xé")]


def test_duplicates_are_kept_in_the_order_written() -> None:
    assert pairs("a=1\na=2") == [("a", "1"), ("a", "2")]


def test_each_entry_knows_the_line_it_begins_on() -> None:
    lines = read_properties(b"# c\na=1\\\n  2\r\n\r\nb=3\rc=4", "p")
    assert [line.where for line in lines] == ["p:2", "p:5", "p:6"]


def test_every_malformed_line_is_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        read_properties(b"a=\\u12\nb=2\n= 3\nc=\\\n \\uzzzz\nd=4", "p")
    assert [problem.where for problem in caught.value.problems] == ["p:1", "p:3", "p:4"]


def test_latin_1_is_read_where_the_bytes_are_not_utf_8() -> None:
    assert read_properties(b"name=caf\xe9", "p")[0].value == "café"


def test_binary_rubbish_is_refused() -> None:
    with pytest.raises(InputError, match="no text"):
        read_properties(b"a=1\n\x00\x01\x02\xff", "p")
