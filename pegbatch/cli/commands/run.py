"""`pegbatch run [DIR]`: submit a planned workflow, wait for it, fetch its outputs."""

from __future__ import annotations

from pathlib import Path

import click

from pegbatch.cli.choice import Wishes
from pegbatch.cli.display import open_display
from pegbatch.cli.options import json_option, submit_dir_argument
from pegbatch.cli.results import echo_detached, echo_end, echo_interrupted
from pegbatch.cli.running import run_workflow
from pegbatch.cli.wiring import open_run
from pegbatch.errors import EXIT_INTERRUPTED


@click.command(short_help="Submit a planned workflow and wait for it.")
@submit_dir_argument
@click.option("--detach", is_flag=True, help="Return once everything is submitted.")
@click.option("--aws", is_flag=True, help="Run on Amazon.")
@click.option("--local", is_flag=True, help="Run on the embedded AWS of this machine.")
@click.option("--vcpus", type=click.IntRange(min=1), help="vCPUs of the embedded AWS.")
@json_option
def command(
    submit_dir: Path, detach: bool, as_json: bool, aws: bool, local: bool, vcpus: int | None
) -> int:
    """Submit the workflow planned in DIR, wait for it, and fetch its outputs.

    The run goes on without this command: Ctrl-C only detaches. A second `run` of the same
    directory submits what is missing and waits for the rest; nothing is submitted twice.
    """
    run, wishes = open_run(submit_dir), Wishes(aws=aws, local=local, vcpus=vcpus)
    try:
        with open_display(run.plan, run.clock) as display:
            result = run_workflow(run, wishes, display.show, detach=detach)
    except KeyboardInterrupt:
        echo_interrupted(run)
        return EXIT_INTERRUPTED
    (echo_detached if detach else echo_end)(run, result, as_json=as_json)
    return result.exit_code
