"""`pegbatch graph FILE|DIR`: draw a workflow's tasks or a plan's array jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from pegbatch.adapters.files import write_output
from pegbatch.cli.drawing import draw
from pegbatch.cli.plan_options import PATH, planning_options, request_of
from pegbatch.model.drawing import Drawing
from pegbatch.report.graph_dot import as_dot
from pegbatch.report.graph_mermaid import as_mermaid
from pegbatch.report.graph_svg import as_svg

_WRITERS = {"dot": as_dot, "svg": as_svg, "mermaid": as_mermaid}
_SUFFIXES = {".dot": "dot", ".gv": "dot", ".svg": "svg", ".mmd": "mermaid", ".md": "mermaid"}


@click.command(short_help="Draw a workflow or a plan.")
@click.argument("workflow", metavar="WORKFLOW|DIR", type=PATH)
@click.option("--of", type=click.Choice(["tasks", "arrays"]),
              help="What to draw  [tasks of a workflow, arrays of a plan].")  # fmt: skip
@click.option("-f", "--format", "language", type=click.Choice(list(_WRITERS)),
              help="Language of the drawing  [by the name of the output, else dot].")  # fmt: skip
@click.option("--output", type=PATH, help="File to write  [standard output].")
@planning_options
def command(
    of: Literal["tasks", "arrays"] | None,
    language: str | None,
    output: Path | None,
    **options: object,
) -> None:
    """Draw the tasks of WORKFLOW, or the array jobs of a plan with the types of their links.

    A workflow is drawn without catalogs; above 500 tasks it is folded by level and transformation.
    """
    text = _write(draw(request_of(catalogs=False, **options), of), language, output)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_output(output, text)


def _write(drawing: Drawing, language: str | None, output: Path | None) -> str:
    by_name = _SUFFIXES.get(output.suffix.lower(), "dot") if output else "dot"
    return _WRITERS[language or by_name](drawing)
