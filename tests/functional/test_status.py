"""Watching a run: what `status` says while it goes on, at its end, and where it is stuck."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pegbatch.adapters.aws_clients import local_client
from pegbatch.emulator.background import local_folder, running
from tests.functional.commands import LONGEST, ROOT, called, embedded_aws, pegbatch, planned
from tests.functional.terminals import terminal
from tests.functional.workflow_texts import shell_workflow

pytestmark = pytest.mark.slow

LEVELS, WIDTH = 3, 2
COUNTS = ("succeeded", "failed", "skipped", "running", "waiting")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with embedded_aws(tmp_path_factory.mktemp("watched")) as folder:
        words = ("--background", "--strict", "--vcpus", "2", "--dir", folder)
        assert pegbatch("emulator", *words, cwd=folder).returncode == 0
        yield folder


def gated(base: Path, name: str, gate: Path, cores: int = 1) -> Path:
    """Plan levels of two tasks; those of the first wait for a file."""
    rows = ["jobs:\n"]
    for level in range(LEVELS):
        for number in range(WIDTH):
            wait = f"while [ ! -e {gate} ]; do sleep 0.1; done; " if level == 0 else ""
            uses = [{"lfn": f"f{level}.{number}", "type": "output", "stageOut": False}]
            if level:
                uses.append({"lfn": f"f{level - 1}.{1 - number}", "type": "input"})
            script = f"'{wait}echo {number} > f{level}.{number}'"
            job = {"type": "job", "id": f"t{level}.{number}", "name": "sh", "uses": uses}
            job |= {"arguments": ["-c", script]}
            job |= {"profiles": {"pegasus": {"cores": cores, "runtime": 1}}}
            rows.append(f"  - {json.dumps(job)}\n")
    workflow = base / f"{name}.yml"
    workflow.write_text(shell_workflow(name, "".join(rows)))
    return Path(planned(workflow, base, "--sites", "here")["submit_dir"])


def detached(submit_dir: Path) -> None:
    code, _, said = called("run", "--detach", submit_dir)
    assert code == 0, said


def status_of(submit_dir: Path) -> dict[str, Any]:
    code, printed, said = called("status", "--json", submit_dir)
    assert code == 0, said
    found: dict[str, Any] = json.loads(printed)
    return found


def until(look: Callable[[], Any], good: Callable[[Any], Any]) -> Any:
    """Look again and again until what is seen is good; return it."""
    end = time.monotonic() + LONGEST
    while not good(seen := look()):
        assert time.monotonic() < end, seen
        time.sleep(0.2)
    return seen


def check_sums(status: dict[str, Any]) -> None:
    """The parts of each level add up to it, and the levels to the run."""
    for counts in (status["tasks"], *(level["tasks"] for level in status["levels"])):
        assert sum(counts[name] for name in COUNTS) == counts["total"]
    for name in ("total", *COUNTS):
        assert sum(level["tasks"][name] for level in status["levels"]) == status["tasks"][name]


def test_a_run_is_watched_on_a_terminal_through_a_pipe_and_to_its_end(base: Path) -> None:
    gate = base / "gate"
    submit_dir = gated(base, "watched", gate)
    detached(submit_dir)
    words = [sys.executable, "-m", "pegbatch", "status", "--watch", "0.1", str(submit_dir)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (
        subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True) as piped,
        terminal("status", "-w", submit_dir, cwd=base) as watched,
        terminal("status", "-lw", "0.2", submit_dir, cwd=base) as left,
    ):
        left.until("RUNNING", "L0-sh", "2 RUNNING")
        left.process.send_signal(signal.SIGINT)
        below = left.end()
        assert left.process.returncode == 130 and "Traceback" not in below
        assert below.startswith("watched: running on the embedded AWS") and "L0-sh" in below

        wide = watched.until("watched: running", "SUCCEEDED", "array jobs have ended")
        assert [line.split()[0] for line in wide[3:8]] == ["LEVEL", "0", "1", "2", "all"]
        assert wide[4].split()[2:] == ["2", "-", "2", "-", "-", "-"]
        watched.resize(50, 10)
        watched.forget()
        small = watched.until("watched: running", "DONE")
        assert len(small) <= 10 and max(map(len, small)) <= 50
        gate.touch()
        below = watched.end()
        assert watched.process.returncode == 0
        assert below.startswith("watched: succeeded on the embedded AWS")
        assert "\nall " in below and "would have cost" in below
        lines = piped.communicate(timeout=LONGEST)[0].splitlines()
        assert piped.returncode == 0
    assert "running: 0 of 6 tasks done, 2 running" in lines
    assert lines[-1].startswith("cost") and "\x1b" not in "".join(lines)
    assert [line for line in lines if line.startswith("succeeded: 6 of 6 tasks done")]


def test_what_is_lost_is_counted_and_told_at_the_end_too(base: Path) -> None:
    gate = base / "second-gate"
    submit_dir = gated(base, "struck", gate)
    detached(submit_dir)

    def look() -> dict[str, Any]:
        return status_of(submit_dir)

    until(look, lambda seen: seen["tasks"]["running"] == 2)
    assert len(called("emulator", "--strike", "all", "--dir", base)[1].splitlines()) == 2
    seen = until(look, lambda seen: seen["retries"] == 2)
    assert (seen["lost_children"], seen["state"]) == (2, "running")
    check_sums(seen)
    gate.touch()
    seen = until(look, lambda seen: seen["state"] == "succeeded")
    assert (seen["retries"], seen["lost_children"]) == (2, 2)
    assert seen["cost"]["vcpu_hours"] > 0 and seen["cost"]["is_paid"] is False
    assert seen["throughput"] is None and seen["estimated_end"] is None
    assert "2 children were started again, 2 lost" in called("status", submit_dir)[1]


def update(base: Path, operation: str, **arguments: Any) -> None:
    """Change an entity of the embedded AWS as an administrator would."""
    endpoint = running(local_folder(base))
    assert endpoint is not None
    with local_client("batch", endpoint.url) as batch:
        getattr(batch, operation)(**arguments)


def test_what_does_not_start_says_why_and_what_to_do(base: Path) -> None:
    submit_dir = gated(base, "stuck", base)  # a gate that is open

    def look() -> dict[str, Any]:
        return status_of(submit_dir)

    def reason(word: str) -> dict[str, str]:
        seen = until(look, lambda seen: any(word in one["why"] for one in seen["waiting_for"]))
        assert seen["tasks"]["waiting"] == seen["tasks"]["total"]
        first: dict[str, str] = seen["waiting_for"][0]
        assert first["array"] == "L0-sh"
        return first

    environment = "pegbatch-local-compute-environment"
    change = partial(update, base, "update_compute_environment", computeEnvironment=environment)
    change(state="DISABLED")
    detached(submit_dir)
    assert f"{environment} --state ENABLED" in reason("is DISABLED")["next"]
    stuck("no-capacity", base)
    change(state="ENABLED")
    assert "pegbatch emulator --behave" in reason("told to have no machines")["next"]
    stuck("invalid", base)
    assert "pegbatch emulator --behave" in reason("is INVALID: CLIENT_ERROR")["next"]
    told = called("status", submit_dir)[1]
    assert "\nwaiting     L0-sh: " in told and "\n  do        " in told
    assert called("emulator", "--behave", "--dir", base)[0] == 0
    until(look, lambda seen: seen["state"] == "succeeded")


def stuck(kind: str, base: Path) -> None:
    assert called("emulator", "--stuck", kind, "--dir", base)[0] == 0


def test_a_run_that_is_not_submitted_says_what_goes_on(base: Path) -> None:
    submit_dir = gated(base, "refused", base / "gate")
    queue = "pegbatch-local-job-queue"
    update(base, "update_job_queue", jobQueue=queue, state="DISABLED")
    assert called("run", "--detach", submit_dir)[0] == 5

    def look() -> Any:
        return status_of(submit_dir)["waiting_for"]

    (found,) = until(look, bool)
    assert f"queue {queue} is DISABLED and takes no new jobs" in found["why"]
    assert f"pegbatch run {submit_dir}" in found["next"]
    update(base, "update_job_queue", jobQueue=queue, state="ENABLED")


def test_what_is_too_large_is_told_by_wait_too(base: Path) -> None:
    submit_dir = gated(base, "large", base, cores=3)
    detached(submit_dir)
    with terminal("wait", submit_dir, cwd=base, columns=120, rows=30) as waiting:
        waiting.until_said("a child asks for 3 vCPUs")
        waiting.process.send_signal(signal.SIGINT)
        waiting.end()
        assert waiting.process.returncode == 130
        assert "detached; the run goes on" in waiting.text
    assert called("cancel", submit_dir)[0] == 0


def test_the_levels_of_runs_that_have_ended_add_up(
    healthy_run: Path, half_failed_run: Path
) -> None:
    for submit_dir in (healthy_run, half_failed_run):
        status = status_of(submit_dir)
        check_sums(status)
        assert len(status["levels"]) == 3 and status["cost"]["vcpu_hours"] > 0
        assert status["throughput"] is None and status["waiting_for"] == []
    assert status["tasks"]["failed"] and status["levels"][2]["tasks"]["skipped"] == 1
    assert status["retries"] >= 1


def test_watching_a_run_that_has_ended_shows_it_once(half_failed_run: Path) -> None:
    code, printed, _ = called("status", "--watch", half_failed_run)
    assert code == 0 and printed.startswith("half-failed: failed on the embedded AWS, try 2")
    assert "first failures:" in printed
    code, _, said = called("status", "--watch", "--json", half_failed_run)
    assert code == 2 and "pegbatch wait --json" in said
