"""The verdict: counts from marks, details from records."""

from __future__ import annotations

import json
import time

from pegbatch.engine import loop
from tests import plans
from tests.run_layout import sh
from tests.unit.worker.conftest import RUN, Bench


def summary(bench: Bench) -> dict:
    return json.loads(bench.run.get_key("summary.json") or b"null")


def test_a_run_without_marks_has_succeeded(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("a", "exit 0")], [sh("b", "exit 0")])
    bench.run.add_verdict(outputs=3)
    told = {"PEGBATCH_SERVICE": "aws", "PEGBATCH_RUN_STARTED": f"{time.time() - 100:.3f}"}
    assert bench.child("verdict", kind="verdict", **told) == 0
    found = summary(bench)
    assert found.pop("seconds") >= 100
    assert found == {
        "run": RUN,
        "workflow": "laid-out",
        "service": "aws",
        "state": "succeeded",
        "try": 1,
        "tasks": {
            "total": 2, "succeeded": 2, "failed": 0, "skipped": 0, "running": 0, "waiting": 0,
        },
        "arrays": [
            {
                "name": "L0", "job_id": None, "state": "SUCCEEDED", "reason": "", "size": 2,
                "children": {"SUCCEEDED": 2},
            }
        ],
        "outputs": 3,
        "failures": [],
    }  # fmt: skip
    assert "workflow laid-out succeeded: 2 of 2 tasks" in bench.run.log("verdict", 0)


def test_failures_are_counted_and_the_first_are_named(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("good", "exit 0"), sh("bad", "echo why >&2; exit 4")])
    bench.run.add_array("L1", [sh("child", "exit 0", after=[("L0", 0, "bad")])])
    bench.run.add_verdict()
    bench.child("L0")
    bench.child("L1")
    assert bench.child("verdict", kind="verdict") == 1
    found = summary(bench)
    assert found["state"] == "failed"
    assert found["tasks"] == {
        "total": 3, "succeeded": 1, "failed": 1, "skipped": 1, "running": 0, "waiting": 0,
    }  # fmt: skip
    assert [a["children"] for a in found["arrays"]] == [{"SUCCEEDED": 1}, {"SUCCEEDED": 1}]
    assert found["failures"][0] == {
        "array": "L0", "bag": 0, "id": "bad", "state": "failed", "reason": "exit code 4",
        "exit_code": 4, "stderr_tail": "why\n", "stdout_tail": "",
    }  # fmt: skip
    assert found["failures"][1]["reason"] == "parent bad failed"
    log = bench.run.log("verdict", 0)
    assert "failed bad (L0, bag 0): exit code 4" in log and "| why" in log
    assert "  L1: 0 failed and 1 skipped" in log


def test_a_task_that_says_why_on_stdout_alone_is_quoted(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("bad", "echo first; echo the reason; exit 4")])
    bench.run.add_verdict()
    bench.child("L0")
    assert bench.child("verdict", kind="verdict") == 1
    failure = summary(bench)["failures"][0]
    assert (failure["stderr_tail"], failure["stdout_tail"]) == ("", "first\nthe reason\n")
    assert "| the reason" in bench.run.log("verdict", 0)


def test_the_verdict_on_ten_thousand_bags_that_failed_reads_the_records_of_few(
    bench: Bench,
) -> None:
    bench.run.add_array("L0", *([sh(f"t{n}", "exit 1")] for n in range(30)))
    bench.run.add_verdict()
    for number in range(30):
        bench.child("L0", index=str(number))
    for number in range(30, 10_000):
        bench.store.write(bench.run.url(f"failures/L0/{number}.1.1.0"), b"")
    expected = json.loads(bench.run.get_key("plan/verdict.json") or b"")
    expected |= {"tasks": 10_000, "arrays": [{"name": "L0", "size": 10_000, "tasks": 10_000}]}
    bench.store.write(bench.run.url("plan/verdict.json"), json.dumps(expected).encode())
    bench.store.calls.clear()
    assert bench.child("verdict", kind="verdict") == 1
    assert len(bench.store.calls) < 100
    found = summary(bench)
    assert (found["tasks"]["failed"], len(found["failures"])) == (10_000, 20)
    assert "… and 9980 more" in bench.run.log("verdict", 0)


