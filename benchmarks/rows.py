"""One figure of a benchmark, as the table and the JSON show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that was measured, and what it is held against."""

    name: str
    size: int
    """Tasks, children, files: what the benchmark counts."""
    value: float
    unit: str
    """Of value and floor: `s`, `CPU s`, `MiB`, `bytes/task`, `calls`."""
    floor: float | None = None
    """What cannot be beaten, measured in the same run; None: the value stands for itself."""
    bound: float | None = None
    """At most this: the ratio where there is a floor, else the value."""

    @property
    def ratio(self) -> float | None:
        """Return value / floor."""
        return None if not self.floor else self.value / self.floor

    @property
    def is_kept(self) -> bool | None:
        """Tell whether the bound is kept; None where there is none."""
        if self.bound is None:
            return None
        return (self.value if self.ratio is None else self.ratio) <= self.bound

    def to_json(self) -> dict[str, Any]:
        """Return the row as it stands in results.json."""
        return {**asdict(self), "ratio": self.ratio}


Benchmark = Callable[[bool], Iterable[Row]]
"""Told whether to be quick (small sizes, few repetitions); yields rows as they are known."""
