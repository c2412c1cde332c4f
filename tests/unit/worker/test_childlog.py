"""The log of a child: ours and the tasks' words, in one order, and no more than fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from pegbatch.worker import childlog
from pegbatch.worker.childlog import ChildLog


def test_what_tasks_say_beyond_the_room_is_left_out_and_ours_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(childlog, "TASK_BYTES_MAX", 1 << 20)
    log = ChildLog(tmp_path / "log", None)
    log.say("begin")
    for _ in range(3):
        log.write(b"x" * 500_000)
    log.say("end")
    log.close()
    lines = (tmp_path / "log").read_text().splitlines()
    assert lines[0] == "begin"
    assert lines[1] == "x" * (1 << 20)
    assert lines[2:] == ["tasks have said 1 MiB; the rest is left out", "end"]


def test_a_line_of_ours_begins_at_the_start_of_a_line(tmp_path: Path) -> None:
    log = ChildLog(tmp_path / "log", None)
    log.write(b"no end")
    log.say("ours")
    log.close()
    assert (tmp_path / "log").read_text() == "no end\nours\n"
