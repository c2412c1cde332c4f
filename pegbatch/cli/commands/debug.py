"""`pegbatch debug [DIR] TASK`: one task of a run on this machine, with its real inputs."""

from __future__ import annotations

from pathlib import Path

import click

from pegbatch.cli.completing import complete_submit_dir, complete_task
from pegbatch.cli.debugging.reproducing import reproduce
from pegbatch.cli.examples import ExampledCommand
from pegbatch.cli.nested.words import reach
from pegbatch.cli.options import json_option
from pegbatch.cli.run_words import dir_and_word
from pegbatch.cli.telling import echo_json, show
from pegbatch.cli.wiring import open_run
from pegbatch.model.reproduction import reproduction_to_json
from pegbatch.report.debug_text import reproduction_text

PATH = click.Path(path_type=Path)


@click.command(
    cls=ExampledCommand,
    short_help="Reproduce one task on this machine.",
    examples={
        "pegbatch debug run0001 ID0000007": "a folder with the task's inputs and its command",
        "pegbatch debug --run run0001 ID0000007": "run it there, and compare with the record",
        "pegbatch debug --into /tmp/seven run0001 ID0000007": "choose the folder",
    },
)
@click.argument("submit_dir", metavar="[DIR]", shell_complete=complete_submit_dir)
@click.argument("task", required=False, metavar="TASK", shell_complete=complete_task)
@click.option("--into", type=PATH, help="Folder to make  [debug-TASK in the current directory].")
@click.option("--run", "run_it", is_flag=True, help="Run the task there, as its worker would.")
@json_option
def command(
    submit_dir: str, task: str | None, into: Path | None, run_it: bool, as_json: bool
) -> int:
    """Lay one task of the run of DIR down in a new folder: its real inputs, its command.

    DIR is the current directory where it is not given.

    The inputs are fetched with their checksums. command.sh runs the task in a fresh copy of them,
    README.txt says what it should make. With --run the task is run at once by the worker itself,
    and how it ends is held against the record: exit code, and outputs byte for byte.

    Nothing is written to the run. Ends with 1 where the task was run and has failed.
    """
    path, task_id = dir_and_word(submit_dir, task)
    found = reproduce(*reach(open_run(path), task_id), into, run_it=run_it)
    if as_json:
        echo_json(reproduction_to_json(found))
    else:
        show(reproduction_text(found))
    return int(found.ran is not None and found.ran.state != "succeeded")
