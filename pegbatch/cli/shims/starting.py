"""The use case of `pegasus-run`: submit, and leave a watcher behind."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from pegbatch.cli.choice import Wishes
from pegbatch.cli.running import check_runnable, run_workflow
from pegbatch.cli.shims.identity import number_of
from pegbatch.cli.shims.registry import remember
from pegbatch.cli.shims.watching import (
    dagman_path,
    is_settled,
    start_watcher,
    watch_lock,
    write_dagman_file,
)
from pegbatch.cli.telling import say
from pegbatch.cli.wiring import OpenRun
from pegbatch.errors import RunLocked

_LOOK_SECONDS = 0.1
_QUIET_LOOKS = 20
"""Looks before it is said what is waited for."""


def start_run(run: OpenRun) -> None:
    """Submit what is missing of a run, and start its watcher.

    Shapes: of a run that goes on without a watcher, only that is started.
    Errors: RunLocked where it has one, or another command is at it; those of `run_workflow`.
    """
    check_runnable(run)
    with _place_of_watcher(run) as lock:
        if is_settled(run):
            # Who waits for the next try must not take the end of the last one for its end.
            dagman_path(run).unlink(missing_ok=True)
        result = run_workflow(run, Wishes(), lambda context: None, detach=True)
        write_dagman_file(run, result.status, settled=False)
        remember(number_of(run), run.directory.path)
        start_watcher(run, lock)


@contextmanager
def _place_of_watcher(run: OpenRun) -> Iterator[int]:
    """Lend the watcher's place; that of a try that is over is waited for while it fetches outputs.

    Errors: RunLocked while a try goes on.
    """
    looks = 0
    while True:
        with watch_lock(run) as lock:
            if lock is not None:
                yield lock
                return
        if run.state().outcome is None:
            raise RunLocked(
                "the workflow is already running",
                where=str(run.directory.path),
                hint=f"pegasus-status -l {shlex.quote(str(run.directory.path))}",
            )
        looks += 1
        if looks == _QUIET_LOOKS:
            say("pegbatch: waiting until the outputs of the last try are fetched")
        run.clock.sleep(_LOOK_SECONDS)
