"""What the containers of a try have taken of machines, from a few children whatever their number.

While a run goes on, the children that its watcher has sampled tell it, without a call more; each
stands for the indexes nearest to its own. At the end Batch lists a thousand children of an array a
call, once. What neither tells counts as long as the mean of its state. Starts that a retry
followed are not shown: the retry marks tell how many there were, and they count as long as the
mean of their array.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from pegbatch.engine.array_states import ArrayState
from pegbatch.engine.context import Context
from pegbatch.engine.parallel import map_parallel
from pegbatch.engine.state import RunState
from pegbatch.engine.statistics.billing import PAID_FOR
from pegbatch.model.marks import Restarts
from pegbatch.model.plan import Job, Resources
from pegbatch.model.run_look import Spell
from pegbatch.ports import DESCRIBED_AT_ONCE, JobService, JobState

CALLS = 20
"""Lists of children, and descriptions of up to 100 plain jobs, that the end asks for at most."""
PAGE = 1000
"""Children that one call lists."""
_STATES = ("SUCCEEDED", "FAILED", "RUNNING")


@dataclass(frozen=True, slots=True)
class _Group:
    """Children of one array in one state; or a plain job."""

    job: Job
    job_id: str
    state: str
    children: int

    @property
    def weight(self) -> float:
        return self.children * self.job.resources.vcpus


@dataclass(frozen=True, slots=True)
class _Took:
    """How long a group has taken."""

    group: _Group
    seconds: float
    """Of all its containers together."""
    containers: int


@dataclass(slots=True)
class _Sum:
    """Containers and how long they have run."""

    seconds: float = 0.0
    containers: float = 0

    def add(self, seconds: float, containers: float) -> None:
        self.seconds += seconds
        self.containers += containers


def find_spent(
    jobs: JobService, state: RunState, restarts: Restarts, now: float
) -> tuple[Spell, ...]:
    """Ask what the containers of the current try have taken, by their size.

    Shapes: at most CALLS calls, none where no child has begun; nothing where Batch shows no times.
    Errors: those of the job service.
    """
    groups, plain = _begun(state)
    asked = plain[: CALLS * DESCRIBED_AT_ONCE // 2]
    room = CALLS - -(-len(asked) // DESCRIBED_AT_ONCE)
    means = map_parallel(lambda group: _listed_mean(jobs, group, now), groups[:room])
    shown = jobs.describe([group.job_id for group in asked]) if asked else {}
    took = [
        *map(_took_of, groups, (*means, *[None] * (len(groups) - room))),
        *(_took_plain(group, shown.get(group.job_id), now) for group in plain),
    ]
    return _added_up(took, (*groups, *plain), restarts, state.number)


def spent_so_far(context: Context, restarts: Restarts) -> tuple[Spell, ...]:
    """Return about what the containers of the current try have taken, without a call.

    Shapes: where the newest sample tells nothing, what was known when somebody looked last.
    """
    sample, state = context.sample, context.state
    return spent_by_sample(state, sample.shown, restarts, sample.time) or state.spent_so_far


def spent_by_sample(
    state: RunState, shown: Mapping[str, JobState], restarts: Restarts, now: float
) -> tuple[Spell, ...]:
    """Return about what the containers of the current try have taken, from sampled children.

    Shapes: shown has children and plain jobs by id; nothing where it tells no times.
    Units: now is in seconds since the epoch, when the sample was taken.
    """
    groups, plain = _begun(state)
    cells = _cells(state, shown)
    took = [
        *(_took_of(one, _sampled_mean(cells.get(one.job_id, ()), one, now)) for one in groups),
        *(_took_plain(one, shown.get(one.job_id), now) for one in plain),
    ]
    return _added_up(took, (*groups, *plain), restarts, state.number)


def _begun(state: RunState) -> tuple[list[_Group], list[_Group]]:
    """Return the children that have begun, largest groups first, and the plain jobs."""
    groups: list[_Group] = []
    plain: list[_Group] = []
    for job in state.current.jobs:
        array = state.arrays[job.name]
        if array.job_id is None or job.name in state.unstarted or job.kind not in PAID_FOR:
            continue
        if job.size > 1:
            groups.extend(_groups_of(job, array.job_id, array))
        elif array.status in _STATES:
            plain.append(_Group(job, array.job_id, array.status, 1))
    groups.sort(key=lambda group: -group.weight)
    return groups, plain


def _groups_of(job: Job, job_id: str, array: ArrayState) -> Iterable[_Group]:
    children = dict(array.children)
    if array.status == "SUCCEEDED":
        children = {"SUCCEEDED": job.size}
    for state in _STATES:
        if children.get(state):
            yield _Group(job, job_id, state, children[state])


def _listed_mean(jobs: JobService, group: _Group, now: float) -> float | None:
    """Return how long a child has run in the mean, of the first that Batch lists."""
    page = islice(jobs.children(group.job_id, group.state), PAGE)
    return _mean(((1.0, child) for child in page), group, now)


_Cells = Sequence[tuple[float, JobState]]
"""Sampled children of an array, each with how many indexes it stands for."""


def _cells(state: RunState, shown: Mapping[str, JobState]) -> Mapping[str, _Cells]:
    """Return the sampled children by the id of their array."""
    sampled: defaultdict[str, list[tuple[int, JobState]]] = defaultdict(list)
    for job_id, child in shown.items():
        array, colon, index = job_id.rpartition(":")
        if colon:
            sampled[array].append((int(index), child))
    sizes = {state.arrays[job.name].job_id: job.size for job in state.current.jobs}
    return {
        array: _as_cells(sorted(children, key=lambda one: one[0]), sizes[array])
        for array, children in sampled.items()
        if array in sizes
    }


def _as_cells(children: Sequence[tuple[int, JobState]], size: int) -> _Cells:
    """Give each of the children the indexes nearest to its own."""
    indexes = [index for index, _ in children]
    middles = [(one + other + 1) / 2 for one, other in pairwise(indexes)]
    edges = zip([0.0, *middles], [*middles, float(size)], strict=True)
    return [(end - start, child) for (start, end), (_, child) in zip(edges, children, strict=True)]


def _sampled_mean(cells: _Cells, group: _Group, now: float) -> float | None:
    return _mean(((part, one) for part, one in cells if one.status == group.state), group, now)


def _mean(children: Iterable[tuple[float, JobState]], group: _Group, now: float) -> float | None:
    """Return how long a child has run in the mean; None where no times are shown."""
    weight = seconds = 0.0
    for part, child in children:
        ran = _ran(child, now)
        if ran is None and group.state == "FAILED":
            ran = 0.0  # it never started
        if ran is not None:
            weight += part
            seconds += part * ran
    return seconds / weight if weight else None


def _ran(job: JobState, now: float) -> float | None:
    """Return how long the newest start of a job has lasted; None where it is not known."""
    if job.started is None:
        return None
    end = now if job.stopped is None else job.stopped
    return max(0.0, end - job.started)


def _took_of(group: _Group, mean: float | None) -> _Took | None:
    return None if mean is None else _Took(group, mean * group.children, group.children)


def _took_plain(group: _Group, shown: JobState | None, now: float) -> _Took | None:
    """Return what a plain job has taken, all its starts."""
    if shown is None:
        return None
    ended = [
        one.end - one.start
        for one in shown.attempts
        if one.start is not None and one.end is not None
    ]
    current = _ran(shown, now) if shown.status == "RUNNING" or not ended else None
    times = ended if current is None else [*ended, current]
    return _Took(group, sum(times), len(times)) if times else None


def _added_up(
    took: Sequence[_Took | None], groups: Sequence[_Group], restarts: Restarts, number: int
) -> tuple[Spell, ...]:
    """Return what all groups have taken by size; those of which nothing is known as the others."""
    known = [one for one in took if one is not None]
    guessed = _guessed(known, [g for g, one in zip(groups, took, strict=True) if one is None])
    arrays: defaultdict[str, _Sum] = defaultdict(_Sum)
    for one in (*known, *guessed):
        arrays[one.group.job.name].add(one.seconds, one.containers)
    sizes: defaultdict[Resources, _Sum] = defaultdict(_Sum)
    jobs = {group.job.name: group.job for group in groups}
    for name, total in arrays.items():
        # A plain job has told of all its starts.
        again = restarts.by_array.get((name, number), 0) if jobs[name].size > 1 else 0
        factor = 1 + again / total.containers
        sizes[jobs[name].resources].add(total.seconds * factor, total.containers + again)
    return tuple(
        Spell(size.vcpus, size.memory_mib, round(total.seconds, 3), int(total.containers))
        for size, total in sorted(sizes.items(), key=lambda item: item[0])
    )


def _guessed(known: Sequence[_Took], unknown: Sequence[_Group]) -> list[_Took]:
    """Let what is not known count as long as the mean of its state, or of all.

    Shapes: children that failed may never have started, and go by others that failed alone.
    """
    states: defaultdict[str, _Sum] = defaultdict(_Sum)
    for one in known:
        states[one.group.state].add(one.seconds, one.containers)
        if one.group.state != "FAILED":
            states[""].add(one.seconds, one.containers)
    guessed = []
    for group in unknown:
        like = states.get(group.state) or (states.get("") if group.state != "FAILED" else None)
        if like is not None:
            mean = like.seconds / like.containers
            guessed.append(_Took(group, mean * group.children, group.children))
    return guessed
