"""`pegbatch run [DIR]`: submit a planned workflow, wait for it, fetch its outputs."""

from __future__ import annotations

from pathlib import Path

import click

from pegbatch.cli.choice import Wishes
from pegbatch.cli.display import open_display
from pegbatch.cli.dry_run import echo_dry_run, rehearse
from pegbatch.cli.options import json_option, submit_dir_argument
from pegbatch.cli.results import echo_detached, echo_end, echo_interrupted
from pegbatch.cli.running import run_workflow
from pegbatch.cli.wiring import open_run
from pegbatch.errors import EXIT_DONE, EXIT_INTERRUPTED


@click.command(short_help="Submit a planned workflow and wait for it.")
@submit_dir_argument
@click.option("--detach", is_flag=True, help="Return once everything is submitted.")
@click.option("--aws", is_flag=True, help="Run on Amazon.")
@click.option("--local", is_flag=True, help="Run on the embedded AWS of this machine.")
@click.option("--vcpus", type=click.IntRange(min=1), help="vCPUs of the embedded AWS.")
@click.option("--dry-run", is_flag=True, help="Print what would be sent; send nothing.")
@click.option("--wire", is_flag=True, help="On the embedded AWS: data over the S3 protocol.")
@json_option
def command(
    submit_dir: Path,
    detach: bool,
    as_json: bool,
    aws: bool,
    local: bool,
    vcpus: int | None,
    wire: bool,
    dry_run: bool,
) -> int:
    """Submit the workflow planned in DIR, wait for it, and fetch its outputs.

    DIR is the current directory where it is not given.

    The run goes on without this command: Ctrl-C only detaches. A second `run` of the same
    directory submits what is missing and waits for the rest; nothing is submitted twice.

    With --wire the data of a run on the embedded AWS goes to an S3 server and not into
    directories; it is kept in memory, and lost when the embedded AWS ends.
    """
    run, wishes = open_run(submit_dir), Wishes(aws=aws, local=local, vcpus=vcpus, wire=wire)
    if dry_run:
        echo_dry_run(rehearse(run, wishes), as_json=as_json)
        return EXIT_DONE
    try:
        with open_display(run.plan, run.clock) as display:
            result = run_workflow(run, wishes, display.show, detach=detach)
    except KeyboardInterrupt:
        echo_interrupted(run)
        return EXIT_INTERRUPTED
    (echo_detached if detach else echo_end)(run, result, as_json=as_json)
    return result.exit_code
