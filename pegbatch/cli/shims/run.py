"""`pegasus-run`: submits a planned workflow, or what is missing of it, and returns."""

from __future__ import annotations

from pathlib import Path

import click

from pegbatch.cli.aws_batch.prefixes import PrefixCommand
from pegbatch.cli.options import submit_dir_argument
from pegbatch.cli.shims.identity import identity_of
from pegbatch.cli.shims.options import meaningless, verbose_option
from pegbatch.cli.shims.starting import start_run
from pegbatch.cli.shims.told import started_text
from pegbatch.cli.telling import echo_json, show
from pegbatch.cli.wiring import open_run


@click.command(cls=PrefixCommand, context_settings={"help_option_names": ["-h", "--help"]})
@submit_dir_argument
@click.option("-j", "--json", "as_json", is_flag=True, help="Print one JSON object.")
@verbose_option
@meaningless("-D", takes_value=True)
@meaningless("-c", "--conf", takes_value=True)
@meaningless("--grid")
@click.option("--nogrid", count=True, hidden=True, expose_value=False)
def command(submit_dir: Path, as_json: bool) -> None:
    """Submit the workflow planned in DIR with pegbatch; a process that stays behind watches it.

    DIR is the current directory where it is not given. After a failure, or after pegasus-remove,
    it runs what is missing.
    """
    run = open_run(submit_dir)
    start_run(run)
    if as_json:
        echo_json(identity_of(run))
    else:
        show(started_text(run.directory.path))
