"""Sub-workflows in the statistics: counted as such, and their tasks as those of the run.

A job that plans and runs a workflow while the run goes on waits for the tasks of that workflow, so
its own time is theirs once more: it counts neither as a task nor as a job. Its container is paid
for all the same, so cost has it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from pegbatch.model.history import ChildAttempt, History, NestedPart, TaskStanding
from pegbatch.model.run_status import TaskCounts
from pegbatch.model.statistics import Counts

_Fate = Literal["succeeded", "failed", "incomplete"]


def planner_bags(history: History) -> frozenset[tuple[str, int]]:
    """Return array and bag of the children that plan and run workflows."""
    known = (history.tasks[one] for one in history.nested if one in history.tasks)
    return frozenset((task.array, task.bag) for task in known)


def attempts_at_tasks(history: History) -> Sequence[ChildAttempt]:
    """Return the attempts at children that did more than to plan and to wait."""
    planners = planner_bags(history)
    if not planners:
        return history.attempts
    return [one for one in history.attempts if (one.array, one.bag) not in planners]


def planner_seconds(history: History) -> float:
    """Return how long planners of sub-workflows were at it, most of it waiting."""
    planners = planner_bags(history)
    attempts = history.attempts if planners else ()
    return sum(one.seconds for one in attempts if (one.array, one.bag) in planners)


def count_sub_workflows(history: History) -> Counts:
    """Count the sub-workflows of a run, at every depth.

    Source: pegasus-statistics, row `Sub-Workflows`; a retry is another start of one that is
    planned in the run.
    """
    fates: Counter[_Fate] = Counter(_fate(history, part) for part in history.nested.values())
    fates.update(_planned_in(history))
    planners = planner_bags(history)
    places = ((one.array, one.bag) for one in history.attempts) if planners else ()
    starts = [place for place in places if place in planners]
    return Counts(
        succeeded=fates["succeeded"],
        failed=fates["failed"],
        total=fates.total(),
        retries=len(starts) - len(set(starts)),
    )


def _fate(history: History, part: NestedPart) -> _Fate:
    state = history.states.get(part.id)
    if state == "succeeded":
        return "succeeded"
    return "failed" if state == "failed" else "incomplete"


def _planned_in(history: History) -> Iterable[_Fate]:
    """Yield what became of those whose tasks are in the plan: by their tasks, in one pass."""
    seen: dict[str, set[TaskStanding]] = {scope: set() for scope in history.planned_in}
    for id_, state in history.states.items() if seen else ():
        end = id_.find(".")
        while end >= 0:
            scope = id_[:end]
            if scope in seen:
                seen[scope].add(state)
            end = id_.find(".", end + 1)
    for states in seen.values():
        if "failed" in states:
            yield "failed"
        else:
            yield "succeeded" if states <= {"succeeded"} else "incomplete"


def count_standings(states: Iterable[TaskStanding | None]) -> TaskCounts:
    """Count tasks by how they stand; what is not known is left out."""
    known = [state for state in states if state is not None]
    return TaskCounts(
        total=len(known),
        succeeded=known.count("succeeded"),
        failed=known.count("failed"),
        skipped=known.count("skipped"),
        running=known.count("running"),
        waiting=known.count("waiting"),
    )
