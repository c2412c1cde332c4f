"""The timeline of a run: attempts of children as bars, in lanes that none of them overlaps.

Each array has a band of lanes, as many as it had children running at once, so that the picture of a
level with 10,000 children is as high as the machine was wide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush

from pegbatch.model.history import ChildAttempt, History
from pegbatch.model.run_view import Band, Ran, Timeline


def lay_out(history: History, *, now: float) -> Timeline:
    """Give each attempt that has a start a lane of its array.

    Shapes: an attempt that runs lasts until the end of the run, or until now.
    """
    by_array: dict[str, list[int]] = {job.name: [] for job in history.jobs}
    unplaced = []
    for number, attempt in enumerate(history.attempts):
        if attempt.start is None:
            unplaced.append(number)
        else:
            by_array.setdefault(attempt.array, []).append(number)
    started, ended = span(history, now=now)
    bands, bars, lanes = [], [], []
    for array, numbers in by_array.items():
        if numbers:
            placed = _in_lanes(history.attempts, numbers, ended)
            bands.append(Band(array=array, count=len(placed), lanes=placed[-1][0] + 1))
            bars += [number for _, _, number in placed]
            lanes += [lane for lane, _, _ in placed]
    return Timeline(
        started=started,
        ended=ended,
        bands=tuple(bands),
        bars=bars,
        lanes=lanes,
        unplaced=unplaced,
    )


def span(history: History, *, now: float) -> tuple[float, float]:
    """Return from when to when a run is looked at, in seconds since the epoch.

    Shapes: hosts have clocks of their own; what they say lies within.
    """
    starts = [one.start for one in history.attempts if one.start is not None]
    if history.started is not None:
        starts.append(history.started)
    started = min(starts, default=now)
    ends = [one.end for one in history.attempts if one.end is not None]
    last = history.ended
    if last is None:
        last = started if history.status.is_over else now
    return started, max([*ends, last, started])


def _in_lanes(
    attempts: Sequence[ChildAttempt], numbers: Sequence[int], ended: float
) -> list[tuple[int, float, int]]:
    """Return (lane, start, number) in this order; a lane is taken again when it is free.

    Shapes: the lowest free lane is taken, so that the band is full at its top.
    """
    busy: list[tuple[float, int]] = []
    free: list[int] = []
    placed = []
    used = 0
    for start, number in sorted((attempts[number].start or 0.0, number) for number in numbers):
        while busy and busy[0][0] <= start:
            heappush(free, heappop(busy)[1])
        if free:
            lane = heappop(free)
        else:
            lane, used = used, used + 1
        end = attempts[number].end
        heappush(busy, (max(start, ended if end is None else end), lane))
        placed.append((lane, start, number))
    placed.sort()
    return placed


def tasks_by_attempt(history: History) -> Mapping[tuple[str, int, int, int], Ran]:
    """Return what each attempt ran, by array, bag, try and attempt."""
    ran: dict[tuple[str, int, int, int], Ran] = {}
    for one in history.executions:
        key = (one.array, one.bag, one.try_, one.attempt)
        before = ran.get(key)
        bad = int(one.state != "succeeded")
        ran[key] = (
            Ran(one.id, 1, bad)
            if before is None
            else Ran(before.first, before.tasks + 1, before.not_succeeded + bad)
        )
    return ran
