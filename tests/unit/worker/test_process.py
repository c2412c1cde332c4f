"""Programs and their ends: signals, time limits, and output that keeps coming."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pegbatch.worker import spawning, streams
from pegbatch.worker.process import Ended, run_program
from pegbatch.worker.program import Program
from pegbatch.worker.stop import Stop
from pegbatch.worker.streams import FileStream, LogStream


def shell(folder: Path, script: str) -> Program:
    return Program(
        argv=("sh", "-c", script),
        executable="/bin/sh",
        directory=folder,
        environment={"PATH": os.environ["PATH"]},
    )


def run(program: Program, stop: Stop | None = None) -> tuple[Ended, str, bytes]:
    """Run a program; return its end, the tail of its output, and all that was said."""
    said: list[bytes] = []
    out, err = LogStream(said.append), LogStream(said.append)
    ended = run_program(program, out, err, stop or Stop())
    tail = out.finish()
    err.finish()
    return ended, tail, b"".join(said)


def test_a_task_that_ignores_term_is_killed_after_the_grace(tmp_path: Path) -> None:
    script = 'trap "" TERM; echo ready; while :; do sleep 0.05; done'
    program = replace(shell(tmp_path, script), timeout_seconds=0.3, grace_seconds=0.1)
    ended, tail, _ = run(program)
    assert (ended.timed_out, ended.signal, tail) == (True, 9, "ready\n")


def test_a_task_may_tidy_up_when_its_time_is_over(tmp_path: Path) -> None:
    script = 'trap "echo tidy; exit 0" TERM; while :; do sleep 0.05; done'
    ended, tail, _ = run(replace(shell(tmp_path, script), timeout_seconds=0.3))
    assert (ended.timed_out, ended.exit_code, tail) == (True, 0, "tidy\n")


def test_the_whole_group_is_ended_with_the_task(tmp_path: Path) -> None:
    script = "sleep 600 & sleep 600 & echo $! >pid; wait"
    ended, _, _ = run(replace(shell(tmp_path, script), timeout_seconds=0.3))
    assert ended.timed_out
    pid = int((tmp_path / "pid").read_text())
    status = Path(f"/proc/{pid}/stat")
    # A killed process is one until the machine has had the time to end it.
    while status.exists() and status.read_text().split()[2] not in "ZX":
        time.sleep(0.01)


def test_a_stop_is_not_taken_for_a_time_limit(tmp_path: Path) -> None:
    stop = Stop()
    stop.ask()
    ended, _, _ = run(replace(shell(tmp_path, "sleep 600"), timeout_seconds=1000), stop)
    assert (ended.timed_out, ended.signal) == (False, 15)


def test_output_of_any_size_reaches_the_log_in_order(tmp_path: Path) -> None:
    ended, tail, said = run(shell(tmp_path, "seq 1 200000"))
    assert ended.exit_code == 0
    assert said == "".join(f"{n}\n" for n in range(1, 200_001)).encode()
    assert tail == said[-4096:].decode()


def test_a_process_that_leaves_the_session_does_not_hold_the_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PIPE_SECONDS", 0.2)
    ended, tail, _ = run(shell(tmp_path, "setsid sleep 600 & echo $! >pid; echo done"))
    assert (ended.exit_code, tail) == (0, "done\n")
    os.kill(int((tmp_path / "pid").read_text()), 9)


def test_a_program_that_closes_its_outputs_runs_on(tmp_path: Path) -> None:
    script = "echo first; exec >&- 2>&-; sleep 0.3; touch made"
    ended, tail, _ = run(shell(tmp_path, script))
    assert (ended.exit_code, tail) == (0, "first\n")
    assert (tmp_path / "made").exists()


def test_what_is_said_as_the_program_ends_is_heard_whole(tmp_path: Path) -> None:
    script = "head -c 60000 /dev/zero | tr '\\0' x; echo last >&2; kill -KILL $$"
    ended, tail, said = run(shell(tmp_path, script))
    assert ended.signal == signal.SIGKILL
    assert said.count(b"x") == 60_000 and said.count(b"last\n") == 1
    assert tail == "x" * 4096


def test_an_executable_that_is_still_being_written_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "program"
    path.write_bytes(Path("/bin/true").read_bytes())
    path.chmod(0o755)
    writer = path.open("ab")
    threading.Thread(target=lambda: (time.sleep(0.2), writer.close())).start()
    ended, _, _ = run(replace(shell(tmp_path, ""), argv=("program",), executable=str(path)))
    assert (ended.not_started, ended.exit_code) == ("", 0)


def test_an_input_for_stdin_that_is_not_there_is_named(tmp_path: Path) -> None:
    ended, _, _ = run(replace(shell(tmp_path, "cat"), stdin=tmp_path / "absent"))
    assert "No such file or directory" in ended.not_started and "absent" in ended.not_started


def test_the_tail_of_a_file_that_the_task_took_away_is_empty(tmp_path: Path) -> None:
    out, err = FileStream(tmp_path / "d" / "out"), FileStream(tmp_path / "err")
    run_program(shell(tmp_path, "echo 1; echo 2 >&2; rm d/out"), out, err, Stop())
    assert (out.finish(), err.finish()) == ("", "2\n")


def test_memory_of_a_program_is_measured(tmp_path: Path) -> None:
    ended, _, _ = run(shell(tmp_path, "head -c 60000000 /dev/zero | tail -c 50000000 >/dev/null"))
    assert ended.max_rss_mib is not None and ended.max_rss_mib > 40


def test_a_script_whose_interpreter_is_missing_is_told_from_one_that_is_missing(
    tmp_path: Path,
) -> None:
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    ended, _, _ = run(replace(shell(tmp_path, ""), argv=(str(script),), executable=str(script)))
    assert ended.not_started == (
        f"{script} cannot be started: the interpreter that its #! names is missing"
    )


def test_without_a_descriptor_of_a_process_its_end_is_seen_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(pid: int) -> int:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", refuse)
    ended, tail, _ = run(shell(tmp_path, "echo said; exit 3"))
    assert (ended.exit_code, tail) == (3, "said\n")


def test_a_c_library_that_cannot_set_a_working_directory_is_not_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spawning, "_LIBC", object())
    ended, tail, _ = run(shell(tmp_path, "pwd; exit 3"))
    assert (ended.exit_code, tail) == (3, f"{tmp_path}\n")


def test_a_program_starts_with_the_signals_of_the_system(tmp_path: Path) -> None:
    _, tail, _ = run(shell(tmp_path, "grep SigIgn /proc/self/status"))
    assert int(tail.split()[1], 16) & (1 << (signal.SIGPIPE - 1)) == 0


def test_a_name_is_looked_for_on_the_path_of_the_task(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "own"
    program.write_text("#!/bin/sh\necho found\n")
    named = replace(shell(tmp_path, ""), argv=("own",), executable="own")
    for path in (str(tmp_path / "bin"), "bin"):
        program.chmod(0o755)
        ended, tail, _ = run(replace(named, environment={"PATH": path}))
        assert (ended.exit_code, tail) == (0, "found\n")
    program.chmod(0o644)
    ended, _, _ = run(replace(named, environment={"PATH": str(tmp_path / "bin")}))
    assert ended.not_started == "own cannot be started: Permission denied"
    ended, _, _ = run(replace(named, environment={"PATH": "/nowhere"}))
    assert ended.not_started == "own cannot be started: No such file or directory"
