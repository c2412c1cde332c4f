"""Printing what a use case of a run found."""

from __future__ import annotations

import shlex

from pegbatch.cli.display import draw_once
from pegbatch.cli.running import RunResult
from pegbatch.cli.telling import echo_json, say, show
from pegbatch.cli.wiring import OpenRun
from pegbatch.engine.array_states import is_unsubmitted
from pegbatch.model.run_look import RunLook, look_to_json
from pegbatch.model.run_status import status_to_json
from pegbatch.report.status import failures_text, headline, outputs_text, size_text


def echo_status(result: RunResult, *, as_json: bool, arrays: bool = False) -> None:
    """Print where a run stands; with arrays, each of them has a row."""
    look = result.look or RunLook(status=result.status, time=0.0)
    if as_json:
        echo_json(look_to_json(look) if result.look else status_to_json(result.status))
        return
    draw_once(look, arrays=arrays)
    failures = failures_text(result.failures, _bad(result))
    if failures:
        show(f"\n{failures}")


def _bad(result: RunResult) -> int:
    tasks = result.status.tasks
    return tasks.failed + tasks.skipped + result.nested_bad


def echo_end(run: OpenRun, result: RunResult, *, as_json: bool) -> None:
    """Print how a run ended: state, first failures, outputs, and what to type next."""
    if as_json:
        echo_json(status_to_json(result.status))
        return
    total = result.status.outputs + result.more_outputs
    parts = [headline(result.status), failures_text(result.failures, _bad(result))]
    parts.append(outputs_text(result.outputs, total))
    parts.append(f"submit directory: {run.directory.path}")
    if _bad(result):
        parts.append(f"why:  pegbatch analyze {place(run)}")
    parts.append(f"next: pegbatch {_next_command(result)} {place(run)}")
    show("\n".join(part for part in parts if part))


def _next_command(result: RunResult) -> str:
    """Return the command that goes on: what has not succeeded can be run again."""
    return "run" if result.status.state in ("failed", "cancelled") else "status"


def echo_detached(run: OpenRun, result: RunResult, *, as_json: bool) -> None:
    """Print that the run goes on by itself."""
    if as_json:
        echo_json(status_to_json(result.status))
        return
    show(headline(result.status))
    show(f"run:  {result.status.run}")
    show(f"next: pegbatch wait {place(run)}")


def echo_interrupted(run: OpenRun) -> None:
    """Say, after Ctrl-C, what goes on and how to come back."""
    state = run.state()
    left = sum(is_unsubmitted(array) for array in state.arrays.values())
    if state.started is not None and not left:
        text = f"detached; the run goes on. Come back with: pegbatch wait {place(run)}"
    else:
        text = f"{left} array jobs are not submitted yet. Go on with: pegbatch run {place(run)}"
    say(f"pegbatch: {text}")


def echo_fetched(result: RunResult, *, as_json: bool) -> None:
    """Print what was fetched."""
    fetched = result.fetched
    if as_json:
        counts = {"files": fetched.files, "bytes": fetched.size_bytes, "present": fetched.present}
        missing = list(fetched.missing)
        echo_json({"run": result.status.run, "fetched": counts, "missing": missing})
        return
    show(
        f"fetched {fetched.files} files ({size_text(fetched.size_bytes)}), "
        f"{fetched.present} were there already, {len(fetched.missing)} are not made"
    )
    for lfn in fetched.missing[:20]:
        show(f"  not made: {lfn}")


def place(run: OpenRun) -> str:
    """Return the submit directory that the user knows, as a shell takes it."""
    return shlex.quote(str(run.known_path))
