"""Entry point of the `pegbatch` command: the lazy group of commands and the one error door."""

from __future__ import annotations

import importlib
import logging
import sys
import traceback
from typing import NoReturn

import click
from click.shell_completion import CompletionItem

from pegbatch.cli.error_door import Door
from pegbatch.cli.examples import ExampledGroup
from pegbatch.cli.interrupts import ending_in_order, exit_code
from pegbatch.cli.plain_output import plain_output
from pegbatch.cli.telling import outside_error, refuse_foreign_bytes
from pegbatch.errors import PegbatchError

COMMANDS = {
    "plan": "Plan a workflow into linked array jobs.",
    "run": "Submit a planned workflow, wait for it, fetch its outputs.",
    "status": "Say where a run stands.",
    "logs": "Show what tasks and children have said.",
    "wait": "Wait for a submitted run and fetch its outputs.",
    "analyze": "Say what failed in a run, and why.",
    "debug": "Reproduce one task of a run on this machine.",
    "statistics": "Say what a run has taken: times, memory, bytes, cost.",
    "report": "Write a report of a run, one HTML file.",
    "fetch": "Bring the outputs of a run to this machine.",
    "cancel": "End a run before its time.",
    "graph": "Draw a workflow or a plan.",
    "estimate": "Say how long a plan would take, and what it would cost.",
    "check": "Say whether everything is there that a run needs.",
    "inspect": "Say what an input file is and what it holds.",
    "pegasus-shims": "Write commands under Pegasus's names, for its own Python client.",
    "emulator": "Serve, look at or end the embedded AWS.",
    "help": "Say what a command, an error code or a property means.",
    "completion": "Print what makes a shell complete commands and directories.",
}
"""Each command lives in `pegbatch/cli/commands/<name>.py` as a click command called `command`."""


class LazyGroup(ExampledGroup):
    """Imports a command's module only when it is used, so that `--help` stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of use, not of the alphabet."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"pegbatch.cli.commands.{cmd_name.replace('-', '_')}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Offer the commands without importing them, and options after a dash."""
        fitting = [name for name in COMMANDS if name.startswith(incomplete)]
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [CompletionItem(name, help=COMMANDS[name]) for name in fitting] + options

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"]},
    examples={
        "pegbatch plan workflow.yml": "plan; prints the submit directory",
        "pegbatch run SUBMIT_DIR": "run the plan, here or on Amazon",
        "pegbatch run --help": "options and examples of one command",
    },
)
@click.version_option(package_name="pegbatch")
@click.option("--debug", is_flag=True, help="Show the traceback of an error, and more log.")
def pegbatch(debug: bool) -> None:
    """Run Pegasus workflows as linked array jobs on AWS Batch."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if debug else logging.WARNING,
        format="%(levelname)s %(name)s: %(message)s" if debug else "pegbatch: %(message)s",
    )
    logging.getLogger("botocore").setLevel(logging.WARNING)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and end the process with the design's exit codes.

    Shapes: 0 done, 1 a task or the run failed, 2 usage, 3 bad input, 4 cannot plan,
    5 the outside, 70 our bug, 130 Ctrl-C (128 and the number of any other signal).
    """
    run_command_line(pegbatch, "pegbatch", arguments)


def run_command_line(
    command: click.Command, name: str, arguments: list[str] | None = None
) -> NoReturn:
    """Run a command under its name and end the process: the one error door."""
    with plain_output():
        _run_to_the_end(command, name, arguments)


def _run_to_the_end(command: click.Command, name: str, arguments: list[str] | None) -> NoReturn:
    words = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in words
    door = Door(command, words)
    try:
        refuse_foreign_bytes(words)
        with ending_in_order():
            result = command.main(args=words, prog_name=name, standalone_mode=False)
    except click.exceptions.Abort as error:
        door.interrupted(exit_code(error.__cause__))
    except SystemExit as error:
        # click ends like this where the reader of stdout is gone, and would say that a task failed.
        sys.exit(0 if isinstance(error.__context__, BrokenPipeError) else error.code)
    except click.ClickException as error:
        door.misunderstood(error)
    except (PegbatchError, OSError) as error:
        if debug:
            traceback.print_exc()
        door.refuse(outside_error(error) if isinstance(error, OSError) else error)
    except Exception as error:
        if debug:
            traceback.print_exc()
        door.bug(error, name)
    sys.exit(result if isinstance(result, int) else 0)
