"""What may happen to a client while its run goes on: signals, pipes, an embedded AWS that ends."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pegbatch.emulator.background import local_folder, running
from tests.functional.commands import LONGEST, ROOT, answer, embedded_aws, pegbatch, planned
from tests.functional.workflow_texts import shell_workflow

JOBS = """\
jobs:
  - type: job
    id: a
    name: sh
    arguments: ["-c", "'until test -e {gate}; do sleep 0.1; done; echo a > a'"]
    uses: [{{lfn: a, type: output, stageOut: true}}]
  - type: job
    id: b
    name: sh
    arguments: ["-c", "'cat a a > b'"]
    uses: [{{lfn: a, type: input}}, {{lfn: b, type: output, stageOut: true}}]
"""
ARRAYS = 3
LEVELS = 150
pytestmark = pytest.mark.slow


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    with embedded_aws(tmp_path / "work") as folder:
        yield folder


@pytest.fixture
def submit_dir(base: Path) -> Path:
    """Return a planned run whose first task waits for the file `go` beside the work folder."""
    workflow = base.parent / "gated.yml"
    workflow.write_text(shell_workflow("gated", JOBS.format(gate=base.parent / "go")))
    options = ("--sites", "here", "--output-dir", str(base / "outputs"), "--cleanup", "none")
    return Path(planned(workflow, base, *options)["submit_dir"])


def client(*words: str | Path, cwd: Path) -> subprocess.Popen[str]:
    """Start `pegbatch …` and leave it alone."""
    return subprocess.Popen(
        [sys.executable, "-m", "pegbatch", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_until(process: subprocess.Popen[str], start: str) -> None:
    """Read what a client says up to a line."""
    assert process.stderr is not None
    assert any(line.startswith(start) for line in process.stderr), f"it never said {start!r}"


def submitted(base: Path) -> int:
    """Return how many jobs were ever submitted here."""
    lines = (local_folder(base) / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    return len({event["job"] for event in events if event["child"] is None})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_detaches_like_ctrl_c_and_the_run_goes_on(
    base: Path, submit_dir: Path, number: signal.Signals
) -> None:
    with client("run", submit_dir, cwd=base) as process:
        read_until(process, "running")
        process.send_signal(number)
        assert process.stderr is not None
        told = process.stderr.read()
    assert process.returncode == 128 + number
    assert "the run goes on. Come back with: pegbatch wait" in told
    (base.parent / "go").touch()
    assert answer("wait", submit_dir, cwd=base)["state"] == "succeeded"
    assert submitted(base) == ARRAYS


def test_a_client_whose_terminal_is_gone_leaves_the_run_alone_and_says_nothing(
    base: Path, submit_dir: Path
) -> None:
    with client("run", submit_dir, cwd=base) as process:
        read_until(process, "running")
        assert process.stderr is not None
        process.stderr.close()
        process.send_signal(signal.SIGHUP)
        try:
            process.wait(timeout=LONGEST)
        finally:
            process.kill()
    assert process.returncode == 128 + signal.SIGHUP
    assert answer("status", submit_dir, cwd=base)["state"] == "running"


def test_a_reader_who_goes_away_stops_no_submission(base: Path, submit_dir: Path) -> None:
    (base.parent / "go").touch()
    with client("run", submit_dir, cwd=base) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.stderr.close()
    assert process.returncode == 0
    assert answer("status", submit_dir, cwd=base)["state"] == "succeeded"
    assert submitted(base) == ARRAYS


def test_a_signal_that_was_switched_off_stays_so(base: Path, submit_dir: Path) -> None:
    words = [sys.executable, "-m", "pegbatch", "run", str(submit_dir)]
    with subprocess.Popen(
        ["nohup", *words],
        cwd=base,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        read_until(process, "running")
        process.send_signal(signal.SIGHUP)
        (base.parent / "go").touch()
        process.communicate()
    assert process.returncode == 0


def test_an_embedded_aws_that_is_killed_is_started_again_under_the_run(
    base: Path, submit_dir: Path
) -> None:
    with client("run", submit_dir, cwd=base) as process:
        read_until(process, "running")
        endpoint = running(local_folder(base))
        assert endpoint is not None
        os.kill(endpoint.pid, signal.SIGKILL)
        assert process.stderr is not None
        told = process.stderr.readline()
        while told and "has ended; starting it again" not in told:
            told = process.stderr.readline()
        (base.parent / "go").touch()
        process.communicate()
    assert process.returncode == 0
    assert submitted(base) == ARRAYS


def test_an_embedded_aws_whose_folder_is_deleted_ends_and_the_client_says_what_happened(
    base: Path, submit_dir: Path
) -> None:
    with client("run", submit_dir, cwd=base) as process:
        read_until(process, "running")
        endpoint = running(local_folder(base))
        assert endpoint is not None
        shutil.rmtree(local_folder(base))
        assert process.stderr is not None
        told = process.stderr.read()
    # The child may find its bucket gone before the embedded AWS finds its folder gone.
    assert process.returncode in (1, 5), told
    assert process.returncode == 1 or "its jobs are gone" in told
    patience = time.monotonic() + LONGEST
    while Path(f"/proc/{endpoint.pid}").exists():
        assert time.monotonic() < patience, "it goes on without its folder"
        time.sleep(0.1)


def test_the_second_run_is_told_who_holds_the_first_and_a_killed_holder_is_no_obstacle(
    base: Path, submit_dir: Path
) -> None:
    with client("run", submit_dir, cwd=base) as process:
        read_until(process, "running")
        second = pegbatch("run", submit_dir, cwd=base)
        process.kill()
    assert second.returncode == 5
    assert f"process {process.pid} on {os.uname().nodename} since" in second.stderr
    assert "(pegbatch run" in second.stderr
    (base.parent / "go").touch()
    assert pegbatch("run", submit_dir, cwd=base).returncode == 0


def test_what_a_cancel_finds_being_submitted_is_not_left_alive(base: Path) -> None:
    head = shell_workflow("deep", "jobs:\n")
    level = """  - type: job
    id: t{0}
    name: sh
    arguments: ["-c", "'sleep 1000'"]
    uses: [{{lfn: f{0}, type: input}}, {{lfn: f{1}, type: output}}]
