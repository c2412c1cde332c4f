"""`pegbatch pegasus-shims DIR`: commands under Pegasus's names, for its own Python client."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from pegbatch.cli.examples import ExampledCommand
from pegbatch.cli.options import json_option
from pegbatch.cli.shims.names import PROGRAMS, SHIMS
from pegbatch.cli.shims.writing import write_shims
from pegbatch.cli.telling import echo_json, say, show


@click.command(
    cls=ExampledCommand,
    short_help="Write commands under Pegasus's names, for its own Python client.",
    examples={
        "pegbatch pegasus-shims ~/shims": "write them; prints what puts them on PATH",
        'eval "$(pegbatch pegasus-shims ~/shims)" && python3 workflow.py': "run a script of "
        "Pegasus's Python client as it is",
    },
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@json_option
def command(folder: Path, as_json: bool) -> None:
    """Write pegasus-plan, pegasus-run and the like into DIR/bin; each of them calls pegbatch.

    With DIR/bin first on PATH, Pegasus's own Python client plans and runs workflows on pegbatch.
    """
    place, names = write_shims(folder), [*SHIMS, *PROGRAMS]
    if as_json:
        echo_json({"bin": str(place), "commands": names})
        return
    say(f"pegbatch: {len(names)} commands are in {place}; what follows puts them on PATH")
    show(f'export PATH={shlex.quote(str(place))}:"$PATH"')
