"""Ending nested runs with the run around them: what plans them may be dead, their jobs are not."""

from __future__ import annotations

from collections.abc import Sequence

from pegbatch.adapters.aws_calls import AwsCaller
from pegbatch.adapters.store import Store
from pegbatch.cli.choice import service_of
from pegbatch.cli.nested.door import Nested, find_nested, opened
from pegbatch.cli.telling import say
from pegbatch.cli.wiring import OpenRun, batch_caller, engine_context
from pegbatch.engine import loop
from pegbatch.engine.cancelling import cancel
from pegbatch.engine.context import Context
from pegbatch.engine.parallel import map_parallel
from pegbatch.engine.state import RunState
from pegbatch.model.nested import DEEPEST, every

AT_ONCE = 4
"""Runs that are ended side by side; each ends some of its jobs at once, too."""


def cancel_nested(run: OpenRun, store: Store, state: RunState, *, at_most_seconds: float) -> None:
    """End the nested runs of a run that has ended, or is told to.

    Shapes: again as long as another goes on, since what plans a run may have begun one meanwhile;
    each is waited for up to so many seconds, and has a summary then.
    Errors: as engine.cancelling.cancel; those of the store.
    """
    told: set[str] = set()
    for _ in range(DEEPEST if run.plan.sub_workflows else 0):
        going_on = _going_on(find_nested(run, store, state))
        if told.issuperset(going_on):
            return
        told.update(going_on)
        open_runs = list(going_on.values())
        counted = "1 sub-workflow" if len(open_runs) == 1 else f"{len(open_runs):,} sub-workflows"
        say(f"pegbatch: {counted} of it went on, and will end")
        with batch_caller(run, service_of(state.service)) as caller:
            _end(open_runs, caller, store, at_most_seconds)


def _going_on(nested: Nested) -> dict[str, OpenRun]:
    """Return the nested runs that have not ended, by URL, those of the upper levels first."""
    urls = {
        one.url
        for one in every(nested.runs)
        if (state := nested.standing(one).state) is not None and state.outcome is None
    }
    known = opened(nested) if urls else ()
    return {node.url: run for node, run in known if node.url in urls}


def _end(runs: Sequence[OpenRun], caller: AwsCaller, store: Store, at_most: float) -> None:
    def ended(run: OpenRun) -> Context:
        service = service_of(run.state().service)
        context = engine_context(
            run, service, caller, store, writes=True, on_change=lambda context: None
        )
        cancel(context)
        return context

    def waited(context: Context) -> RunState:
        return loop.wait(context, at_most_seconds=at_most)

    told = list(map_parallel(ended, runs, workers=AT_ONCE))
    for _ in map_parallel(waited, told, workers=AT_ONCE):
        pass
