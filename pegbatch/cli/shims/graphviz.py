"""`pegasus-graphviz`: draws a workflow, by `pegbatch graph`."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import click

from pegbatch.cli.aws_batch.prefixes import PrefixCommand
from pegbatch.cli.commands import graph
from pegbatch.cli.shims.options import meaningless
from pegbatch.errors import NotInstalled, OutsideError

_LABELS = {
    "label": "label",
    "xform": "xform",
    "id": "id",
    "xform-id": "xform-id",
    "label-xform": "xform",
    "label-id": "xform-id",
}
"""Pegasus's to ours: a label is the transformation."""
_BY_GRAPHVIZ = (".pdf", ".jpg", ".jpeg", ".gif")


@click.command(cls=PrefixCommand, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("workflow", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File  [standard output].")
@click.option("-l", "--label", type=click.Choice(tuple(_LABELS)), default="label",
              help="What stands in the box of a task.")  # fmt: skip
@click.option("-s", "--nosimplify", is_flag=True, help="Draw edges that a longer way tells, too.")
@meaningless("-f", "--files")
@meaningless("-r", "--remove", takes_value=True)
@meaningless("--width", takes_value=True)
@meaningless("--height", takes_value=True)
def command(workflow: Path, output: Path | None, label: str, nosimplify: bool) -> None:
    """Draw the tasks of WORKFLOW: as DOT, or as the name of the output says."""
    words = ["--label", _LABELS[label], *(["--nosimplify"] if nosimplify else [])]
    if output is None or output.suffix.lower() not in _BY_GRAPHVIZ:
        _draw(workflow, [*words, *(["--output", str(output)] if output else [])])
        return
    program = shutil.which("dot")
    if program is None:
        raise NotInstalled(
            f"a {output.suffix} file is drawn by Graphviz, which is not installed",
            where=str(output),
            hint="name a file that ends in .svg or .png, or install graphviz",
        )
    with tempfile.TemporaryDirectory() as folder:
        dot = Path(folder, "workflow.dot")
        _draw(workflow, [*words, "--output", str(dot)])
        _convert(program, dot, output)


def _draw(workflow: Path, words: list[str]) -> None:
    # What makes no drawing of ours is DOT, whatever the file is called.
    graph.command.main([*words, "--", str(workflow)], "pegasus-graphviz", standalone_mode=False)


def _convert(program: str, dot: Path, output: Path) -> None:
    words = [program, f"-T{output.suffix.lower().lstrip('.')}", "-o", str(output.resolve())]
    done = subprocess.run([*words, str(dot)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OutsideError(
            f"Graphviz failed: {done.stderr.strip()[-500:]}",
            where=str(output),
            hint="name a file that ends in .svg or .png",
        )
