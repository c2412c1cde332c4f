"""Which bags may miss a success, before the store is asked."""

from __future__ import annotations

from collections.abc import Mapping

from pegbatch.engine.forgotten import FORGOTTEN
from pegbatch.engine.state import RunState
from pegbatch.engine.suspects import find_suspects
from pegbatch.errors import JobServiceUnreachable
from pegbatch.model.tries import Try
from pegbatch.ports import JobState
from tests.fakes import FakeJobs
from tests.plans import Bench, job, plan

HALF = {"SUCCEEDED": 2, "FAILED": 2}


def seen(number: int = 1, reason: str = "", children: Mapping[str, int] = HALF) -> Bench:
    """Return a run that has ended: half of the array `a` has failed."""
    bench = Bench(plan(job("a", size=8), job("b", size=2), job("v", "a", "b", kind="verdict")))
    bench.tries[2] = Try(
        number=2, jobs=(job("a", size=4), job("v", "a", kind="verdict")), bags={"a": (1, 3, 5, 7)}
    )
    bench.start()
    where = {"run_url": "s3://bucket/runs/sketch-1", "service": "local", "job_prefix": "sketch-0"}
    bench.event("run-started", **{**where, "try": number})
    bench.event("submitted", **{"try": number, "array": "a", "job_name": "j", "job_id": "id-a"})
    told = {"array": "a", "status": "FAILED", "reason": reason, "children": dict(children)}
    bench.event("state", **{"try": number, **told})
    bench.jobs.lost["id-a"] = [child(1), child(3)]
    return bench


def child(index: int) -> JobState:
    return JobState(job_id=f"id-a:{index}", name="j", status="FAILED")


def state_of(bench: Bench) -> RunState:
    return bench.context().state


def test_batch_names_the_children_that_failed_and_the_try_their_bags() -> None:
    bench = seen()
    assert find_suspects(bench.plan, state_of(bench), bench.jobs) == {"a": {1, 3}}
    bench = seen(number=2)
    assert find_suspects(bench.plan, state_of(bench), bench.jobs) == {"a": {3, 7}, "b": ()}


def test_what_a_later_try_leaves_out_has_nothing_missing() -> None:
    bench = seen(number=2)
    found = find_suspects(bench.plan, state_of(bench), None)
    assert found == {"a": (1, 3, 5, 7), "b": ()}


def test_batch_is_not_believed_where_it_names_others_than_it_has_told_of() -> None:
    bench = seen()
    bench.jobs.lost["id-a"].pop()
    assert find_suspects(bench.plan, state_of(bench), bench.jobs) == {}


def test_batch_is_not_asked_where_the_answer_is_known_or_lost() -> None:
    class Gone(FakeJobs):
        asked = 0

        def children(self, job_id: str, status: str) -> object:  # type: ignore[override]
            self.asked += 1
            raise JobServiceUnreachable("nobody is there")

    gone = Gone()
    for bench in (seen(reason=FORGOTTEN), seen(children={"FAILED": 4})):
        assert find_suspects(bench.plan, state_of(bench), gone) == {}
    assert gone.asked == 0
    bench = seen()
    assert find_suspects(bench.plan, state_of(bench), gone) == {}
    assert gone.asked == 1
