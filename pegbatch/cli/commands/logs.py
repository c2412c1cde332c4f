"""`pegbatch logs [DIR] [TASK|ARRAY[:CHILD]]`: what tasks and children have said."""

from __future__ import annotations

from pathlib import Path

import click

from pegbatch.cli.completing import complete_submit_dir, complete_task
from pegbatch.cli.examples import ExampledCommand
from pegbatch.cli.logs.desk import Desk, open_desk, open_desks
from pegbatch.cli.logs.following import follow_logs
from pegbatch.cli.logs.listing import list_logs
from pegbatch.cli.logs.merging import merge_logs
from pegbatch.cli.logs.printing import LogPrinter
from pegbatch.cli.logs.showing import Choice, show_json, show_logs
from pegbatch.cli.logs.wanted import Wanted, find_wanted
from pegbatch.cli.nested.words import reach
from pegbatch.cli.options import json_option
from pegbatch.cli.run_words import dir_or_word
from pegbatch.cli.wiring import open_run
from pegbatch.errors import EXIT_DONE, UsageError

MERGED = click.Path(path_type=Path, dir_okay=False)


@click.command(
    cls=ExampledCommand,
    short_help="Show what tasks and children have said.",
    examples={
        "pegbatch logs run0001": "which logs there are",
        "pegbatch logs run0001 ID0000042": "what one task said in its newest attempt",
        "pegbatch logs run0001 L1-findrange:7 --attempt 1": "the first attempt of one child",
        "pegbatch logs run0001 L1-findrange --follow": "all children of an array, as they speak",
        "pegbatch logs run0001 --merge all.log": "every log of the run in one file",
    },
)
@click.argument("submit_dir", default=".", metavar="[DIR]", shell_complete=complete_submit_dir)
@click.argument(
    "word", required=False, metavar="[TASK|ARRAY[:CHILD]]", shell_complete=complete_task
)
@click.option("-f", "--follow", is_flag=True, help="Print what is said until the child ends.")
@click.option("--attempt", type=click.IntRange(min=1), help="This attempt, not the newest.")
@click.option("--try", "number", type=click.IntRange(min=1), help="This try, not the newest.")
@click.option("--merge", type=MERGED, help="Write all logs into one file, in order, as they are.")
@click.option("--raw", is_flag=True, help="Print control characters as the task wrote them.")
@json_option
def command(
    submit_dir: str,
    word: str | None,
    follow: bool,
    attempt: int | None,
    number: int | None,
    merge: Path | None,
    raw: bool,
    as_json: bool,
) -> int:
    """Show what a task, a child, or all children of an array have said.

    DIR is the current directory where it is not given. Without a task, child or array: which logs
    there are. ARRAY:CHILD is the child that runs that bag, in every try: `L1-work:0` is the first.

    A log is shown from the run's store; of a child that runs, or was lost before it could put its
    log there, from CloudWatch Logs. It is the one of the newest attempt, of a task its own part.
    """
    place, what = dir_or_word(submit_dir, word)
    _check(what, follow=follow, merge=merge, raw=raw, as_json=as_json)
    choice = Choice(number=number, attempt=attempt)
    if follow and not choice.is_any:
        raise UsageError("--follow shows every attempt; leave out --try and --attempt")
    run = open_run(place)
    run, what = (run, None) if what is None else reach(run, what)
    if not what:
        with open_desks(run) as desks:
            if merge is not None:
                merge_logs(desks, None, choice, merge, as_json=as_json)
            else:
                list_logs(desks, as_json=as_json)
        return EXIT_DONE
    with open_desk(run) as desk:
        wanted = find_wanted(run, what)
        if merge is not None:
            merge_logs([desk], wanted, choice, merge, as_json=as_json)
        elif as_json:
            show_json(desk, wanted, choice)
        else:
            _show(desk, wanted, choice, LogPrinter(raw), follow=follow)
    return EXIT_DONE


def _show(desk: Desk, wanted: Wanted, choice: Choice, printer: LogPrinter, *, follow: bool) -> None:
    if not (follow and follow_logs(desk, wanted, printer)):
        show_logs(desk, wanted, choice, printer)


def _check(what: str | None, *, follow: bool, merge: Path | None, raw: bool, as_json: bool) -> None:
    """Refuse options that do not go together.

    Errors: UsageError.
    """
    if follow and (merge is not None or as_json):
        raise UsageError("--follow prints lines as they come; leave out --merge and --json")
    if raw and (merge is not None or as_json):
        raise UsageError("--raw is for what is printed; a merged file has logs as they are")
    if what is None and (follow or raw):
        raise UsageError("say whose log: a task, an array, or ARRAY:CHILD")
