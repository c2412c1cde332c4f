"""`pegbatch status [DIR]`: where a run stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click

from pegbatch.cli.display import open_watch
from pegbatch.cli.examples import ExampledCommand
from pegbatch.cli.interrupts import exit_code
from pegbatch.cli.options import submit_dir_argument
from pegbatch.cli.results import echo_status
from pegbatch.cli.running import look_at
from pegbatch.cli.watching import watch
from pegbatch.cli.wiring import OpenRun, open_run
from pegbatch.errors import EXIT_DONE, UsageError

AS_OFTEN_AS_USUAL = "0"
_WATCH = re.compile(r"--watch|-[a-z]*w")
_NUMBER = re.compile(r"\d+\.?\d*|\.\d+")


class WatchedCommand(ExampledCommand):
    """A command whose --watch takes a number, or none: what follows it may be a directory."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give --watch its number where the user left it out."""
        return super().parse_args(ctx, with_number(args))


def with_number(words: Sequence[str]) -> list[str]:
    """Return the words with a number behind each --watch that has none."""
    full: list[str] = []
    for word, after in zip(words, [*words, ""][1:], strict=True):
        full.append(word)
        if _WATCH.fullmatch(word) and not _NUMBER.fullmatch(after):
            full.append(AS_OFTEN_AS_USUAL)
    return full


@click.command(
    cls=WatchedCommand,
    short_help="Say where a run stands.",
    examples={
        "pegbatch status run0001": "say how far the run is",
        "pegbatch status --watch run0001": "look on until it has ended; Ctrl-C only ends the "
        "looking",
        "pegbatch status -l run0001": "one row for each array job, too",
        "pegbatch status --json run0001 | jq .tasks": "let a program read it",
    },
)
@submit_dir_argument
@click.option("-l", "--long", "arrays", is_flag=True, help="Show each array job, too.")
@click.option(
    "-w",
    "--watch",
    "seconds",
    type=click.FloatRange(min=0, max=86_400),
    metavar="[SECONDS]",
    help="Show it again and again until the run has ended.  [1 s; on Amazon 15 s]",
)
@click.option("-j", "--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(submit_dir: Path, arrays: bool, seconds: float | None, as_json: bool) -> int:
    """Say where the run of DIR stands: how far each level is, how fast, until when, at what cost.

    DIR is the current directory where it is not given.

    Where nothing starts, it says why, and what to do. Ends with 0 whenever it could answer, also
    for a run that failed.
    """
    run = open_run(submit_dir)
    if seconds is None:
        echo_status(look_at(run, closely=True), as_json=as_json, arrays=arrays)
        return EXIT_DONE
    if as_json:
        raise UsageError(
            "--json prints one object, and --watch shows many",
            hint="`pegbatch wait --json` prints one when the run has ended",
        )
    return _watch(run, seconds or None, arrays=arrays)


def _watch(run: OpenRun, seconds: float | None, *, arrays: bool) -> int:
    try:
        with open_watch(run, arrays=arrays) as display:
            watch(run, display.show, seconds=seconds)
    except KeyboardInterrupt as end:
        return exit_code(end)
    echo_status(look_at(run, closely=True), as_json=False, arrays=arrays)
    return EXIT_DONE
