"""What is wrong or odd, as the user reads it: a paragraph a problem, and never a flood of them."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

import click
import orjson

from pegbatch.errors import OutsideError, Problem, UsageError
from pegbatch.model.plain import plain, plain_line

SHOWN = 20
"""More problems than this are counted, not listed."""

LONGEST_TEXT = 2000
"""Characters of a problem that are shown."""

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


def say(text: str) -> None:
    """Tell the user what is under way: on stderr, or to whoever listens in its place."""
    _HEARER.get()(text)


@contextmanager
def heard_by(hearer: Callable[[str], None]) -> Iterator[None]:
    """Have what is said in this thread meanwhile go to a hearer."""
    token = _HEARER.set(hearer)
    try:
        yield
    finally:
        _HEARER.reset(token)


def _write(text: str) -> None:
    """Write a line on stderr; where nobody reads that any more, what is under way goes on."""
    try:
        # Made plain here, too: over progress bars it does not pass the door that all else does.
        click.echo(plain(text), err=True)
    except OSError:
        _hush(sys.stderr.fileno())


_HEARER: ContextVar[Callable[[str], None]] = ContextVar("hearer", default=_write)


def show(text: str | bytes) -> None:
    """Write a result on stdout; a reader who has seen enough, such as `head`, is no error."""
    try:
        click.echo(text)
    except BrokenPipeError:
        _hush(sys.stdout.fileno())


def echo_json(value: object) -> None:
    """Print one JSON object on stdout."""
    show(orjson.dumps(value, option=orjson.OPT_INDENT_2))


def _hush(descriptor: int) -> None:
    """Lead a stream to nowhere, so that flushing it at the end does not fail once more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def told(problems: Sequence[Problem], start: str = "pegbatch: ") -> str:
    """Return the first SHOWN problems, each with where, what and what next, and count the rest."""
    shown = [f"{start}{_paragraph(problem)}" for problem in problems[:SHOWN]]
    left = len(problems) - len(shown)
    if left:
        shown.append(f"pegbatch: … and {left:,} more like {'this' if left == 1 else 'these'}")
    return "\n".join(shown)


def _paragraph(problem: Problem) -> str:
    """Return a problem so that no line break in it can begin a line as ours do."""
    parts = (problem.message, problem.hint)
    message, hint = (part and _shortened(part).replace("\n", "\n    ") for part in parts)
    return str(Problem(message or "", problem.where and plain_line(problem.where), hint))


def _shortened(text: str) -> str:
    """Leave out the middle of what nobody would read: a file may hold a line of megabytes."""
    half = LONGEST_TEXT // 2
    return text if len(text) <= LONGEST_TEXT else f"{text[:half]} … {text[-half:]}"


def echo_warnings(warnings: Sequence[Problem]) -> None:
    """Write warnings on stderr."""
    if warnings:
        say(told(warnings, "pegbatch: warning: "))


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
