"""A file is there whole, or what was there before is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pegbatch.adapters.files import write_pieces
from pegbatch.errors import OutsideError


def broken_off() -> Iterator[bytes]:
    yield b"half"
    raise OutsideError("the store went away")


def test_what_breaks_off_leaves_what_was_there_and_no_draft(tmp_path: Path) -> None:
    kept, new = tmp_path / "kept", tmp_path / "new"
    kept.write_bytes(b"before")
    for path in (kept, new):
        with pytest.raises(OutsideError, match="went away"):
            write_pieces(path, broken_off())
    assert kept.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["kept"]


def test_a_file_that_is_written_anew_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    path.write_bytes(b"before")
    path.chmod(0o640)
    write_pieces(path, ["one ", b"two"])
    assert path.read_bytes() == b"one two"
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link_and_a_device_a_device(tmp_path: Path) -> None:
    link, target = tmp_path / "link", tmp_path / "target"
    link.symlink_to(target)
    write_pieces(link, [b"through"])
    write_pieces(Path(os.devnull), [b"away"])
    assert link.is_symlink()
    assert target.read_bytes() == b"through"
    assert not Path(os.devnull).is_file()


def test_no_link_in_the_place_of_the_draft_is_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / f".all.log.{os.getpid()}.unfinished").symlink_to(victim)
    write_pieces(tmp_path / "all.log", [b"logs"])
    assert victim.read_bytes() == b"precious"
    assert (tmp_path / "all.log").read_bytes() == b"logs"
