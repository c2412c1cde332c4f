"""Commands whose `--help` ends with examples: what a user would type, and what it does.

Every command of pegbatch is one:

    @click.command(cls=ExampledCommand, examples={"pegbatch status": "where the run here stands"})
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click


class ExampledCommand(click.Command):
    """A command with examples: command line to meaning, the commonest first."""

    def __init__(
        self, *args: Any, examples: Mapping[str, str] | None = None, **settings: Any
    ) -> None:
        super().__init__(*args, **settings)
        self.examples = dict(examples or {})

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each example below a comment that says what it does."""
        super().format_epilog(ctx, formatter)
        if not self.examples:
            return
        with formatter.section("Examples"):
            for line, meaning in self.examples.items():
                formatter.write(f"{'':>{formatter.current_indent}}# {meaning}\n")
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")


class ExampledGroup(ExampledCommand, click.Group):
    """A group of commands, with examples of its own."""
