"""`pegasus-analyzer`: what failed in a run, and why."""

from __future__ import annotations

from pathlib import Path

import click

from pegbatch.cli.analyzing import analyze_run
from pegbatch.cli.aws_batch.prefixes import PrefixCommand
from pegbatch.cli.looking_back import read_history
from pegbatch.cli.results import place
from pegbatch.cli.shims.identity import identity_of
from pegbatch.cli.shims.options import meaningless, verbose_option
from pegbatch.cli.telling import echo_json, show
from pegbatch.cli.wiring import OpenRun, open_run
from pegbatch.engine.history.failed_tasks import failed_tasks
from pegbatch.errors import EXIT_DONE
from pegbatch.model.analysis import Analysis
from pegbatch.report.analysis_text import Telling, analysis_text
from pegbatch.report.pegasus_analysis import (
    analysis_object,
    end_text,
    failures_heading,
    summary_text,
)

FAILED = 2
"""What pegasus-analyzer ends with where jobs have failed."""


@click.command(cls=PrefixCommand, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("submit_dir", required=False, metavar="[DIR]", type=click.Path(path_type=Path))
@click.option("-i", "-d", "--dir", "--input-dir", "named", type=click.Path(path_type=Path),
              help="The same as DIR.")  # fmt: skip
@click.option("-q", "--quiet", count=True, help="Leave out what the tasks said.")
@click.option("-S", "--summary", is_flag=True, help="Only show the totals.")
@click.option("-j", "--json", "as_json", is_flag=True, help="Print one JSON object.")
@verbose_option
@meaningless("-r", "--recurse")
@meaningless("-T", "--traverse-all")
@meaningless("-f", "--files")
@meaningless("-m", "-t", "--monitord")
@meaningless("-s", "--strict")
@meaningless("-p", "--print", takes_value=True)
@meaningless("-o", "--output-dir", takes_value=True)
@meaningless("--top-dir", takes_value=True)
@meaningless("--dag", takes_value=True)
@meaningless("-c", "--conf", takes_value=True)
@meaningless("-I", "--indent", takes_value=True)
@meaningless("--debug-job", takes_value=True)
@meaningless("--debug-dir", takes_value=True)
@meaningless("--local-executable", takes_value=True)
@meaningless("--type", takes_value=True)
def command(
    submit_dir: Path | None, named: Path | None, quiet: int, summary: bool, as_json: bool
) -> int:
    """Say what failed in the run of DIR, and why.

    DIR is the current directory where it is not given. Ends with 2 where something failed.
    """
    run = open_run(named or submit_dir or Path())
    return _print_object(run) if as_json else _print_text(run, quiet=bool(quiet), alone=summary)


def _print_object(run: OpenRun) -> int:
    history = read_history(run)
    failures = list(failed_tasks(history))
    echo_json(analysis_object(history, failures, identity_of(run)))
    return FAILED if failures or history.status.state == "failed" else EXIT_DONE


def _print_text(run: OpenRun, *, quiet: bool, alone: bool) -> int:
    found = analyze_run(run, None)
    assert isinstance(found, Analysis)
    has_failed = bool(found.groups or found.unexplained)
    show(summary_text(found.status, str(run.directory.path)))
    if has_failed and not alone:
        show(failures_heading())
        show(analysis_text(found, Telling(submit_dir=place(run), top=None, quiet=quiet)))
    show(end_text())
    return FAILED if has_failed else EXIT_DONE
