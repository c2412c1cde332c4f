"""Following ends, whatever AWS Batch still knows of what is followed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from pegbatch.adapters.submit_dir import SubmitDirectory
from pegbatch.cli.logs.desk import Desk
from pegbatch.cli.logs.following import UNSHOWN_LOOKS, follow_logs
from pegbatch.cli.logs.printing import LogPrinter
from pegbatch.cli.logs.wanted import WantedArray, WantedChild
from pegbatch.cli.wiring import OpenRun
from pegbatch.model.events import RunEvent
from pegbatch.model.layout import log_key
from pegbatch.ports import JobState
from tests.fakes import FakeClock, FakeJobs, FakeRunStore, FakeStreams
from tests.fakes_store import MemoryStore
from tests.plans import job, plan
from tests.unit.cli.test_run import write_plan

RUN = "s3://bucket/run"
PLAN = plan(job("L0", size=3))


class Account(FakeJobs):
    """Three children of one array; the first runs, and the others are over."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs["j"] = JobState(job_id="j", name="L0", status="PENDING")
        for child in range(3):
            status = "SUCCEEDED" if child else "RUNNING"
            self.jobs[f"j:{child}"] = JobState(
                job_id=f"j:{child}", name="L0", status=status, log_stream=f"s{child}"
            )

    def children(self, job_id: str, status: str) -> Any:
        return [
            one for id_, one in self.jobs.items() if ":" in id_ and one.status == status
            if id_ not in self.invisible
        ]  # fmt: skip


def desk(folder: Path, account: Account, clock: FakeClock) -> Desk:
    events = (
        RunEvent(
            0.0, "run-started", {"try": 1, "run_url": RUN, "service": "local", "job_prefix": "n"}
        ),
        RunEvent(0.0, "submitted", {"try": 1, "array": "L0", "job_name": "n", "job_id": "j"}),
    )
    store = MemoryStore()
    store.put_bare(f"{RUN}/{log_key('L0', 1, 1, 1)}", b"said 1\n")
    streams = FakeStreams(s0="one\ntwo\nthree\n")
    return Desk(
        run=OpenRun(
            directory=SubmitDirectory(write_plan(folder, PLAN)),
            plan=PLAN,
            runs=cast(Any, FakeRunStore(events)),
            clock=cast(Any, clock),
        ),
        service="local",
        store=store,
        jobs=lambda: account,
        streams=lambda: streams,
    )


def test_an_array_is_left_when_batch_has_forgotten_a_child_that_was_followed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    account, clock = Account(), FakeClock()

    def on_sleep() -> None:
        account.invisible.add("j:0")
        account.set_state("j", "SUCCEEDED")

    clock.on_sleep = on_sleep
    assert follow_logs(desk(tmp_path, account, clock), WantedArray("L0"), LogPrinter())
    printed = capsys.readouterr().out.splitlines()
    assert printed == ["L0:1 | said 1", "L0:0 | one", "L0:0 | two", "L0:0 | three"]


@pytest.mark.parametrize("wanted", [WantedArray("L0"), WantedChild("L0", 0)])
def test_what_batch_does_not_know_at_all_is_left_after_a_while(
    tmp_path: Path, wanted: WantedArray | WantedChild
) -> None:
    account, clock = Account(), FakeClock()
    account.invisible |= {"j", "j:0", "j:1", "j:2"}
    assert follow_logs(desk(tmp_path, account, clock), wanted, LogPrinter())
    assert UNSHOWN_LOOKS - 1 <= len(clock.slept) <= UNSHOWN_LOOKS
