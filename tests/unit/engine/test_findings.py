"""What is looked up besides the events: marks, lost children, the summary, failures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pegbatch.engine.context import CANCEL_REASON
from pegbatch.engine.counting import LostChildren
from pegbatch.engine.deliveries import Fetched, FetchReport, Output, fetch_outputs, output_sizes
from pegbatch.engine.failures import describe_failures
from pegbatch.engine.findings import look_up
from pegbatch.engine.folding import fold
from pegbatch.engine.looking.status import Findings, build_status, phase_of
from pegbatch.engine.loop import look, submit
from pegbatch.engine.lost import LostChild, find_lost
from pegbatch.engine.parallel import map_parallel
from pegbatch.engine.state import RunState, new_state
from pegbatch.errors import ObjectMissing, StoreError
from pegbatch.model.layout import failure_key, record_key
from pegbatch.model.marks import Mark
from pegbatch.model.records import TaskState, record_line
from pegbatch.model.run_status import Failure, TaskCounts
from pegbatch.ports import JobState
from tests.fakes_store import MemoryStore
from tests.plans import RUN_URL, Bench, diamond, job, plan
from tests.task_records import task_record


def submitted(bench: Bench) -> RunState:
    bench.start()
    submit(bench.context())
    return look(bench.context())


def record(task: str, state: TaskState, *, attempt: int = 1, reason: str = "") -> bytes:
    ended = {"end": float(attempt), "stderr_tail": "last words"}
    return record_line(task_record(task, attempt=attempt, state=state, reason=reason, **ended))


def test_before_the_first_upload_the_store_is_not_asked() -> None:
    bench = Bench(diamond())
    bench.start()
    state = fold(new_state(bench.plan), bench.runs.events())
    assert look_up(bench.store, state) == Findings()
    assert bench.store.calls == []


def test_while_a_run_goes_on_one_list_finds_the_marks() -> None:
    bench = Bench(diamond())
    state = submitted(bench)
    bench.store.write(f"{RUN_URL}/{failure_key('middle', 1, 1, 2, 0)}", b"")
    bench.store.calls.clear()
    assert look_up(bench.store, state).marks == {"middle": {1: Mark(1, 2, 0)}}
    assert bench.store.calls == [("list", f"{RUN_URL}/failures")]


def test_a_store_that_knows_no_empty_folder_means_no_marks() -> None:
    def refuse(operation: str, url: str) -> None:
        if operation == "list":
            raise ObjectMissing("no such folder", where=url)

    bench = Bench(diamond())
    state = submitted(bench)
    assert look_up(MemoryStore(refuse), state) == Findings()


def test_once_all_is_over_the_summary_stands_above_all_counting() -> None:
    bench = Bench(diamond())
    submitted(bench)
    bench.end_all()
    state = look(bench.context())
    counts = {"total": 4, "succeeded": 3, "failed": 1, "skipped": 0}
    bench.store.write(f"{RUN_URL}/summary.json", json.dumps({"tasks": counts}).encode())
    found = look_up(bench.store, state)
    assert found == Findings(tasks=TaskCounts(total=4, succeeded=3, failed=1))
    assert build_status(bench.plan, state, found, now=0.0).tasks.failed == 1


@pytest.mark.parametrize("text", [b"{", b"[]", b"{}", b'{"tasks": {"total": "x"}}'])
def test_a_summary_that_is_none_is_named(text: bytes) -> None:
    bench = Bench(diamond())
    submitted(bench)
    bench.end_all()
    state = look(bench.context())
    bench.store.write(f"{RUN_URL}/summary.json", text)
    with pytest.raises(StoreError, match=r"summary\.json: not a summary"):
        look_up(bench.store, state)


def test_lost_children_are_told_apart_by_their_reasons() -> None:
    bench = Bench(plan(job("only", size=4), job("verdict", "only", kind="verdict")))
    submitted(bench)
    bench.jobs.set_state("job-0", "FAILED", children={"SUCCEEDED": 1, "FAILED": 3})
    bench.jobs.set_state("job-1", "FAILED", reason="Dependent Job failed")
    bench.jobs.lost["job-0"] = [
        JobState(job_id="job-0:3", name="n", status="FAILED", reason="Dependent Job failed"),
        JobState(job_id="job-0:1", name="n", status="FAILED", reason="Host EC2 (i) terminated"),
    ]
    state = look(bench.context())
    counts, children = find_lost(bench.jobs, bench.store, bench.plan, state, {})
    # The third is not listed any more; the array's own reason decides.
    assert counts == {"only": LostChildren(failed=2, skipped=1)}
    assert [(child.bag, child.state) for child in children] == [(1, "failed")]


def test_under_stop_children_with_a_mark_are_not_lost() -> None:
    bench = Bench(
        plan(
            job("only", size=2),
            job("after", "only"),
            properties={"pegbatch.on_failure": "stop"},
        )
    )
    submitted(bench)
    bench.jobs.set_state("job-0", "FAILED", children={"FAILED": 2})
    bench.jobs.set_state("job-1", "FAILED", reason="Dependent Job failed")
    bench.jobs.lost["job-0"] = [
        JobState(job_id=f"job-0:{index}", name="n", status="FAILED", exit_code=1)
        for index in (0, 1)
    ]
    bench.store.write(f"{RUN_URL}/{failure_key('only', 0, 1, 1, 0)}", b"")
    state = look(bench.context())
    marks = {"only": {0: Mark(1, 1, 0)}}
    counts, children = find_lost(bench.jobs, bench.store, bench.plan, state, marks)
    assert counts["only"] == LostChildren(failed=1)
    assert counts["after"] == LostChildren(skipped=1)
    assert [(child.array, child.bag) for child in children] == [("only", 1)]
    status = build_status(bench.plan, state, Findings(marks=marks, lost=counts), now=0.0)
    assert status.tasks == TaskCounts(total=3, failed=2, skipped=1)


def test_an_array_that_was_never_submitted_has_no_children_to_ask_for() -> None:
    bench = Bench(plan(job("only")))
    state = new_state(bench.plan)
    array = replace(state.arrays["only"], status="FAILED", reason="Dependent Job failed")
    counts, children = find_lost(
        bench.jobs, bench.store, bench.plan, replace(state, arrays={"only": array}), {}
    )
    assert (counts, children) == ({"only": LostChildren(skipped=1)}, ())


def test_what_a_lost_child_had_recorded_is_done_all_the_same() -> None:
    bench = Bench(plan(job("only", size=2, tasks=10), job("verdict", "only", kind="verdict")))
    submitted(bench)
    bench.jobs.set_state("job-0", "FAILED", children={"SUCCEEDED": 1, "FAILED": 1})
    bench.jobs.set_state("job-1", "FAILED", reason="Dependent Job failed")
    gone = "Host EC2 (i) terminated"
    bench.jobs.lost["job-0"] = [
        JobState(job_id="job-0:1", name="n", status="FAILED", reason=gone),
    ]
    lines = [record("x", "succeeded"), record("y", "succeeded"), record("z", "failed")]
    bench.store.write(f"{RUN_URL}/{record_key('only', 1, 1, 1)}", b"".join(lines))
    again = b"".join([record("x", "succeeded", attempt=2), record("z", "succeeded", attempt=2)])
    bench.store.write(f"{RUN_URL}/{record_key('only', 1, 1, 2)}", again)
    state = look(bench.context())
    summary = json.loads(bench.store.read(f"{RUN_URL}/summary.json"))
    assert summary["tasks"] == {
        "total": 10, "succeeded": 8, "failed": 2, "skipped": 0, "running": 0, "waiting": 0,
    }  # fmt: skip
    assert look_up(bench.store, state).tasks == TaskCounts(total=10, succeeded=8, failed=2)
    assert [(f["bag"], f["id"], f["reason"]) for f in summary["failures"]] == [(1, None, gone)]


def test_children_that_a_cancel_took_keep_what_they_had_done() -> None:
    bench = Bench(plan(job("only", size=3, tasks=9)))
    submitted(bench)
    bench.event("cancel-requested")
    bench.jobs.set_state("job-0", "FAILED", children={"FAILED": 3})
    bench.jobs.lost["job-0"] = [
        JobState(
            job_id=f"job-0:{bag}",
            name="n",
            status="FAILED",
            reason=CANCEL_REASON,
            exit_code=75 if bag == 2 else None,
        )
        for bag in range(3)
    ]
    lines = [record("x", "succeeded"), record("y", "succeeded")]
    bench.store.write(f"{RUN_URL}/{record_key('only', 2, 1, 1)}", b"".join(lines))
    state = look(bench.context())
    counts, _ = find_lost(bench.jobs, bench.store, bench.plan, state, {})
    assert counts == {"only": LostChildren(skipped=3, done_in_skipped=2)}
    status = build_status(bench.plan, state, Findings(lost=counts), now=0.0)
    assert status.tasks == TaskCounts(total=9, succeeded=2, skipped=7)


def test_failures_come_in_plan_order_and_within_a_bag_the_failed_first() -> None:
    store = MemoryStore()
    for array in ("L10", "L2"):
        lines = [record("after", "skipped"), record("cause", "failed")]
        store.write(f"{RUN_URL}/{record_key(array, 0, 1, 1)}", b"".join(lines))
    marks = {array: {0: Mark(1, 1, 1)} for array in ("L10", "L2")}
    rows = describe_failures(store, RUN_URL, marks, (), ["L2", "L10"])
    assert [(row.array, row.id) for row in rows] == [
        ("L2", "cause"), ("L2", "after"), ("L10", "cause"), ("L10", "after"),
    ]  # fmt: skip


def test_failures_are_the_newest_records_of_marked_bags_but_a_success_stays() -> None:
    store = MemoryStore()
    first = record("x", "failed", reason="exit code 1") + record("y", "succeeded")
    store.write(f"{RUN_URL}/{record_key('L0', 7, 1, 1)}", first + record("z", "failed"))
    second = record("x", "failed", attempt=2, reason="exit code 2")
    again = record("z", "succeeded", attempt=2) + record("y", "failed", attempt=2)
    store.write(f"{RUN_URL}/{record_key('L0', 7, 1, 2)}", second + again)
    rows = describe_failures(store, RUN_URL, {"L0": {7: Mark(1, 1, 0)}}, (), ["L0"])
    assert rows == (
        Failure(
            array="L0",
            bag=7,
            id="x",
            state="failed",
            reason="exit code 2",
            exit_code=None,
            stderr_tail="last words",
        ),
    )


def test_a_records_file_that_goes_away_meanwhile_is_passed_over() -> None:
    store = MemoryStore()
    url = f"{RUN_URL}/{record_key('L0', 7, 1, 1)}"
    store.write(url, record("x", "failed"))

    def lose(operation: str, url: str) -> None:
        if operation == "read":
            raise ObjectMissing("gone", where=url)

    store.before = lose
    assert describe_failures(store, RUN_URL, {"L0": {7: Mark(1, 1, 0)}}, (), ["L0"]) == ()


def test_lost_children_come_first_and_no_more_than_twenty_failures_are_told() -> None:
    lost = [
        LostChild(array="L0", bag=bag, state="failed", reason="gone", exit_code=None)
        for bag in range(30)
    ]
    rows = describe_failures(MemoryStore(), RUN_URL, {"L0": {7: Mark(1, 1, 0)}}, lost, ["L0"])
    assert [row.bag for row in rows] == list(range(20))


def test_the_phase_follows_the_run_from_plan_to_end() -> None:
    bench = Bench(diamond())
    state = new_state(bench.plan)
    assert phase_of(state) == "planned"
    bench.start()
    assert phase_of(fold(state, bench.runs.events())) == "submitting"
    submit(bench.context())
    assert phase_of(fold(state, bench.runs.events())) == "running"
    bench.end_all()
    assert phase_of(look(bench.context())) == "succeeded"


def test_the_seconds_of_a_run_stop_at_its_end() -> None:
    bench = Bench(diamond())
    state = submitted(bench)
    bench.clock.time += 50
    assert build_status(bench.plan, state, Findings(), now=bench.clock.now()).seconds == 50.0
    bench.end_all()
    ended = look(bench.context())
    assert build_status(bench.plan, ended, Findings(), now=9e9).seconds == 50.0
    planned = build_status(bench.plan, new_state(bench.plan), Findings(), now=9e9)
    assert planned.seconds == 0.0


def test_parallel_results_keep_the_order_of_the_items() -> None:
    assert list(map_parallel(lambda item: item * item, range(500), workers=3)) == [
        item * item for item in range(500)
    ]


def test_items_are_drawn_no_faster_than_results_are_taken() -> None:
    drawn: list[int] = []

    def items() -> object:
        for item in range(1000):
            drawn.append(item)
            yield item

    results = map_parallel(lambda item: item, items(), workers=2)  # type: ignore[arg-type]
    assert next(results) == 0
    assert len(drawn) < 20
    results.close()  # type: ignore[attr-defined]


def test_the_first_error_ends_the_rest() -> None:
    def fail(item: int) -> int:
        if item == 5:
            raise StoreError("five")
        return item

    with pytest.raises(StoreError, match="five"):
        list(map_parallel(fail, range(10_000), workers=2))


def test_outputs_are_fetched_only_where_they_belong_on_this_machine(tmp_path: Path) -> None:
    outputs = [
        Output(lfn=name, url=f"s3://b/{name}", destination=place)
        for name, place in (
            ("made", f"file://{tmp_path}/made"),
            ("same", f"file://{tmp_path}/same"),
            ("none", f"file://{tmp_path}/none"),
            ("far", "s3://b/far"),
        )
    ]
    sizes = {"made": (5, True), "same": (7, False), "none": (None, False)}
    report = fetch_outputs(outputs, lambda out: Fetched(out, sizes[out.lfn][0], sizes[out.lfn][1]))
    assert report == FetchReport(files=1, size_bytes=5, present=1, missing=("none",))


def test_sizes_are_those_of_the_store_and_none_where_nothing_is() -> None:
    store = MemoryStore()
    store.write("s3://b/one", b"123")
    outputs = [Output(lfn=n, url=f"s3://b/{n}", destination="s3://b/x") for n in ("one", "two")]
    assert [size for _, size in output_sizes(store, outputs)] == [3, None]
