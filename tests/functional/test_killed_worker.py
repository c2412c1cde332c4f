"""A worker that is killed takes its tasks along, which have sessions of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.emulator_bench import until
from tests.functional.test_running import Desk, local_folder, stop


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    yield Desk(tmp_path)
    stop(local_folder(tmp_path))


def gone(pid: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


@pytest.mark.parametrize("how", ["host", "memory"])
def test_a_killed_worker_takes_its_tasks_along(desk: Desk, how: str) -> None:
    noted = desk.folder / "pid"
    script = f"test -e {noted} && exec echo b > b.txt; echo $$ > {noted}.new; "
    script += f"mv {noted}.new {noted}; exec sleep 1000"
    submit_dir = desk.plan(script)
    assert desk.pegbatch("run", submit_dir, "--detach").returncode == 0
    until(noted.exists)
    task = int(noted.read_text())
    worker = int(Path(f"/proc/{task}/stat").read_text().rpartition(")")[2].split()[1])
    assert os.getsid(task) != os.getsid(worker)
    struck = desk.pegbatch("emulator", "--dir", desk.folder, "--strike", "all", "--how", how)
    assert struck.returncode == 0, struck.stderr
    until(lambda: gone(worker))
    until(lambda: gone(task))
    waited = desk.pegbatch("wait", submit_dir)
    assert waited.returncode == (0 if how == "host" else 1), waited.stdout + waited.stderr
