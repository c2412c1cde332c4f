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

    Shapes: links[i] maps the numbers of arrays that array i waits for, all below i, to the type.
    """
    reducer = LinkReducer()
    reduced: list[dict[int, LinkType]] = []
    for parents in links:
        reduced.append(reducer.reduce(parents))
        reducer.add(reduced[-1])
    return reduced


class LinkReducer:
    """Knows what the arrays so far wait for, directly and indirectly.

    One bit a pair of arrays is kept, so that each link costs a few operations on long integers.
    """

    def __init__(self) -> None:
        """Begin without arrays."""
        self._wholly: list[int] = []
        """Bit a of number i: all of array a is done before any child of i starts."""
        self._pairwise: list[int] = []
        """Bit a of number i: child c of array a is done before child c of i starts."""

    def reduce(self, parents: Mapping[int, LinkType]) -> dict[int, LinkType]:
        """Return those of some links to arrays so far that no path of others replaces, ascending.

        Shapes: for an array that is then added, or for one that only hands its links on.
        """
        kept: dict[int, LinkType] = {}
        all_done, same_done = 0, 0
        for parent in sorted(parents, reverse=True):
            kind = parents[parent]
            implied = all_done if kind is LinkType.ALL else all_done | same_done
            if not implied >> parent & 1:
                kept[parent] = kind
                wholly, pairwise = self._behind(parent, kind)
                all_done |= wholly
                same_done |= pairwise
        return dict(sorted(kept.items()))

    def add(self, links: Mapping[int, LinkType]) -> None:
        """Take the next array in, with its links."""
        all_done, same_done = 0, 0
        for parent, kind in links.items():
            wholly, pairwise = self._behind(parent, kind)
            all_done |= wholly
            same_done |= pairwise
        self._wholly.append(all_done)
        self._pairwise.append(same_done)

    def _behind(self, parent: int, kind: LinkType) -> tuple[int, int]:
        """Return what is done wholly, and what pairwise, once one link is satisfied."""
        wholly, pairwise = self._wholly[parent], self._pairwise[parent] | 1 << parent
        return (wholly | pairwise, 0) if kind is LinkType.ALL else (wholly, pairwise)
