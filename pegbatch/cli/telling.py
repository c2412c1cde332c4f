"""What is wrong or odd, as the user reads it: a paragraph a problem, and never a flood of them."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from pegbatch.errors import OutsideError, Problem, UsageError

SHOWN = 20
"""More problems than this are counted, not listed."""

_HINTS = {
    errno.ENOSPC: "make room on that disk, and run the same command again",
    errno.EDQUOT: "make room within your quota, and run the same command again",
    errno.EROFS: "choose a place that can be written",
    errno.EACCES: "check who may read and write there",
    errno.EPERM: "check who may read and write there",
    errno.ENOENT: "is the current directory, or a file in use, gone?",
    errno.EMFILE: "raise the limit of open files: `ulimit -n 4096`",
    errno.ENOMEM: "free some memory, and run the same command again",
}


def told(problems: Sequence[Problem], start: str = "pegbatch: ") -> str:
    """Return the first SHOWN problems, each with where, what and what next, and count the rest."""
    shown = [f"{start}{problem}" for problem in problems[:SHOWN]]
    left = len(problems) - len(shown)
    if left:
        shown.append(f"pegbatch: … and {left:,} more like {'this' if left == 1 else 'these'}")
    return "\n".join(shown)


def echo_warnings(warnings: Sequence[Problem]) -> None:
    """Write warnings on stderr."""
    if warnings:
        click.echo(told(warnings, "pegbatch: warning: "), err=True)


def outside_error(error: OSError) -> OutsideError:
    """Return what the user is told where the machine itself refused something."""
    what = (error.strerror or str(error)).lower()
    return OutsideError(
        f"this machine refused: {what}",
        where=str(error.filename) if error.filename is not None else None,
        hint=_HINTS.get(error.errno or 0, "`pegbatch --debug …` shows where that happened"),
    )


def refuse_foreign_bytes(words: Sequence[str]) -> None:
    """Refuse what no plan could write down: words, or a current directory, that are not UTF-8.

    Errors: UsageError naming each.
    """
    places = dict.fromkeys(words, "this")
    with suppress(OSError):
        places[str(Path.cwd())] = "the current directory"
    problems = [
        Problem(
            f"{what} is not UTF-8: {word!a}",
            hint="rename it; or, if it looks right to you, `export LC_ALL=C.UTF-8` first",
        )
        for word, what in places.items()
        if any("\ud800" <= character <= "\udfff" for character in word)
    ]
    if problems:
        raise UsageError(problems=problems)
