"""A bag from index line to records: the ordinary way, and what tasks see."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.run_layout import file, sh, task
from tests.unit.worker.conftest import RUN, Bench


def test_a_child_runs_the_bag_of_its_index_line(bench: Bench) -> None:
    bench.run.add_array("L0", *([sh(f"t{i}", f"echo {i} >o{i}", outputs=[f"o{i}"])] for i in "012"))
    assert bench.child(index="1") == 0
    assert bench.run.get("o1") == b"1\n"
    assert bench.run.get("o0") is None
    assert bench.run.states("L0", 1) == {"t1": "succeeded"}


def test_a_plain_job_runs_the_only_line(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "echo hi >o", outputs=["o"])])
    assert bench.child() == 0
    assert bench.run.get("o") == b"hi\n"


def test_several_bags_in_one_member_are_told_apart(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("a", "exit 0"), {**sh("b", "exit 0"), "bag": 5}])
    assert bench.child() == 0
    assert bench.run.states("L0", 0) == {"a": "succeeded"}


def test_an_index_of_a_later_try_points_at_old_bags(bench: Bench) -> None:
    bench.run.add_array("L0", *([sh(f"t{i}", "exit 0")] for i in range(4)))
    bench.run.add_try("L0", 2, [3])
    assert bench.child("L0.t2", number="2") == 0
    assert bench.run.states("L0", 3, number=2) == {"t3": "succeeded"}


def test_a_record_says_what_was_run_and_put(bench: Bench) -> None:
    script = "echo out; echo err >&2; printf data >o; exit 0"
    bench.run.add_array("L0", [sh("t", script, outputs=["o"])])
    bench.child(attempt="2", attempts="3")
    (record,) = bench.run.records("L0", 0, attempt=2)
    assert (record.id, record.bag, record.try_, record.attempt) == ("t", 0, 1, 2)
    assert (record.state, record.reason, record.exit_code, record.signal) == (
        "succeeded", "", 0, None,
    )  # fmt: skip
    assert (record.stdout_tail, record.stderr_tail) == ("out\n", "err\n")
    assert record.start <= record.end
    assert record.max_rss_mib is not None and record.max_rss_mib > 0
    (output,) = record.outputs
    assert (output.lfn, output.url, output.size_bytes) == ("o", f"{RUN}/data/o", 4)
    assert output.sha256 == hashlib.sha256(b"data").hexdigest()


def test_a_task_sees_its_inputs_its_environment_and_nothing_else(bench: Bench) -> None:
    bench.run.put("in/a.txt", b"A")
    script = 'find . -type f | sort; echo "$GREETING $PEGBATCH_TASK_INDEX $BASE"; cat'
    bench.run.add_array("L0", [
        sh("t0", "touch left-over", env={"GREETING": "no"}),
        sh("t1", script, inputs=["in/a.txt"], stdin="in/a.txt", stdout="o", outputs=["o"],
           env={"GREETING": "hello"}, index=7),
    ])  # fmt: skip
    assert bench.child(BASE="base") == 0
    assert bench.run.get("o") == b"./in/a.txt\n./o\nhello 7 base\nA"


def test_words_reach_the_program_as_they_are_without_a_shell(bench: Bench) -> None:
    words = ("$HOME", "*", "a b", ";", "", "ü")
    bench.run.add_array("L0", [task("t", "printf", "<%s>", *words, stdout="o", outputs=["o"])])
    assert bench.child() == 0
    assert bench.run.get("o") == "<$HOME><*><a b><;><><ü>".encode()


def test_an_executable_input_runs_by_its_lfn(bench: Bench) -> None:
    bench.store.write("s3://bucket/inputs/abc", b"#!/bin/sh\necho ran $1\n")
    program = file("bin/prog", "s3://bucket/inputs/abc", executable=True)
    bench.run.add_array("L0", [
        task("t", "bin/prog", "x", inputs=[program], stdout="o", outputs=["o"]),
        task("u", "./bin/prog", "y", inputs=[program], stdout="p", outputs=["p"]),
    ])  # fmt: skip
    assert bench.child() == 0
    assert (bench.run.get("o"), bench.run.get("p")) == (b"ran x\n", b"ran y\n")


def test_the_same_file_is_data_for_one_task_and_a_program_for_another(bench: Bench) -> None:
    url = "s3://bucket/inputs/abc"
    bench.store.write(url, b"#!/bin/sh\necho ran\n")
    bench.run.add_array("L0", [
        sh("data", "test ! -x f && cat f", inputs=[file("f", url)]),
        task("program", "f", inputs=[file("f", url, executable=True)], stdout="o", outputs=["o"]),
        sh("again", "test ! -x f && cat f", inputs=[file("f", url)]),
    ])  # fmt: skip
    assert bench.child() == 0
    assert bench.run.get("o") == b"ran\n"
    assert bench.store.called("download") == [url]


def test_what_the_child_has_is_not_fetched_again(bench: Bench) -> None:
    bench.run.put("in", b"1")
    bench.run.add_array("L0", [
        sh("a", "cat in >mid", inputs=["in"], outputs=["mid"]),
        sh("b", "cat in mid >o", inputs=["in", "mid"], outputs=["o"]),
    ])  # fmt: skip
    assert bench.child() == 0
    assert bench.run.get("o") == b"11"
    assert bench.store.called("download") == [f"{RUN}/data/in"]


def test_an_input_that_a_task_has_written_into_is_fetched_anew(bench: Bench) -> None:
    bench.run.put("in", b"clean")
    bench.run.add_array("L0", [
        sh("a", "echo dirt >>in", inputs=["in"]),
        sh("b", "cat in >o", inputs=["in"], outputs=["o"]),
    ])  # fmt: skip
    assert bench.child() == 0
    assert bench.run.get("o") == b"clean"


def test_the_next_inputs_come_while_this_task_runs(bench: Bench, tmp_path: Path) -> None:
    for name in ("a", "b"):
        bench.run.put(name, name.encode())
    arrived = tmp_path / "arrived"
    bench.store.before = lambda operation, url: (
        arrived.touch() if (operation, url) == ("download", f"{RUN}/data/b") else None
    )
    waiting = f"for i in $(seq 200); do test -e {arrived} && exit 0; sleep 0.05; done; exit 1"
    bench.run.add_array(
        "L0", [sh("first", waiting, inputs=["a"]), sh("second", "cat b", inputs=["b"])]
    )
    assert bench.child() == 0
    assert bench.run.marks() == []


def test_outputs_are_also_delivered_where_they_are_wanted(bench: Bench) -> None:
    bench.run.add_array("L0", [
        sh("t", "echo 1 >o; echo 2 >p", outputs=[
            file("o", deliver=["s3://out/site/o"]), file("p", "s3://out/site/p"),
        ]),
    ])  # fmt: skip
    assert bench.child() == 0
    assert bench.run.get("o") == bench.store.read("s3://out/site/o") == b"1\n"
    assert bench.store.read("s3://out/site/p") == b"2\n"
    assert [o.url for o in bench.run.records("L0", 0)[0].outputs] == [
        f"{RUN}/data/o", "s3://out/site/p",
    ]  # fmt: skip


def test_optional_files_may_be_absent(bench: Bench) -> None:
    bench.run.add_array("L0", [
        sh("t", "test ! -e in && echo 1 >o", inputs=[file("in", optional=True)],
           outputs=["o", file("maybe", optional=True)]),
    ])  # fmt: skip
    assert bench.child() == 0
    assert [o.lfn for o in bench.run.records("L0", 0)[0].outputs] == ["o"]


def test_both_streams_may_go_to_one_file_and_folders_of_outputs_are_there(bench: Bench) -> None:
    bench.run.add_array("L0", [
        sh("t", "echo 1; echo 2 >&2; echo 3 >d/e/f", stdout="d/log", stderr="d/log",
           outputs=["d/log", "d/e/f"]),
    ])  # fmt: skip
    assert bench.child() == 0
    assert bench.run.get("d/log") == b"1\n2\n"
    assert bench.run.get("d/e/f") == b"3\n"


def test_a_link_to_a_file_is_an_output(bench: Bench) -> None:
    bench.run.put("in", b"linked")
    bench.run.add_array("L0", [
        sh("t", "ln -s in o", inputs=["in"], outputs=["o"]),
        sh("u", "cat o >p", inputs=["o"], outputs=["p"]),
    ])  # fmt: skip
    assert bench.child() == 0
    assert bench.run.get("o") == bench.run.get("p") == b"linked"


def test_tails_keep_the_last_four_kibibytes_and_the_log_everything(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "seq 1 5000; printf '\\377'")])
    bench.child()
    (record,) = bench.run.records("L0", 0)
    assert record.stdout_tail.endswith("4999\n5000\n\N{REPLACEMENT CHARACTER}")
    assert len(record.stdout_tail) == 4096
    log = (bench.run.get_key("logs/L0/0.1.1.log") or b"").decode("utf-8", "replace")
    assert "=== task t test::prog:1.0\n1\n2\n" in log


def test_the_working_folder_is_left_empty(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "mkdir -p d/e; touch d/e/f; chmod 500 d/e d; exit 3")])
    bench.child()
    assert list(bench.folder.iterdir()) == []


def test_an_empty_bag_is_done(bench: Bench) -> None:
    bench.run.add_array("L0", [])
    assert bench.child() == 0
    assert bench.run.records("L0", 0) == []


def test_a_barrier_asks_nobody(bench: Bench) -> None:
    assert bench.child("sync", kind="barrier") == 0
    assert bench.store.calls == []
