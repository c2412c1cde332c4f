"""Children that stand for the others, asked for in calls that are made anyway.

DescribeJobs takes a hundred ids a call, and whoever asks for the arrays of a run leaves room in the
last one. A child's id is its array's and its index, so that nobody has to list it: an id that Batch
does not know is missing in the answer, and that is all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from pegbatch.engine.array_states import ArrayState
from pegbatch.engine.state import RunState
from pegbatch.engine.statistics.billing import PAID_FOR
from pegbatch.model.plan import Job
from pegbatch.ports import DESCRIBED_AT_ONCE, JobService, JobState

BEGUN = ("STARTING", "RUNNING", "SUCCEEDED", "FAILED")
_FRONT = 4
"""Where nobody knows how many children of an array have begun, one id in so many is looked for at
its front, where most begin first."""
_ANYWHERE = 4
"""Where it is known, one id in so many is looked for all over the array: not all begin in order."""
_SHIFT = (math.sqrt(5) - 1) / 2
"""Of each child within its piece, against the one before: even steps could meet a rhythm in the
children's times."""


@dataclass(slots=True)
class Sample:
    """The newest sample that a process has taken of its run."""

    time: float = -math.inf
    """Seconds since the epoch."""
    shown: Mapping[str, JobState] = field(default_factory=dict)
    """Children and plain jobs, by id."""


@dataclass(frozen=True, slots=True)
class _Source:
    """An array, or a plain job, that may be asked for."""

    job_id: str
    size: int
    begun: int
    """Children; all where that is not known."""
    vcpus: float
    """Of a child."""
    is_counted: bool
    """It is known how many have begun."""

    @property
    def weight(self) -> float:
        return self.begun * self.vcpus

    def child(self, index: int) -> str:
        return self.job_id if self.size == 1 else f"{self.job_id}:{min(index, self.size - 1)}"


def describe_and_sample(
    jobs: JobService, state: RunState, ids: Sequence[str], *, is_fresh: bool
) -> Mapping[str, JobState]:
    """Return the states of jobs, and of as many children as one has room for in the last call.

    Shapes: as many calls as without the children. is_fresh says that the counts of the state are
    of now, but for a moment; else they may be as old as the log.
    Errors: those of the job service.
    """
    full = len(ids) // DESCRIBED_AT_ONCE * DESCRIBED_AT_ONCE
    shown = dict(jobs.describe(ids[:full])) if full else {}
    if ids[full:]:
        known = set(ids)
        room = DESCRIBED_AT_ONCE - len(ids[full:])
        sources = _sources(state, shown, is_fresh=is_fresh)
        chosen = [one for one in choose(sources, room) if one not in known]
        shown.update(jobs.describe([*ids[full:], *chosen]))
    return shown


def _sources(state: RunState, shown: Mapping[str, JobState], *, is_fresh: bool) -> list[_Source]:
    """Return the arrays of which something has begun, or may have."""
    sources = []
    for job in state.current.jobs:
        array = state.arrays[job.name]
        if array.job_id is None or job.name in state.unstarted or job.kind not in PAID_FOR:
            continue
        seen = shown.get(array.job_id)
        is_counted = is_fresh or seen is not None or array.ended
        begun = _begun(job, array, seen) if is_counted else job.size
        if begun:
            source = _Source(array.job_id, job.size, begun, job.resources.vcpus, is_counted)
            sources.append(source)
    return sources


def _begun(job: Job, array: ArrayState, seen: JobState | None) -> int:
    """Return how many children have begun, by the newest counts."""
    status = array.status if seen is None else seen.status
    children = array.children if seen is None else seen.children
    if status == "SUCCEEDED" or not children:
        return job.size if status in BEGUN else 0
    return sum(children.get(state, 0) for state in BEGUN)


def choose(sources: Sequence[_Source], room: int) -> Iterable[str]:
    """Return ids of children, evenly spread over what the arrays weigh and over their indexes.

    Shapes: at most room, the same ones for the same sources; all where there is room for all.
    """
    if sum(source.size for source in sources) <= room:
        return [source.child(index) for source in sources for index in range(source.size)]
    unknown = [source for source in sources if not source.is_counted and source.size > 1]
    share = sum(source.weight for source in unknown) / sum(source.weight for source in sources)
    front = int(room * share / _FRONT)
    return dict.fromkeys((*_evenly(sources, room - front), *_at_the_front(unknown, front)))


def _evenly(sources: Sequence[_Source], room: int) -> Iterator[str]:
    """Yield a child of each even piece of a line on which an array is as long as its weight."""
    ends = list(accumulate(source.weight for source in sources))
    place = 0
    for number in range(room):
        point = (number + number * _SHIFT % 1) * ends[-1] / room
        while ends[place] <= point:
            place += 1
        source = sources[place]
        part = 1 - (ends[place] - point) / source.weight
        yield source.child(int(part * (source.begun if number % _ANYWHERE else source.size)))


def _at_the_front(sources: Sequence[_Source], room: int) -> Iterator[str]:
    """Yield children of each array that lie the closer, the nearer to its first."""
    for number in range(room):
        part, place = math.modf(number * len(sources) / room)
        source = sources[int(place)]
        yield source.child(int(source.size**part) - 1)
