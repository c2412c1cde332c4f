"""`pegasus-config`: where the commands and Pegasus's Python client lie, as submit scripts ask."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import click

from pegbatch.cli.shims.names import PEGASUS_VERSION
from pegbatch.errors import NotInstalled, UsageError

FOLDER = "PEGBATCH_SHIMS"
"""Variable by which a command knows the folder that it lies in."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--bin", "asked", flag_value="bin", help="The folder of these commands.")
@click.option("--python", "asked", flag_value="python", help="The folder of Pegasus's client.")
@click.option("--python-externals", "asked", flag_value="python", help="The same: what it needs.")
@click.option("-V", "--version", "asked", flag_value="version", help="Pegasus's version.")
@click.option("-n", "--noeoln", is_flag=True, help="Print no line end.")
@click.option("--bin-folder", envvar=FOLDER, hidden=True, default="")
def command(asked: str | None, noeoln: bool, bin_folder: str) -> None:
    """Say where things lie: there is no more of Pegasus here than its commands."""
    match asked:
        case "bin":
            found = bin_folder
        case "python":
            found = _client()
        case "version":
            found = PEGASUS_VERSION
        case _:
            raise UsageError("nothing is asked", hint="give --bin, --python or --version")
    click.echo(found, nl=not noeoln)


def _client() -> str:
    """Return the folder from which `import Pegasus` would take the client."""
    found = find_spec("Pegasus")
    places = list(found.submodule_search_locations or ()) if found is not None else []
    if not places:
        raise NotInstalled(
            f"Pegasus's Python client is not installed for {sys.executable}",
            hint="pip install pegasus-wms.api",
        )
    return str(Path(places[0]).parent)
