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
from pegbatch.model.layout import PLAN_FILE

DEEPEST = LEVELS_BELOW_BASE + 1
"""Folders below: from the one that holds the `--dir` of a plan to its submit directory."""
OFFERED = 200
"""Nobody reads more words than this."""
FOLDERS_SEEN = 2_000
"""A key press must not walk through a whole disk."""
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
    """Offer the array jobs of the plan in the submit directory that the command line names."""
    try:
        jobs = _directory(context).plan().jobs
    except PegbatchError:
        return []
    return _items((job.name for job in jobs), incomplete)


def complete_task(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Offer the tasks of that plan, and its array jobs."""
    try:
        tasks = list(_task_ids(_directory(context)))
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


def _directory(context: click.Context) -> SubmitDirectory:
    return SubmitDirectory(Path(context.params.get("submit_dir") or "."))


def _task_ids(directory: SubmitDirectory) -> Iterator[str]:
    jobs = [job for job in directory.plan().jobs if job.kind == "compute"]
    if sum(job.tasks for job in jobs) > TASKS_READ:
        return
    for job in jobs:
        for _, ids in directory.bag_ids(job.name, range(job.size)):
            yield from ids
