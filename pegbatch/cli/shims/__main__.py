"""`python -m pegbatch.cli.shims NAME WORDS…`: one of Pegasus's commands, by its own exit codes."""

from __future__ import annotations

import importlib
import logging
import sys
from typing import NoReturn

import click

from pegbatch.cli.main import run_command_line
from pegbatch.cli.shims.names import SHIMS, WATCH
from pegbatch.errors import EXIT_BUG, InputError, OutsideError, PlanError

_REFUSED = 1
"""What Pegasus's commands end with, whatever was wrong."""
_OURS = (InputError.exit_code, PlanError.exit_code, OutsideError.exit_code, EXIT_BUG)


def shim(name: str) -> click.Command:
    """Import and return one of the commands.

    Errors: KeyError where there is none.
    """
    module = WATCH if name == WATCH else SHIMS[name]
    command = importlib.import_module(f"pegbatch.cli.shims.{module}").command
    assert isinstance(command, click.Command)
    return command


def main(words: list[str]) -> NoReturn:
    """Run one of the commands and end the process.

    Shapes: 0 done, 1 refused, 2 usage, or a workflow that failed (`pegasus-analyzer`), 130 Ctrl-C.
    """
    if not words or words[0] not in (*SHIMS, WATCH):
        sys.exit(f"one of {', '.join(SHIMS)} is wanted: `pegbatch pegasus-shims DIR` makes them")
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    try:
        run_command_line(shim(words[0]), words[0], words[1:])
    except SystemExit as end:
        if end.code in _OURS:
            sys.exit(_REFUSED)
        raise


if __name__ == "__main__":
    main(sys.argv[1:])
