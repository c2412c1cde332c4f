"""Left-overs of writers that were killed."""

from __future__ import annotations

import os
from pathlib import Path

from pegbatch.emulator.sweeping import sweep_drafts


def test_old_drafts_are_deleted_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "bucket" / "a"
    folder.mkdir(parents=True)
    for name in ("x", "x#1", "x#1.txt", "y#12", "#3"):
        (folder / name).write_text("")
        os.utime(folder / name, (1, 1))
    (folder / "young#1").write_text("")
    assert sweep_drafts(tmp_path) == 2
    assert sorted(path.name for path in folder.iterdir()) == ["#3", "x", "x#1.txt", "young#1"]
