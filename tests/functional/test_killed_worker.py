"""A worker that is killed takes its tasks along, which have sessions of their own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.emulator_bench import until
from tests.functional.test_running import Desk, local_folder, stop
from tests.processes import gone


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    yield Desk(tmp_path)
    stop(local_folder(tmp_path))


def worker_and_task(desk: Desk) -> tuple[Path, int, int]:
    """Run a task that hangs the first time; return submit directory and both process ids."""
    noted = desk.folder / "pid"
    script = f"test -e {noted} && exec echo b > b.txt; echo $$ > {noted}.new; "
    script += f"mv {noted}.new {noted}; exec sleep 1000"
    submit_dir = desk.plan(script)
    assert desk.pegbatch("run", submit_dir, "--detach").returncode == 0
    until(noted.exists)
    task = int(noted.read_text())
    worker = int(Path(f"/proc/{task}/stat").read_text().rpartition(")")[2].split()[1])
    return submit_dir, worker, task


@pytest.mark.parametrize("how", ["host", "memory"])
def test_a_killed_worker_takes_its_tasks_along(desk: Desk, how: str) -> None:
    submit_dir, worker, task = worker_and_task(desk)
    assert os.getsid(task) != os.getsid(worker)
    struck = desk.pegbatch("emulator", "--dir", desk.folder, "--strike", "all", "--how", how)
    assert struck.returncode == 0, struck.stderr
    until(lambda: gone(worker))
    until(lambda: gone(task))
    waited = desk.pegbatch("wait", submit_dir)
    assert waited.returncode == (0 if how == "host" else 1), waited.stdout + waited.stderr


def test_a_child_killed_by_somebody_else_is_lost_and_the_next_run_does_it(desk: Desk) -> None:
    submit_dir, worker, task = worker_and_task(desk)
    os.kill(worker, signal.SIGKILL)
    until(lambda: gone(task))
    waited = desk.pegbatch("wait", submit_dir)
    assert waited.returncode == 1, waited.stdout + waited.stderr
    assert "was lost: Essential container in task exited" in waited.stdout
    again = desk.pegbatch("run", submit_dir)
    assert again.returncode == 0, again.stdout + again.stderr
    assert [path.read_text() for path in desk.outputs.rglob("b.txt")] == ["b\n"]


def test_a_task_killed_by_somebody_else_is_tried_again_by_its_worker(desk: Desk) -> None:
    submit_dir, _, task = worker_and_task(desk)
    os.kill(task, signal.SIGKILL)
    waited = desk.pegbatch("wait", submit_dir)
    assert waited.returncode == 0, waited.stdout + waited.stderr
    assert [path.read_text() for path in desk.outputs.rglob("b.txt")] == ["b\n"]
