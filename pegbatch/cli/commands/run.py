"""`pegbatch run [DIR | URL]`: submit a planned workflow, wait for it, fetch its outputs."""

from __future__ import annotations

from pathlib import Path

import click

from pegbatch.cli.choice import Wishes
from pegbatch.cli.completing import complete_submit_dir
from pegbatch.cli.display import open_display
from pegbatch.cli.dry_run import echo_dry_run, rehearse
from pegbatch.cli.examples import ExampledCommand
from pegbatch.cli.interrupts import exit_code
from pegbatch.cli.options import is_url, json_option
from pegbatch.cli.restoring import restore
from pegbatch.cli.results import echo_detached, echo_end, echo_interrupted
from pegbatch.cli.running import run_workflow
from pegbatch.cli.wiring import open_run
from pegbatch.emulator.settings import RUNTIMES, Runtime
from pegbatch.errors import EXIT_DONE, UsageError

PATH = click.Path(path_type=Path, readable=False)


@click.command(
    cls=ExampledCommand,
    short_help="Submit a planned workflow and wait for it.",
    examples={
        "pegbatch run run0001": "submit a plan, wait for it, and fetch its outputs",
        "pegbatch run --dry-run run0001": "see every call first; nothing is sent",
        "pegbatch run --detach run0001": "submit and leave; `pegbatch wait run0001` comes back to "
        "it",
        "pegbatch run --local --vcpus 4 run0001": "try it on this machine, four vCPUs at a time",
        "pegbatch run s3://my-bucket/scratch/survey-1a2b3c4d --dir runs": "bring back a submit "
        "directory that was lost",
    },
)
@click.argument("place", default=".", metavar="[DIR|URL]", shell_complete=complete_submit_dir)
@click.option("--detach", is_flag=True, help="Return once everything is submitted.")
@click.option("--aws", is_flag=True, help="Run on Amazon.")
@click.option("--local", is_flag=True, help="Run on the embedded AWS of this machine.")
@click.option("--vcpus", type=click.IntRange(min=1), help="vCPUs of the embedded AWS.")
@click.option("--runtime", type=click.Choice(RUNTIMES), help="What runs tasks on the embedded AWS.")
@click.option("--resume", is_flag=True, help="Insist that the run has begun before.")
@click.option("--on-demand", is_flag=True, help="Use the queue that is there to fall back on.")
@click.option("--dry-run", is_flag=True, help="Print what would be sent; send nothing.")
@click.option("--wire", is_flag=True, help="On the embedded AWS: data over the S3 protocol.")
@click.option("--dir", "base_dir", type=PATH, help="With URL: where the directory is restored.")
@click.option("-O", "--output-dir", type=PATH, help="With URL: where outputs may go.")
@json_option
def command(
    place: str,
    detach: bool,
    as_json: bool,
    aws: bool,
    local: bool,
    vcpus: int | None,
    runtime: Runtime | None,
    wire: bool,
    resume: bool,
    on_demand: bool,
    dry_run: bool,
    base_dir: Path | None,
    output_dir: Path | None,
) -> int:
    """Submit the workflow planned in DIR, wait for it, and fetch its outputs.

    DIR is the current directory where it is not given.

    The run goes on without this command: Ctrl-C only detaches. A second `run` of the same
    directory submits what is missing and waits for the rest; nothing is submitted twice. Of a run
    that has failed or was cancelled it runs again what has not succeeded, and only that.

    With the URL of a run (s3://… or file://…) its submit directory is brought back first, below
    --dir, where it was deleted: <dir>/<user>/pegasus/<workflow>/run0001.

    With --wire the data of a run on the embedded AWS goes to an S3 server and not into
    directories; it is kept in memory, and lost when the embedded AWS ends.
    """
    wishes = Wishes(
        aws=aws, local=local, vcpus=vcpus, runtime=runtime, wire=wire, on_demand=on_demand
    )
    run = open_run(_submit_dir(place, wishes, base_dir, output_dir, dry_run=dry_run))
    if dry_run:
        echo_dry_run(rehearse(run, wishes), as_json=as_json)
        return EXIT_DONE
    try:
        with open_display(run) as display:
            result = run_workflow(run, wishes, display.show, detach=detach, resume=resume)
    except KeyboardInterrupt as end:
        echo_interrupted(run)
        return exit_code(end)
    (echo_detached if detach else echo_end)(run, result, as_json=as_json)
    return result.exit_code


def _submit_dir(
    place: str, wishes: Wishes, base_dir: Path | None, output_dir: Path | None, *, dry_run: bool
) -> Path:
    """Return the submit directory, restored first where a URL is given.

    Errors: UsageError where the options do not fit the place.
    """
    if is_url(place):
        if dry_run:
            raise UsageError(
                "--dry-run writes nothing, and a run at a URL has to be restored first"
            )
        return restore(place, wishes, base_dir=base_dir, output_dir=output_dir)
    if base_dir is not None or output_dir is not None:
        raise UsageError(
            "--dir and --output-dir go with the URL of a run",
            hint="a submit directory knows its places; `pegbatch plan` takes these options",
        )
    return Path(place)
