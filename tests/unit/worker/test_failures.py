"""What goes wrong: each fault is a record with a sentence; who depends on it is skipped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pegbatch.errors import AccessDenied, StoreError, StoreUnreachable
from tests.run_layout import file, sh, task
from tests.unit.worker.conftest import RUN, Bench

MakeBench = Callable[[Callable[[str, str], None]], Bench]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 3", "exit code 3"),
        ("kill -9 $$", "ended by signal 9 (SIGKILL); was it out of memory?"),
        ("kill -SEGV $$", "ended by signal 11 (SIGSEGV)"),
        ("true", "output o was not made"),
        ("mkdir o", "output o is a directory; list its files as outputs, or pack them into one"),
        ("ln -s nowhere o", "output o is a link to nothing"),
        ("mkfifo o", "output o is not a regular file"),
    ],
)
def test_a_failure_is_a_record_that_says_what_happened(
    bench: Bench, script: str, reason: str
) -> None:
    bench.run.add_array("L0", [sh("t", f"echo last words >&2; {script}", outputs=["o"])])
    assert bench.child() == 0
    (record,) = bench.run.records("L0", 0)
    assert (record.state, record.reason) == ("failed", reason)
    assert record.stderr_tail.startswith("last words\n")
    assert bench.run.get("o") is None
    assert bench.run.marks() == ["L0/0.1.1.0"]


def test_no_output_is_put_while_one_is_missing(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "echo 1 >a", outputs=["a", "b", "c"])])
    bench.child()
    assert bench.run.get("a") is None
    assert bench.run.records("L0", 0)[0].reason == "output b was not made\noutput c was not made"


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("no-such-program",), "No such file"),
        (("/etc",), "Permission denied"),
        (("a\0b",), "null byte"),
    ],
)
def test_what_cannot_be_started_is_named(bench: Bench, argv: tuple[str, ...], words: str) -> None:
    bench.run.add_array("L0", [task("t", *argv), sh("u", "exit 0")])
    assert bench.child() == 0
    first, second = bench.run.records("L0", 0)
    assert first.state == "failed" and words in first.reason
    assert second.state == "succeeded"


def test_a_script_without_a_first_line_is_explained(bench: Bench) -> None:
    bench.store.write("s3://bucket/x", b"echo no interpreter\n")
    program = file("x", "s3://bucket/x", executable=True)
    bench.run.add_array("L0", [task("t", "x", inputs=[program])])
    bench.child()
    assert "neither a binary for this machine nor #!" in bench.run.records("L0", 0)[0].reason


def test_the_time_limit_ends_a_task_and_the_child_goes_on(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("slow", "sleep 60", timeout_seconds=1), sh("next", "exit 0")])
    assert bench.child() == 0
    slow, following = bench.run.records("L0", 0)
    assert slow.reason == "ran longer than maxwalltime (1 s)"
    assert following.state == "succeeded"


def test_an_input_that_no_task_has_made_skips_the_reader(bench: Bench) -> None:
    bench.run.add_array("L1", [sh("t", "exit 0", inputs=["gone"])])
    assert bench.child("L1") == 0
    (record,) = bench.run.records("L1", 0)
    assert record.state == "skipped"
    assert "input gone" in record.reason and f"{RUN}/data/gone" in record.reason
    assert bench.run.marks() == ["L1/0.1.0.1"]


def test_an_input_from_outside_that_is_gone_fails_the_task(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 0", inputs=[file("f", "s3://other/f")])])
    bench.child()
    (record,) = bench.run.records("L0", 0)
    assert record.state == "failed"
    assert "input f" in record.reason and "s3://other/f" in record.reason


def test_an_input_that_is_not_what_was_planned_with_fails_the_task(bench: Bench) -> None:
    bench.store.write("s3://other/f", b"new")
    bench.run.add_array(
        "L0", [sh("t", "exit 0", inputs=[file("f", "s3://other/f", sha256="0" * 64)])]
    )
    bench.child()
    assert "was planned with" in bench.run.records("L0", 0)[0].reason


def test_data_of_the_run_without_a_checksum_fails_the_task(bench: Bench) -> None:
    bench.store.put_bare(f"{RUN}/data/f", b"bytes")
    bench.run.add_array("L0", [sh("t", "exit 0", inputs=["f"])])
    bench.child()
    assert "no checksum" in bench.run.records("L0", 0)[0].reason


def test_all_inputs_that_are_gone_are_named_at_once(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 0", inputs=["a", "b"])])
    bench.child()
    reason = bench.run.records("L0", 0)[0].reason
    assert "input a" in reason and "input b" in reason


def test_failures_spread_in_the_bag_to_those_that_depend_on_them_alone(bench: Bench) -> None:
    bench.run.add_array("L0", [
        sh("bad", "exit 1", outputs=["x"]),
        sh("by-file", "exit 0", inputs=["x"], outputs=["y"]),
        sh("by-edge", "exit 0", after=[("L0", 0, "bad")]),
        sh("further", "exit 0", inputs=["y"]),
        sh("optional", "exit 0", inputs=[file("x", optional=True)]),
        sh("free", "exit 0"),
    ])  # fmt: skip
    assert bench.child() == 0
    assert bench.run.states("L0", 0) == {
        "bad": "failed", "by-file": "skipped", "by-edge": "skipped", "further": "skipped",
        "optional": "succeeded", "free": "succeeded",
    }  # fmt: skip
    reasons = {r.id: r.reason for r in bench.run.records("L0", 0)}
    assert reasons["by-file"] == "parent bad failed, so there is no x"
    assert reasons["by-edge"] == "parent bad failed"
    assert reasons["further"] == "parent by-file was skipped, so there is no y"
    assert bench.run.marks() == ["L0/0.1.1.3"]


def test_parents_in_other_bags_are_found_by_their_marks(bench: Bench) -> None:
    bench.run.add_array("L0", *([sh(f"p{i}", f"exit {i}")] for i in range(3)))
    bench.run.add_array("L1", [
        sh("a", "exit 0", after=[("L0", 0, "p0")]),
        sh("b", "exit 0", after=[("L0", 0, "p0"), ("L0", 1, "p1")]),
    ])  # fmt: skip
    for index in "012":
        bench.child("L0", index=index)
    bench.store.calls.clear()
    assert bench.child("L1") == 0
    assert bench.run.states("L1", 0) == {"a": "succeeded", "b": "skipped"}
    reasons = {record.id: record.reason for record in bench.run.records("L1", 0)}
    assert reasons == {"a": "", "b": "parent p1 failed"}
    marks_listed = [u for u in bench.store.called("list") if "/failures/" in u]
    assert marks_listed == [f"{RUN}/failures/L0"]


def test_a_parent_that_a_later_try_made_good_is_good(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("p", 'test "$PEGBATCH_TRY" = 2')], [sh("q", "exit 0")])
    bench.run.add_array("L1", [sh("c", "exit 0", after=[("L0", 0, "p")])])
    bench.run.add_try("L0", 2, [0])
    bench.run.add_try("L1", 2, [0])
    bench.child("L0")
    bench.child("L1")
    assert bench.run.states("L1", 0) == {"c": "skipped"}
    bench.child("L0.t2", number="2")
    bench.child("L1.t2", number="2")
    assert bench.run.states("L1", 0, number=2) == {"c": "succeeded"}


def test_a_denied_delivery_fails_the_task_and_leaves_nothing_to_its_readers(
    faulty: MakeBench,
) -> None:
    def deny(operation: str, url: str) -> None:
        if operation == "upload" and url.startswith("s3://out/"):
            raise AccessDenied("access denied", where=url)

    bench = faulty(deny)
    bench.run.add_array("L0", [sh("t", "echo >o", outputs=[file("o", deliver=["s3://out/o"])])])
    assert bench.child() == 0
    (record,) = bench.run.records("L0", 0)
    assert record.state == "failed" and "s3://out/o: access denied" in record.reason
    assert bench.run.get("o") is None


def test_a_full_disk_is_a_record_that_names_it(faulty: MakeBench) -> None:
    def full(operation: str, url: str) -> None:
        if operation == "download":
            raise StoreError("the disk is full", where="/scratch")

    bench = faulty(full)
    bench.run.put("f", b"1")
    bench.run.add_array("L0", [sh("t", "exit 0", inputs=["f"])])
    assert bench.child() == 0
    assert "/scratch: the disk is full" in bench.run.records("L0", 0)[0].reason


def test_an_unreachable_store_is_for_the_next_attempt_while_there_is_one(
    faulty: MakeBench,
) -> None:
    def down(operation: str, url: str) -> None:
        if operation == "download":
            raise StoreUnreachable("503", where=url)

    bench = faulty(down)
    bench.run.put("f", b"1")
    bench.run.add_array("L0", [sh("before", "exit 0"), sh("t", "exit 0", inputs=["f"])])
    assert bench.child(attempts="2") == 75
    assert bench.run.states("L0", 0) == {"before": "succeeded"}
    assert bench.child(attempts="2", attempt="2") == 0
    assert bench.run.states("L0", 0, attempt=2) == {"t": "failed"}


def test_a_store_of_inputs_that_is_gone_is_told_from_the_runs_own(faulty: MakeBench) -> None:
    """Whatever the run's own says is an answer."""

    def deny(operation: str, url: str) -> None:
        if operation == "download":
            raise StoreUnreachable("503", where=url)
        if operation == "head":
            raise AccessDenied("access denied", where=url)

    bench = faulty(deny)
    bench.run.put("f", b"1")
    bench.run.add_array("L0", [sh("t", "exit 0", inputs=["f"]), sh("u", "exit 0")])
    assert bench.child() == 0
    assert bench.run.states("L0", 0) == {"t": "failed", "u": "succeeded"}


