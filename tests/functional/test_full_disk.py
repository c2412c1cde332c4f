"""A disk that takes no more; the limit on the size of a process's files stands for it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.functional.commands import EXAMPLES, answer, embedded_aws, pegbatch
from tests.functional.test_killed_client import jobs_of, planned_once

ARRAYS = 3


def without_room(kib: int, *words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run `pegbatch …` where no file may grow beyond a size."""
    limited = ("bash", "-c", f'ulimit -f {kib}; exec "$@"', "bash")
    return pegbatch(*words, cwd=cwd, under=limited)


def test_a_plan_that_does_not_fit_names_the_disk_and_leaves_nothing(tmp_path: Path) -> None:
    base = tmp_path / "a" / "b"
    example = EXAMPLES / "black-diamond"
    result = without_room(0, "plan", "--dir", base, "diamond.yml", cwd=example)
    assert result.returncode == 5
    assert f"{base}" in result.stderr
    assert "make room on the disk of /" in result.stderr
    assert not base.parent.exists()


@pytest.mark.slow
def test_a_run_that_does_not_fit_goes_on_once_there_is_room(tmp_path: Path) -> None:
    with embedded_aws(tmp_path / "work") as base:
        assert pegbatch("emulator", "--background", "--dir", base, cwd=base).returncode == 0
        submit_dir = planned_once(base)
        result = without_room(64, "run", submit_dir, cwd=base)
        assert result.returncode == 5
        assert str(submit_dir) in result.stderr
        assert answer("run", submit_dir, cwd=base)["state"] == "succeeded"
        assert sorted(jobs_of(base, submit_dir).values()) == [1] * ARRAYS
