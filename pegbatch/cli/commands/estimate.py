"""`pegbatch estimate WORKFLOW|DIR`: how long a plan takes, and what it costs."""

from __future__ import annotations

import math
from pathlib import Path

import click
import orjson

from pegbatch.cli.estimating import EstimateRequest, make_estimate
from pegbatch.cli.examples import ExampledCommand
from pegbatch.cli.options import json_option
from pegbatch.cli.plan_options import PATH, planning_options, request_of
from pegbatch.cli.pricing import Pricing, pricing_options
from pegbatch.model.estimate import Conditions, Estimate, estimate_to_json
from pegbatch.report.estimate_text import estimate_text

_NOT_NEGATIVE = click.FloatRange(min=0, max=1e9)


@click.command(
    cls=ExampledCommand,
    short_help="Say how long a plan would take, and what it would cost.",
    examples={
        "pegbatch estimate --vcpus 256 --start-seconds 60 workflow.yml": "time, vCPU-hours, cost",
        "pegbatch estimate --vcpus 64 run0001": "the same of a plan",
        "pegbatch estimate -C chain -D pegbatch.pack.runtime=600 --vcpus 64 workflow.yml": "try "
        "settings before planning",
        "pegbatch estimate --losses-per-hour 0.05 --discount 70 run0001": "on Spot: 70 % off, and "
        "machines lost",
        "pegbatch estimate -D pegbatch.array.by=auto --machine fargate trace.json": "a WfFormat "
        "trace, on Fargate",
    },
)
@click.argument("workflow", metavar="WORKFLOW|DIR", type=PATH)
@click.option("--vcpus", type=click.IntRange(min=1), help="vCPUs at the same time  [unlimited].")
@click.option("--start-seconds", type=_NOT_NEGATIVE, default=0.0, show_default=True,
              help="What a container takes to start.")  # fmt: skip
@click.option("--losses-per-hour", type=_NOT_NEGATIVE, default=0.0, show_default=True,
              help="How often the machine of a container is taken away (Spot).")  # fmt: skip
@click.option("--runtime", "default_seconds", type=_NOT_NEGATIVE, default=0.0, show_default=True,
              help="Seconds of a task without the profile `runtime`.")  # fmt: skip
@pricing_options
@json_option
@planning_options
def command(
    vcpus: int | None,
    start_seconds: float,
    losses_per_hour: float,
    default_seconds: float,
    machine: str,
    discount: float,
    prices: Path | None,
    as_json: bool,
    **options: object,
) -> None:
    """Play a plan by the expected runtimes of its tasks (profile `runtime`, in seconds).

    WORKFLOW is a workflow (planned without catalogs, for the vCPUs given) or a WfFormat trace, DIR
    a submit directory. Two bounds stand beside the result: the critical path of the tasks,
    and their work divided by the vCPUs. Transfers take no time.
    """
    made = make_estimate(
        EstimateRequest(
            plan=request_of(catalogs=False, **options),
            conditions=Conditions(
                vcpus=math.inf if vcpus is None else float(vcpus),
                start_seconds=start_seconds,
                losses_per_hour=losses_per_hour,
            ),
            default_seconds=default_seconds,
            pricing=Pricing(machine=machine, discount_percent=discount, prices=prices),
        )
    )
    _tell_unknown(made, default_seconds)
    text = orjson.dumps(estimate_to_json(made)).decode() + "\n" if as_json else estimate_text(made)
    click.echo(text, nl=False)


def _tell_unknown(made: Estimate, default_seconds: float) -> None:
    if made.tasks_without_runtime:
        click.echo(
            f"pegbatch: {made.tasks_without_runtime:,} of {made.tasks:,} tasks have no profile "
            f"`runtime` and count as {default_seconds:g} s (--runtime says otherwise)",
            err=True,
        )
    if made.tasks_too_large:
        click.echo(
            f"pegbatch: {made.tasks_too_large:,} of {made.tasks:,} tasks ask for more than "
            f"{made.conditions.vcpus:g} vCPUs: on AWS Batch they would never start; here they "
            "take all there are",
            err=True,
        )
