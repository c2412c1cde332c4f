"""The use case behind `status --watch`: look on until the run has ended, and change nothing."""

from __future__ import annotations

from dataclasses import replace

from pegbatch.cli.choice import service_of
from pegbatch.cli.driving import OnChange
from pegbatch.cli.wiring import OpenRun, watching_context
from pegbatch.engine import loop

_SECONDS = {"local": 1.0, "aws": 15.0}
"""Between two looks where the user does not say it."""


def watch(run: OpenRun, on_change: OnChange, *, seconds: float | None) -> None:
    """Look at a run every so many seconds until it has ended; who drives it is not disturbed.

    Shapes: returns at once where the run has not begun, or is over.
    Errors: InputError where arrays are missing and nobody submits them; OutsideError.
    """
    state = run.state()
    if state.started is None or state.outcome is not None:
        return
    pause = _SECONDS[service_of(state.service)] if seconds is None else seconds
    with watching_context(run, writes=False, on_change=on_change) as context:
        pace = replace(context.pace, first_seconds=pause, longest_seconds=pause)
        loop.look(context)  # so that what is shown first is how it stands now
        loop.wait(replace(context, pace=pace))
