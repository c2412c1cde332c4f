"""What a summary still knows when AWS Batch has forgotten the jobs: the children that were lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pegbatch.engine.findings import Summary
from pegbatch.engine.history.attempts import BagOfTry
from pegbatch.engine.history.unexplained import Question, Told
from pegbatch.ports import JobAttempt, JobState


def told_by_summary(summary: Summary | None, number: int, questions: Iterable[Question]) -> Told:
    """Return what a summary of one try tells of children that have left nothing.

    Shapes: a summary holds the first few; lines that are none of ours are passed over.
    """
    bags = {
        BagOfTry(question.number, question.array, bag)
        for question in questions
        for child, bag in question.children.items()
        if child not in question.begun
    }
    failures = summary.failures if summary is not None else ()
    return {place: job for place, job in _lost(failures, number) if place in bags}


def _lost(
    failures: Iterable[Mapping[str, Any]], number: int
) -> Iterator[tuple[BagOfTry, JobState]]:
    for failure in failures:
        array, bag, code = (failure.get(key) for key in ("array", "bag", "exit_code"))
        if failure.get("id") is None and isinstance(array, str) and isinstance(bag, int):
            reason = str(failure.get("reason") or "")
            exit_code = code if isinstance(code, int) else None
            attempt = JobAttempt(start=None, end=None, exit_code=exit_code, reason=reason)
            yield (
                BagOfTry(number, array, bag),
                JobState(job_id="", name="", status="FAILED", attempts=(attempt,)),
            )
