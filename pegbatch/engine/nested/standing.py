"""How the nested runs of a run stand: from their files, their summaries, and AWS Batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pegbatch.engine.findings import Summary, list_marks, marks_of_try, read_summary
from pegbatch.engine.looking.status import Findings, build_status
from pegbatch.engine.nested.remembered import (
    OUTCOMES,
    begun_events,
    common_start,
    end_event,
    end_with,
    names_on_batch,
    remembered_events,
    remembered_state,
)
from pegbatch.engine.parallel import CALLS, map_parallel
from pegbatch.engine.state import RunState, Tries
from pegbatch.errors import OutsideError
from pegbatch.model.events import RunEvent
from pegbatch.model.known_run import KnownRun
from pegbatch.model.nested import NestedRun, NestedStatus, every
from pegbatch.model.plan import Plan
from pegbatch.model.run_status import Outcome, RunStatus, TaskCounts
from pegbatch.ports import DESCRIBED_AT_ONCE, JobService, JobState, ObjectStore

QUEUES_ASKED = 4
"""Queues of one nested run, at most: it says itself which they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one nested run stands."""

    state: RunState | None = None
    """None where it has not begun, or its plan is not there."""
    events: tuple[RunEvent, ...] = ()
    """What the state is folded from."""
    summary: Summary | None = None
    """Of its newest try."""
    findings: Findings = field(default_factory=Findings)
    unsent: Outcome | None = None
    """How one has ended whose plan is not there: with the run around it, before it sent its own."""


Standings = Mapping[str, Standing]
"""By URL of the nested run."""
AskBatch = Callable[[Sequence[NestedRun]], Mapping[str, Sequence[JobState]]]
"""Runs that go on, as far as the store tells, to the jobs of each, by URL."""


def no_jobs(runs: Sequence[NestedRun]) -> Mapping[str, Sequence[JobState]]:
    """Ask nobody."""
    return {}


def find_standings(
    runs: Iterable[NestedRun],
    store: ObjectStore,
    ask: AskBatch,
    *,
    outer: Outcome | None,
    settled: Standings | None = None,
) -> dict[str, Standing]:
    """Return how nested runs stand, those within them included.

    Shapes: one GET a run; of those that go on one LIST more, and what asking Batch takes; nothing
    for those that are settled. outer is how the run around them has ended, None where it goes on.
    """
    known = dict(settled or {})
    readable = [one for one in every(runs) if one.files.known and one.files.plan]
    todo = [one for one in readable if one.url not in known]
    summaries = dict(zip((one.url for one in todo), _summaries(store, todo), strict=True))
    open_runs = [one for one in todo if not is_told(summaries[one.url])]
    jobs = ask(open_runs) if open_runs else {}
    for one in todo:
        known[one.url] = _standing(one, summaries[one.url], jobs.get(one.url, ()), outer)
    lists = map_parallel(lambda one: _findings(store, known[one.url]), open_runs)
    for one, findings in zip(open_runs, lists, strict=True):
        known[one.url] = replace(known[one.url], findings=findings)
    for one in every(runs):
        known.setdefault(one.url, Standing(unsent=end_with(outer)))
    return known


def is_told(summary: Summary | None) -> bool:
    """Say whether a summary tells how a run has ended."""
    return summary is not None and summary.state in OUTCOMES


def _whole(run: NestedRun) -> tuple[Plan, KnownRun, Tries]:
    """Return what a run that has begun says of itself."""
    known, plan = run.files.known, run.files.plan
    assert known is not None and plan is not None
    return plan, known, run.files.tries


def _summaries(store: ObjectStore, runs: Sequence[NestedRun]) -> Iterable[Summary | None]:
    def read(run: NestedRun) -> Summary | None:
        plan, known, tries = _whole(run)
        try:
            state = remembered_state(plan, tries, begun_events(known, tries))
            return read_summary(store, state)
        except OutsideError:
            return None  # what a container has put there may be anything

    return map_parallel(read, runs)


def _standing(
    run: NestedRun, summary: Summary | None, jobs: Sequence[JobState], outer: Outcome | None
) -> Standing:
    """Return how a run stands."""
    plan, known, tries = _whole(run)
    events = remembered_events(plan, known, tries, jobs)
    state = remembered_state(plan, tries, events)
    end = end_event(state, summary, outer=outer)
    if end is not None:
        events.append(end)
        state = remembered_state(plan, tries, events)
    told = summary if is_told(summary) else None
    findings = Findings()
    if told is not None:
        findings = Findings(tasks=told.tasks, levels=told.levels)
    return Standing(state=state, events=tuple(events), summary=told, findings=findings)


def _findings(store: ObjectStore, standing: Standing) -> Findings:
    """Return the failures of a run that has no summary yet."""
    state = standing.state
    assert state is not None
    return Findings(marks=marks_of_try(list_marks(store, state.run_url), state.number))


def ask_batch(jobs: JobService, runs: Sequence[NestedRun]) -> dict[str, list[JobState]]:
    """Return the jobs that Batch knows of some runs, by URL.

    Shapes: one ListJobs a run and queue, one DescribeJobs a hundred jobs, these in parallel.
    Errors: those of the service.
    """
    found = map_parallel(lambda run: _listed(jobs, run), runs, workers=CALLS)
    listed = dict(zip((run.url for run in runs), found, strict=True))
    ids = [job.job_id for known in listed.values() for job in known]
    parts = [ids[at : at + DESCRIBED_AT_ONCE] for at in range(0, len(ids), DESCRIBED_AT_ONCE)]
    described: dict[str, JobState] = {}
    for part in map_parallel(jobs.describe, parts, workers=CALLS):
        described.update(part)
    return {url: [described.get(job.job_id, job) for job in known] for url, known in listed.items()}


def _listed(jobs: JobService, run: NestedRun) -> list[JobState]:
    plan, known, tries = _whole(run)
    names = names_on_batch(plan, known, tries)
    start = common_start(names)
    return [
        job
        for queue in known.queues[:QUEUES_ASKED]
        for job in jobs.find_all(queue, start)
        if job.name in names
    ]


def nested_statuses(
    runs: Iterable[NestedRun], standings: Standings, *, now: float
) -> tuple[NestedStatus, ...]:
    """Return how nested runs stand, in their order, and those within them.

    Units: now is in seconds since the epoch.
    """
    return tuple(_status(run, standings, now) for run in runs)


def run_status(run: NestedRun, standing: Standing, *, now: float) -> RunStatus | None:
    """Return the whole status of one nested run; None where it has not begun."""
    if standing.state is None or run.files.plan is None:
        return None
    return build_status(run.files.plan, standing.state, standing.findings, now=now)


def _status(run: NestedRun, standings: Standings, now: float) -> NestedStatus:
    files, standing = run.files, standings.get(run.url, Standing())
    status = run_status(run, standing, now=now)
    has_begun = files.known is not None or bool(files.trouble)
    plain = NestedStatus(
        id=run.id,
        file=run.file,
        run=run.url if has_begun else "",
        state=(standing.unsent or "submitting") if has_begun else "planned",
        tasks=TaskCounts(),
        trouble=files.trouble,
        inner=nested_statuses(run.inner, standings, now=now),
    )
    if status is None:
        return plain
    return replace(
        plain,
        state=status.state,
        tasks=status.tasks,
        seconds=status.seconds,
        number=status.number,
    )
