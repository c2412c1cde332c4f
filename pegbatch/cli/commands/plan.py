"""`pegbatch plan WORKFLOW`: turn a workflow into linked array jobs."""

from __future__ import annotations

import shlex

import click
import orjson

from pegbatch.cli.plan_options import PATH, planning_options, request_of
from pegbatch.cli.planning import PlanResult, explain_task, make_plan, plan_result_json
from pegbatch.errors import Problem
from pegbatch.report.explain_text import explain_json, explain_text
from pegbatch.report.plan_text import plan_text


@click.command(short_help="Plan a workflow into array jobs.")
@click.argument("workflow", type=PATH, default="workflow.yml")
@planning_options
@click.option("--no-catalogs", is_flag=True, help="Plan the workflow alone; it cannot be run.")
@click.option("--explain", metavar="TASK", help="Say how one task is planned, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(explain: str | None, as_json: bool, no_catalogs: bool, **options: object) -> None:
    """Plan WORKFLOW (DAX XML or Pegasus 5 YAML) into linked array jobs.

    Writes a submit directory below --dir and prints where it is. Nothing is sent anywhere.
    """
    request = request_of(catalogs=not no_catalogs, **options)
    if explain is not None:
        found = explain_task(request, explain)
        click.echo(
            orjson.dumps(explain_json(found)) if as_json else explain_text(found), nl=as_json
        )
        return
    result = make_plan(request)
    _warn(result.warnings)
    click.echo(orjson.dumps(plan_result_json(result)) if as_json else _text(result))


def _warn(warnings: tuple[Problem, ...]) -> None:
    for warning in warnings:
        click.echo(f"pegbatch: warning: {warning}", err=True)


def _text(result: PlanResult) -> str:
    shown, place = plan_text(result.plan), result.submit_dir
    if not result.plan.runnable:
        return f"{shown}\nPlanned without catalogs, so it cannot be run: {place}"
    return f"{shown}\nSubmit directory: {place}\nNext: pegbatch run {shlex.quote(str(place))}"
