"""`pegbatch fetch [DIR]`: bring the outputs of a run to this machine."""

from __future__ import annotations

from pathlib import Path

import click

from pegbatch.cli.examples import ExampledCommand
from pegbatch.cli.options import json_option, submit_dir_argument
from pegbatch.cli.results import echo_fetched
from pegbatch.cli.running import fetch
from pegbatch.cli.wiring import open_run


@click.command(
    cls=ExampledCommand,
    short_help="Bring outputs to this machine.",
    examples={
        "pegbatch fetch run0001": "copy the outputs that are there to the output directory",
    },
)
@submit_dir_argument
@json_option
def command(submit_dir: Path, as_json: bool) -> int:
    """Bring the outputs of the run of DIR that belong on this machine to their places.

    DIR is the current directory where it is not given.

    Checksums are verified; files that are there and identical are left alone. Ends with 1 where
    the run has not made some of them (yet).
    """
    result = fetch(open_run(submit_dir))
    echo_fetched(result, as_json=as_json)
    return int(bool(result.fetched.missing))
