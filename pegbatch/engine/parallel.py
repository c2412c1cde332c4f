"""Doing one thing to many items at once, with a bounded number in flight."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, Executor, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

WORKERS = 16
"""Transfers at a time: they wait for the network far more than they compute."""


CALLS = 8
"""Calls of a service at a time: botocore keeps ten connections."""


def make_calls(function: Callable[[Item], None], items: Iterable[Item]) -> None:
    """Call a service for each item, some at a time, begun in order; with the first that raises no
    more are begun.

    Errors: the first one that function raises, after those in flight have ended.
    """
    with ThreadPoolExecutor(CALLS) as pool:
        futures = [_submit(pool, function, item) for item in items]
        wait(futures, return_when=FIRST_EXCEPTION)
        pool.shutdown(cancel_futures=True)
    for future in futures:
        if not future.cancelled():
            future.result()


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
            _submit(pool, function, item) for item in islice(source, 4 * workers)
        )
        try:
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(_submit(pool, function, item) for item in islice(source, 1))
                yield result
        finally:
            for future in waiting:
                future.cancel()


def _submit(pool: Executor, function: Callable[[Item], Result], item: Item) -> Future[Result]:
    """Submit one call; in its thread, too, what is said goes to who listens to the caller."""
    return pool.submit(copy_context().run, function, item)
