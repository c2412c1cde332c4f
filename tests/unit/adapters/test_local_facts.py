"""Checksums of local files, remembered while the files stay as they are."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from pegbatch.adapters.local_facts import look_up


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_files_are_measured_and_missing_ones_are_explained(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("hello")
    names = [str(tmp_path / name) for name in ("a", "gone")] + [str(tmp_path), "bad\0name"]
    facts = look_up(names, None)
    assert facts.files[str(tmp_path / "a")].sha256 == sha256("hello")
    assert facts.files[str(tmp_path / "a")].size_bytes == 5
    assert facts.unreadable[str(tmp_path / "gone")] == "no such file or directory"
    assert "directory" in facts.unreadable[str(tmp_path)]
    assert "bad\0name" in facts.unreadable


def test_a_checksum_is_believed_until_size_or_time_change(tmp_path: Path) -> None:
    memory, file = tmp_path / "memory" / "checksums.db", tmp_path / "a"
    file.write_text("one")
    os.utime(file, ns=(1, 1))
    assert look_up([str(file)], memory).files[str(file)].sha256 == sha256("one")
    file.write_text("two")
    os.utime(file, ns=(1, 1))
    assert look_up([str(file)], memory).files[str(file)].sha256 == sha256("one")
    os.utime(file, ns=(2, 2))
    assert look_up([str(file)], memory).files[str(file)].sha256 == sha256("two")


def test_a_memory_that_cannot_be_kept_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    (tmp_path / "file").write_text("")
    facts = look_up([str(tmp_path / "a")], tmp_path / "file" / "below.db")
    assert len(facts.files) == 1
    (tmp_path / "broken.db").write_text("this is no database" * 100)
    assert len(look_up([str(tmp_path / "a")], tmp_path / "broken.db").files) == 1
