"""`pegbatch help [WORD]`: what a command, an error code or a property means."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

import click
from click.shell_completion import CompletionItem

from pegbatch.cli.examples import ExampledCommand
from pegbatch.cli.telling import show
from pegbatch.errors import UsageError
from pegbatch.parse import known_properties
from pegbatch.parse.known_properties import pattern_of
from pegbatch.parse.obeyed_properties import DEFAULTS
from pegbatch.report.explained_errors import EXPLANATIONS
from pegbatch.report.reference_pages import (
    PropertyGroup,
    error_text,
    errors_page,
    properties_page,
    property_text,
)

_GROUPS: Mapping[str, Mapping[str, str]] = {
    "pegbatch's own": known_properties.OURS,
    "Catalogs": known_properties.CATALOGS,
    "Planning": known_properties.PLANNING,
    "Running": known_properties.RUNNING,
    "Profiles of all tasks": known_properties.PROFILES,
    "Of HTCondor and others": known_properties.FOREIGN,
}


def _words(root: click.Context) -> list[str]:
    """Return everything that can be asked about."""
    group = root.command
    commands = group.list_commands(root) if isinstance(group, click.Group) else []
    return [*commands, *EXPLANATIONS, *known_properties.KNOWN]


def _complete(
    context: click.Context, _: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    words = (word for word in _words(context.find_root()) if "*" not in word)
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


@click.command(
    cls=ExampledCommand,
    short_help="Say what a command, an error code or a property means.",
    examples={
        "pegbatch help run": "options and examples of a command",
        "pegbatch help cannot-plan": "what an error code means, and what to do",
        "pegbatch help pegbatch.pack.size": "what a property says, and its default",
    },
)
@click.argument("word", required=False, shell_complete=_complete)
@click.option("--page", type=click.Choice(["errors", "properties"]), hidden=True,
              help="Print a page of docs/.")  # fmt: skip
@click.pass_context
def command(context: click.Context, word: str | None, page: str | None) -> None:
    """Say what WORD means: a command, the code of an error, or a property."""
    show(_page(page) if page else _help(context, word))


def _page(name: str) -> str:
    groups = [PropertyGroup(title, meanings) for title, meanings in _GROUPS.items()]
    page = errors_page() if name == "errors" else properties_page(groups, DEFAULTS)
    return page.rstrip("\n")


def _help(context: click.Context, word: str | None) -> str:
    """Return the text.

    Errors: UsageError where nothing is called so, with what looks most like it.
    """
    root = context.find_root()
    if word is None:
        return root.get_help()
    asked = root.command.get_command(root, word) if isinstance(root.command, click.Group) else None
    if asked is not None:
        return asked.get_help(click.Context(asked, info_name=word, parent=root))
    if word in EXPLANATIONS:
        return error_text(word)
    pattern = pattern_of(word)
    if pattern is not None:
        return property_text(word, known_properties.KNOWN[pattern], DEFAULTS.get(pattern))
    near = difflib.get_close_matches(word[:100], _words(root), n=3)
    raise UsageError(
        f"nothing is called {word[:100]}",
        hint=f"did you mean {' or '.join(near)}?" if near else "`pegbatch help` lists the commands",
    )
