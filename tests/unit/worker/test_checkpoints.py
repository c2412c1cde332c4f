"""Checkpoint files: saved by a try that does not succeed, laid down for the next."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pegbatch.errors import AccessDenied
from tests.run_layout import file, sh
from tests.unit.worker.conftest import Bench

CHECKPOINT = [file("state")]
COUNT = "echo x >>state; test $(wc -l <state) -ge 3"
"""Goes on where its checkpoint left off, and succeeds in the third try."""


def test_a_failed_try_saves_its_checkpoint_and_the_next_goes_on_from_it(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", COUNT, checkpoints=CHECKPOINT, tries=3)])
    codes = [bench.child(attempt=str(n), attempts="5") for n in (1, 2, 3)]
    assert codes == [75, 75, 0]
    assert bench.run.get("state") == b"x\nx\n"
    assert bench.run.states("L0", 0, attempt=3) == {"t": "succeeded"}


def test_a_task_that_leaves_no_checkpoint_fails_as_any_other(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 1", checkpoints=CHECKPOINT)])
    assert bench.child() == 0
    assert bench.run.get("state") is None
    assert bench.run.records("L0", 0)[0].reason == "exit code 1"


def test_a_success_leaves_the_checkpoint_only_where_it_is_an_output(bench: Bench) -> None:
    kept = {**file("kept"), "optional": True}
    script = "echo 1 >state; echo 2 >kept"
    uses = [*CHECKPOINT, file("kept")]
    bench.run.add_array("L0", [sh("t", script, checkpoints=uses, outputs=[kept])])
    bench.child()
    assert (bench.run.get("state"), bench.run.get("kept")) == (None, b"2\n")


def test_the_time_limit_and_a_missing_output_save_the_checkpoint_too(bench: Bench) -> None:
    slow = "echo 1 >a; exec sleep 60"
    bench.run.add_array(
        "L0",
        [
            sh("slow", slow, checkpoints=[file("a")], timeout_seconds=1),
            sh("lazy", "echo 2 >b", checkpoints=[file("b")], outputs=["gone"]),
        ],
    )
    bench.child()
    assert (bench.run.get("a"), bench.run.get("b")) == (b"1\n", b"2\n")


def test_sigterm_saves_the_checkpoint(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "echo 1 >state; exec sleep 60", checkpoints=CHECKPOINT)])
    stopper = threading.Thread(target=_stop_once, args=(bench, lambda: _has_begun(bench)))
    stopper.start()
    assert bench.child(attempts="2") == 75
    stopper.join()
    assert bench.run.get("state") == b"1\n"


def test_a_checkpoint_of_an_earlier_try_hides_the_one_from_the_catalog(bench: Bench) -> None:
    bench.store.write("s3://other/state", b"first\n")
    given = file("state", "s3://other/state", optional=True)
    task = sh("t", "echo more >>state; exit 1", inputs=[given], checkpoints=CHECKPOINT, tries=2)
    bench.run.add_array("L0", [task])
    bench.child(attempts="3")
    assert bench.run.get("state") == b"first\nmore\n"
    bench.child(attempt="2", attempts="3")
    assert bench.run.get("state") == b"first\nmore\nmore\n"


def test_a_checkpoint_that_cannot_be_saved_or_fetched_is_told_and_changes_nothing(
    faulty: Callable[[Callable[[str, str], None]], Bench],
) -> None:
    def refuse(operation: str, url: str) -> None:
        if operation in ("upload", "download") and url.endswith("/data/state"):
            raise AccessDenied("no")

    bench = faulty(refuse)
    bench.run.add_array("L0", [sh("t", "echo 1 >state; exit 4", checkpoints=CHECKPOINT)])
    assert bench.child() == 0
    assert bench.run.records("L0", 0)[0].reason == "exit code 4"
    log = bench.run.log("L0", 0)
    assert "checkpoint file state not saved: no" in log
    assert "checkpoint file state cannot be used: no" in log


def test_at_its_checkpoint_time_a_task_is_told_to_end_and_has_failed(bench: Bench) -> None:
    script = "trap 'echo saved >state; exit 0' TERM; sleep 60 & wait"
    task = sh("t", script, checkpoints=CHECKPOINT, checkpoint_seconds=1, timeout_seconds=60)
    bench.run.add_array("L0", [task])
    bench.child()
    (record,) = bench.run.records("L0", 0)
    assert record.state == "failed"
    assert record.reason == "told to write its checkpoint at checkpoint.time (1 s)"
    assert bench.run.get("state") == b"saved\n"


def test_a_checkpoint_time_after_the_time_limit_never_comes(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "sleep 60", checkpoint_seconds=9, timeout_seconds=1)])
    bench.child()
    assert bench.run.records("L0", 0)[0].reason == "ran longer than maxwalltime (1 s)"


def test_a_task_that_will_not_end_at_its_checkpoint_time_is_killed(bench: Bench) -> None:
    script = "trap '' TERM; while :; do sleep 0.1; done"
    bench.run.add_array("L0", [sh("t", script, checkpoint_seconds=1, timeout_seconds=2)])
    bench.child()
    (record,) = bench.run.records("L0", 0)
    assert (record.state, record.signal) == ("failed", 9)


def _has_begun(bench: Bench) -> bool:
    return any(path.stat().st_size for path in bench.folder.glob("*/task/state"))


def _stop_once(bench: Bench, begun: Callable[[], bool]) -> None:
    while not begun():
        time.sleep(0.02)
    bench.stop.ask()
