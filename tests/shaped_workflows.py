"""Workflows in the shapes of public ones, of any size, with runtimes drawn at random: DAX texts."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence


class Drawn:
    """A workflow in the making."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self._jobs: list[str] = []
        self._edges: list[str] = []

    def add(self, name: str, mean: float, parents: Sequence[str] = ()) -> str:
        """Add a task whose runtime varies about a mean, and return its id."""
        number = f"t{len(self._jobs)}"
        seconds = round(self.draw.gammavariate(4, mean / 4), 2)
        self._jobs.append(f'<job id="{number}" name="{name}" runtime="{seconds}"/>')
        refs = "".join(f'<parent ref="{parent}"/>' for parent in parents)
        self._edges.append(f'<child ref="{number}">{refs}</child>' if refs else "")
        return number

    def dax(self) -> str:
        """Return the text."""
        return f'<adag name="shaped">{"".join(self._jobs + self._edges)}</adag>'


def cybershake(drawn: Drawn, tasks: int) -> None:
    """Sites whose tasks go on in pairs, and one that nothing reads; two tasks gather all."""
    ends, peaks = [], []
    for _ in range(max(2, tasks // 50)):
        site = drawn.add("extract", 110)
        for _ in range(drawn.draw.randrange(8, 40)):
            ends.append(drawn.add("synthesis", 60, [site]))
            peaks.append(drawn.add("peak", 0.6, [ends[-1]]))
    drawn.add("extract", 110)
    drawn.add("zip", 120, ends)
    drawn.add("zip", 100, peaks)


def epigenomics(drawn: Drawn, tasks: int) -> None:
    """Lanes, each split in chains of four that are merged; all lanes are merged in the end."""
    merged = []
    for _ in range(max(2, tasks // 120)):
        split = drawn.add("split", 34)
        maps = []
        for _ in range(drawn.draw.randrange(10, 50)):
            first = drawn.add("filter", 2.5, [split])
            second = drawn.add("convert", 0.5, [first])
            maps.append(drawn.add("map", 200, [drawn.add("pack", 1.4, [second])]))
        merged.append(drawn.add("merge", 57, maps))
    drawn.add("index", 43, [drawn.add("merge", 60, merged)])


def inspiral(drawn: Drawn, tasks: int) -> None:
    """Groups that never meet."""
    for _ in range(max(2, tasks // 40)):
        width = drawn.draw.randrange(6, 14)
        first = [drawn.add("inspiral", 460, [drawn.add("bank", 18)]) for _ in range(width)]
        middle = drawn.add("thinca", 5.4, first)
        second = [drawn.add("trig", 5.1, [middle]) for _ in range(width)]
        drawn.add("thinca", 5.4, [drawn.add("inspiral", 460, [one]) for one in second])


def genome(drawn: Drawn, tasks: int) -> None:
    """Chromosomes: many tasks, one that gathers them, and some that read it."""
    for _ in range(max(2, tasks // 52)):
        merge = drawn.add("merge", 40, [drawn.add("individuals", 90) for _ in range(25)])
        for _ in range(7):
            drawn.add("overlap", 30, [merge])
            drawn.add("frequency", 150, [merge])


def short_tasks(drawn: Drawn, tasks: int) -> None:
    """Many tasks of a few seconds, and one that gathers them."""
    drawn.add("gather", 20, [drawn.add("short", 12) for _ in range(tasks)])


SHAPES: dict[str, Callable[[Drawn, int], None]] = {
    shape.__name__: shape for shape in (cybershake, epigenomics, inspiral, genome, short_tasks)
}


def shaped_dax(shape: str, tasks: int, seed: int) -> str:
    """Return a workflow of about so many tasks."""
    drawn = Drawn(seed)
    SHAPES[shape](drawn, tasks)
    return drawn.dax()
