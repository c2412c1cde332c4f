"""Fold: nodes of one layer and one name become one box, for drawings that are too large."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pegbatch.model.drawing import BOX_STATES, Box, BoxState, Connection, Drawing, LinkKind

BOXES_MAX = 500
"""More boxes than this are folded by layer and name, then by name alone."""

StateCounts: TypeAlias = Mapping[BoxState, int]
Key: TypeAlias = tuple[int, str]
"""Layer and name."""
KeyLink: TypeAlias = tuple[Key, Key, LinkKind]


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes that become one box."""

    size: int
    counts: StateCounts


def counted(count: int, word: str) -> str:
    """Return a number with its word."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def told(counts: StateCounts) -> tuple[str, ...]:
    """Return what says in words what the colour of a box says; none where nothing has begun."""
    states = [state for state in reversed(BOX_STATES) if counts.get(state)]
    if len(states) == 1:
        return (states[0],)
    parts = [f"{counts[state]:,} {state}" for state in states]
    return tuple(", ".join(parts[n : n + 2]) for n in range(0, len(parts), 2))


def fold(title: str, groups: Mapping[Key, Group], links: Iterable[KeyLink], word: str) -> Drawing:
    """Return a box for each group; above BOXES_MAX, one for each name.

    Shapes: word is what a node is called; a link between two groups is drawn once a kind.
    """
    pairs = set(links)
    if len(groups) > BOXES_MAX:
        names = _by_name(groups)
        groups = _merged(groups, names)
        pairs = {(names[start], names[end], kind) for start, end, kind in pairs}
    return Drawing(
        title=title,
        boxes=tuple(
            Box(_text(key), (key[1], counted(group.size, word), *told(group.counts)),
                key[0], "task", group.counts)
            for key, group in sorted(groups.items(), key=lambda one: one[0])
        ),
        connections=tuple(
            Connection(_text(start), _text(end), kind)
            for start, end, kind in sorted(pairs)
            if start != end
        ),
    )  # fmt: skip


def _text(key: Key) -> str:
    return f"{key[0]}.{key[1]}"


def _by_name(groups: Mapping[Key, Group]) -> dict[Key, Key]:
    """Return what each key becomes: the first one of its name."""
    first: dict[str, Key] = {}
    for key in sorted(groups):
        first.setdefault(key[1], key)
    return {key: first[key[1]] for key in groups}


def _merged(groups: Mapping[Key, Group], names: Mapping[Key, Key]) -> dict[Key, Group]:
    sizes: Counter[Key] = Counter()
    counts: dict[Key, Counter[BoxState]] = {key: Counter() for key in names.values()}
    for key, group in groups.items():
        sizes[names[key]] += group.size
        counts[names[key]].update(group.counts)
    return {key: Group(sizes[key], counts[key]) for key in counts}
