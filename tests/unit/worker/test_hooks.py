"""Hooks of tasks: started at their event, in the task's directory, and never in the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pegbatch.model.hooks import Hook
from pegbatch.model.manifest import task_from_json
from pegbatch.worker.child import read_child
from pegbatch.worker.childlog import ChildLog
from pegbatch.worker.hooks import HookRunner
from pegbatch.worker.stop import Stop
from tests.run_layout import sh
from tests.unit.worker.conftest import RUN, Bench

ALL = [
    {"on": event, "cmd": f"sh -c 'echo {event} $PEGASUS_EVENT $PEGASUS_STATUS'"}
    for event in ("start", "success", "error", "end", "all")
]


def said(bench: Bench) -> list[str]:
    """Return what hooks and tasks have said, without the lines of our own."""
    lines = bench.run.log("L0", 0).splitlines()
    return [line for line in lines if not line.startswith(("===", "---", "array", "1 failed"))]


@pytest.mark.parametrize(
    ("script", "ended"),
    [
        ("echo the task", ["success on_success 0", "end at_end 0", "all at_end 0"]),
        ("echo the task; exit 7", ["error on_error 7", "end at_end 7", "all at_end 7"]),
    ],
)
def test_each_hook_is_run_at_its_event_with_the_variables_of_pegasus(
    bench: Bench, script: str, ended: list[str]
) -> None:
    bench.run.add_array("L0", [sh("t", script, hooks=ALL)])
    bench.child()
    assert said(bench) == ["start start", "all start", "the task", *ended]


def test_a_task_that_exits_with_0_and_has_failed_tells_its_hook_of_a_failure(bench: Bench) -> None:
    hook = {"on": "error", "cmd": "sh -c 'echo status $PEGASUS_STATUS'"}
    bench.run.add_array("L0", [sh("t", "true", outputs=["o"], hooks=[hook])])
    bench.child()
    assert said(bench) == ["status 1"]


def test_a_hook_sees_the_files_of_its_task_and_where_its_output_is(bench: Bench) -> None:
    bench.run.put("in", b"of the input\n")
    hook = {"on": "end", "cmd": """sh -c 'cat in o "$PEGASUS_STDOUT"; echo $PEGASUS_JOBID $MINE'"""}
    task = sh("t", "echo out; echo >o", inputs=["in"], outputs=["o"], stdout="s", hooks=[hook])
    bench.run.add_array("L0", [{**task, "env": {"MINE": "own"}}])
    bench.child()
    assert said(bench) == ["of the input", "", "out", "t own"]


def test_a_hook_that_fails_or_is_not_there_is_told_and_the_task_succeeds(bench: Bench) -> None:
    hooks = [
        {"on": "start", "cmd": "false"},
        {"on": "end", "cmd": "/no/such/program -x"},
        {"on": "end", "cmd": "sh -c 'kill -9 $$'"},
        {"on": "end", "cmd": "'open"},
    ]
    bench.run.add_array("L0", [sh("t", "true", hooks=hooks)])
    assert bench.child() == 0
    assert bench.run.states("L0", 0) == {"t": "succeeded"}
    log = bench.run.log("L0", 0)
    assert "hook start of task t: false: exit code 1" in log
    assert "hook at_end of task t: /no/such/program -x: /no/such/program cannot be started" in log
    assert "ended by signal 9" in log
    assert "No closing quotation" in log


def test_a_skipped_task_has_no_hooks(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "true", inputs=["gone"], hooks=ALL)])
    bench.child()
    assert bench.run.states("L0", 0) == {"t": "skipped"}
    assert not [line for line in said(bench) if line.startswith(("end", "all", "error"))]


def test_a_hook_that_hangs_is_ended(tmp_path: Path) -> None:
    log = ChildLog(tmp_path / "log", None)
    child = read_child([RUN, "L0"], {})
    runner = HookRunner(child=child, stop=Stop(), log=log, environment={}, seconds=0.5)
    task = task_from_json({"bag": 0, **sh("t", "true")})
    runner.run(replace(task, hooks=(Hook("start", "/bin/sleep 60"),)), "start", tmp_path)
    log.close()
    assert "ended after 0 s" in log.path.read_text() or "ended after 1 s" in log.path.read_text()


def test_a_child_that_must_end_runs_no_more_hooks(tmp_path: Path) -> None:
    stop = Stop()
    stop.ask()
    log = ChildLog(tmp_path / "log", None)
    child = read_child([RUN, "L0"], {})
    runner = HookRunner(child=child, stop=stop, log=log, environment={})
    task = task_from_json({"bag": 0, **sh("t", "true")})
    runner.run(replace(task, hooks=(Hook("start", "/bin/touch made"),)), "start", tmp_path)
    log.close()
    assert not (tmp_path / "made").exists()
