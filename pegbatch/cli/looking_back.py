"""The one door of commands that look back: the history of a run, from wherever it lies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from pegbatch.adapters.aws_batch import AwsBatch
from pegbatch.adapters.bag_rows import read_planned_tasks
from pegbatch.cli.choice import service_of
from pegbatch.cli.nested.door import Nested, find_nested, opened
from pegbatch.cli.planning import without_collection
from pegbatch.cli.running import look_at
from pegbatch.cli.telling import say
from pegbatch.cli.wiring import OpenRun, batch_caller, open_store
from pegbatch.engine.findings import read_summary
from pegbatch.engine.history.building import build_history, read_past
from pegbatch.engine.history.past_tries import past_tries
from pegbatch.engine.history.summed_up import told_by_summary
from pegbatch.engine.history.unexplained import Question, Told, ask
from pegbatch.engine.nested.merging import InnerHistory, merge
from pegbatch.engine.nested.standing import run_status
from pegbatch.engine.parallel import map_parallel
from pegbatch.engine.state import RunState
from pegbatch.errors import InputError, OutsideError
from pegbatch.model.history import History
from pegbatch.model.nested import NestedRun
from pegbatch.model.plain import plain_line
from pegbatch.model.run_status import RunStatus
from pegbatch.ports import Clock, ObjectStore

FIRST_WORD_SECONDS = 3.0
"""What is done sooner is not talked about."""
NEXT_WORD_SECONDS = 5.0
READ_AT_ONCE = 8
"""Nested runs; the records of each are read some at a time, too."""


def read_history(run: OpenRun, tell: Callable[[str], None] = say) -> History:
    """Return the history of a run: planned, running or over.

    Shapes: tell hears how far it is where that takes long, and whether Batch could not be asked;
    of what only Batch knows (attempts that left nothing) there is then nothing in the history.
    Errors: InputError where the plan is damaged; those of store and Batch.
    """
    with without_collection():
        return _read(run, tell)


def _read(run: OpenRun, tell: Callable[[str], None]) -> History:
    status = look_at(run).status
    state, plan = run.state(), run.plan
    if state.started is None:
        tasks = read_planned_tasks(run.directory.path, plan.jobs)
        planned = History(
            status=status,
            jobs=plan.jobs,
            tasks=tasks,
            executions=(),
            attempts=(),
            planned_in=plan.planned_in,
        )
        inner = [InnerHistory(task=one.id, file=one.file) for one in plan.sub_workflows]
        return merge(planned, inner)
    store = open_store(run, service_of(state.service))
    history = _read_one(run, status, store, tell)
    if not plan.sub_workflows:
        return history
    nested = find_nested(run, store, state, tell)
    return merge(history, _inner(nested, nested.runs, _read_within(nested, tell)))


_Read = Mapping[str, tuple[OpenRun, History]]
"""By URL, nested runs and their histories."""


def _read_within(nested: Nested, tell: Callable[[str], None]) -> _Read:
    """Return the histories of all nested runs that have begun, several read at once."""

    def read(one: tuple[NestedRun, OpenRun]) -> History | None:
        node, run = one
        status = run_status(node, nested.standing(node), now=run.clock.now())
        try:
            return None if status is None else _read_one(run, status, nested.store, tell)
        except InputError as error:
            name = plain_line(node.id)
            tell(f"pegbatch: warning: sub-workflow {name} cannot be looked into: {error}")
            return None

    known = opened(nested)
    histories = map_parallel(read, known, workers=READ_AT_ONCE)
    return {
        node.url: (run, history)
        for (node, run), history in zip(known, histories, strict=True)
        if history is not None
    }


def _inner(nested: Nested, runs: Sequence[NestedRun], read: _Read) -> list[InnerHistory]:
    """Return what is known of nested runs, what lies within them merged already."""
    found = []
    for node in runs:
        about = InnerHistory(task=node.task, file=node.file, run=node.url)
        if node.url in read:
            run, history = read[node.url]
            whole = merge(history, _inner(nested, node.inner, read))
            about = replace(about, history=whole, submit_dir=str(run.directory.path))
        found.append(about)
    return found


def _read_one(
    run: OpenRun, status: RunStatus, store: ObjectStore, tell: Callable[[str], None]
) -> History:
    """Return the history of one run, without those within it."""
    state, plan = run.state(), run.plan
    tasks = read_planned_tasks(run.directory.path, plan.jobs)
    tries = past_tries(plan, state, run.directory.tries(), run.runs.events())
    bags = sum(job.size for job in plan.jobs if job.kind in ("compute", "stage-in"))
    progress = _Progress(f"records of {{:,}} of {bags:,} bags are read", run.clock, tell)
    past = read_past(store, plan, state.run_url, tries, progress.step)
    told = _ask(run, state, past.questions, tell)
    if status.state == "failed" and sum(len(one.children) for one in past.questions) > len(told):
        # Batch forgets jobs after a while; the summary keeps the first that were lost.
        summed_up = told_by_summary(read_summary(store, state), state.number, past.questions)
        told = {**summed_up, **told}
    return build_history(plan, state, status, tasks, past, told)


def _ask(
    run: OpenRun, state: RunState, questions: Sequence[Question], tell: Callable[[str], None]
) -> Told:
    """Ask Batch what the records leave open, where it is there to be asked."""
    service = service_of(state.service)
    if not questions or (service == "local" and not (run.local_folder / "batch.db").is_file()):
        return {}
    progress = _Progress("Batch has told of {:,} children", run.clock, tell)
    try:
        with batch_caller(run, service) as caller:
            return ask(AwsBatch(caller), questions, progress.step)
    except OutsideError as error:
        tell(f"pegbatch: warning: AWS Batch cannot be asked about lost children: {error}")
        return {}


class _Progress:
    """Says now and then how far something is."""

    def __init__(self, text: str, clock: Clock, tell: Callable[[str], None]) -> None:
        self._text, self._clock, self._tell = text, clock, tell
        self._count = 0
        self._next = clock.now() + FIRST_WORD_SECONDS

    def step(self) -> None:
        """Count one more."""
        self._count += 1
        now = self._clock.now()
        if now >= self._next:
            self._next = now + NEXT_WORD_SECONDS
            self._tell(f"pegbatch: {self._text.format(self._count)}")
