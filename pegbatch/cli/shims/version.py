"""`pegasus-version`: by which Pegasus's client also finds the folder of all commands."""

from __future__ import annotations

from importlib.metadata import version

import click

from pegbatch.cli.shims.names import PEGASUS_VERSION
from pegbatch.cli.shims.options import meaningless


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-f", "--full", "-l", "--long", is_flag=True, help="Say what stands in for it, too.")
@meaningless("-m", "--match")
@meaningless("-q", "--quiet")
@meaningless("-V", "--version")
def command(full: bool) -> None:
    """Say which version of Pegasus these commands stand in for."""
    added = f" (pegbatch {version('pegbatch')})" if full else ""
    click.echo(f"{PEGASUS_VERSION}{added}")
