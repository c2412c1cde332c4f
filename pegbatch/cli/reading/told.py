"""Warnings, each told once and as soon as it is known, so that it is said even where all fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pegbatch.errors import Problem

Warn = Callable[[Sequence[Problem]], None]
"""Told what is odd."""


class Told:
    """Hands warnings on: those of sub-workflows are often those of the workflow around them."""

    def __init__(self, warn: Warn) -> None:
        """Take who is told."""
        self._warn = warn
        self._known: dict[Problem, None] = {}

    @property
    def all(self) -> tuple[Problem, ...]:
        """Return all that was told, in order."""
        return tuple(self._known)

    def tell(self, problems: Sequence[Problem]) -> None:
        """Tell of those that are new."""
        new = [problem for problem in dict.fromkeys(problems) if problem not in self._known]
        self._known.update(dict.fromkeys(new))
        self._warn(new)
