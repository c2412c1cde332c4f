"""Children lost in a later try: their bags are those of the try, and earlier successes count."""

from __future__ import annotations

import gzip
import json

from pegbatch.engine.findings import look_up
from pegbatch.engine.folding import fold
from pegbatch.engine.looking.status import Findings, build_status
from pegbatch.engine.lost import find_lost
from pegbatch.engine.state import new_state
from pegbatch.model.layout import bags_file, failure_key, index_file, plan_key, record_key
from pegbatch.model.manifest import IndexLine, format_index_line
from pegbatch.model.records import record_line
from pegbatch.model.run_status import TaskCounts
from pegbatch.model.tries import Missing
from pegbatch.planner.remainder import remainder
from pegbatch.ports import JobState
from tests.plans import RUN_URL, Bench, job, plan
from tests.task_records import task_record
from tests.unit.engine.test_tries import event, started, state_of

PLAN = plan(job("wide", size=3, tasks=6), job("verdict", "wide", kind="verdict"))
SECOND = remainder(PLAN, {"wide": Missing((0, 2), 3)}, 2, succeeded=())


def put_plan(bench: Bench) -> None:
    """Lay three bags of two tasks each into the store, one gzip member a bag."""
    members, lines, offset = b"", b"", 0
    for bag in range(3):
        rows = "".join(json.dumps({"bag": bag, "id": f"t{bag}{n}"}) + "\n" for n in range(2))
        member = gzip.compress(rows.encode())
        lines += format_index_line(IndexLine(bag, offset, len(member)))
        members, offset = members + member, offset + len(member)
    bench.store.write(f"{RUN_URL}/{plan_key(bags_file('wide'))}", members)
    bench.store.write(f"{RUN_URL}/{plan_key(index_file('wide'))}", lines)


def put_success(bench: Bench, bag: int, task: str, number: int) -> None:
    record = task_record(task, bag=bag, try_=number, exit_code=0)
    bench.store.write(f"{RUN_URL}/{record_key('wide', bag, number, 1)}", record_line(record))


def test_a_child_lost_in_a_later_try_is_named_by_its_bag_and_counted_by_what_it_missed() -> None:
    bench = Bench(PLAN, tries={2: SECOND})
    put_plan(bench)
    put_success(bench, 2, "t20", 1)
    bench.jobs.lost["id-wide"] = [
        JobState(job_id="id-wide:1", name="n", status="FAILED", reason="Host EC2 gone")
    ]
    bench.store.write(f"{RUN_URL}/{failure_key('wide', 2, 1, 1, 0)}", b"")
    state = fold(
        new_state(PLAN, bench.tries),
        [
            started(1),
            event("uploaded", 1, files=1, bytes=1),
            event("finished", 1, state="failed"),
            started(2),
            event("uploaded", 2, files=1, bytes=1),
            event("submitted", 2, array="wide", job_name="n", job_id="id-wide"),
            state_of(2, "wide", "FAILED", SUCCEEDED=1, FAILED=1),
        ],
    )
    findings = look_up(bench.store, state)
    assert not findings.marks.get("wide")
    counts, children = find_lost(bench.jobs, bench.store, PLAN, state, findings.marks)
    assert [(child.bag, child.state) for child in children] == [(2, "failed")]
    assert (counts["wide"].failed, counts["wide"].tasks_in_failed) == (1, 1)
    status = build_status(PLAN, state, Findings(lost=counts), now=9.0)
    assert status.tasks == TaskCounts(total=6, succeeded=5, failed=1)


def test_what_a_lost_child_had_done_in_the_same_try_is_done() -> None:
    bench = Bench(PLAN, tries={2: SECOND})
    put_plan(bench)
    put_success(bench, 0, "t00", 2)
    bench.jobs.lost["id-wide"] = [
        JobState(job_id="id-wide:0", name="n", status="FAILED", reason="Host EC2 gone")
    ]
    state = fold(
        new_state(PLAN, bench.tries),
        [
            started(1),
            started(2),
            event("uploaded", 2, files=1, bytes=1),
            event("submitted", 2, array="wide", job_name="n", job_id="id-wide"),
            state_of(2, "wide", "FAILED", SUCCEEDED=1, FAILED=1),
        ],
    )
    counts, _ = find_lost(bench.jobs, bench.store, PLAN, state, {})
    status = build_status(PLAN, state, Findings(lost=counts), now=9.0)
    assert status.tasks == TaskCounts(total=6, succeeded=5, failed=1)
