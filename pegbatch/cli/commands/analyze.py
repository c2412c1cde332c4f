"""`pegbatch analyze [DIR] [TASK|ARRAY]`: what failed and why, in words."""

from __future__ import annotations

from dataclasses import replace

import click

from pegbatch.cli.analyzing import analyze_run
from pegbatch.cli.completing import complete_submit_dir, complete_task
from pegbatch.cli.examples import ExampledCommand
from pegbatch.cli.options import json_option
from pegbatch.cli.results import place
from pegbatch.cli.run_words import dir_or_word
from pegbatch.cli.telling import echo_json, show
from pegbatch.cli.wiring import open_run
from pegbatch.model.analysis import Analysis, analysis_to_json, story_to_json
from pegbatch.report.analysis_text import Telling, analysis_text, story_text

TOP = 10


@click.command(
    cls=ExampledCommand,
    short_help="Say what failed, and why.",
    examples={
        "pegbatch analyze run0001": "what failed, why, and what to type next",
        "pegbatch analyze run0001 ID0000007": "everything about one task",
        "pegbatch analyze --top 0 run0001 L1-findrange": "every kind of failure of one array job",
        "pegbatch analyze --json run0001 | jq '.failures[].sentence'": "let a program read it",
    },
)
@click.argument("submit_dir", required=False, metavar="[DIR]", shell_complete=complete_submit_dir)
@click.argument("word", required=False, metavar="[TASK|ARRAY]", shell_complete=complete_task)
@click.option("-q", "--quiet", is_flag=True, help="Leave out what the tasks said.")
@click.option(
    "--top",
    type=click.IntRange(min=0),
    help=f"Show so many kinds of failure, the largest first; 0: all  [{TOP}; all with --json].",
)
@json_option
def command(
    submit_dir: str | None, word: str | None, quiet: bool, top: int | None, as_json: bool
) -> int:
    """Say what failed in the run of DIR, and why; tasks that failed alike are told together.

    DIR is the current directory where it is not given. With the name of a task everything about
    that task is told, with that of an array job what failed in it.

    Tasks that could not run are counted under the failure that they go back to. Ends with 1 where
    something failed, and with 0 where nothing has (yet).
    """
    path, name = dir_or_word(submit_dir, word)
    run = open_run(path)
    found = analyze_run(run, name)
    shown = None if top == 0 or (top is None and as_json) else top or TOP
    telling = Telling(submit_dir=place(run), top=shown, quiet=quiet)
    if isinstance(found, Analysis):
        if as_json:
            echo_json(analysis_to_json(replace(found, groups=found.groups[: telling.top])))
        else:
            show(analysis_text(found, telling))
        return int(bool(found.groups or found.unexplained))
    if as_json:
        echo_json(story_to_json(found))
    else:
        show(story_text(found, telling))
    return int(found.state in ("failed", "lost", "skipped", "undone"))