def test_the_runs_own_store_that_is_gone_ends_the_last_attempt(faulty: MakeBench) -> None:
    def down(operation: str, url: str) -> None:
        if operation in ("download", "head"):
            raise StoreUnreachable("503", where=url)

    bench = faulty(down)
    bench.run.put("f", b"1")
    bench.run.add_array("L0", [sh("t", "exit 0", inputs=["f"]), sh("u", "exit 0")])
    assert bench.child() == 75
    assert bench.run.states("L0", 0) == {}


def test_a_child_that_is_ended_while_its_records_are_refused_is_started_again(
    faulty: MakeBench,
) -> None:
    def full(operation: str, url: str) -> None:
        if "/records/" in url and operation == "write":
            raise StoreError("the disk is full", where=url)
        if "/failures/" in url and operation == "list":
            bench.stop.ask()

    bench = faulty(full)
    elsewhere = [("L9", 0, "p")]
    bench.run.add_array("L0", [sh("t", "exit 0"), sh("u", "sleep 600", after=elsewhere)])
    assert bench.child(attempts="2") == 75
    assert "the disk is full" in bench.run.log("L0", 0)


def test_records_that_are_refused_end_a_child_that_nobody_has_ended(faulty: MakeBench) -> None:
    def full(operation: str, url: str) -> None:
        if "/records/" in url and operation == "write":
            raise StoreError("the disk is full", where=url)

    bench = faulty(full)
    bench.run.add_array("L0", [sh("t", "exit 0")])
    assert bench.child(attempts="2") == 5


