"""How a command ends that cannot do what it was asked: said to the user, or to a program."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import NoReturn

import click

from pegbatch.cli.telling import echo_json, say, told
from pegbatch.errors import EXIT_BUG, PegbatchError, Problem, UsageError

BUG = "bug"
INTERRUPTED = "interrupted"
"""Codes of what is no PegbatchError."""


class Door:
    """Ends the process with an exit code; where the words ask for JSON, with an object on stdout.

    Shapes: `{"error": {"code", "exit_code", "problems": [{"where", "message", "hint"}]}}`, and
    beside it what the command has to tell all the same.
    """

    def __init__(self, command: click.Command, words: Sequence[str]) -> None:
        """Take the command line."""
        self._command, self._words = command, words

    def refuse(self, error: PegbatchError) -> NoReturn:
        """End with an error of ours: one paragraph a problem, then its code."""
        say(f"{told(error.problems)}\n  (error {error.code}: `pegbatch help {error.code}`)")
        self._end(error.code, error.exit_code, error.problems, error.answer)

    def misunderstood(self, error: click.ClickException) -> NoReturn:
        """End with what click says of the command line."""
        error.show()
        self._end(UsageError.code, error.exit_code, (Problem(error.format_message()),))

    def interrupted(self, exit_code: int) -> NoReturn:
        """End after Ctrl-C, or another signal."""
        say("pegbatch: interrupted")
        self._end(INTERRUPTED, exit_code, (Problem("interrupted"),))

    def bug(self, error: Exception, name: str) -> NoReturn:
        """End with a fault of our own, in the command that is called so."""
        problem = Problem(
            f"a bug in pegbatch: {error!r}",
            hint=f"run the same command with `{name} --debug …` and report what it prints",
        )
        say(told((problem,)))
        self._end(BUG, EXIT_BUG, (problem,))

    def _end(
        self,
        code: str,
        exit_code: int,
        problems: Sequence[Problem],
        answer: Mapping[str, object] = MappingProxyType({}),
    ) -> NoReturn:
        if _asks_for_json(self._command, self._words):
            # Where stdout itself is what failed, stderr and the exit code have told.
            with suppress(OSError):
                echo_json({**answer, "error": _as_object(code, exit_code, problems)})
        sys.exit(exit_code)


def _as_object(code: str, exit_code: int, problems: Sequence[Problem]) -> dict[str, object]:
    shown = [{"where": one.where, "message": one.message, "hint": one.hint} for one in problems]
    return {"code": code, "exit_code": exit_code, "problems": shown}


def _asks_for_json(command: click.Command, words: Sequence[str]) -> bool:
    """Say whether the option for JSON, as the command spells it, is among the words."""
    if isinstance(command, click.Group):
        names = (word for word in words if not word.startswith("-"))
        # A command whose modules cannot be imported ends here as well, and is asked nothing.
        with suppress(ImportError):
            command = command.get_command(click.Context(command), next(names, "")) or command
    spellings = {
        spelling
        for parameter in command.params
        if parameter.name == "as_json"
        for spelling in parameter.opts
    }
    return not spellings.isdisjoint(words)
