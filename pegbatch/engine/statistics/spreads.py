"""Numbers that are told one after another and of which only the spread is kept."""

from __future__ import annotations

import math

from pegbatch.model.statistics import Spread


class Running:
    """A spread in the making; mutable, for folds over many things."""

    __slots__ = ("count", "least", "most", "total")

    def __init__(self) -> None:
        """Begin without any number."""
        self.count = 0
        self.least = math.inf
        self.most = -math.inf
        self.total = 0.0

    def add(self, number: float) -> None:
        """Take one number."""
        self.count += 1
        self.total += number
        if number < self.least:
            self.least = number
        if number > self.most:
            self.most = number

    def add_known(self, number: float | None) -> None:
        """Take one number, where there is one."""
        if number is not None:
            self.add(number)

    def spread(self) -> Spread | None:
        """Return how the numbers lie; None where there were none."""
        if not self.count:
            return None
        return Spread(count=self.count, least=self.least, most=self.most, total=self.total)
