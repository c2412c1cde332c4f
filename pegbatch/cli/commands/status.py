"""`pegbatch status [DIR]`: where a run stands."""

from __future__ import annotations

from pathlib import Path

import click

from pegbatch.cli.options import json_option, submit_dir_argument
from pegbatch.cli.results import echo_status
from pegbatch.cli.running import look_at
from pegbatch.cli.wiring import open_run


@click.command(short_help="Say where a run stands.")
@submit_dir_argument
@json_option
def command(submit_dir: Path, as_json: bool) -> int:
    """Say where the run of DIR stands: tasks by state, and every array job.

    DIR is the current directory where it is not given.

    Ends with 0 whenever it could answer, also for a run that failed.
    """
    echo_status(look_at(open_run(submit_dir)), as_json=as_json)
    return 0
