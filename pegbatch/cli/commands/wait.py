"""`pegbatch wait [DIR]`: wait for a submitted run and fetch its outputs."""

from __future__ import annotations

from pathlib import Path

import click

from pegbatch.cli.display import open_display
from pegbatch.cli.examples import ExampledCommand
from pegbatch.cli.interrupts import exit_code
from pegbatch.cli.options import json_option, submit_dir_argument
from pegbatch.cli.results import echo_end, echo_interrupted
from pegbatch.cli.running import wait_for
from pegbatch.cli.wiring import open_run


@click.command(
    cls=ExampledCommand,
    short_help="Wait for a submitted run and fetch its outputs.",
    examples={
        "pegbatch wait run0001": "wait for a run that was left alone, then fetch its outputs",
        "pegbatch wait run0001 && ./publish.sh": "go on only where every task has succeeded",
    },
)
@submit_dir_argument
@json_option
def command(submit_dir: Path, as_json: bool) -> int:
    """Wait until the run of DIR has ended, and fetch its outputs.

    DIR is the current directory where it is not given.

    Ends with 0 where all tasks succeeded and with 1 otherwise.
    """
    run = open_run(submit_dir)
    try:
        with open_display(run) as display:
            result = wait_for(run, display.show)
    except KeyboardInterrupt as end:
        echo_interrupted(run)
        return exit_code(end)
    echo_end(run, result, as_json=as_json)
    return result.exit_code
