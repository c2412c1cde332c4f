"""`pegbatch cancel [DIR]`: end a run."""

from __future__ import annotations

from pathlib import Path

import click

from pegbatch.cli.options import json_option, submit_dir_argument
from pegbatch.cli.results import echo_status
from pegbatch.cli.running import cancel_run
from pegbatch.cli.wiring import open_run


@click.command(short_help="End a run before its time.")
@submit_dir_argument
@json_option
def command(submit_dir: Path, as_json: bool) -> int:
    """End the run of DIR: every array job is terminated, from the last level to the first.

    DIR is the current directory where it is not given.

    What was done stays. A run that has ended already is left as it is.
    """
    echo_status(cancel_run(open_run(submit_dir)), as_json=as_json)
    return 0
