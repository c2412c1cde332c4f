"""What the shell is offered after TAB: submit directories, arrays and tasks of a plan."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from pegbatch.adapters.submit_dir import LEVELS_BELOW_BASE, SubmitDirectory
from pegbatch.errors import PegbatchError
from pegbatch.model.layout import PLAN_FILE, nested_key

DEEPEST = LEVELS_BELOW_BASE + 1
"""Folders below: from the one that holds the `--dir` of a plan to its submit directory."""
OFFERED = 200
"""Nobody reads more words than this."""
FOLDERS_SEEN = 2_000
"""A key press must not walk through a whole disk."""
RUNS_SEEN = 100
"""Of nested runs; more are not looked into."""
TASKS_READ = 20_000
"""Tasks of larger workflows are not offered: reading them takes longer than typing one."""

# The shells' scripts would split or expand anything else, and a name may come from anywhere.
_SAFE = re.compile(r"[\w./@%+=:-]+").fullmatch
_AWAY = re.compile(r"(s3|file):/|~").match


def complete_submit_dir(
    _: click.Context, __: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Offer submit directories up to DEEPEST folders below; where there are none, any directory."""
    if not _AWAY(incomplete):
        start = incomplete.rpartition("/")[0] + "/" if "/" in incomplete else ""
        found = _items(_submit_dirs(start), incomplete)
        if found:
            return found
    return [CompletionItem(incomplete, type="dir")]


def complete_array(
    context: click.Context, _: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Offer the array jobs of the plan in the submit directory that the command line names, and
    those of nested runs whose plans are there.
    """
    try:
        names = [
            f"{id_}/{job.name}" if id_ else job.name
            for id_, directory in _runs(context)
            for job in directory.plan().jobs
        ]
    except PegbatchError:
        return []
    return _items(names, incomplete)


def complete_task(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Offer the tasks of these plans, and their array jobs."""
    try:
        tasks = list(_task_ids(_runs(context)))
    except PegbatchError:
        return []
    return complete_array(context, parameter, incomplete) + _items(tasks, incomplete)


def _items(words: Iterable[str], incomplete: str) -> list[CompletionItem[str]]:
    fitting = (word for word in words if word.startswith(incomplete) and _SAFE(word))
    return [CompletionItem(word) for word in islice(fitting, OFFERED)]


def _submit_dirs(start: str) -> Iterator[str]:
    """Yield submit directories in and below a folder, as the words that name them."""
    left = FOLDERS_SEEN
    level = [start]
    for _ in range(DEEPEST + 1):
        below: list[str] = []
        for folder in level[:left]:
            if (Path(folder or ".") / PLAN_FILE).is_file():
                yield folder.rstrip("/") or "."
            else:
                below += _folders_in(folder)
        left -= len(level)
        level = below


def _folders_in(folder: str) -> list[str]:
    try:
        with os.scandir(folder or ".") as entries:
            names = [
                entry.name
                for entry in entries
                if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
            ]
    except OSError:
        return []
    return [f"{folder}{name}/" for name in sorted(names)]


def _runs(context: click.Context) -> list[tuple[str, SubmitDirectory]]:
    """Return the submit directory that the command line names, and those of nested runs that were
    brought into it, each with its id: nothing is asked for over a network at a key press.

    Errors: InputError where there is no plan.
    """
    found = [("", SubmitDirectory(Path(context.params.get("submit_dir") or ".")))]
    for id_, directory in found:  # it grows meanwhile
        for one in islice(directory.plan().sub_workflows, RUNS_SEEN):
            inner = directory.path / nested_key(one.id)
            if len(found) < RUNS_SEEN and (inner / PLAN_FILE).is_file():
                found.append((f"{id_}.{one.id}" if id_ else one.id, SubmitDirectory(inner)))
    return found


def _task_ids(runs: Iterable[tuple[str, SubmitDirectory]]) -> Iterator[str]:
    """Yield the ids of tasks, run after run, as long as that takes no longer than it may."""
    left = TASKS_READ
    for id_, directory in runs:
        jobs = [job for job in directory.plan().jobs if job.kind == "compute"]
        left -= sum(job.tasks for job in jobs)
        if left < 0:
            return
        for job in jobs:
            for _, ids in directory.bag_ids(job.name, range(job.size)):
                yield from (f"{id_}.{task}" if id_ else task for task in ids)
