"""Fill waves: units in bags that keep a number of vCPUs busy to the end.

Bags run in waves of as many as there is room for. The units are cut into waves in order, the most
urgent first; within a wave they are spread so that its bags end together. Where there is slack,
later waves have shorter bags, so that less is left over at the end.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from pegbatch.planner.cut_by_runtime import least_loaded

TAPER = 0.5
"""How much longer than the mean the bags of the first wave may be, as a part of the mean."""


def fill_waves(
    seconds: Sequence[float], *, longest: float, least: float, at_once: int
) -> list[list[int]]:
    """Return the units of each bag, ascending, wave after wave.

    Shapes: as few waves as the longest bag allows; at least `least` seconds a bag on average. In a
    wave, the bag with its first unit stands first. n log n.
    Units: seconds are those of the units, above 0 in sum; longest and least those of bags.
    """
    total, most = math.fsum(seconds), len(seconds)
    # A wave has a unit at least, so that more waves than units change nothing.
    waves = math.ceil(_parts(total, at_once * longest, most))
    bags = max(1, min(waves * at_once, int(_parts(total, least, most * at_once))))
    filled: list[list[int]] = []
    for units in _waves(seconds, _shares(total, bags, -(-bags // at_once), longest)):
        width = min(at_once, max(1, bags - len(filled)), len(units))
        found = least_loaded([seconds[unit] for unit in units], width)
        filled += sorted([units[place] for place in bag] for bag in found)
    return filled


def _parts(total: float, each: float, most: int) -> float:
    """Return how often one number goes into another, or as often as counts."""
    return most if total >= each * most else total / each


def _shares(total: float, bags: int, waves: int, longest: float) -> list[float]:
    """Return what the bags of each wave hold together, from the first on, in seconds."""
    if waves == 1:
        return [total]
    mean = total / bags
    more = max(0.0, min(longest / mean - 1, TAPER))
    return [total / waves * (1 + more * (1 - 2 * wave / (waves - 1))) for wave in range(waves)]


def _waves(seconds: Sequence[float], shares: Sequence[float]) -> Iterator[list[int]]:
    """Cut the units, in order, where a wave has its share; no wave is empty."""
    units: list[int] = []
    wave, done, full = 0, 0.0, shares[0]
    for unit, more in enumerate(seconds):
        if units and wave + 1 < len(shares) and done + more / 2 > full:
            yield units
            units, wave = [], wave + 1
            full += shares[wave]
        units.append(unit)
        done += more
    yield units
