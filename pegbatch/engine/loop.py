"""The loop: takes the commands of `state.decide` one by one and carries them out.

Each command ends in events, and the fold of the events says the next one. Nothing here knows
what the log does not know, but for pacing: a killed client starts again where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from pegbatch.engine.commands import Command, Finish, Recover, Submit, Upload, Watch
from pegbatch.engine.context import Context
from pegbatch.engine.ending import finish
from pegbatch.engine.state import RunState
from pegbatch.engine.submission import advance
from pegbatch.engine.watching import Watcher
from pegbatch.errors import InputError, RunLocked


def submit(context: Context) -> RunState:
    """Upload and submit what is not yet there; returns without waiting for jobs."""
    return _drive(context, lambda command: isinstance(command, Watch | Finish))


def wait(context: Context, *, at_most_seconds: float | None = None) -> RunState:
    """Carry the run to its end, or until the time is up.

    Errors: InputError where arrays are missing and nobody submits them.
    """
    start = context.ports.clock.now()

    def is_late(command: Command) -> bool:
        waited = context.ports.clock.now() - start
        return at_most_seconds is not None and waited >= at_most_seconds

    return _drive(context, is_late)


def look(context: Context) -> RunState:
    """Ask once how the arrays stand; records the end of a run that is over."""
    watcher = Watcher(context)
    for command in context.journal.commands:
        if isinstance(command, Watch):
            watcher.poll(command)
    for command in context.journal.commands:
        if isinstance(command, Finish):
            finish(context, command.outcome, asks=False)
    return context.state


def _drive(context: Context, stop: Callable[[Command], bool]) -> RunState:
    watcher = Watcher(context)
    context.on_change(context)
    context.journal.refresh()
    while context.journal.commands and not stop(context.journal.commands[0]):
        _perform(context, watcher, context.journal.commands[0])
        context.on_change(context)
        context.journal.refresh()
    return context.state


def _perform(context: Context, watcher: Watcher, command: Command) -> None:
    match command:
        case Watch():
            watcher.watch(command)
        case Finish():
            finish(context, command.outcome, asks=True)
        case Upload() | Submit() | Recover():
            if context.launch is None:
                _await_submitter(context)
            else:
                advance(context, context.launch, command)
        case _:
            assert_never(command)


def _await_submitter(context: Context) -> None:
    """Wait for the process that submits; complain where there is none."""
    if not context.journal.writes and _is_held(context):
        context.ports.clock.sleep(context.pace.longest_seconds)
        return
    raise InputError(
        "not all arrays of this run are submitted, and nobody is at it",
        hint="submit the rest with `pegbatch run`",
    )


def _is_held(context: Context) -> bool:
    try:
        with context.ports.runs.lock():
            return False
    except RunLocked:
        return True
