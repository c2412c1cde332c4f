"""The use case of `analyze`: what went wrong in a run, in one of its arrays, with one task."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from itertools import chain
from pathlib import Path

from pegbatch.adapters.file_makers import find_makers
from pegbatch.adapters.found_tasks import similar_names
from pegbatch.cli.looking_back import read_history
from pegbatch.cli.wiring import OpenRun
from pegbatch.engine.analysis.grouping import analyse, tell_task
from pegbatch.engine.analysis.roots import file_key, named_files
from pegbatch.errors import InputError
from pegbatch.model.analysis import Analysis, TaskStory
from pegbatch.model.history import History, jobs_of
from pegbatch.model.layout import base_array
from pegbatch.model.sub_workflows import refuse_planned_in


def analyze_run(run: OpenRun, word: str | None) -> Analysis | TaskStory:
    """Return what went wrong in a run or an array of it, or the story of a task.

    Shapes: word names a task or an array; a task where both have the name.
    Errors: InputError where neither has it, or the plan is damaged; those of store and Batch.
    """
    history = read_history(run)
    makers = makers_of(run, history)
    if word is None:
        return analyse(history, makers)
    if word in history.tasks:
        return tell_task(history, makers, word)
    scope, slash, own = word.rpartition("/")
    array = f"{scope}{slash}{base_array(own)}"
    if any(job.name == array for job in history.jobs):
        return analyse(history, makers, array=array)
    raise _unknown(run, history, word)


def makers_of(run: OpenRun, history: History) -> Mapping[str, str]:
    """Return who makes the files that skipped tasks lack, by `roots.file_key`."""
    found: dict[str, str] = {}
    for scope, names in named_files(history).items():
        part = history.nested.get(scope)
        folder = run.directory.path if part is None else Path(part.submit_dir)
        prefix = "" if part is None else part.prefix
        run_url = history.run_urls[scope]
        makers = find_makers(folder, jobs_of(history, scope), names, run_url)
        found.update((file_key(scope, lfn), prefix + one.id) for lfn, one in makers.items())
    return found


def _unknown(run: OpenRun, history: History, word: str) -> InputError:
    refuse_planned_in(word, run.plan.planned_in, str(run.directory.path))
    near = similar_names(word, chain((job.name for job in history.jobs), history.tasks))
    place = shlex.quote(str(run.directory.path))
    return InputError(
        f"no task and no array is called {word!r}",
        where=str(run.directory.path),
        hint=f"did you mean {', '.join(near)}?"
        if near
        else f"`pegbatch analyze {place}` names what failed, `pegbatch status {place}` the arrays",
    )
