"""How fast a run goes lately, and when it would end at that rate.

Whoever looks leaves a sample in the log now and then, so that one who looks once knows of the last
minutes, too. Where nobody has looked before, the mean of the whole try has to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile

from pegbatch.engine.state import RunState
from pegbatch.model.plan import Job, Plan
from pegbatch.model.run_look import Sample, Throughput
from pegbatch.model.run_status import RunStatus, TaskCounts

SAMPLE_SECONDS = 30.0
"""Between two samples in the log."""
LATELY_SECONDS = 300.0
LEAST_SECONDS = 20.0
"""Over a shorter time a rate says little."""


def ended_tasks(tasks: TaskCounts) -> int:
    """Return how many tasks have ended, whatever their end."""
    return tasks.succeeded + tasks.failed + tasks.skipped


def sample_due(state: RunState, now: float) -> bool:
    """Say whether a sample is to be left in the log."""
    last = state.samples[-1].time if state.samples else state.begun
    return state.outcome is None and last is not None and now - last >= SAMPLE_SECONDS


def measure(state: RunState, status: RunStatus, now: float) -> Throughput | None:
    """Return how fast tasks have ended lately; None where the run is over, or none has ended."""
    if state.begun is None or state.outcome is not None:
        return None
    first = Sample(state.begun, _done_before(state, status))
    since = _since((first, *state.samples), now)
    done = ended_tasks(status.tasks)
    if done <= first.done or now <= since.time:
        return None
    rate = max(0, done - since.done) / (now - since.time)
    return Throughput(tasks_per_minute=60 * rate, over_seconds=now - since.time)


def _since(samples: tuple[Sample, ...], now: float) -> Sample:
    """Return the sample to measure from: the oldest of lately, or the newest before."""
    old = [one for one in samples if now - one.time >= LEAST_SECONDS]
    if not old:
        return samples[0]
    recent = list(takewhile(lambda one: now - one.time <= LATELY_SECONDS, reversed(old)))
    return recent[-1] if recent else old[-1]


def _done_before(state: RunState, status: RunStatus) -> int:
    """Return the tasks that had succeeded before the current try began."""
    tried = sum(job.tasks for job in state.current.jobs if job.kind == "compute")
    return max(0, status.tasks.total - tried)


def expected_end(
    plan: Plan, state: RunState, status: RunStatus, throughput: Throughput | None, now: float
) -> float | None:
    """Return when the run will have ended, as far as that can be foreseen.

    Shapes: where the plan says how long tasks take, their work counts, and no level ends before
    its longest bag; else their number.
    """
    if state.begun is None or state.outcome is not None:
        return None
    left = status.tasks.running + status.tasks.waiting
    if not left:
        return None
    known = _known_seconds(plan)
    if known:
        return _by_runtimes(known, state, status, now)
    if throughput is None or not throughput.tasks_per_minute:
        return None
    return now + 60 * left / throughput.tasks_per_minute


def _known_seconds(plan: Plan) -> Mapping[int, tuple[float, float]]:
    """Return for each level the mean of a task and the longest bag; nothing where one lacks."""
    jobs: dict[int, list[Job]] = {}
    for job in plan.jobs:
        if job.kind == "compute":
            if job.expected is None:
                return {}
            jobs.setdefault(job.level or 0, []).append(job)
    return {level: _seconds_of(here) for level, here in jobs.items()}


def _seconds_of(jobs: list[Job]) -> tuple[float, float]:
    expected = [job.expected for job in jobs if job.expected is not None]
    tasks = sum(job.tasks for job in jobs) or 1
    return sum(one.seconds for one in expected) / tasks, max(one.longest for one in expected)


def _by_runtimes(
    known: Mapping[int, tuple[float, float]], state: RunState, status: RunStatus, now: float
) -> float | None:
    """Return the later of two times: when the work left is done at the pace so far, and when the
    longest bags of the levels left, one after another, are.
    """
    done = left = chain = 0.0
    for level in status.levels:
        mean, longest = known.get(level.level, (0.0, 0.0))
        open_tasks = level.tasks.running + level.tasks.waiting
        done += mean * ended_tasks(level.tasks)
        left += mean * open_tasks
        chain += longest if open_tasks else 0.0
    before = _done_before(state, status) / max(1, status.tasks.total) * (done + left)
    worked, taken = done - before, now - (state.begun or now)
    by_pace = left * taken / worked if worked > 0 else 0.0
    return now + max(by_pace, chain) if by_pace or chain else None
