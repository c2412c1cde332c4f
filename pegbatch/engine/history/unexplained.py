"""Children whose records do not tell all of their attempts: what Batch still knows of them.

A child that was killed, reclaimed or never came to start has left nothing, or no last word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pegbatch.engine.counting import ACTIVE, is_skip
from pegbatch.engine.history.attempts import BagOfTry, is_explained
from pegbatch.engine.history.past_tries import PastTry
from pegbatch.engine.history.recorded import RecordedAttempt
from pegbatch.engine.parallel import map_parallel
from pegbatch.ports import JobService, JobState

AT_ONCE = 100
"""Jobs that one DescribeJobs call tells of."""
LISTED = ("FAILED", *ACTIVE)
"""States in which children that have left nothing may have been started."""

Recorded: TypeAlias = Mapping[tuple[int, str], Mapping[int, Sequence[RecordedAttempt]]]
"""By try and array, then bag: what attempts have left."""
Told: TypeAlias = Mapping[BagOfTry, JobState]
"""What Batch says of children."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Children of one job that Batch is to be asked about."""

    number: int
    """The try."""
    array: str
    job_id: str
    size: int
    children: Mapping[int, int]
    """Those whose bags are not explained: child to bag."""
    begun: frozenset[int]
    """Those of them that have left something, so that they were started."""


def open_questions(tries: Mapping[int, PastTry], recorded: Recorded) -> tuple[Question, ...]:
    """Return what the records leave open, job by job."""
    return tuple(
        question
        for past in tries.values()
        for array in past.sent
        if (question := _question(past, array, recorded.get((past.number, array), {})))
    )


def _question(
    past: PastTry, array: str, bags: Mapping[int, Sequence[RecordedAttempt]]
) -> Question | None:
    job = past.jobs.get(array)
    if job is None or job.kind not in ("compute", "stage-in"):
        return None
    children = {
        child: bag
        for child, bag in enumerate(past.bags_of(array))
        if not is_explained(bags.get(bag, ()))
    }
    if not children:
        return None
    return Question(
        number=past.number,
        array=array,
        job_id=past.sent[array].job_id,
        size=job.size,
        children=children,
        begun=frozenset(child for child, bag in children.items() if bag in bags),
    )


def ask(
    jobs: JobService,
    questions: Sequence[Question],
    on_child: Callable[[], None] = lambda: None,
) -> Told:
    """Ask Batch; children that it does not know any more, or that never began, are left out.

    Shapes: one DescribeJobs a hundred jobs; then, of arrays with children that are open, one
    ListJobs a thousand of those that failed or run, and one DescribeJobs a hundred of those that
    began. Children that wait for another attempt and have left nothing are not asked for.
    Errors: those of the service.
    """
    parents = jobs.describe([question.job_id for question in questions])
    known = [question for question in questions if question.job_id in parents]
    told = {
        BagOfTry(question.number, question.array, question.children[0]): parents[question.job_id]
        for question in known
        if question.size == 1
    }
    arrays = [question for question in known if question.size > 1]
    begun = map_parallel(lambda one: _begun(jobs, one, parents[one.job_id]), arrays)
    places = {job_id: place for found in begun for job_id, place in found.items()}
    ids = list(places)
    batches = [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]
    for found in map_parallel(jobs.describe, batches):
        for job_id in found.keys() & places.keys():
            told[places[job_id]] = found[job_id]
            on_child()
    return told


def _begun(jobs: JobService, question: Question, parent: JobState) -> dict[str, BagOfTry]:
    """Return the children to ask about, by their ids: those that were started, or may have been."""
    children = set(question.begun)
    if len(children) < len(question.children) and not _is_skipped(parent):
        for status in LISTED:
            if parent.children.get(status):
                children.update(
                    int(child.job_id.rpartition(":")[2])
                    for child in jobs.children(question.job_id, status)
                    if not is_skip(child.reason)
                )
    return {
        f"{question.job_id}:{child}": BagOfTry(
            question.number, question.array, question.children[child]
        )
        for child in sorted(children & question.children.keys())
    }


def _is_skipped(parent: JobState) -> bool:
    """Say whether an array waited for one that failed, so that none of it has begun."""
    return is_skip(parent.reason) and not parent.children.get("SUCCEEDED")
