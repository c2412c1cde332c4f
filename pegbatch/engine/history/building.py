"""The history of a run: every execution and every attempt, from records, log, plan and Batch.

Records tell nearly all of it. Batch is asked only for children whose records leave something
open: `read_past` says which, and whoever has asked hands the answers to `build_history`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pegbatch.engine.history.attempts import BagOfTry, attempts_at
from pegbatch.engine.history.lost_tasks import find_lost_tasks
from pegbatch.engine.history.past_tries import PastTry
from pegbatch.engine.history.recorded import RecordedAttempt, read_recorded
from pegbatch.engine.history.unexplained import Question, Told, open_questions
from pegbatch.engine.history.waits import with_waits
from pegbatch.engine.state import RunState
from pegbatch.model.history import ChildAttempt, Execution, History, PlannedTask
from pegbatch.model.plan import Job, Plan
from pegbatch.model.records import settle
from pegbatch.model.run_status import RunStatus
from pegbatch.ports import ObjectStore

Bags = dict[int, list[RecordedAttempt]]
"""By bag: what its attempts have left, in one try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the records of a run say, and what they leave open."""

    tries: Mapping[int, PastTry]
    executions: Sequence[Execution]
    recorded: Mapping[tuple[int, str], Bags]
    """By try and array."""
    questions: tuple[Question, ...]


def read_past(
    store: ObjectStore,
    plan: Plan,
    run_url: str,
    tries: Mapping[int, PastTry],
    on_bag: Callable[[], None] = lambda: None,
) -> Past:
    """Read the records of all tries of a run.

    Shapes: one LIST an array that has children of tasks or transfers, one GET a records file, in
    parallel; on_bag is called after each bag.
    Errors: those of the store.
    """
    executions: list[Execution] = []
    recorded: dict[tuple[int, str], Bags] = {}
    for job in _recording(plan) if tries else ():
        for one in read_recorded(store, run_url, job.name, on_bag):
            executions.extend(one.executions)
            if one.attempt > 0:
                bags = recorded.setdefault((one.try_, job.name), {})
                bags.setdefault(one.bag, []).append(one)
    return Past(
        tries=tries,
        executions=executions,
        recorded=recorded,
        questions=open_questions(tries, recorded),
    )


def build_history(
    plan: Plan,
    state: RunState,
    status: RunStatus,
    tasks: Mapping[str, PlannedTask],
    past: Past,
    told: Told,
) -> History:
    """Return the history of a run.

    Shapes: told holds what Batch has answered to the questions of the past, and may be empty.
    """
    attempts = tuple(with_waits(past.tries, _attempts(plan, past, told)))
    newest = settle(past.executions)
    return History(
        status=status,
        jobs=plan.jobs,
        tasks=tasks,
        executions=past.executions,
        attempts=attempts,
        newest=newest,
        lost=find_lost_tasks(status, plan.jobs, tasks, newest, attempts),
        started=state.started,
        ended=state.ended,
        planned_in=plan.planned_in,
    )


def _recording(plan: Plan) -> Iterator[Job]:
    return (job for job in plan.jobs if job.kind in ("compute", "stage-in"))


def _attempts(plan: Plan, past: Past, told: Told) -> Iterator[ChildAttempt]:
    """Yield all attempts: arrays in plan order, then bag by bag, oldest first."""
    of_arrays: dict[str, set[BagOfTry]] = {}
    for (number, array), bags in past.recorded.items():
        of_arrays.setdefault(array, set()).update(BagOfTry(number, array, bag) for bag in bags)
    for place in told:
        of_arrays.setdefault(place.array, set()).add(place)
    for job in _recording(plan):
        for place in sorted(of_arrays.get(job.name, ()), key=lambda one: (one.bag, one.number)):
            one_try = past.tries.get(place.number)
            yield from attempts_at(
                place,
                past.recorded.get((place.number, place.array), {}).get(place.bag, ()),
                told.get(place),
                may_run=one_try is not None and _may_run(one_try, place.array),
            )


def _may_run(one_try: PastTry, array: str) -> bool:
    return array in one_try.jobs and not one_try.has_ended(array)
