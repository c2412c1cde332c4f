"""`pegasus-plan`: plans, says where, and submits where it is asked to."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from pegbatch.cli.aws_batch.prefixes import PrefixCommand
from pegbatch.cli.pegasus_options import PegasusCommand, pegasus_options, take_pegasus_options
from pegbatch.cli.plan_options import force_option, planning_options, request_of
from pegbatch.cli.planning import make_plan
from pegbatch.cli.shims.identity import identity_of
from pegbatch.cli.shims.starting import start_run
from pegbatch.cli.shims.told import started_text
from pegbatch.cli.telling import echo_json, show
from pegbatch.cli.wiring import open_run


class PlanCommand(PegasusCommand, PrefixCommand):
    """Reads its words as pegasus-plan does, long options by any unique beginning."""


@click.command(cls=PlanCommand, context_settings={"help_option_names": ["-h", "--help"]})
@pegasus_options
@planning_options
@force_option
@click.option("-J", "--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(submit: bool, as_json: bool, **options: object) -> None:
    """Plan WORKFLOW with pegbatch, for AWS Batch."""
    asked = take_pegasus_options(options)
    asked.begin()
    result = make_plan(request_of(catalogs=True, **asked.request(), **options), asked.warn)
    run = open_run(result.submit_dir)
    if submit:
        start_run(run)
    if as_json:
        told = {"message": _message(run.directory.path), "pegasus-run": _next(run.directory.path)}
        echo_json({**identity_of(run), **told})
    elif submit:
        show(started_text(run.directory.path))
    else:
        show(f"{_message(run.directory.path)}\n\n{_next(run.directory.path)}\n")
        show(f"Time taken to execute is {result.seconds:.3f} seconds")


def _message(submit_dir: Path) -> str:
    return (
        f"\npegbatch has planned the workflow into {submit_dir}.\n"
        "Nothing runs yet. The invocation required is\n"
    )


def _next(submit_dir: Path) -> str:
    return f"pegasus-run  {shlex.quote(str(submit_dir))}"
