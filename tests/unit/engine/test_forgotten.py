"""Jobs that AWS Batch does not show any more: their records tell what became of them."""

from __future__ import annotations

import json
from dataclasses import replace

from pegbatch.engine.array_states import ArrayState
from pegbatch.engine.deciding import may_have_ended
from pegbatch.engine.forgotten import FORGOTTEN, nothing_was_tried, settle_broken_off
from pegbatch.engine.loop import look, submit, wait
from pegbatch.engine.state import RunState, new_state
from pegbatch.model.layout import failure_key, record_key
from pegbatch.model.plan import Plan
from pegbatch.model.records import TaskState, record_line
from tests.plans import RUN_URL, Bench, diamond, job, plan
from tests.task_records import task_record


def begun(planned: Plan) -> Bench:
    """Return a run that is submitted and watched, and whose jobs Batch forgets at once."""
    bench = Bench(planned)
    bench.start()
    submit(bench.context())
    bench.jobs.invisible.update(bench.jobs.jobs)
    return bench


def write(bench: Bench, array: str, bag: int, state: TaskState = "succeeded") -> None:
    reason = "" if state == "succeeded" else "exit code 1"
    record = task_record(f"{array}-{bag}", bag=bag, state=state, reason=reason, exit_code=0)
    bench.store.write(f"{RUN_URL}/{record_key(array, bag, 1, 1)}", record_line(record))


def write_summary(bench: Bench, state: str, number: int, *, succeeded: int, failed: int) -> None:
    counts = {"total": 4, "succeeded": succeeded, "failed": failed, "skipped": 0}
    summary = json.dumps({"state": state, "try": number, "tasks": counts}).encode()
    bench.store.write(f"{RUN_URL}/summary.json", summary)


def told(state: RunState, array: str) -> tuple[str, dict[str, int]]:
    found: ArrayState = state.arrays[array]
    return found.status, dict(found.children)


def test_an_array_whose_tasks_all_have_a_success_has_succeeded() -> None:
    bench = begun(diamond())
    write(bench, "first", 0)
    write(bench, "middle", 0)
    write(bench, "middle", 1)
    state = wait(bench.context())
    assert told(state, "middle") == ("SUCCEEDED", {"SUCCEEDED": 2})
    assert told(state, "last") == ("FAILED", {"FAILED": 1})
    assert state.outcome == "failed"
    assert nothing_was_tried(state)


def test_a_child_that_said_by_a_mark_that_its_task_failed_has_ended_well() -> None:
    bench = begun(diamond())
    write(bench, "middle", 0)
    write(bench, "middle", 1, "failed")
    bench.store.write(f"{RUN_URL}/{failure_key('middle', 1, 1, 1, 0)}", b"")
    assert told(wait(bench.context()), "middle") == ("SUCCEEDED", {"SUCCEEDED": 2})


def test_under_stop_a_child_with_a_mark_has_failed() -> None:
    bench = begun(diamond(pegbatch__on_failure="stop"))
    write(bench, "middle", 0)
    write(bench, "middle", 1, "failed")
    bench.store.write(f"{RUN_URL}/{failure_key('middle', 1, 1, 1, 0)}", b"")
    assert told(wait(bench.context()), "middle") == ("FAILED", {"SUCCEEDED": 1, "FAILED": 1})


def test_where_the_verdict_has_spoken_all_is_as_it_says() -> None:
    bench = begun(diamond())
    write_summary(bench, "succeeded", 1, succeeded=4, failed=0)
    state = wait(bench.context())
    assert state.outcome == "succeeded"
    assert {array.reason for array in state.arrays.values()} == {FORGOTTEN}


def test_a_summary_that_no_verdict_has_written_settles_nothing() -> None:
    for said in ("cancelled", ""):
        bench = begun(diamond())
        write_summary(bench, said, 1, succeeded=1, failed=0)
        write(bench, "first", 0)
        state = wait(bench.context())
        assert told(state, "first")[0] == "SUCCEEDED"
        assert told(state, "middle") == ("FAILED", {"FAILED": 2})


