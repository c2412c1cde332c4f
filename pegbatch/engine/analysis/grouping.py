"""What went wrong in a run: its failures, put together where they are alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from pegbatch.engine.analysis.last_words import fold
from pegbatch.engine.analysis.outcomes import Failed, Outcomes
from pegbatch.model.analysis import Analysis, FailureGroup, TaskStory
from pegbatch.model.history import History

IDS_SHOWN = 5
"""Tasks of a group that are named."""

_Likeness: TypeAlias = tuple[object, ...]
_FILE = re.compile(r"\A((?:in|out)put) .+?(?=: | was | is | cannot )")
_PRODUCER = re.compile(r"(?<=: its producer ).+(?= (?:has|was|failed))")


def analyse(history: History, makers: Mapping[str, str], *, array: str | None = None) -> Analysis:
    """Return what went wrong in a run so far, in one array or in all.

    Shapes: makers says which task makes a file, of the names that `roots.named_files` asks for.
    """
    outcomes = Outcomes(history, makers)
    groups, mended = _Groups(outcomes), outcomes.mended()
    for failed in outcomes.failed():
        groups.add(failed)
    skipped = unexplained = 0
    for task_id in outcomes.skipped():
        skipped += 1
        unexplained += not groups.take_along(task_id)
    return Analysis(
        status=history.status,
        runs=history.run_urls,
        groups=groups.done(array),
        skipped=skipped,
        unexplained=unexplained,
        mended=mended,
    )


def tell_task(history: History, makers: Mapping[str, str], task_id: str) -> TaskStory:
    """Return everything that is known of one task.

    Errors: KeyError where there is no such task.
    """
    task, outcomes = history.tasks[task_id], Outcomes(history, makers)
    state = outcomes.state(task_id)
    is_told = state == "lost" or (task_id in history.newest and state != "succeeded")
    goes_back = state in ("skipped", "undone") or history.is_consequence(task_id)
    root = outcomes.roots.of(task_id) if goes_back else None
    return TaskStory(
        task=task,
        runs=history.run_urls,
        state=state,
        executions=tuple(one for one in history.executions if one.id == task_id),
        cause=outcomes.failure(task_id).cause if is_told else None,
        root=root,
        root_cause=outcomes.failure(root).cause if root is not None else None,
        skipped=_count_behind(outcomes, task_id) if state in ("failed", "lost") else 0,
    )


def _count_behind(outcomes: Outcomes, task_id: str) -> int:
    return sum(outcomes.roots.of(one) == task_id for one in outcomes.skipped())


class _Groups:
    """Gathers failures that are alike, and what they took along."""

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes
        self._groups: dict[_Likeness, _Group] = {}
        self._of_task: dict[str, _Group] = {}

    def add(self, failed: Failed) -> None:
        """Take a task that failed."""
        task_id = failed.execution.id
        group = self._of_task[task_id] = self._group(failed)
        group.add(failed, self._outcomes.failures.get(task_id, 1))

    def take_along(self, task_id: str) -> bool:
        """Take a task that could not run; False where nothing on record explains that."""
        root = self._outcomes.roots.of(task_id)
        group = None if root is None else self._of_task.get(root)
        if group is None and task_id in self._outcomes.history.newest:
            group = self._group(self._outcomes.failure(task_id))
        if group is not None:
            group.take_along(task_id)
        return group is not None

    def done(self, array: str | None) -> tuple[FailureGroup, ...]:
        """Return the groups, the one that took most tasks along first."""
        shown = [one for one in self._groups.values() if array in (None, *one.arrays)]
        return tuple(one.done() for one in sorted(shown, key=lambda one: -one.weight))

    def _group(self, failed: Failed) -> _Group:
        return self._groups.setdefault(_likeness(failed), _Group(failed))


@dataclass(slots=True)
class _Group:
    """Failures that are alike, while they are gathered."""

    first: Failed
    tasks: int = 0
    executions: int = 0
    ids: list[str] = field(default_factory=list)
    arrays: dict[str, None] = field(default_factory=dict)
    skipped: int = 0
    skipped_ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.arrays.setdefault(self.first.execution.array)

    @property
    def weight(self) -> int:
        return self.tasks + self.skipped

    def add(self, failed: Failed, executions: int) -> None:
        self.tasks += 1
        self.executions += executions
        self.arrays.setdefault(failed.execution.array)
        if len(self.ids) < IDS_SHOWN:
            self.ids.append(failed.execution.id)

    def take_along(self, task_id: str) -> None:
        self.skipped += 1
        if len(self.skipped_ids) < IDS_SHOWN:
            self.skipped_ids.append(task_id)

    def done(self) -> FailureGroup:
        return FailureGroup(
            cause=self.first.cause,
            transformation=self.first.transformation,
            tasks=self.tasks,
            executions=self.executions,
            ids=tuple(self.ids),
            arrays=tuple(self.arrays),
            example=self.first.execution,
            log_stream=self.first.log_stream,
            skipped=self.skipped,
            skipped_ids=tuple(self.skipped_ids),
        )


def _likeness(failed: Failed) -> _Likeness:
    """Return what failures have in common that are told as one."""
    execution, cause = failed.execution, failed.cause
    text = _PRODUCER.sub("<task>", _FILE.sub(r"\1 <file>", cause.sentence))
    message = fold(text, (execution.id,))
    return failed.transformation, cause.kind, execution.exit_code, execution.signal, message
