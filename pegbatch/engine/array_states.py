"""What the log says of each array of a try: a mapping that changes by small copies.

The fold takes a new mapping with every event. Copying all of it each time would make a log of
10,000 arrays cost minutes; here an event copies one block of neighbours and the list of blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

ENDED = frozenset({"SUCCEEDED", "FAILED"})
"""The states a Batch job never leaves."""

BLOCK = 128
"""Arrays in a block: near the square root of many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayState:
    """What the log says of one array of a try."""

    name: str
    """The plan's, in every try."""
    job_name: str = ""
    """Of the last intent; empty before the first."""
    job_queue: str = ""
    """Where that intent was for: the place to look for it."""
    intended: float | None = None
    """Time of the last intent."""
    job_id: str | None = None
    submitted: float | None = None
    """Time at which the job id was noted."""
    status: str = ""
    """AWS Batch's word; empty before it was first seen."""
    reason: str = ""
    children: Mapping[str, int] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Say whether Batch will not touch it any more."""
        return self.status in ENDED


def is_unsubmitted(array: ArrayState) -> bool:
    """Say whether an array has still to be submitted.

    One without a job id that has ended was submitted all the same: its records settled it.
    """
    return array.job_id is None and not array.ended


class ArrayStates(Mapping[str, ArrayState]):
    """Arrays by name, in the order of their try; never changed, only taken over with a change."""

    __slots__ = ("_blocks", "_first", "_places")

    def __init__(self, arrays: Iterable[ArrayState] = ()) -> None:
        """Take the arrays in their order."""
        known = tuple(arrays)
        self._places = {array.name: place for place, array in enumerate(known)}
        self._blocks = tuple(known[at : at + BLOCK] for at in range(0, len(known), BLOCK))
        self._first = self._next_unsubmitted(0)

    def having(self, array: ArrayState) -> Self:
        """Return the same arrays but for one.

        Errors: KeyError for a name that is not among them.
        """
        place = self._places[array.name]
        number, at = divmod(place, BLOCK)
        block = self._blocks[number]
        new = object.__new__(type(self))
        new._places = self._places
        new._blocks = (
            *self._blocks[:number],
            (*block[:at], array, *block[at + 1 :]),
            *self._blocks[number + 1 :],
        )
        new._first = self._first
        if place <= self._first:
            new._first = new._next_unsubmitted(place)
        return new

    @property
    def first_unsubmitted(self) -> ArrayState | None:
        """Return the next array to submit; None where all are."""
        return self._at(self._first) if self._first < len(self._places) else None

    def unsubmitted(self) -> Iterator[ArrayState]:
        """Yield the arrays that are to be submitted, in their order."""
        place = self._first
        while place < len(self._places):
            yield self._at(place)
            place = self._next_unsubmitted(place + 1)

    def __getitem__(self, name: str) -> ArrayState:
        return self._at(self._places[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def _at(self, place: int) -> ArrayState:
        number, at = divmod(place, BLOCK)
        return self._blocks[number][at]

    def _next_unsubmitted(self, start: int) -> int:
        """Return the first place from a start on whose array has still to be submitted."""
        places = range(start, len(self._places))
        return next((at for at in places if is_unsubmitted(self._at(at))), len(self._places))
