"""Root causes: which failure a task that could not run goes back to.

A skipped task's record names the parent, or the file, that it lacks; a child that never began
goes back to the arrays that its array waits for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from pegbatch.model.history import Execution, History, scope_of
from pegbatch.model.plan import Job, LinkType

LINES_READ = 64
"""Lines of a reason that are looked at: a task may lack thousands of inputs."""
NAMES_TRIED = 4
"""Names that the beginning of a line may be: a file name may hold ': '."""

_PARENT = re.compile(
    r"parent (.+) (?:failed|was skipped|was not run|undone)(?:, so there is no |\Z)"
)
_CLUSTER = re.compile(r"task (.+) failed, and .* ends with its first failure\Z")


def named_files(history: History) -> Mapping[str, frozenset[str]]:
    """Return the names that skipped tasks may mean as the file that they lack.

    Shapes: by the id of the nested run that the tasks are of, which has files of its own; more
    than there are files: who makes which is for the plans to say.
    """
    found: dict[str, set[str]] = {}
    for one in history.newest.values():
        if one.state == "skipped":
            names = found.setdefault(scope_of(one.array), set())
            names.update(name for line in _lines(one) for name in _files(line))
    return {scope: frozenset(names) for scope, names in found.items()}


def file_key(scope: str, lfn: str) -> str:
    """Return what a file is called among those of all runs: two of them may have a name in common.

    Shapes: scope is the id of the nested run; empty: the run itself.
    """
    return f"{scope}\0{lfn}" if scope else lfn


class Roots:
    """Finds root causes; every task is gone through once."""

    def __init__(self, history: History, makers: Mapping[str, str]) -> None:
        """Take the run, and who makes which file."""
        self._history = history
        self._newest = history.newest
        self._tasks = history.tasks
        self._lost = history.lost
        self._makers = makers
        self._known: dict[str, str | None] = {}
        self._arrays = _Arrays(history.jobs, self._bad(history))

    def of(self, task_id: str) -> str | None:
        """Return the failed or lost task that one goes back to; itself where it is one.

        Shapes: None where nothing on record explains it.
        """
        way: list[str] = []
        here: str | None = task_id
        while here is not None and here not in self._known and not self._has_failed(here):
            way.append(here)
            self._known[here] = None  # whoever comes by here again goes in a circle
            here = self._next(here)
        root = here if here is None or self._has_failed(here) else self._known[here]
        self._known.update(dict.fromkeys(way, root))
        return root

    def _has_failed(self, task_id: str) -> bool:
        record = self._newest.get(task_id)
        if self._history.is_consequence(task_id):
            return False
        return task_id in self._lost or (record is not None and record.state == "failed")

    def _next(self, task_id: str) -> str | None:
        """Return a parent that has not succeeded, one that has failed before all others.

        Shapes: of a sub-workflow that failed with its run, the task of that run which did.
        """
        if self._history.is_consequence(task_id):
            return self._history.nested[task_id].blamed
        record = self._newest.get(task_id)
        if record is None:
            task = self._tasks.get(task_id)
            return None if task is None else self._arrays.blamed(task.array, task.bag)
        bad = [parent for parent in self._parents(record) if not self._is_done(parent)]
        return next(filter(self._has_failed, bad), bad[0] if bad else None)

    def _is_done(self, task_id: str) -> bool:
        record = self._newest.get(task_id)
        return record is not None and record.state == "succeeded"

    def _parents(self, record: Execution) -> Iterator[str]:
        prefix = self._history.prefix_of(record.array)
        for lack in lacks_of(record, self._makers, prefix):
            yield lack.parent

    def _bad(self, history: History) -> Iterator[tuple[str, int, str]]:
        """Yield array, bag and id of every task that has failed or was lost."""
        for one in history.newest.values():
            if one.state == "failed":
                within = history.is_consequence(one.id)
                yield one.array, one.bag, history.nested[one.id].blamed if within else one.id
        for task_id, attempt in self._lost.items():
            yield attempt.array, attempt.bag, task_id


class _Arrays:
    """Who is to blame where a whole child never began: somebody in the arrays before it."""

    def __init__(self, jobs: Iterable[Job], bad: Iterable[tuple[str, int, str]]) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._in_bag: dict[tuple[str, int], str] = {}
        self._in_array: dict[str, str] = {}
        for array, bag, task_id in bad:
            self._in_bag.setdefault((array, bag), task_id)
            self._in_array.setdefault(array, task_id)
        self._found: dict[str, str | None] = {}

    def blamed(self, array: str, bag: int) -> str | None:
        """Return a task that one child waited for in vain."""
        for name in self._above(array, (LinkType.N_TO_N,)):
            if (name, bag) in self._in_bag:
                return self._in_bag[name, bag]
        if array not in self._found:
            above = self._above(array, tuple(LinkType))
            bad = (self._in_array[name] for name in above if name in self._in_array)
            self._found[array] = next(bad, None)
        return self._found[array]

    def _above(self, array: str, types: tuple[LinkType, ...]) -> Iterator[str]:
        """Yield the arrays that one waits for by links of these types, the nearest first."""
        row = [array]
        seen = {array}
        for name in row:
            job = self._jobs.get(name)
            for link in job.depends_on if job is not None else ():
                if link.array not in seen and link.type in types:
                    seen.add(link.array)
                    row.append(link.array)
                    yield link.array


class Lack(NamedTuple):
    """What a skipped task lacks."""

    parent: str
    """The task that it waited for."""
    lfn: str
    """The file of that task which is not there; empty where the edge has none."""


def lacks_of(record: Execution, makers: Mapping[str, str], prefix: str = "") -> Iterator[Lack]:
    """Yield what a skipped task lacks, as far as its record tells and the plan knows the makers.

    Shapes: makers by `file_key`; prefix is what ids of the tasks of its run begin with.
    """
    scope = scope_of(record.array)
    for line in _lines(record):
        found = _PARENT.match(line) or _CLUSTER.match(line)
        if found is not None:
            yield Lack(prefix + found[1], line[found.end() :] if found.re is _PARENT else "")
        for name in _files(line):
            maker = makers.get(file_key(scope, name))
            if maker is not None:
                yield Lack(maker, name)


def _lines(record: Execution) -> Iterator[str]:
    return islice(iter(record.reason.splitlines()), LINES_READ)


def _files(line: str) -> Iterator[str]:
    """Yield what may be the name of the file that a line of a reason begins with."""
    if not line.startswith("input "):
        return
    parts = line.removeprefix("input ").split(": ", NAMES_TRIED)
    for number in range(1, len(parts)):
        yield ": ".join(parts[:number])