def test_where_the_verdict_has_counted_failures_each_child_has_spoken() -> None:
    bench = begun(diamond())
    write_summary(bench, "failed", 1, succeeded=3, failed=1)
    state = wait(bench.context())
    assert state.outcome == "failed"
    assert told(state, "middle") == ("SUCCEEDED", {"SUCCEEDED": 2})


def test_the_summary_of_an_earlier_try_is_not_believed() -> None:
    bench = begun(diamond())
    write_summary(bench, "succeeded", 7, succeeded=4, failed=0)
    assert wait(bench.context()).outcome == "failed"


def test_a_barrier_has_ended_as_what_it_waits_for() -> None:
    planned = plan(
        job("one"),
        job("two"),
        job("gate-1", "one", kind="barrier"),
        job("gate-2", "two", kind="barrier"),
        job("verdict", "gate-1", "gate-2", kind="verdict"),
    )
    bench = begun(planned)
    write(bench, "one", 0)
    state = wait(bench.context())
    assert told(state, "gate-1")[0] == "SUCCEEDED"
    assert told(state, "gate-2")[0] == "FAILED"


def test_a_job_that_was_shown_once_is_given_up_sooner_than_a_fresh_one() -> None:
    def seconds(*, shown: bool) -> float:
        bench = begun(diamond())
        if shown:
            bench.jobs.invisible.clear()
            wait(bench.context(), at_most_seconds=1)
            bench.jobs.invisible.update(bench.jobs.jobs)
        start = bench.clock.now()
        wait(bench.context())
        return bench.clock.now() - start

    assert 300 <= seconds(shown=True) < 320
    assert 600 <= seconds(shown=False) < 620


def test_a_watcher_that_may_not_write_settles_for_itself_alone() -> None:
    bench = begun(diamond())
    before = len(bench.runs.log)
    assert wait(bench.context(writes=False, may_submit=False)).outcome == "failed"
    assert len(bench.runs.log) == before


def test_what_batch_still_shows_is_waited_for() -> None:
    bench = begun(diamond())
    last = bench.jobs.id_of("sketch-last")
    bench.jobs.invisible.discard(last)
    write(bench, "first", 0)

    def end() -> None:
        if bench.clock.now() > 2_500:
            bench.jobs.set_state(last, "SUCCEEDED")

    bench.clock.on_sleep = end
    state = wait(bench.context())
    assert told(state, "last") == ("SUCCEEDED", {"SUCCEEDED": 1})
    assert state.arrays["last"].reason == ""


def broken_off() -> Bench:
    """Return a run of which one job was submitted, and which Batch has forgotten."""
    bench = begun(diamond())
    kept = [event for event in bench.runs.log if event.body.get("array") in (None, "first")]
    bench.runs.log[:] = kept
    return bench


def test_a_submission_that_broke_off_long_ago_is_settled_and_not_gone_on_with() -> None:
    bench = broken_off()
    write(bench, "first", 0)
    bench.clock.time += 601
    context = bench.context()
    settle_broken_off(context)
    state = look(context)
    assert told(state, "first")[0] == "SUCCEEDED"
    assert told(state, "middle") == ("FAILED", {"FAILED": 2})
    assert state.outcome == "failed"


def test_a_submission_that_broke_off_just_now_or_is_known_is_gone_on_with() -> None:
    bench = broken_off()
    fresh = bench.context()
    settle_broken_off(fresh)
    assert fresh.state.arrays["middle"].status == ""
    bench.clock.time += 601
    bench.jobs.invisible.clear()
    known = bench.context()
    settle_broken_off(known)
    assert known.state.arrays["middle"].status == ""


def test_a_run_may_have_ended_unseen_when_jobs_of_it_were_submitted_or_it_was_to_end() -> None:
    fresh, state = new_state(diamond()), begun(diamond()).context().state
    assert (may_have_ended(fresh), may_have_ended(state)) == (False, True)
    assert may_have_ended(replace(fresh, cancelling=True))
    assert not may_have_ended(replace(state, outcome="failed"))
