"""Reduce links: leave out those that others imply, with respect to their type.

A path of links with one ALL among them means that the whole first array is done before any child
of the last one starts. A path of N_TO_N links alone only means that for the child of the same
number, so it replaces an N_TO_N link and never an ALL link.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pegbatch.model.plan import LinkType


def reduce_links(links: Sequence[Mapping[int, LinkType]]) -> list[dict[int, LinkType]]:
    """Return the links without those that a path of others replaces.

    Shapes: links[i] maps the numbers of arrays that array i waits for, all below i, to the type;
    one bit a pair of arrays is kept, so that each link costs a few operations on long integers.
    """
    wholly = [0] * len(links)
    """Bit a of wholly[i]: all of array a is done before any child of i starts."""
    pairwise = [0] * len(links)
    """Bit a of pairwise[i]: child c of array a is done before child c of i starts."""
    reduced: list[dict[int, LinkType]] = []
    for number, parents in enumerate(links):
        kept: dict[int, LinkType] = {}
        all_done, same_done = 0, 0
        for parent in sorted(parents, reverse=True):
            kind = parents[parent]
            implied = all_done if kind is LinkType.ALL else all_done | same_done
            if implied >> parent & 1:
                continue
            kept[parent] = kind
            if kind is LinkType.ALL:
                all_done |= wholly[parent] | pairwise[parent] | 1 << parent
            else:
                all_done |= wholly[parent]
                same_done |= pairwise[parent] | 1 << parent
        wholly[number], pairwise[number] = all_done, same_done
        reduced.append(dict(sorted(kept.items())))
    return reduced
