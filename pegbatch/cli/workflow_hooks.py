"""The hooks of a workflow as a whole, run by the `run` or `wait` that is there.

Each is run once in a try: the event is in the log before its commands are started. A try that
nobody watches has its last hooks run by the next `run` or `wait`. Those of a sub-workflow that is
planned in the run are not run at all: nobody's machine is there.
"""

from __future__ import annotations

import os

from pegbatch.adapters.hook_commands import run_hook
from pegbatch.cli.telling import say
from pegbatch.cli.wiring import OpenRun, held
from pegbatch.model.hooks import Happening, Hooks, hook_environment, hooks_for

HOOK_SECONDS = 60.0


def run_start_hooks(run: OpenRun) -> None:
    """Run what waits for the start; the caller holds the run's lock."""
    if _hooks(run):
        _run(run, "start", None)


def run_end_hooks(run: OpenRun) -> None:
    """Run what waits for the end of a run that has ended; not where another process does."""
    if not _hooks(run) or run.state().outcome is None:
        return
    with held(run) as alone:
        if alone:
            run_late_hooks(run)


def run_late_hooks(run: OpenRun) -> None:
    """Run what waits for the end of a try that has ended; the caller holds the run's lock."""
    outcome = run.state().outcome
    if _hooks(run) and outcome is not None:
        failed = outcome != "succeeded"
        _run(run, "error" if failed else "success", int(failed))


def _hooks(run: OpenRun) -> Hooks:
    return run.plan.hooks if run.host is None else ()


def _run(run: OpenRun, happening: Happening, status: int | None) -> None:
    journal = run.journal()
    if ("start" if happening == "start" else "end") in journal.state.hooked:
        return
    journal.put("hooked", at="start" if happening == "start" else "end")
    for event, command in hooks_for(_hooks(run), happening):
        name = journal.state.run_url.rpartition("/")[2]
        told = hook_environment(
            event,
            now=run.clock.now(),
            submit_dir=str(run.directory.path),
            run=name,
            job=name,
            status=status,
        )
        environment = {**os.environ, **told}
        complaint = run_hook(command, run.directory.path, environment, seconds=HOOK_SECONDS)
        if complaint:
            say(f"pegbatch: warning: hook {event}: {command}: {complaint}")
