"""A timeline too large to be drawn attempt by attempt, as cells of a grid.

Each row stands for several lanes, each cell for a span of time. A cell is drawn as most of the
attempts in it. Where only a few of them failed or were lost, a cell now and then is drawn so: marks
that show where it happened, and leave a level in which one in twenty failed mostly green.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby

from pegbatch.model.history import AttemptState, ChildAttempt, History
from pegbatch.model.run_view import Band, Cell, Grid, Timeline

ROWS = 280
COLUMNS = 800
_STATES: tuple[AttemptState, ...] = ("succeeded", "running", "lost", "failed")
MARK_COLUMNS = 12
"""From one mark of few failures to the next, at least."""
_Marks = dict[int, Counter[AttemptState]]


def coarsen(history: History, timeline: Timeline) -> Grid:
    """Return the grid, in time linear in the attempts and in the cells."""
    step = max(timeline.seconds, 1e-3) / COLUMNS
    lanes = sum(band.lanes for band in timeline.bands)
    bands, cells = [], []
    first = 0
    for band in timeline.bands:
        rows = max(1, min(band.lanes, ROWS * band.lanes // max(1, lanes)))
        drawn = _Cells(rows, timeline.started, step)
        for place in range(first, first + band.count):
            attempt = history.attempts[timeline.bars[place]]
            drawn.add(timeline.lanes[place] * rows // band.lanes, attempt, timeline.ended)
        first += band.count
        found = list(drawn.runs())
        cells += found
        bands.append(Band(array=band.array, count=len(found), lanes=rows))
    return Grid(step_seconds=step, bands=tuple(bands), cells=cells)


class _Cells:
    """The cells of one band while attempts are added: a few numbers an attempt, not one a cell."""

    def __init__(self, rows: int, started: float, step: float) -> None:
        self._started, self._step = started, step
        self._changes = [[[0] * (COLUMNS + 1) for _ in _STATES] for _ in range(rows)]
        self._marks: list[_Marks] = [{} for _ in range(rows)]

    def add(self, row: int, attempt: ChildAttempt, ended: float) -> None:
        """Count an attempt in all cells that it touches."""
        first = self._column(attempt.start or 0.0)
        last = max(first, self._column(ended if attempt.end is None else attempt.end))
        changes = self._changes[row][_STATES.index(attempt.state)]
        changes[first] += 1
        changes[last + 1] -= 1
        if attempt.state in ("failed", "lost"):
            self._marks[row].setdefault(last, Counter())[attempt.state] += 1

    def _column(self, moment: float) -> int:
        return min(COLUMNS - 1, max(0, int((moment - self._started) / self._step)))

    def runs(self) -> Iterator[Cell]:
        """Yield cells side by side that look alike as one, row after row."""
        for row, (changes, marks) in enumerate(zip(self._changes, self._marks, strict=True)):
            counts = list(zip(*map(accumulate, changes), strict=True))
            looks = list(_looks(counts, marks, MARK_COLUMNS + row * 7 % MARK_COLUMNS))
            column = 0
            for state, group in groupby(looks):
                length = len(list(group))
                if state is not None:
                    most = max(sum(one) for one in counts[column : column + length])
                    yield Cell(row=row, column=column, length=length, state=state, most=most)
                column += length


def _looks(
    counts: Sequence[Sequence[int]], marks: _Marks, apart: int
) -> Iterator[AttemptState | None]:
    """Yield how each cell of a row is drawn; None where there is nothing in it.

    Shapes: marks of few failures are so many columns apart, not as many in each row, since they
    would stand in stripes.
    """
    last = -apart
    for column, here in enumerate(counts):
        ended = marks.get(column)
        if ended and (column - last >= apart or 2 * ended.total() >= sum(here)):
            last = column
            yield "failed" if ended["failed"] else "lost"
        else:
            most = max(here)
            yield _STATES[here.index(most)] if most else None
