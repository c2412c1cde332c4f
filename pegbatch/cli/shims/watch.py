"""The process that `pegasus-run` leaves behind."""

from __future__ import annotations

import os
from pathlib import Path

import click

from pegbatch.cli.shims.watching import watch_to_the_end
from pegbatch.cli.wiring import open_run


@click.command(hidden=True)
@click.option("--lock", type=int, required=True, help="Descriptor that says that this one watches.")
@click.argument("submit_dir", type=click.Path(path_type=Path))
def command(lock: int, submit_dir: Path) -> None:
    """Watch the run of SUBMIT_DIR to its end."""
    # What this process starts (hooks, an embedded AWS) must not watch in its place.
    os.set_inheritable(lock, False)
    os.ftruncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())
    watch_to_the_end(open_run(submit_dir))
