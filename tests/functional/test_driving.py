"""Driving a run to its end: the client of a run and the planner of a sub-workflow do it alike."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pegbatch.adapters.aws_entities import LocalEntities
from pegbatch.adapters.sqlite_runs import SqliteRuns
from pegbatch.cli.choice import Wishes
from pegbatch.cli.driving import drive
from pegbatch.cli.nesting.host import Host
from pegbatch.cli.wiring import OpenRun, batch_caller, open_run
from pegbatch.emulator.background import ensure_running, local_folder, stop
from pegbatch.engine.state import RunState
from pegbatch.model.events import EventKind, RunEvent
from tests.functional.resume_desk import TASKS, ResumeDesk, once, submissions, undisturbed

RUN_HEX = "0a1b2c3d"
LONG_SECONDS = 3_600.0
"""A job that was submitted so long ago is shown by Batch, or is forgotten."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ResumeDesk]:
    desk = ResumeDesk(tmp_path)
    yield desk
    stop(local_folder(desk.base))


def host_of(desk: ResumeDesk, submit_dir: Path, *wanted: str) -> Host:
    """Return what the planner of a sub-workflow is told in a job of the desk's embedded AWS."""
    run = open_run(submit_dir)
    folder = local_folder(desk.base)
    with batch_caller(run, "local") as caller:
        entities = LocalEntities(
            caller=caller,
            clock=run.clock,
            properties={},
            folder=desk.folder,
            vcpus=2,
            set_vcpus=False,
        ).ensure()
    return Host(
        run_url=f"s3://pegbatch/mended-{RUN_HEX}",
        run_hex=RUN_HEX,
        nesting=1,
        job_queue=entities.job_queue,
        job_definition=entities.job_definition,
        local_folder=folder,
        batch_url=ensure_running(folder).url,
        wire=False,
        wanted=wanted,
    )


def driven(run: OpenRun) -> RunState:
    return drive(run, Wishes(local=True))


def break_off(submit_dir: Path, host: Host) -> None:
    """Write the log of a run that was killed after its first SubmitJob call, long ago."""
    prefix = f"mended-{RUN_HEX}"
    first = open_run(submit_dir).plan.jobs[0].name
    job = {"array": first, "job_name": f"{prefix}-{first}"}
    then = time.time() - LONG_SECONDS
    told: list[tuple[EventKind, dict[str, object]]] = [
        ("run-started", {"run_url": host.run_url, "service": "local", "job_prefix": prefix}),
        ("uploaded", {"files": 0, "bytes": 0}),
        ("intent", {**job, "job_queue": host.job_queue}),
        ("submitted", {**job, "job_id": "00000000-0000-4000-8000-000000000000"}),
    ]
    runs = SqliteRuns(submit_dir)
    for kind, body in told:
        runs.append(RunEvent(then, kind, {"try": 1, **body}))


@pytest.mark.parametrize("who", ["client", "planner"])
def test_a_submission_that_broke_off_and_that_batch_has_forgotten_is_begun_again(
    desk: ResumeDesk, who: str
) -> None:
    submit_dir = desk.plan()
    host = host_of(desk, submit_dir)
    break_off(submit_dir, host)
    state = driven(open_run(submit_dir, host if who == "planner" else None))
    assert (state.outcome, state.number) == ("succeeded", 2)
    assert sum(desk.ran().values()) == TASKS
    assert {number for number, _ in submissions(submit_dir)} == {1, 2}


def test_a_planner_whose_run_has_succeeded_submits_nothing(desk: ResumeDesk) -> None:
    submit_dir = desk.plan()
    run = open_run(submit_dir, host_of(desk, submit_dir))
    assert driven(run).outcome == "succeeded"
    before = submissions(submit_dir)
    desk.ran()
    assert driven(run).outcome == "succeeded"
    assert (submissions(submit_dir), desk.ran()) == (before, once([]))


def test_a_planner_makes_again_what_the_outer_run_wants_and_is_lost(desk: ResumeDesk) -> None:
    submit_dir = desk.plan()
    wanted = f"s3://pegbatch/mended-{RUN_HEX}/data/a1"
    run = open_run(submit_dir, host_of(desk, submit_dir, wanted))
    assert driven(run).outcome == "succeeded"
    desk.ran()
    (desk.store() / "data" / "a1").unlink()
    state = driven(run)
    assert (state.outcome, state.number) == ("succeeded", 2)
    assert desk.ran() == once(["a1"])
    assert (desk.store() / "data" / "a1").read_text() == undisturbed()["a1"]
