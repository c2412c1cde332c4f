"""What has failed in a run, task by task, from its history."""

from __future__ import annotations

from collections.abc import Iterator

from pegbatch.model.history import ChildAttempt, Execution, History
from pegbatch.model.records import spoke_on_stdout
from pegbatch.model.run_status import Failure


def failed_tasks(history: History, *, skipped: bool = False) -> Iterator[Failure]:
    """Yield the executions that count and have failed, then children lost with their bags.

    Shapes: both in plan order; with skipped, tasks that were skipped come last. One that a later
    try has mended is not lost any more, and a sub-workflow that failed because a task of its run
    did is not told beside that.
    """
    newest = list(history.newest.values())
    failed = (one for one in newest if one.state == "failed")
    yield from (_of_task(one) for one in failed if not history.is_consequence(one.id))
    yield from (_of_child(one) for one in _lost(history))
    if skipped:
        yield from (_of_task(one) for one in newest if one.state == "skipped")


def _lost(history: History) -> Iterator[ChildAttempt]:
    """Yield the children that were lost for good, each once."""
    lost = {(one.array, one.bag): one for one in history.lost.values()}
    yield from lost.values()


def _of_task(one: Execution) -> Failure:
    return Failure(
        array=one.array,
        bag=one.bag,
        id=one.id,
        state=one.state,
        reason=one.reason,
        exit_code=one.exit_code,
        stderr_tail=one.stderr_tail,
        stdout_tail=one.stdout_tail if spoke_on_stdout(one.stderr_tail, one.stdout_tail) else "",
    )


def _of_child(one: ChildAttempt) -> Failure:
    return Failure(
        array=one.array,
        bag=one.bag,
        id=None,
        state="failed",
        reason=one.reason,
        exit_code=one.exit_code,
        stderr_tail="",
    )
