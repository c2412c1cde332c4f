"""`pegbatch cancel [DIR]`: end a run."""

from __future__ import annotations

from pathlib import Path

import click

from pegbatch.cli.examples import ExampledCommand
from pegbatch.cli.interrupts import exit_code
from pegbatch.cli.options import json_option, submit_dir_argument
from pegbatch.cli.results import echo_status, place
from pegbatch.cli.running import cancel_run
from pegbatch.cli.telling import say
from pegbatch.cli.wiring import open_run


@click.command(
    cls=ExampledCommand,
    short_help="End a run before its time.",
    examples={
        "pegbatch cancel run0001": "end the run; what is done stays, and `pegbatch run` does the "
        "rest",
    },
)
@submit_dir_argument
@json_option
def command(submit_dir: Path, as_json: bool) -> int:
    """End the run of DIR: every array job is terminated, from the last level to the first.

    DIR is the current directory where it is not given.

    What was done stays. A run that has ended already is left as it is.
    """
    run = open_run(submit_dir)
    try:
        result = cancel_run(run)
    except KeyboardInterrupt as end:
        say(f"pegbatch: interrupted; array jobs may be left: pegbatch cancel {place(run)}")
        return exit_code(end)
    echo_status(result, as_json=as_json)
    return 0
