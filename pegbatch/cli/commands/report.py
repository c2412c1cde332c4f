"""`pegbatch report [DIR]`: one HTML file that shows a run."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from pegbatch.cli.examples import ExampledCommand
from pegbatch.cli.options import json_option, submit_dir_argument
from pegbatch.cli.pricing import Pricing, pricing_options
from pegbatch.cli.reporting import write_report
from pegbatch.cli.telling import echo_json, say, show
from pegbatch.cli.wiring import open_run
from pegbatch.report.status import size_text


@click.command(
    cls=ExampledCommand,
    short_help="Write a report of a run, one HTML file.",
    examples={
        "pegbatch report run0001": "writes run0001/report.html",
        "pegbatch report --open run0001": "writes it and shows it in the browser",
        "pegbatch report -o monday.html run0001": "writes it elsewhere",
    },
)
@submit_dir_argument
@click.option("-o", "--output", type=click.Path(path_type=Path, readable=False),
              help="File to write  [report.html in DIR].")  # fmt: skip
@click.option("--open", "opens", is_flag=True, help="Show it in the browser.")
@pricing_options
@json_option
def command(
    submit_dir: Path,
    output: Path | None,
    opens: bool,
    machine: str,
    discount: float,
    prices: Path | None,
    as_json: bool,
) -> int:
    """Write one HTML file that shows the run of DIR: what ran when, what failed, what it took.

    DIR is the current directory where it is not given. The file loads nothing from anywhere: it
    can be mailed, kept, and printed. A run that goes on is shown as it is now.
    """
    pricing = Pricing(machine=machine, discount_percent=discount, prices=prices)
    written = write_report(open_run(submit_dir), output, pricing)
    if as_json:
        echo_json(written.to_json())
    else:
        show(f"{written.path}  ({size_text(written.size_bytes)})")
    if opens and not webbrowser.open(written.path.resolve().as_uri()):
        say("pegbatch: warning: no browser was found")
    return 0
