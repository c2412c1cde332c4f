"""SIGKILL of a whole child at moments that hypothesis picks, again and again, until it is done."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pegbatch.adapters.store import store_from_environment
from pegbatch.model.layout import data_key
from tests.functional.worker_process import Site
from tests.run_layout import RunLayout, sh
from tests.wire_s3 import BUCKET, CREDENTIALS

TASKS = 4
SIZE = 2 << 20
"""Of each output: large enough to be caught while it is written."""
ATTEMPTS = 5
FAILING = 2
"""This task fails in attempts before the third, so that some attempts end by themselves."""
LOOK_SECONDS = 0.002
STEPS_MAX = 18
"""So many things that can be seen from outside a child does, about."""


def surroundings(kind: str, folder: Path, request: pytest.FixtureRequest) -> dict[str, str]:
    """Return what a child finds in its environment on one kind of store."""
    if kind == "directories":
        return {"PEGBATCH_S3_DIRECTORY": str(folder / "buckets")}
    return {**CREDENTIALS, "AWS_ENDPOINT_URL_S3": request.getfixturevalue("endpoint")}


def lay_out(folder: Path, environment: dict[str, str]) -> tuple[Site, Path]:
    """Return a bag of tasks in a chain, each of which notes that it ran, and where they do."""
    tally = folder / "tally"
    tally.touch()
    run = RunLayout(store_from_environment(environment), f"s3://{BUCKET}/{folder.name}")
    site = Site(run, environment, folder / "container")
    site.prepare()
    tasks = [
        sh(
            f"t{n}",
            f"echo t{n} >>{tally}; test {n} != {FAILING} || test $AWS_BATCH_JOB_ATTEMPT -gt 2"
            f" || exit 1; head -c {SIZE} /dev/zero | tr '\\0' {n} >o{n};"
            f" cat x{n - 1} >x{n} 2>/dev/null; echo {n} >>x{n}",
            inputs=[f"x{n - 1}"] if n else [],
            outputs=[f"o{n}", f"x{n}"],
            tries=ATTEMPTS,
        )
        for n in range(TASKS)
    ]
    site.run.add_array("L0", tasks)
    return site, tally


def expected(n: int) -> str:
    return hashlib.sha256(str(n).encode() * SIZE).hexdigest()


@contextmanager
def watched(site: Site) -> Iterator[list[str]]:
    """Read outputs all the time, as a consumer might; yield what was found not to be whole."""
    wrong: list[str] = []
    over = threading.Event()
    whole = [expected(n) for n in range(TASKS)]

    def watch() -> None:
        while not over.wait(10 * LOOK_SECONDS):
            for n in range(TASKS):
                data = site.run.get(f"o{n}")
                if data is not None and hashlib.sha256(data).hexdigest() != whole[n]:
                    wrong.append(f"o{n}: {len(data)} bytes")

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield wrong
    finally:
        over.set()
        thread.join()


def kill_after(site: Site, tally: Path, attempt: int, steps: int, delay_ms: int) -> bool:
    """Start an attempt and kill it when it has come so far; tell whether it was done before."""
    before = progress(site, tally)
    with site.start("L0", attempt=str(attempt), attempts=str(ATTEMPTS)) as process:
        while process.poll() is None and progress(site, tally) < before + steps:
            time.sleep(LOOK_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            time.sleep(delay_ms / 1000)
            kill_all_of(process.pid)
        process.communicate(timeout=60)
    return process.returncode == 0


def progress(site: Site, tally: Path) -> int:
    """Count what can be seen of a child from outside: tasks begun, objects and files of its own."""
    files = sum(len(found) for _, _, found in os.walk(site.folder))
    objects = sum(1 for _ in site.run.store.list(site.run.run_url))
    return tally.read_text().count("\n") + files + objects


def kill_all_of(pid: int) -> None:
    """Kill a process and everything below it at once, as the end of a container does."""
    os.kill(pid, signal.SIGSTOP)
    below = [pid]
    for parent in below:
        # What it has started goes on, and may end while it is looked at.
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{parent}/task").glob("*/children"):
                below.extend(map(int, task.read_text().split()))
    for one in below:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


OF_THE_RUN = re.compile(
    r"plan/arrays/L0\.[a-z.]+|records/L0/0/1\.\d\.jsonl|logs/L0/0\.1\.\d\.log"
    r"|failures/L0/0\.1\.\d\.(lost|again)"
)
moments = st.lists(
    st.tuples(st.integers(0, STEPS_MAX), st.integers(0, 30)), min_size=3, max_size=ATTEMPTS - 1
)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["directories", "wire"])
@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(kills=moments)
def test_a_child_that_is_killed_at_any_moment_loses_nothing_and_does_nothing_twice(
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
    kind: str,
    kills: list[tuple[int, int]],
) -> None:
    folder = tmp_path_factory.mktemp("killed")
    with pytest.MonkeyPatch.context() as patch:
        environment = surroundings(kind, folder, request)
        for name, value in environment.items():
            patch.setenv(name, value)
        site, tally = lay_out(folder, environment)
        with watched(site) as wrong:
            for attempt, (steps, delay_ms) in enumerate(kills, 1):
                recorded, done = successes(site), tally.read_text().count("\n")
                finished = kill_after(site, tally, attempt, steps, delay_ms)
                ran = set(tally.read_text().splitlines()[done:])
                assert not ran & set(recorded), "a task with a recorded success ran again"
                if finished:
                    break
            code, said = site.child("L0", attempt=str(ATTEMPTS), attempts=str(ATTEMPTS))
        assert code == 0, said
        assert wrong == []
        assert successes(site) == Counter({f"t{n}": 1 for n in range(TASKS)})
        for n in range(TASKS):
            assert hashlib.sha256(site.run.get(f"o{n}") or b"").hexdigest() == expected(n)
        chain = "".join(f"{n}\n" for n in range(TASKS)).encode()
        assert site.run.get(f"x{TASKS - 1}") == chain
        assert leftovers(site, folder) == []


def successes(site: Site) -> Counter[str]:
    """Count recorded successes by task, over all attempts."""
    return Counter(
        record.id
        for attempt in range(1, ATTEMPTS + 1)
        for record in site.run.records("L0", 0, attempt=attempt)
        if record.state == "succeeded"
    )


def leftovers(site: Site, folder: Path) -> list[str]:
    """Return what lies in the bucket and is no object of the run's, hidden names among it."""
    base = site.run.run_url
    keys = {info.url.removeprefix(f"{base}/") for info in site.run.store.list(base)}
    own = folder / "buckets" / BUCKET / folder.name
    keys |= {path.relative_to(own).as_posix() for path in own.rglob("*") if path.is_file()}
    known = {data_key(f"{letter}{n}") for n in range(TASKS) for letter in "ox"} | {"worker.pyz"}
    return sorted(key for key in keys if key not in known and not OF_THE_RUN.fullmatch(key))
