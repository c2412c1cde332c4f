"""Attempts at the children of arrays: from what they left, and what Batch says of the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pegbatch.engine.counting import ACTIVE
from pegbatch.engine.history.recorded import RecordedAttempt
from pegbatch.model.history import AttemptState, ChildAttempt, Execution
from pegbatch.ports import JobAttempt, JobState

ATTEMPTS_MAX = 10
"""What is filed under a higher number is not a child's. Source: AWS Batch, RetryStrategy."""


class BagOfTry(NamedTuple):
    """One child of one try."""

    number: int
    """The try."""
    array: str
    bag: int


def attempts_at(
    place: BagOfTry, seen: Sequence[RecordedAttempt], told: JobState | None, *, may_run: bool
) -> Iterator[ChildAttempt]:
    """Yield the attempts at one bag in one try, oldest first; how long they waited is not told.

    Shapes: seen are those that have left something; told is what Batch says of the child, None
    where it was not asked; with may_run the newest may still go on.
    """
    left = {one.attempt: one for one in seen if 0 < one.attempt <= ATTEMPTS_MAX}
    ended = told.attempts if told is not None else ()
    is_active = told is not None and told.status in ACTIVE
    count = max(max(left, default=0), len(ended) + is_active)
    for attempt in range(1, count + 1):
        sources = _Sources(
            seen=left.get(attempt),
            ended=ended[attempt - 1] if attempt <= len(ended) else None,
            newest=told if attempt == count else None,
            may_run=may_run and attempt == count and (told is None or is_active),
        )
        yield _attempt(place, attempt, sources)


def is_explained(seen: Sequence[RecordedAttempt]) -> bool:
    """Say whether what is left tells all attempts at a bag in one try, so that Batch need not."""
    left = [one for one in seen if one.attempt > 0]
    if not left or [one.attempt for one in left] != list(range(1, len(left) + 1)):
        return False
    newest = left[-1].own
    if newest is not None and newest.again:
        return False
    return all(map(_has_closed, left)) and not any(map(_was_broken_off, left))


class _Sources(NamedTuple):
    """All that is known of one attempt."""

    seen: RecordedAttempt | None
    """What it has left."""
    ended: JobAttempt | None
    """What Batch says of it as of one that has ended."""
    newest: JobState | None
    """What Batch says of the child, where this is its newest attempt."""
    may_run: bool

    @property
    def executions(self) -> Sequence[Execution]:
        return self.seen.executions if self.seen is not None else ()


def _attempt(place: BagOfTry, attempt: int, sources: _Sources) -> ChildAttempt:
    state = _state(sources)
    own = sources.seen.own if sources.seen is not None else None
    ended = sources.ended
    exit_code = own.exit_code if own is not None else None
    return ChildAttempt(
        array=place.array,
        bag=place.bag,
        try_=place.number,
        attempt=attempt,
        state=state,
        start=_start(sources),
        end=None if state == "running" else _end(sources),
        host=own.host if own is not None else "",
        reason=_reason(sources, state),
        exit_code=ended.exit_code if exit_code is None and ended is not None else exit_code,
        log_stream=_log_stream(sources),
    )


def _has_closed(seen: RecordedAttempt) -> bool:
    """Say whether an attempt has had its last word; workers of before had none."""
    return seen.own.end is not None if seen.own is not None else bool(seen.executions)


def _was_broken_off(seen: RecordedAttempt) -> bool:
    """Say whether an attempt ended for a reason outside, of which Batch may tell more."""
    return seen.own is not None and seen.own.again and bool(seen.own.reason)


def _state(sources: _Sources) -> AttemptState:
    if sources.seen is not None and _has_closed(sources.seen):
        return "failed" if _has_failed(sources.seen) else "succeeded"
    if sources.ended is None and sources.may_run:
        return "running"
    # The worker's last word may be missing where it could not be put any more.
    return "succeeded" if sources.ended is not None and sources.ended.exit_code == 0 else "lost"


def _has_failed(seen: RecordedAttempt) -> bool:
    newest = {one.id: one.state for one in seen.executions}
    return "failed" in newest.values() or (seen.own is not None and bool(seen.own.exit_code))


def _start(sources: _Sources) -> float | None:
    if sources.seen is not None and sources.seen.own is not None:
        return sources.seen.own.start
    if sources.executions:
        return min(one.start for one in sources.executions)
    if sources.ended is not None:
        return sources.ended.start
    return sources.newest.started if sources.newest is not None else None


def _end(sources: _Sources) -> float | None:
    own = sources.seen.own if sources.seen is not None else None
    if own is not None and own.end is not None:
        return own.end
    if sources.ended is not None and sources.ended.end is not None:
        return sources.ended.end
    return max((one.end for one in sources.executions), default=None)


def _reason(sources: _Sources, state: AttemptState) -> str:
    """Return why an attempt did not do its bag: its own word, Batch's, or its first failure's."""
    if state in ("running", "succeeded"):
        return ""
    if sources.seen is not None and sources.seen.own is not None and sources.seen.own.reason:
        said = _batch_reason(sources)
        return f"{sources.seen.own.reason}; AWS Batch: {said}" if said else sources.seen.own.reason
    if state == "lost":
        return _batch_reason(sources)
    return next((one.reason for one in sources.executions if one.state == "failed"), "")


def _batch_reason(sources: _Sources) -> str:
    if sources.ended is not None and sources.ended.reason:
        return sources.ended.reason
    return sources.newest.reason if sources.newest is not None else ""


def _log_stream(sources: _Sources) -> str | None:
    if sources.ended is not None:
        return sources.ended.log_stream
    return sources.newest.log_stream if sources.newest is not None else None
