"""`condor_q`: which jobs are not over, asked by Pegasus's client each time it looks."""

from __future__ import annotations

import os
import re
import time
from typing import Any

import click
import orjson

from pegbatch.cli.shims.looking import open_known, queue_of_run
from pegbatch.cli.shims.registry import remembered
from pegbatch.cli.shims.watching import take_up
from pegbatch.cli.telling import show
from pegbatch.report.pegasus_status import queue_lines

_NUMBER = re.compile(r"""pegasus_root_wf_uuid\s*==\s*["']([^"']*)["']""").search


@click.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def command(words: tuple[str, ...]) -> None:
    """Show the jobs of runs that `pegasus-run` has started, and take up those nobody watches.

    Of the options of condor_q `-constraint 'pegasus_root_wf_uuid == "…"'` and `-json` count.
    """
    number = next((match[1] for word in words if (match := _NUMBER(word))), None)
    queue: list[dict[str, Any]] = []
    for path in remembered(number):
        run = open_known(path)
        if run is not None:
            take_up(run)
            queue += queue_of_run(run)
    if not {"-json", "--json"}.isdisjoint(words):
        show(orjson.dumps(queue, option=orjson.OPT_INDENT_2))
    else:
        show(os.linesep.join(queue_lines(queue, now=time.time())))