def test_a_store_that_is_gone_altogether_ends_the_child_and_leaves_no_files(
    faulty: MakeBench,
) -> None:
    up = True

    def down(operation: str, url: str) -> None:
        if not up:
            raise StoreUnreachable("connection refused", where=url)

    bench = faulty(down)
    bench.run.add_array("L0", [sh("t", "exit 0")])
    up = False
    assert bench.child() == 75
    assert list(bench.folder.iterdir()) == []


def test_a_plan_that_is_not_there_is_no_reason_to_try_again(bench: Bench) -> None:
    assert bench.child("L9", attempts="3") == 5
    assert "plan/arrays/L9.index" in bench.run.log("L9", 0)


def test_an_index_beyond_the_array_is_named(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 0")])
    assert bench.child(index="1") == 5
    assert "the index has no line 1" in bench.run.log("L0", 1)


def test_a_damaged_bags_file_is_named(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 0")])
    bench.store.write(f"{RUN}/plan/arrays/L0.bags.jsonl.gz", b"x" * 200)
    assert bench.child() == 5
    assert "L0.bags.jsonl.gz: bag 0 cannot be read" in bench.run.log("L0", 0)


def test_our_own_bug_is_told_from_everything_else(faulty: MakeBench) -> None:
    def bug(operation: str, url: str) -> None:
        if operation == "list":
            raise RuntimeError("unforeseen")

    bench = faulty(bug)
    bench.run.add_array("L0", [sh("t", "exit 0")])
    assert bench.child() == 70
    assert "RuntimeError: unforeseen" in bench.run.log("L0", 0)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"kind": "dance"}, "unknown job kind 'dance'"),
        ({"index": "-1"}, "AWS_BATCH_JOB_ARRAY_INDEX"),
        ({"attempt": "0", "number": "x"}, "PEGBATCH_TRY"),
    ],
)
def test_nonsense_in_the_environment_is_a_usage_error(
    bench: Bench, capsys: pytest.CaptureFixture[str], variables: dict[str, str], words: str
) -> None:
    assert bench.child(**variables) == 2
    assert words in capsys.readouterr().err


def test_control_characters_in_names_do_not_reach_the_log(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t\x1b[31m\r", "exit 0")])
    bench.child()
    assert "=== task t\\x1b[31m\\r test::prog:1.0" in bench.run.log("L0", 0)


def test_a_task_that_leaves_processes_behind_does_not_hold_the_child(
    bench: Bench, tmp_path: Path
) -> None:
    bench.run.add_array("L0", [sh("t", f"sleep 600 & echo $! >{tmp_path}/pid; echo done")])
    assert bench.child() == 0
    pid = (tmp_path / "pid").read_text().strip()
    state = Path(f"/proc/{pid}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"
    assert bench.run.records("L0", 0)[0].stdout_tail == "done\n"
