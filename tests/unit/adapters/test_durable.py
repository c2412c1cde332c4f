"""Folders that are made and taken away again, and the disk that a path lies on."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegbatch.adapters.durable import disk_of, made_folders, sync_tree


def test_folders_that_were_made_go_with_a_failure(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), made_folders(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()
        raise RuntimeError
    assert tmp_path.is_dir()
    assert not (tmp_path / "a").exists()


def test_folders_that_were_there_or_are_in_use_stay(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(RuntimeError), made_folders(tmp_path / "a" / "b" / "c"):
        (tmp_path / "a" / "b" / "of somebody else").touch()
        raise RuntimeError
    assert (tmp_path / "a" / "b" / "of somebody else").exists()
    assert not (tmp_path / "a" / "b" / "c").exists()


def test_the_disk_of_a_path_is_a_mount_point_above_it(tmp_path: Path) -> None:
    disk = disk_of(tmp_path / "not" / "there")
    assert disk.is_mount()
    assert tmp_path.is_relative_to(disk)


def test_a_tree_is_synced_with_all_its_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_bytes(b"x")
    sync_tree(tmp_path)
    assert (tmp_path / "a" / "file").read_bytes() == b"x"
