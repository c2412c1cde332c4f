"""Tasks that hang, hide, or never stop talking: a time limit ends all of them."""

from __future__ import annotations

import shlex
import signal
import sys
from pathlib import Path

import pytest

from pegbatch.worker.childlog import TASK_BYTES_MAX
from tests.functional.worker_process import Site, local_site
from tests.processes import gone
from tests.run_layout import sh

DAEMON = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
if "--bare" in sys.argv:
    os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(1000)"], {})
open(sys.argv[1] + ".new", "w").write(str(os.getpid()))
os.rename(sys.argv[1] + ".new", sys.argv[1])
for number in range(3):
    os.close(number)
time.sleep(1000)
"""
"""Detaches itself as daemons do: a session of its own, and a parent that has ended."""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = local_site(tmp_path)
    (tmp_path / "daemon").write_text(DAEMON)
    return made


def daemon(folder: Path, name: str) -> str:
    """Return a command that starts a daemon and waits until it has told its number."""
    words = [sys.executable, str(folder / "daemon"), str(folder / name)]
    return f"{shlex.join(words)}; until test -e {folder}/{name}; do sleep 0.02; done"


def test_a_time_limit_ends_daemons_too_and_whatever_ignores_sigterm(
    site: Site, tmp_path: Path
) -> None:
    script = f"trap '' TERM; {daemon(tmp_path, 'pid')}; while :; do sleep 0.1; done"
    site.run.add_array(
        "L0", [sh("hung", script, timeout_seconds=5), sh("next", "echo >o", outputs=["o"])]
    )
    code, said = site.child("L0")
    assert code == 0, said
    hung, after = site.run.records("L0", 0)
    assert (hung.state, hung.signal) == ("failed", signal.SIGKILL)
    assert hung.reason == "ran longer than maxwalltime (5 s)"
    assert after.state == "succeeded"
    assert gone(int((tmp_path / "pid").read_text()))
    assert list(site.folder.iterdir()) == []


@pytest.mark.parametrize("end", ["exit 0", "exit 1"])
def test_a_daemon_ends_with_the_task_that_has_started_it(
    site: Site, tmp_path: Path, end: str
) -> None:
    bare = f"{shlex.join([sys.executable, str(tmp_path / 'daemon'), 'unused', '--bare'])}"
    site.run.add_array("L0", [sh("t", f"{bare}; {daemon(tmp_path, 'pid')}; {end}")])
    assert site.child("L0")[0] == 0
    assert gone(int((tmp_path / "pid").read_text()))


def test_side_by_side_a_daemon_ends_with_its_own_task_alone(site: Site, tmp_path: Path) -> None:
    other = f"{daemon(tmp_path, 'other')}; until test -e {tmp_path}/go; do sleep 0.02; done"
    look = f"kill -0 $(cat {tmp_path}/other) && echo >alive"
    first = f"{daemon(tmp_path, 'first')}; until test -e {tmp_path}/other; do sleep 0.02; done"
    lanes = {"cores": 1, "bag_cores": 2}
    site.run.add_array("L0", [
        sh("other", f"{other}; {look}", outputs=["alive"], **lanes),
        sh("first", first, **lanes),
        sh("last", f"kill -0 $(cat {tmp_path}/first); echo $? >gone; echo >{tmp_path}/go",
           outputs=["gone"], after=[("L0", 0, "first")], **lanes),
    ])  # fmt: skip
    code, said = site.child("L0")
    assert code == 0, said
    assert set(site.run.states("L0", 0).values()) == {"succeeded"}
    assert site.run.get("gone") == b"1\n"
    for name in ("first", "other"):
        assert gone(int((tmp_path / name).read_text()))


def test_a_task_that_closes_its_streams_is_waited_for(site: Site, tmp_path: Path) -> None:
    script = "exec >&- 2>&- <&-; sleep 1; printf made >o"
    site.run.add_array("L0", [sh("quiet", script, outputs=["o"])])
    assert site.child("L0")[0] == 0
    assert site.run.get("o") == b"made"


@pytest.mark.slow
def test_a_task_that_never_stops_talking_fills_no_disk(site: Site) -> None:
    """The log keeps the beginning, the record the end."""
    size = TASK_BYTES_MAX + (64 << 20)
    script = f"echo the beginning; yes word | head -c {size}; echo the end; exit 3"
    site.run.add_array("L0", [sh("loud", script), sh("next", "echo more")])
    with site.start("L0") as process:
        assert process.stdout is not None
        printed = 0
        while data := process.stdout.read(1 << 20):
            printed += len(data)
    assert process.returncode == 0
    loud, after = site.run.records("L0", 0)
    assert loud.stdout_tail.endswith("word\nthe end\n")
    assert after.stdout_tail == "more\n"
    log = site.run.log("L0", 0)
    assert len(log) == printed < TASK_BYTES_MAX + 10_000
    assert "the beginning\n" in log
    assert f"tasks have said {TASK_BYTES_MAX >> 20} MiB; the rest is left out" in log
    assert "--- task loud failed" in log and "--- task next succeeded" in log


def test_a_task_that_is_killed_for_its_memory_is_told_with_what_it_took(
    site: Site, tmp_path: Path
) -> None:
    grow = "b = bytearray(80 << 20); import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    site.run.add_array("L0", [
        sh("greedy", f"echo growing; exec {shlex.quote(sys.executable)} -c {shlex.quote(grow)}"),
        sh("next", "exit 0"),
    ])  # fmt: skip
    assert site.child("L0")[0] == 0
    greedy, after = site.run.records("L0", 0)
    assert (greedy.state, greedy.signal, greedy.exit_code) == ("failed", signal.SIGKILL, None)
    assert greedy.reason == "ended by signal 9 (SIGKILL); was it out of memory?"
    assert greedy.max_rss_mib is not None and greedy.max_rss_mib > 80
    assert greedy.stdout_tail == "growing\n"
    assert after.state == "succeeded"


def test_a_directory_that_a_task_has_made_undeletable_is_not_the_next_ones(site: Site) -> None:
    """Nobody can remove it while it is a mount point, or held by another machine."""
    held = "cd .. && mv task kept && echo >task"
    site.run.add_array("L0", [sh("t", held), sh("u", "set -- *; echo $# $1 >n", outputs=["n"])])
    assert site.child("L0")[0] == 0
    assert site.run.get("n") == b"1 *\n", "nothing lies there"
    assert list(site.folder.iterdir()) == []
