"""Doing one thing to many items at once, with a bounded number in flight."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

WORKERS = 16
"""Transfers at a time: they wait for the network far more than they compute."""


def map_parallel(
    function: Callable[[Item], Result], items: Iterable[Item], *, workers: int = WORKERS
) -> Iterator[Result]:
    """Yield function(item) in the order of the items.

    Shapes: items are drawn as results are taken, at most 4 a worker ahead, so that a million
    of them never lie in memory.
    Errors: the first one that function raises, after those in flight have ended.
    """
    source = iter(items)
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Result]] = deque(
            pool.submit(function, item) for item in islice(source, 4 * workers)
        )
        try:
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(pool.submit(function, item) for item in islice(source, 1))
                yield result
        finally:
            for future in waiting:
                future.cancel()
