"""Hooks as the formats write them: `<invoke when="…">`, `invoke "…" "…"`, `hooks: {shell: […]}`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pegbatch.model.hooks import EVENTS, Hook, Hooks
from pegbatch.model.words import split_words
from pegbatch.parse.yaml_events import Node

_ALIASES = {"on_error": "error", "on_success": "success", "at_end": "end"}
"""What DAX 3.3 and transformation catalogs call the events."""

Warn = Callable[[int, str], None]
"""Told the line and what is odd."""


def read_hook(event: str, command: str, line: int, warn: Warn) -> Hooks:
    """Return one hook; none for `never`, nor, with a warning, where it could not be run."""
    word = event.strip().lower()
    known = _ALIASES.get(word, word)
    text = command.strip()
    if known == "never":
        return ()
    if known not in EVENTS:
        warn(line, f"a hook waits for {event!r}, which never happens; it is not run")
    elif not text:
        warn(line, "a hook without a command; it is passed over")
    elif not _splits(text):
        warn(line, f"a quote of the hook {text!r} is not closed; it is not run")
    else:
        return (Hook(known, text),)
    return ()


def hooks_of_node(node: Node | None, warn: Warn) -> Hooks:
    """Read the value of a key `hooks`; what is no hook of the shell is a warning."""
    if node is None or node.value is None:
        return ()
    groups = node.mapping()
    if groups is None:
        warn(node.line, f"`hooks` is a mapping, found {node.kind}; it is passed over")
        return ()
    for key, group in groups.items():
        if key != "shell" and not key.startswith("x-"):
            warn(group.line, f"hooks of the kind {key!r} are not known; they are not run")
    return tuple(hook for item in _items(groups.get("shell"), warn) for hook in _entry(item, warn))


def _items(node: Node | None, warn: Warn) -> Iterator[Node]:
    items = () if node is None else node.sequence()
    if items is None:
        assert node is not None
        warn(node.line, f"`shell` is a list of hooks, found {node.kind}; it is passed over")
    yield from items or ()


def _entry(item: Node, warn: Warn) -> Hooks:
    entries = item.mapping() or {}
    event, command = (
        (entries[key].text() if key in entries else None) or "" for key in ("_on", "cmd")
    )
    if not event and not command:
        warn(item.line, "a hook is a mapping with `_on` and `cmd`; this one is passed over")
        return ()
    return read_hook(event, command, item.line, warn)


def _splits(text: str) -> bool:
    try:
        split_words(text)
    except ValueError:
        return False
    return True
