"""Failure marks: what their keys say of each bag (docs/formats.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from pegbatch.model.layout import parse_failure_key


class Mark(NamedTuple):
    """The failure mark of one bag, of its highest try."""

    number: int
    """The try."""
    failed: int
    skipped: int


Marks: TypeAlias = Mapping[str, Mapping[int, Mark]]
"""Array, then bag."""


def read_marks(urls: Iterable[str]) -> Marks:
    """Read the keys of one LIST of the failures; others are passed over.

    Shapes: of several marks of a bag the one of the highest try counts, and in one try that which
    says that all is done; bags whose mark says so are left out.
    """
    newest: dict[str, dict[int, Mark]] = {}
    for url in urls:
        parsed = parse_failure_key(url)
        if parsed is not None:
            array, bag, number, failed, skipped = parsed
            mark = Mark(number, failed, skipped)
            bags = newest.setdefault(array, {})
            if bag not in bags or _rank(bags[bag]) < _rank(mark):
                bags[bag] = mark
    return {
        array: {bag: mark for bag, mark in bags.items() if not _is_clear(mark)}
        for array, bags in newest.items()
    }


def _rank(mark: Mark) -> tuple[int, bool, int]:
    return mark.number, _is_clear(mark), mark.failed + mark.skipped


def _is_clear(mark: Mark) -> bool:
    return not mark.failed and not mark.skipped
