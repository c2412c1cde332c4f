"""Failure marks: what their keys say of each bag (docs/formats.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from pegbatch.model.layout import (
    AGAIN,
    COMPLAINT,
    LOST,
    parse_complaint_key,
    parse_failure_key,
    parse_retry_key,
)


class Mark(NamedTuple):
    """The failure mark of one bag, of its highest try."""

    number: int
    """The try."""
    failed: int
    skipped: int


Marks: TypeAlias = Mapping[str, Mapping[int, Mark]]
"""Array, then bag."""


@dataclass(frozen=True, slots=True)
class FailureKeys:
    """What one LIST of the failures says."""

    marks: Marks = field(default_factory=dict)
    others: tuple[str, ...] = ()
    """URLs that are no failure marks."""

    def restarts(self) -> Restarts:
        """Count the retry marks."""
        return read_restarts(self.others)

    def complaints(self) -> frozenset[tuple[str, int]]:
        """Return the bags, as (array, bag), whose records name files that tasks could not use."""
        likely = (url for url in self.others if url.endswith(COMPLAINT))
        return frozenset(found for url in likely if (found := parse_complaint_key(url)) is not None)


def read_marks(urls: Iterable[str]) -> Marks:
    """Read the failure marks among the keys of one LIST of the failures, as read_failures does."""
    return read_failures(urls).marks


def read_failures(urls: Iterable[str]) -> FailureKeys:
    """Read the keys of one LIST of the failures, each once.

    Shapes: of several marks of a bag the one of the highest try counts, and in one try that which
    says that all is done; bags whose mark says so are left out.
    """
    newest: dict[str, dict[int, Mark]] = {}
    others: list[str] = []
    known: dict[str, Mark | None] = {}  # there may be a million marks, and few that differ
    folder, bags = "", dict[int, Mark]()  # those of an array come one after another
    for url in urls:
        its_folder, _, name = url.rpartition("/")
        bag_text, _, rest = name.partition(".")
        mark = known[rest] if rest in known else known.setdefault(rest, _read_mark(rest))
        if mark is None or not bag_text.isdecimal() or "/" not in its_folder:
            others.append(url)
            continue
        if its_folder != folder:
            folder, bags = its_folder, newest.setdefault(its_folder.rpartition("/")[2], {})
        bag = int(bag_text)
        before = bags.get(bag)
        if before is None or _rank(before) < _rank(mark):
            bags[bag] = mark
    return FailureKeys(_without_clear(newest), tuple(others))


def _without_clear(marks: Marks) -> Marks:
    return {
        array: {bag: mark for bag, mark in bags.items() if mark.failed or mark.skipped}
        for array, bags in marks.items()
    }


def _read_mark(text: str) -> Mark | None:
    """Read what stands behind the bag in a key; None where it is no failure mark's."""
    parsed = parse_failure_key(f"//0.{text}")
    return None if parsed is None else Mark(*parsed[2:])


@dataclass(frozen=True, slots=True)
class Restarts:
    """How often children were started again."""

    again: int = 0
    """Since a task of theirs may be tried again."""
    lost: int = 0
    """Since the attempt before was lost: host or Spot reclaimed, killed, image not to be had."""
    by_array: Mapping[tuple[str, int], int] = field(default_factory=dict)
    """All of them, by array (a later try's has a name of its own) and try."""

    @property
    def all(self) -> int:
        """Return all of them."""
        return self.again + self.lost


def read_restarts(urls: Iterable[str]) -> Restarts:
    """Count the retry marks among the keys of one LIST of the failures; others are passed over."""
    likely = (url for url in urls if url.endswith((AGAIN, LOST)))  # of perhaps a million
    found = [parsed for url in likely if (parsed := parse_retry_key(url)) is not None]
    lost = sum(is_lost for *_, is_lost in found)
    by_array = Counter((array, number) for array, _, number, *_ in found)
    return Restarts(again=len(found) - lost, lost=lost, by_array=by_array)


def _rank(mark: Mark) -> tuple[int, bool, int]:
    return mark.number, _is_clear(mark), mark.failed + mark.skipped


def _is_clear(mark: Mark) -> bool:
    return not mark.failed and not mark.skipped