"""
    first = level.format(0, 1).replace("{lfn: f0, type: input}, ", "")
    rest = "".join(level.format(number, number + 1) for number in range(1, LEVELS))
    (base.parent / "deep.yml").write_text(head + first + rest)
    options = ("--sites", "here", "--cleanup", "none")
    submit_dir = Path(planned(base.parent / "deep.yml", base, *options)["submit_dir"])
    with client("run", submit_dir, cwd=base) as process:
        read_until(process, "submitting")
        log = local_folder(base) / "events.jsonl"
        while not log.exists() or submitted(base) < LEVELS // 10:
            assert process.poll() is None
        cancelled = pegbatch("cancel", submit_dir, cwd=base)
        process.communicate()
    assert cancelled.returncode == 0, cancelled.stderr
    assert process.returncode == 1
    assert answer("status", submit_dir, cwd=base)["state"] == "cancelled"
    lines = (local_folder(base) / "events.jsonl").read_text().splitlines()
    last = {event["job"]: event["state"] for event in map(json.loads, lines)}
    assert LEVELS // 10 <= len(last) < LEVELS
    assert set(last.values()) == {"FAILED"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("verdict.json", "is missing"),
        ("outputs.jsonl.gz", "is missing"),
        ("arrays/L0-sh.index", "is missing"),
    ],
)
def test_nothing_is_submitted_of_a_plan_that_lacks_a_file(
    base: Path, submit_dir: Path, name: str, words: str
) -> None:
    (submit_dir / name).unlink()
    result = pegbatch("run", submit_dir, cwd=base)
    assert result.returncode == 3
    assert f"{submit_dir / name}: this file of the plan {words}" in result.stderr


def test_nothing_is_submitted_of_a_plan_whose_bags_are_cut_off(
    base: Path, submit_dir: Path
) -> None:
    bags = submit_dir / "arrays" / "L0-sh.bags.jsonl.gz"
    os.truncate(bags, 10)
    result = pegbatch("run", submit_dir, cwd=base)
    assert result.returncode == 3
    assert f"{bags}: this file of the plan is damaged" in result.stderr


def test_a_terminal_that_is_closed_leaves_the_run_going(base: Path, submit_dir: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "pegbatch", "run", str(submit_dir)],
        cwd=base,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=take_terminal,
    ) as process:
        os.close(theirs)
        shown = b""
        while b"LEVEL" not in shown:
            shown += os.read(ours, 4096)
        log = local_folder(base) / "events.jsonl"
        while not log.exists() or submitted(base) < ARRAYS:
            os.read(ours, 4096)
        os.close(ours)
    assert process.returncode == 128 + signal.SIGHUP
    assert answer("status", submit_dir, cwd=base)["state"] in ("submitting", "running")


def take_terminal() -> None:
    """Make the terminal on stdin the one that this process, alone in a session, depends on."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
