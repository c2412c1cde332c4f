"""`pegbatch inspect FILE`: what an input file is and what it holds."""

from __future__ import annotations

from pathlib import Path

import click
import orjson

from pegbatch.adapters.inspected_files import inspect_file
from pegbatch.cli.examples import ExampledCommand
from pegbatch.report.inspection import inspection_json, inspection_text


@click.command(
    cls=ExampledCommand,
    examples={
        "pegbatch inspect workflow.dax": "say what a file is, and count what it holds",
        "pegbatch inspect --json sites.yml": "let a program read it",
    },
)
@click.argument("file", type=click.Path(path_type=Path, readable=False))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(file: Path, as_json: bool) -> None:
    """Say what an input FILE is and what it holds.

    FILE is a workflow (DAX XML or Pegasus YAML), a site, transformation or replica catalog, a
    properties file, AWS Batch JSON or a WfFormat trace, gzipped or not; the kind is found out by
    the content. Exit code 3 where the file is malformed.
    """
    inspection = inspect_file(file)
    if as_json:
        click.echo(orjson.dumps(inspection_json(inspection), option=orjson.OPT_INDENT_2))
    else:
        click.echo(inspection_text(inspection, str(file)))