def test_the_verdict_and_the_client_write_summaries_of_one_shape(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("bad", "exit 4")])
    bench.run.add_verdict()
    bench.child("L0")
    bench.child("verdict", kind="verdict")
    client = plans.Bench(plans.diamond())
    client.start()
    loop.submit(client.context())
    client.end_all("FAILED")
    loop.look(client.context())
    written = json.loads(client.store.read(f"{plans.RUN_URL}/summary.json"))
    assert written.pop("levels")  # which the verdict knows nothing of
    assert shape(written) == shape(summary(bench))


def test_a_verdict_that_is_told_no_time_says_so(bench: Bench) -> None:
    bench.run.add_verdict()
    assert bench.child("verdict", kind="verdict", PEGBATCH_RUN_STARTED="yesterday") == 2


def shape(found: dict) -> tuple:
    """Return the keys of a summary, of its counts, and of one array and one failure."""
    return (list(found), list(found["tasks"]), list(found["arrays"][0]), list(found["failures"][0]))


def test_only_the_first_twenty_failures_are_told_in_detail(bench: Bench) -> None:
    bench.run.add_array("L0", *([sh(f"t{i:02}", "exit 1")] for i in range(22)))
    bench.run.add_verdict()
    for index in range(22):
        bench.child(index=str(index))
    bench.child("verdict", kind="verdict")
    found = summary(bench)
    assert found["tasks"]["failed"] == 22
    assert [f["id"] for f in found["failures"]] == [f"t{i:02}" for i in range(20)]
    assert "… and 2 more" in bench.run.log("verdict", 0)


def two_tries(bench: Bench) -> None:
    """Run two bags twice: the first is good in the second try, the other one in neither."""
    bench.run.add_array("L0", [sh("t", 'test "$PEGBATCH_TRY" = 2')], [sh("u", "exit 1")])
    bench.run.add_verdict()
    bench.run.add_try("L0", 2, [0, 1])
    for index in "01":
        bench.child("L0", index=index)
        bench.child("L0.t2", index=index, number="2")


def test_a_later_try_that_made_everything_good_overrides_old_marks(bench: Bench) -> None:
    two_tries(bench)
    assert bench.run.marks() == ["L0/0.1.1.0", "L0/0.2.0.0", "L0/1.1.1.0", "L0/1.2.1.0"]
    assert bench.child("verdict.t2", kind="verdict", number="2") == 1
    assert summary(bench)["tasks"]["failed"] == 1
    assert [failure["id"] for failure in summary(bench)["failures"]] == ["u"]


def test_of_an_old_mark_that_nothing_took_back_the_records_tell(bench: Bench) -> None:
    two_tries(bench)
    bench.store.delete([f"{RUN}/failures/L0/0.2.0.0", f"{RUN}/failures/L0/1.2.1.0"])
    assert bench.child("verdict.t2", kind="verdict", number="2") == 1
    assert summary(bench)["tasks"]["failed"] == 1
    bench.run.add_array("L0", [sh("t", "exit 0")], [sh("u", "exit 0")])
    bench.run.add_try("L0", 3, [1])
    bench.child("L0.t3", number="3")
    assert bench.child("verdict.t3", kind="verdict", number="3") == 0
    assert summary(bench)["tasks"]["succeeded"] == 2


def test_a_verdict_without_its_counts_says_so(bench: Bench) -> None:
    bench.store.write(f"{RUN}/plan/verdict.json", b"[]")
    assert bench.child("verdict", kind="verdict") == 5
    assert "verdict.json" in bench.run.log("verdict", 0)
