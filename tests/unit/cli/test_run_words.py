"""A submit directory, and what in its run is meant: which word is which."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegbatch.cli.run_words import dir_and_word, dir_or_word
from pegbatch.errors import UsageError


@pytest.fixture
def submit_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "run0001"
    folder.mkdir()
    (folder / "plan.json").write_text("{}")
    return folder


def test_two_words_are_a_directory_and_a_name() -> None:
    assert dir_or_word("d", "t1") == (Path("d"), "t1")
    assert dir_and_word("d", "t1") == (Path("d"), "t1")


def test_in_a_submit_directory_a_word_alone_is_a_name_unless_it_is_another_one(
    submit_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dir_or_word("t1", None) == (Path("t1"), None)
    monkeypatch.chdir(submit_dir)
    assert dir_or_word("t1", None) == (Path(), "t1")
    assert dir_or_word(".", None) == (Path(), None)
    assert dir_or_word("../run0001", None) == (Path("../run0001"), None)
    assert dir_or_word(None, None) == (Path(), None)


def test_a_name_has_to_be_given_where_one_is_wanted(submit_dir: Path) -> None:
    assert dir_and_word("t1", None) == (Path(), "t1")
    with pytest.raises(UsageError, match="nothing in it is named"):
        dir_and_word(str(submit_dir), None)


def test_a_url_is_no_submit_directory() -> None:
    for words in (("s3://b/run", None), ("s3://b/run", "t1")):
        with pytest.raises(UsageError, match="wants its submit directory"):
            dir_or_word(*words)
    with pytest.raises(UsageError, match="pegbatch run s3://b/run"):
        dir_and_word("s3://b/run", "t1")
