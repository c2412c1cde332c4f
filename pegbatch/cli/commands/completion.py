"""`pegbatch completion SHELL`: what makes a shell complete the words of pegbatch."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from pegbatch.cli.examples import ExampledCommand
from pegbatch.cli.telling import show

SHELLS = ("bash", "zsh", "fish")
TOOLS = ("pegbatch", "pegbatch-aws-batch")


@click.command(
    cls=ExampledCommand,
    short_help="Print what makes a shell complete commands, options and directories.",
    examples={
        'eval "$(pegbatch completion bash)"': "in this shell; in ~/.bashrc, in every one",
        "pegbatch completion zsh > ~/.pegbatch.zsh": "then: source ~/.pegbatch.zsh in ~/.zshrc",
        "pegbatch completion fish > ~/.config/fish/conf.d/pegbatch.fish": "in every fish",
    },
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the script that makes SHELL complete the words of pegbatch and pegbatch-aws-batch.

    Commands, options and their values, submit directories, array jobs and tasks.
    """
    show("\n".join(_script(context.command, shell, tool) for tool in TOOLS))


def _script(command: click.Command, shell: str, tool: str) -> str:
    """Return click's own script for one tool, whose words are asked for in one variable."""
    kind = get_completion_class(shell)
    assert kind is not None
    variable = f"_{tool.replace('-', '_').upper()}_COMPLETE"
    completion = kind(command, {}, tool, variable)
    return completion.source_template % completion.source_vars()
