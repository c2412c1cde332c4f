"""What a word names in a run with nested runs: a task, an array or a child of one, at any depth."""

from __future__ import annotations

from collections.abc import Sequence

from pegbatch.adapters.found_tasks import find_task
from pegbatch.cli.choice import service_of
from pegbatch.cli.nested.door import Nested, find_nested, open_nested
from pegbatch.cli.wiring import OpenRun, open_store
from pegbatch.model.nested import NestedRun


def reach(run: OpenRun, word: str) -> tuple[OpenRun, str]:
    """Return the run that a word means something in, and what it is called there.

    Shapes: `sub.t1` is task `t1` of the run of sub-workflow `sub`, `sub/L0-a` an array job of that
    run, and `sub/` all of it (an empty word); what the run itself calls so comes first.
    Errors: InputError where the run of the sub-workflow has not begun; those of the store.
    """
    state = run.state()
    if not _may_be_within(run, word) or state.started is None or _is_own(run, word):
        return run, word
    nested = find_nested(run, open_store(run, service_of(state.service)), state)
    way = _way(nested.runs, word)
    return (_opened(nested, way), word[len(way[-1].id) + 1 :]) if way else (run, word)


def _may_be_within(run: OpenRun, word: str) -> bool:
    return any(_begins(word, one.id) for one in run.plan.sub_workflows)


def _begins(word: str, id_: str) -> bool:
    return word.startswith((f"{id_}.", f"{id_}/"))


def _is_own(run: OpenRun, word: str) -> bool:
    arrays = [job.name for job in run.plan.jobs if job.kind == "compute"]
    return find_task(run.directory.path, arrays, word) is not None


def _way(runs: Sequence[NestedRun], word: str) -> list[NestedRun]:
    """Return the nested runs on the way to what a word names, the outermost first."""
    for run in runs:
        if _begins(word, run.id):
            return [run, *_way(run.inner, word)]
    return []


def _opened(nested: Nested, way: Sequence[NestedRun]) -> OpenRun:
    run = nested.outer
    for one in way:
        run = open_nested(nested, one, run)
    return run
