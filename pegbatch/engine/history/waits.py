"""How long attempts waited: from when all that their bag waits for had ended to their start."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pegbatch.engine.history.past_tries import PastTry
from pegbatch.model.history import ChildAttempt
from pegbatch.model.plan import JobLink, LinkType

Ends = dict[int, float | None]
"""By bag: the end of its last attempt in one try; None where it is not known, or goes on."""


def with_waits(
    tries: Mapping[int, PastTry], attempts: Iterable[ChildAttempt]
) -> Iterator[ChildAttempt]:
    """Yield the attempts with how long each has waited, in the order given.

    Shapes: attempts at one bag in one try come in a row, oldest first. The first waits for the
    submission of its job and for what that depends on (its own bag through N_TO_N links, all of
    the other array through others), each further one for the attempt before it.
    """
    known = list(attempts)
    ready = _Ready(tries, known)
    before: ChildAttempt | None = None
    for attempt in known:
        if before is not None and _place(before) == _place(attempt):
            since = before.end
        else:
            since = ready.at(attempt.try_, attempt.array, attempt.bag)
        before = attempt
        yield replace(attempt, waited_seconds=_between(since, attempt.start))


def _place(attempt: ChildAttempt) -> tuple[str, int, int]:
    return attempt.array, attempt.bag, attempt.try_


def _between(since: float | None, start: float | None) -> float | None:
    # Clocks of two machines may differ by a little.
    return None if since is None or start is None else max(0.0, start - since)


class _Ready:
    """When each bag could have begun."""

    def __init__(self, tries: Mapping[int, PastTry], attempts: Iterable[ChildAttempt]) -> None:
        self._tries = tries
        self._bags: dict[tuple[int, str], Ends] = {}
        self._arrays: dict[tuple[int, str], float | None] = {}
        for attempt in attempts:
            self._bags.setdefault((attempt.try_, attempt.array), {})[attempt.bag] = attempt.end

    def at(self, number: int, array: str, bag: int) -> float | None:
        """Return when a bag had nothing more to wait for; None where that is not known."""
        past = self._tries.get(number)
        if past is None or array not in past.jobs:
            return None
        sent = past.sent.get(array)
        times = [past.started if sent is None else sent.time]
        for link in past.jobs[array].depends_on:
            end = self._end_of(past, link, bag)
            if end is None:
                return None
            times.append(end)
        return max(times)

    def _end_of(self, past: PastTry, link: JobLink, bag: int) -> float | None:
        if link.type is LinkType.N_TO_N:
            return self._bags.get((past.number, link.array), {}).get(bag)
        key = past.number, link.array
        if key not in self._arrays:
            self._arrays[key] = self._end_of_all(past, link.array)
        return self._arrays[key]

    def _end_of_all(self, past: PastTry, array: str) -> float | None:
        """Return when an array had ended; a barrier, which leaves nothing, when its parents had."""
        if past.jobs[array].kind == "barrier":
            ends = [self._end_of(past, link, 0) for link in past.jobs[array].depends_on]
        else:
            ends = list(self._bags.get((past.number, array), {}).values())
        known = [end for end in ends if end is not None]
        return max(known) if known and len(known) == len(ends) else None
