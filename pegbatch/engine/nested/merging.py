"""Histories of nested runs, merged into that of the run around them.

A task `t1` of the run of sub-workflow `sub` is `sub.t1` then, and the array job `L0-a` of that run
`sub/L0-a`. The task `sub` itself stays: what it does is to plan, and to wait.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from pegbatch.engine.statistics.sub_workflows import count_standings
from pegbatch.model.history import History, NestedPart
from pegbatch.model.plan import Job, JobLink, LinkType
from pegbatch.model.records import settle


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerHistory:
    """What is known of one nested run."""

    task: str
    """Id, in the plan of the run around it."""
    file: str
    run: str = ""
    """URL; empty before the run around it has begun."""
    history: History | None = None
    """Runs within it merged already; None where it has not begun, or cannot be read."""
    submit_dir: str = ""


def merge(outer: History, inner: Sequence[InnerHistory]) -> History:
    """Return the history of a run with those of its nested runs in it.

    Shapes: what cannot be told apart from a task of the run itself gets a slash in place of the
    dot. Tasks of sub-workflows that have begun are not counted: theirs are.
    """
    if not inner:
        return outer
    renamed = [_renamed(one, outer.tasks) for one in inner]
    parts = dict(chain.from_iterable(one.parts.items() for one in renamed))
    begun = [one for one in renamed if one.history is not None]
    histories = [one.history for one in begun if one.history is not None]
    waiting = count_standings(outer.states.get(one.id) for one in begun)
    tasks = sum((one.status.tasks for one in histories), outer.status.tasks.without(waiting))
    arrays = tuple(chain.from_iterable(one.status.arrays for one in histories))
    executions = tuple(chain(outer.executions, *(one.executions for one in histories)))
    return replace(
        outer,
        status=replace(outer.status, tasks=tasks, arrays=(*outer.status.arrays, *arrays)),
        jobs=_jobs(outer, begun),
        tasks=dict(chain(outer.tasks.items(), *(one.tasks.items() for one in histories))),
        executions=executions,
        attempts=tuple(chain(outer.attempts, *(one.attempts for one in histories))),
        newest=settle(executions),
        lost=dict(chain(outer.lost.items(), *(one.lost.items() for one in histories))),
        nested=parts,
        planned_in=tuple(chain(outer.planned_in, *(one.planned_in for one in histories))),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Renamed:
    """A nested run, in the names of the run around it."""

    id: str
    parts: Mapping[str, NestedPart]
    """Its own, and those of runs within it."""
    history: History | None


def _renamed(inner: InnerHistory, taken: Collection[str]) -> _Renamed:
    history, id_ = inner.history, inner.task
    part = NestedPart(
        id=id_,
        prefix=f"{id_}.",
        file=inner.file,
        run=inner.run,
        state="planned" if history is None else history.status.state,
        has_begun=history is not None,
        submit_dir=inner.submit_dir,
    )
    if history is None:
        return _Renamed(id=id_, parts={id_: part}, history=None)
    if any(f"{id_}.{task}" in taken for task in history.tasks):
        part = replace(part, prefix=f"{id_}/")
    names = _Names(part)
    within = {names.task(one): names.part(known) for one, known in history.nested.items()}
    part = replace(part, blamed=_blamed(history, names))
    return _Renamed(id=id_, parts={id_: part, **within}, history=names.history(history))


def _blamed(history: History, names: _Names) -> str:
    """Return the first task whose failure is its own; of transfers only where no task failed."""
    if history.status.state == "succeeded":
        return ""
    failed = (id_ for id_, state in history.states.items() if state == "failed")
    own = (id_ for id_ in failed if not history.is_consequence(id_))
    transfers = (
        id_
        for id_, one in history.newest.items()
        if one.state == "failed" and id_ not in history.tasks
    )
    found = next(chain(own, transfers), "")
    return names.task(found) if found else ""


class _Names:
    """How things of a nested run are called in the run around it."""

    def __init__(self, part: NestedPart) -> None:
        self._part = part

    def task(self, id_: str) -> str:
        return f"{self._part.prefix}{id_}"

    def array(self, name: str) -> str:
        """Return the name of an array job; one of a run within has that run's id before it."""
        scope, slash, own = name.rpartition("/")
        return f"{self.task(scope)}/{own}" if slash else f"{self._part.id}/{own}"

    def part(self, part: NestedPart) -> NestedPart:
        outer = self.task(part.outer) if part.outer else self._part.id
        return replace(
            part,
            id=self.task(part.id),
            prefix=self.task(part.prefix),
            outer=outer,
            blamed=self.task(part.blamed) if part.blamed else "",
        )

    def job(self, job: Job) -> Job:
        links = (JobLink(self.array(link.array), link.type) for link in job.depends_on)
        return replace(job, name=self.array(job.name), depends_on=tuple(links))

    def history(self, history: History) -> History:
        """Return all of a history under the names that it has outside; what it counts stays."""
        array, task = self.array, self.task
        executions = tuple(
            replace(one, id=task(one.id), array=array(one.array)) for one in history.executions
        )
        arrays = (replace(one, name=array(one.name)) for one in history.status.arrays)
        return replace(
            history,
            status=replace(history.status, arrays=tuple(arrays)),
            jobs=tuple(map(self.job, history.jobs)),
            tasks={
                task(id_): replace(one, id=task(id_), array=array(one.array))
                for id_, one in history.tasks.items()
            },
            executions=executions,
            attempts=tuple(replace(one, array=array(one.array)) for one in history.attempts),
            newest=settle(executions),
            lost={
                task(id_) if id_ in history.tasks else array(id_): replace(
                    one, array=array(one.array)
                )
                for id_, one in history.lost.items()
            },
            nested={},
            planned_in=tuple(map(task, history.planned_in)),
        )


def _jobs(outer: History, begun: Iterable[_Renamed]) -> tuple[Job, ...]:
    """Return the jobs of the plan, and behind those that run planners what these have planned.

    Shapes: what no job of the plan has planned, as far as that tells, comes last.
    """
    behind: dict[str, list[Job]] = {}
    known = {job.name for job in outer.jobs}
    for one in begun:
        task = outer.tasks.get(one.id)
        planner = task.array if task is not None and task.array in known else ""
        jobs = one.history.jobs if one.history is not None else ()
        links = (JobLink(planner, LinkType.ALL),) if planner else ()
        behind.setdefault(planner, []).extend(
            job if job.depends_on else replace(job, depends_on=links) for job in jobs
        )
    ordered = chain.from_iterable((job, *behind.get(job.name, ())) for job in outer.jobs)
    return (*ordered, *behind.get("", ()))
