"""`pegasus-remove`: ends a run before its time."""

from __future__ import annotations

from pathlib import Path

import click

from pegbatch.cli.aws_batch.prefixes import PrefixCommand
from pegbatch.cli.options import submit_dir_argument
from pegbatch.cli.running import cancel_run
from pegbatch.cli.shims.options import meaningless, verbose_option
from pegbatch.cli.shims.watching import is_settled, take_up
from pegbatch.cli.telling import say, show
from pegbatch.cli.wiring import OpenRun, open_run

_PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.1


@click.command(cls=PrefixCommand, context_settings={"help_option_names": ["-h", "--help"]})
@submit_dir_argument
@verbose_option
@meaningless("-d", "--dagid", "--dag-id", takes_value=True)
def command(submit_dir: Path) -> None:
    """End the run of DIR; what is done stays, and pegasus-run does the rest.

    DIR is the current directory where it is not given.
    """
    run = open_run(submit_dir)
    state = cancel_run(run).status.state
    take_up(run)
    _await_watcher(run)
    show(f"{run.directory.path}: {state}")


def _await_watcher(run: OpenRun) -> None:
    """Return when the watcher has said that all is over: who looks next is not to see it run."""
    until = run.clock.now() + _PATIENCE_SECONDS
    while is_settled(run) is False:
        if run.clock.now() > until:
            say("pegbatch: jobs of the run are still ending; pegasus-status says when they have")
            return
        run.clock.sleep(_LOOK_SECONDS)
