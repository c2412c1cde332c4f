"""`pegbatch graph FILE|DIR`: draw a workflow's tasks or a plan's array jobs."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import click

from pegbatch.adapters.files import write_output
from pegbatch.cli.completing import complete_submit_dir
from pegbatch.cli.drawing import DrawingStyle, Subject, draw
from pegbatch.cli.examples import ExampledCommand
from pegbatch.cli.plain_output import stream_beneath
from pegbatch.cli.plan_options import PATH, drawing_options, request_of
from pegbatch.errors import NotInstalled, UsageError
from pegbatch.model.drawing import Drawing
from pegbatch.planner.draw_tasks import TaskLabel
from pegbatch.report.graph_dot import as_dot
from pegbatch.report.graph_mermaid import as_mermaid
from pegbatch.report.graph_svg import as_svg

_WRITERS = {"dot": as_dot, "svg": as_svg, "mermaid": as_mermaid}
_SUFFIXES = {
    ".dot": "dot", ".gv": "dot", ".svg": "svg", ".png": "png", ".mmd": "mermaid", ".md": "mermaid",
}  # fmt: skip
_FOREIGN = frozenset({".pdf", ".ps", ".eps", ".gif", ".jpg", ".jpeg", ".webp"})
"""What users of Graphviz may ask for."""


@click.command(
    cls=ExampledCommand,
    short_help="Draw a workflow, a plan, or how a run stands.",
    examples={
        "pegbatch graph workflow.yml -o workflow.svg": "draw the tasks of a workflow",
        "pegbatch graph run0001 -o run.png": "draw the array jobs of a plan, coloured by state "
        "once it runs",
        "pegbatch graph --of tasks -l id run0001 -o tasks.svg": "the tasks of the plan, coloured, "
        "with their ids alone",
        "pegbatch graph --of arrays -f dot workflow.yml | dot -Tpdf > plan.pdf": "leave the "
        "layout to Graphviz",
    },
)
@click.argument("workflow", metavar="WORKFLOW|DIR", type=PATH, shell_complete=complete_submit_dir)
@click.option("--of", type=click.Choice(get_args(Subject)),
              help="What to draw  [tasks of a workflow, arrays of a plan].")  # fmt: skip
@click.option("-f", "--format", "language", type=click.Choice(["dot", "svg", "png", "mermaid"]),
              help="Language of the drawing  [by the name of the output, else dot].")  # fmt: skip
@click.option("-o", "--output", type=PATH, help="File to write  [standard output].")
@click.option("-l", "--label", type=click.Choice(get_args(TaskLabel)), default="id-xform",
              show_default=True, help="What stands in the box of a task.")  # fmt: skip
@click.option("--nosimplify", is_flag=True, help="Draw edges that a longer way tells, too.")
@click.option("--nostates", is_flag=True, help="Of DIR: draw the plan alone, and ask nobody.")
@drawing_options
def command(
    of: Subject | None,
    language: str | None,
    output: Path | None,
    label: TaskLabel,
    nosimplify: bool,
    nostates: bool,
    **options: object,
) -> None:
    """Draw the tasks of WORKFLOW, or the array jobs of a plan with the types of their links.

    DIR is a submit directory: once its run has begun, boxes have the colours of how their tasks
    stand. A workflow file is drawn without catalogs. More than 500 boxes are folded by level and
    transformation, with counts.
    """
    language = language or _language_of(output)
    _refuse_to_fail_late(language, output)
    style = DrawingStyle(of=of, label=label, simple=not nosimplify, states=not nostates)
    picture = _picture(draw(request_of(catalogs=False, **options), style), language)
    if output is not None:
        write_output(output, picture)
    elif isinstance(picture, bytes):
        # Past what makes text plain: a picture is none.
        click.echo(picture, nl=False, file=stream_beneath(sys.stdout))
    else:
        click.echo(picture, nl=False)


def _language_of(output: Path | None) -> str:
    """Return the language that the name of a file tells; DOT where it tells nothing.

    Errors: UsageError where it tells one that nothing here draws.
    """
    suffix = "" if output is None else output.suffix.lower()
    if suffix in _FOREIGN:
        raise UsageError(
            f"no drawing is made as {suffix}: names end in {', '.join(_SUFFIXES)}",
            hint="Graphviz makes others: `pegbatch graph -f dot … | "
            f"dot -T{suffix[1:]} > FILE{suffix}`",
        )
    return _SUFFIXES.get(suffix, "dot")


def _refuse_to_fail_late(language: str, output: Path | None) -> None:
    """Refuse, before anything is read, a picture that nothing can draw or show.

    Errors: UsageError.
    """
    if language != "png":
        return
    if find_spec("PIL") is None:
        raise NotInstalled(
            "a PNG is drawn by Pillow, which is not installed",
            hint="pip install 'pegbatch[png]', on Debian apt install python3-pil; or -f svg",
        )
    if output is None and sys.stdout.isatty():
        raise UsageError("a PNG is nothing for a terminal", hint="name a file: --output graph.png")


def _picture(drawing: Drawing, language: str) -> str | bytes:
    if language == "png":
        # Pillow need not be there, so nothing imports this before it is asked for.
        painted = import_module("pegbatch.report.graph_png").as_png(drawing)
        assert isinstance(painted, bytes)
        return painted
    return _WRITERS[language](drawing)
