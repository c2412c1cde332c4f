"""`pegbatch plan WORKFLOW`: turn a workflow into linked array jobs."""

from __future__ import annotations

import shlex

import click
import orjson

from pegbatch.cli.choice import Wishes
from pegbatch.cli.pegasus_options import PegasusCommand, pegasus_options, take_pegasus_options
from pegbatch.cli.plan_options import force_option, planning_options, request_of
from pegbatch.cli.planning import PlanResult, explain_task, make_plan, plan_result_json
from pegbatch.report.explain_text import explain_json, explain_text
from pegbatch.report.plan_text import plan_text


@click.command(
    cls=PegasusCommand,
    short_help="Plan a workflow into array jobs.",
    examples={
        "pegbatch plan workflow.yml": "plan with the pegasus.properties and the catalogs of this "
        "folder",
        "pegbatch plan --dir runs --output-dir results workflow.yml": "say where submit "
        "directories and outputs go",
        "pegbatch plan -C horizontal -D pegasus.clusters.size=20 workflow.yml": "give every child "
        "20 tasks of a kind",
        "pegbatch plan --explain task0042 workflow.yml": "ask how, where and why one task is "
        "planned",
        "pegbatch plan --reuse runs/you/pegasus/survey/run0001 workflow.yml": "spare what an "
        "earlier run has made",
        "pegbatch plan --no-catalogs workflow.dax": "look at a workflow file that comes alone",
    },
)
@pegasus_options
@planning_options
@force_option
@click.option("--no-catalogs", is_flag=True, help="Plan the workflow alone; it cannot be run.")
@click.option("--explain", metavar="TASK", help="Say how one task is planned, and write nothing.")
@click.option("-J", "--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    explain: str | None, as_json: bool, no_catalogs: bool, submit: bool, **options: object
) -> None:
    """Plan WORKFLOW (DAX XML or Pegasus 5 YAML) into linked array jobs.

    WORKFLOW is workflow.yml where it is not given. Writes a submit directory below --dir and
    prints where it is. Nothing is sent anywhere, unless with --submit.
    """
    asked = take_pegasus_options(options)
    asked.begin()
    request = request_of(catalogs=not no_catalogs, **asked.request(), **options)
    if explain is not None:
        found = explain_task(request, explain, asked.warn)
        click.echo(
            orjson.dumps(explain_json(found)) if as_json else explain_text(found), nl=as_json
        )
        return
    result = make_plan(request, asked.warn)
    told = plan_result_json(result)
    if submit:
        told["run"] = _submit(result)
    click.echo(orjson.dumps(told) if as_json else _text(result, told.get("run")))


def _submit(result: PlanResult) -> str:
    """Submit the plan and return the run's URL."""
    # Late on purpose: engine and boto3 would add three quarters to the start of every planning.
    from pegbatch.cli.running import run_workflow
    from pegbatch.cli.wiring import open_run

    run = open_run(result.submit_dir)
    return run_workflow(run, Wishes(), lambda state: None, detach=True).status.run


def _text(result: PlanResult, run: str | None) -> str:
    shown, place = plan_text(result.plan), result.submit_dir
    if not result.plan.runnable:
        return f"{shown}\nPlanned without catalogs, so it cannot be run: {place}"
    said = f"\nSubmitted: {run}" if run else ""
    following = "wait" if run else "run"
    return (
        f"{shown}\nSubmit directory: {place}{said}"
        f"\nNext: pegbatch {following} {shlex.quote(str(place))}"
    )
