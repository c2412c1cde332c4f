"""SIGTERM in each phase of a child, records that are saved meanwhile, and clocks that are wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faulty_proxy import Answer, Broken, FaultyProxy, Request
from tests.functional.emulator_bench import until
from tests.functional.test_child_killed_anywhere import kill_all_of
from tests.functional.worker_process import Site, local_site, wired_site
from tests.run_layout import sh
from tests.wire_s3 import use_credentials

DAY = 86_400


@pytest.fixture
def wired(
    endpoint: str, proxy: FaultyProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Site:
    use_credentials(monkeypatch)
    return wired_site(tmp_path, endpoint, AWS_ENDPOINT_URL_S3=proxy.url)


@pytest.fixture
def local(tmp_path: Path) -> Site:
    return local_site(tmp_path)


def hold(proxy: FaultyProxy, method: str, part: str) -> threading.Event:
    """Let requests hang from now on; return what is set when the first one does."""
    hangs = threading.Event()

    def fault(request: Request, ask: Callable[[], Answer]) -> Broken | None:
        if request.method == method and part in request.path:
            hangs.set()
            proxy.over.wait()
        return None

    proxy.fault = fault
    return hangs


PHASES = {
    "the bag is read": ("GET", "/plan/arrays/L0.bags"),
    "inputs are fetched": ("GET", "/data/in"),
    "outputs are put": ("PUT", "/data/out"),
    "records are put": ("PUT", "/records/"),
    "the log is put": ("PUT", "/logs/"),
}


@pytest.mark.slow
@pytest.mark.parametrize("phase", PHASES)
def test_sigterm_while_the_store_hangs_ends_the_child_in_time(
    wired: Site, proxy: FaultyProxy, phase: str
) -> None:
    """Exit code 75, before the SIGKILL that Batch sends after 30 s, whose code is not retried."""
    wired.run.put("in", b"1")
    wired.run.add_array("L0", [sh("t", "cat in >out", inputs=["in"], outputs=["out"])])
    hangs = hold(proxy, *PHASES[phase])
    with wired.start("L0", attempts="2") as process:
        assert hangs.wait(60)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 75, output.decode()
    assert b"SIGTERM" in output
    proxy.fault = lambda request, ask: None
    before = wired.run.states("L0", 0)
    code, said = wired.child("L0", attempt="2", attempts="2")
    assert code == 0, said
    after = wired.run.states("L0", 0, attempt=2)
    assert {**before, **after} == {"t": "succeeded"}
    assert not set(before) & set(after), "a task with a recorded success ran again"
    assert wired.run.get("out") == b"1"


def test_sigterm_between_two_tasks_loses_neither(local: Site, tmp_path: Path) -> None:
    tally = tmp_path / "tally"
    tasks = [sh(f"t{n}", f"echo t{n} >>{tally}") for n in range(300)]
    local.run.add_array("L0", tasks)
    with local.start("L0", attempts="2") as process:
        until(lambda: tally.exists() and tally.read_text().count("\n") > 20)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    recorded = local.run.states("L0", 0)
    ran = tally.read_text().split()
    if process.returncode == 75:
        assert set(recorded.values()) == {"succeeded"}
        assert len(ran) - len(recorded) in (0, 1), "one may have been running"
        assert local.child("L0", attempt="2", attempts="2")[0] == 0
    again = local.run.states("L0", 0, attempt=2)
    assert set(recorded) | set(again) == {f"t{n}" for n in range(300)}
    assert not set(recorded) & set(again)
    assert len(tally.read_text().split()) - 300 in (0, 1)


def start_long_bag(site: Site, folder: Path) -> subprocess.Popen[bytes]:
    """Start a child whose first task is quick, and whose second waits for a file `go`."""
    wait = f"echo $$ >{folder}/pid; until test -e {folder}/go; do sleep 0.05; done"
    site.run.add_array(
        "L0",
        [sh("quick", f"echo ran >>{folder}/tally; echo 1 >a", outputs=["a"]), sh("long", wait)],
    )
    return site.start("L0", attempts="2")


@pytest.mark.slow
def test_records_are_saved_while_a_long_task_runs_so_that_a_killed_child_does_not_redo_them(
    local: Site, tmp_path: Path
) -> None:
    with start_long_bag(local, tmp_path) as process:
        until(lambda: local.run.states("L0", 0) == {"quick": "succeeded"})
        assert process.poll() is None
        kill_all_of(process.pid)
        process.communicate(timeout=60)
    (tmp_path / "go").touch()
    assert local.child("L0", attempt="2", attempts="2")[0] == 0
    assert local.run.states("L0", 0, attempt=2) == {"long": "succeeded"}
    assert (tmp_path / "tally").read_text() == "ran\n"


@pytest.mark.slow
def test_records_that_cannot_be_saved_are_tried_again_while_a_long_task_runs(
    wired: Site, proxy: FaultyProxy, tmp_path: Path
) -> None:
    refused = threading.Event()

    def fault(request: Request, ask: Callable[[], Answer]) -> Broken | None:
        if "/records/" not in request.path or request.method != "PUT" or refused.is_set():
            return None
        refused.set()
        return Broken(Answer(403, (), b"<Error><Code>AccessDenied</Code></Error>"))

    proxy.fault = fault
    with start_long_bag(wired, tmp_path) as process:
        until(lambda: wired.run.states("L0", 0) == {"quick": "succeeded"})
        assert refused.is_set() and process.poll() is None
        (tmp_path / "go").touch()
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"records not saved yet" in output


@pytest.mark.slow
def test_a_store_that_hangs_while_records_are_saved_holds_no_task_up(
    wired: Site, proxy: FaultyProxy, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    tally = tmp_path / "tally"
    wait = f"until test -e {go}; do sleep 0.05; done"
    tasks = [sh(f"t{n}", f"echo t{n} >>{tally}") for n in range(5)]
    wired.run.add_array("L0", [sh("first", "exit 0"), sh("wait", wait), *tasks])
    hangs = hold(proxy, "PUT", "/records/")
    with wired.start("L0") as process:
        assert hangs.wait(60)
        go.touch()
        until(lambda: tally.exists() and tally.read_text().count("\n") == 5)
        assert wired.run.states("L0", 0) == {}
        proxy.over.set()
        process.communicate(timeout=120)
    assert process.returncode == 0
    assert set(wired.run.states("L0", 0).values()) == {"succeeded"}


CLOCK = """
import os, time
real, shift = time.time, float(os.environ["CLOCK_SHIFT"])
time.time = lambda: real() + shift
"""


@pytest.mark.parametrize("first", [DAY, -DAY])
def test_clocks_that_are_a_day_apart_change_nothing(tmp_path: Path, first: int) -> None:
    """What counts is the number of try and attempt, never a time."""
    fakes = tmp_path / "clock"
    fakes.mkdir()
    (fakes / "sitecustomize.py").write_text(CLOCK)

    def site(shift: int) -> Site:
        return local_site(tmp_path, PYTHONPATH=str(fakes), CLOCK_SHIFT=str(shift))

    run = site(0).run
    tally = tmp_path / "tally"
    run.add_array("L0", [
        sh("good", f"echo good >>{tally}", timeout_seconds=60),
        sh("late", f"echo late >>{tally}; test $AWS_BATCH_JOB_ATTEMPT = 2", tries=2),
        sh("never", "exit 4", tries=2),
    ])  # fmt: skip
    run.add_array("L1", [sh("child", "exit 0", after=[("L0", 0, "late")])])
    run.add_verdict()
    assert site(first).child("L0", attempt="1", attempts="2")[0] == 75
    assert site(-first).child("L0", attempt="2", attempts="2")[0] == 0
    assert site(first).child("L1")[0] == 0
    assert run.states("L0", 0, attempt=2) == {"late": "succeeded", "never": "failed"}
    assert run.states("L1", 0) == {"child": "succeeded"}
    assert tally.read_text() == "good\nlate\nlate\n"
    times = [r for attempt in (1, 2) for r in run.records("L0", 0, attempt=attempt)]
    assert all(0 <= record.end - record.start < DAY / 2 for record in times)
    started = str(Path(tally).stat().st_mtime)
    code, said = site(-DAY).child("verdict", job_kind="verdict", run_started=started)
    assert code == 1
    assert "3 of 4 tasks succeeded, 1 failed, 0 skipped" in said
    assert b'"seconds": 0.0' in (run.get_key("summary.json") or b"")


def test_a_clock_that_is_set_while_a_task_runs_does_not_end_it(tmp_path: Path) -> None:
    fakes = tmp_path / "clock"
    fakes.mkdir()
    (fakes / "sitecustomize.py").write_text(
        "import itertools, time\n"
        "real, jumps = time.time, itertools.cycle((0, 86400, -86400))\n"
        "time.time = lambda: real() + next(jumps)\n"
    )
    site = local_site(tmp_path, PYTHONPATH=str(fakes))
    run = site.run
    run.add_array("L0", [sh("t", "sleep 1", timeout_seconds=60), sh("u", "exit 0")])
    assert site.child("L0")[0] == 0
    assert run.states("L0", 0) == {"t": "succeeded", "u": "succeeded"}
    assert all(0 <= r.end - r.start < 60 for r in run.records("L0", 0))


def test_the_fakes_of_these_tests_are_in_force(tmp_path: Path) -> None:
    """A clock that is not faked would prove nothing."""
    (tmp_path / "sitecustomize.py").write_text(CLOCK)
    told = subprocess.run(
        ["python3", "-c", "import time; print(time.time())"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "CLOCK_SHIFT": str(DAY)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(told.stdout) > (tmp_path / "sitecustomize.py").stat().st_mtime + DAY / 2
