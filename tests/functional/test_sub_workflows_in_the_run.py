"""Sub-workflows that are written in the run, three levels deep: lost, killed, failed, resumed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from pegbatch.emulator import presence
from pegbatch.emulator.background import local_folder
from tests.functional.commands import answer, pegbatch
from tests.functional.emulator_bench import until
from tests.functional.three_levels import ONCE, RESULT, ThreeLevels
from tests.processes import gone


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ThreeLevels]:
    """Lend a folder with three workflows, and end the embedded AWS that they start."""
    found = ThreeLevels(tmp_path)
    try:
        yield found
    finally:
        pegbatch("emulator", "--stop", "--dir", found.base, cwd=tmp_path)


def kill_embedded_aws(base: Path) -> None:
    """Kill the embedded AWS as a power cut would."""
    endpoint = presence.living(local_folder(base))
    assert endpoint is not None
    os.kill(endpoint.pid, signal.SIGKILL)
    until(lambda: gone(endpoint.pid))


def test_a_planner_killed_at_either_level_finds_its_jobs_again(desk: ThreeLevels) -> None:
    submit_dir = desk.plan()
    desk.stop_at("I1")
    assert desk.run(submit_dir, "--detach") == 0
    until(lambda: desk.has_begun("I1"))
    desk.kill_planner(1)
    desk.kill_planner(2)
    desk.let_go("I1")
    assert pegbatch("wait", submit_dir, cwd=desk.folder).returncode == 0
    assert desk.tally() == ONCE
    assert desk.result() == RESULT
    assert desk.sub_workflows(submit_dir) == {
        "succeeded": 2, "failed": 0, "incomplete": 0, "total": 2, "retries": 2,
        "total_and_retries": 4,
    }  # fmt: skip


def test_planners_on_reclaimed_hosts_and_a_killed_embedded_aws_cost_no_success(
    desk: ThreeLevels,
) -> None:
    submit_dir = desk.plan()
    desk.stop_at("I2")
    assert desk.run(submit_dir, "--detach") == 0
    until(lambda: desk.has_begun("I2"))
    struck = pegbatch("emulator", "--strike", "all", "--dir", desk.base, cwd=desk.folder)
    assert struck.returncode == 0, struck.stderr
    until(lambda: desk.tally()["I2"] == 2 and bool(desk.planners(1)) and bool(desk.planners(2)))
    kill_embedded_aws(desk.base)
    desk.let_go("I2")
    assert desk.run(submit_dir) == 0
    tally = desk.tally()
    assert tally.pop("I2") >= 2  # it was running when its host went
    assert tally == {job: 1 for job in ONCE if job != "I2"}
    assert desk.result() == RESULT


def test_a_lost_output_of_a_sub_workflow_is_made_again_and_nothing_else(
    desk: ThreeLevels,
) -> None:
    submit_dir = desk.plan()
    desk.break_at("O3")
    assert desk.run(submit_dir) == 1
    desk.break_at("O3", is_broken=False)
    (lost,) = (local_folder(desk.base) / "s3" / "pegbatch").glob("outer-*/data/m.txt")
    lost.unlink()
    before = desk.tally()
    assert desk.run(submit_dir) == 0
    assert desk.tally() == {**before, "M3": 2, "O3": before["O3"] + 1}
    assert desk.result() == RESULT


def test_a_cancel_ends_the_jobs_and_planners_of_both_depths_and_a_run_goes_on_from_there(
    desk: ThreeLevels,
) -> None:
    submit_dir = desk.plan()
    desk.stop_at("I1")
    assert desk.run(submit_dir, "--detach") == 0
    until(lambda: desk.has_begun("I1"))
    cancelled = pegbatch("cancel", submit_dir, cwd=desk.folder)
    assert cancelled.returncode == 0, cancelled.stderr
    assert desk.going_on() == []
    assert (desk.planners(1), desk.planners(2)) == (set(), set())
    status = answer("status", submit_dir, cwd=desk.folder)
    (middle,) = status["sub_workflows"]
    (inner,) = middle["sub_workflows"]
    found = [(one["state"], one["tasks"]["running"]) for one in (status, middle, inner)]
    assert found == [("cancelled", 0)] * 3
    desk.let_go("I1")
    before = desk.tally()
    assert before == {"M2": 1, "I1": 1}
    assert desk.run(submit_dir) == 0
    assert desk.tally() == {**ONCE, "I1": 2}
    assert desk.result() == RESULT
    status = answer("status", submit_dir, cwd=desk.folder)
    assert status["state"] == status["sub_workflows"][0]["state"] == "succeeded"


def test_a_failure_at_the_bottom_is_resumed_from_the_top(desk: ThreeLevels) -> None:
    submit_dir = desk.plan()
    desk.break_at("I2")
    assert desk.run(submit_dir) == 1
    desk.break_at("I2", is_broken=False)
    before = desk.tally()
    assert set(before) == {"M2", "I1", "I2"}
    assert desk.run(submit_dir) == 0
    assert desk.tally() == {**before, "I2": before["I2"] + 1, "M3": 1, "O3": 1}
    assert desk.result() == RESULT
    assert desk.sub_workflows(submit_dir)["retries"] == 2
