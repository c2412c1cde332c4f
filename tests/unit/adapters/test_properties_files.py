"""Properties are set in a file without touching anything else in it."""

from __future__ import annotations

from pathlib import Path

import javaproperties
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegbatch.adapters.properties_files import save_properties, with_values
from pegbatch.errors import OutsideError

ARN = "arn:aws:batch:us-east-1:1:job-queue/q"
NAMES = st.text("abc.", min_size=1, max_size=4)


def test_comments_order_and_other_lines_stay() -> None:
    text = "# head\n\nb: 1\n! more\na = old\\\n  er\nc 3\n"
    assert with_values(text, {"a": ARN, "new": "x"}) == (
        f"# head\n\nb: 1\n! more\na = {ARN}\nc 3\nnew = x\n"
    )


def test_a_key_that_was_set_twice_keeps_one_line() -> None:
    assert with_values("a = 1\nb = 2\na = 3\n", {"a": "4"}) == "a = 4\nb = 2\n"


def test_a_last_line_without_end_is_ended_first() -> None:
    assert with_values("a = 1", {"b": "2"}) == "a = 1\nb = 2\n"


def test_lines_keep_the_ends_of_their_file() -> None:
    assert with_values("a = 1\r\nb = 2\r\n", {"a": "3", "c": "4"}) == "a = 3\r\nb = 2\r\nc = 4\r\n"


@given(
    st.dictionaries(NAMES, st.text(max_size=8), max_size=4),
    st.dictionaries(NAMES, st.text(max_size=8), max_size=4),
)
def test_what_is_set_is_what_is_read(before: dict[str, str], values: dict[str, str]) -> None:
    text = with_values(with_values("", before), values)
    assert javaproperties.loads(text) == {**before, **values}


def test_bytes_of_any_encoding_stay(tmp_path: Path) -> None:
    path = tmp_path / "p"
    path.write_bytes("# grün\n".encode() + b"# gr\xfcn\na = 1\n")
    path.chmod(0o600)
    save_properties(path, {"a": "2"})
    assert path.read_bytes() == "# grün\n".encode() + b"# gr\xfcn\na = 2\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_only_replaces_adds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p"
    path.write_text("a = 1\n")
    save_properties(path, {"b": "2"}, where_set={"a": "3", "c": "4"})
    assert path.read_text() == "a = 3\nb = 2\n"


def test_a_link_is_followed_and_a_new_file_made(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("real")
    save_properties(link, {"a": "1"})
    assert link.is_symlink()
    assert (tmp_path / "real").read_text() == "a = 1\n"


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutsideError, match="cannot write"):
        save_properties(tmp_path / "file" / "p", {"a": "1"})
    with pytest.raises(OutsideError, match="cannot write"):
        save_properties(tmp_path, {"a": "1"})
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
