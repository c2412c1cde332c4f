"""Splice tasks: the tasks of sub-workflows take the place of the jobs that stand for them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pegbatch.model.hooks import Hooks
from pegbatch.model.profiles import Profiles
from pegbatch.model.sub_workflows import GATE
from pegbatch.model.workflow import NO_FILE, SubWorkflowJob, TaskTable, TransformationName
from pegbatch.planner.gates import Gates
from pegbatch.planner.parts import Part

NO_PLACE = -1

_Item = TypeVar("_Item")


@dataclass(slots=True, kw_only=True)
class Spliced:
    """Columns of the merged workflow while they grow."""

    ids: list[str] = field(default_factory=list)
    lines: array[int] = field(default_factory=lambda: array("i"))
    transformations: array[int] = field(default_factory=lambda: array("i"))
    arguments: list[str] = field(default_factory=list)
    profiles: array[int] = field(default_factory=lambda: array("i"))
    stdins: array[int] = field(default_factory=lambda: array("i"))
    stdouts: array[int] = field(default_factory=lambda: array("i"))
    stderrs: array[int] = field(default_factory=lambda: array("i"))
    use_offsets: array[int] = field(default_factory=lambda: array("q", [0]))
    use_lfns: array[int] = field(default_factory=lambda: array("i"))
    use_flags: array[int] = field(default_factory=lambda: array("B"))
    hooks: array[int] = field(default_factory=lambda: array("i"))

    names: list[TransformationName] = field(default_factory=list)
    name_scopes: array[int] = field(default_factory=lambda: array("i"))
    profile_sets: list[Profiles] = field(default_factory=lambda: [()])
    hook_sets: list[Hooks] = field(default_factory=lambda: [()])
    sub_workflows: dict[int, SubWorkflowJob] = field(default_factory=dict)

    numbers: list[array[int]] = field(default_factory=list)
    """By workflow, then by its task: number in the plan, or NO_PLACE."""
    before: dict[int, int] = field(default_factory=dict)
    """By sub-workflow that has one: its gate."""
    behind: dict[int, int] = field(default_factory=dict)
    gate_numbers: dict[int, int] = field(default_factory=dict)
    """By workflow: number of the transformation of its gates."""

    def table(self) -> TaskTable:
        """Return the tasks."""
        return TaskTable(
            ids=self.ids,
            lines=self.lines,
            transformations=self.transformations,
            arguments=self.arguments,
            profiles=self.profiles,
            stdins=self.stdins,
            stdouts=self.stdouts,
            stderrs=self.stderrs,
            use_offsets=self.use_offsets,
            use_lfns=self.use_lfns,
            use_flags=self.use_flags,
            hooks=self.hooks if any(self.hooks) else None,
        )


def splice_tasks(parts: Sequence[Part], gates: Gates, lfns: Sequence[array[int]]) -> Spliced:
    """Return the tasks of all workflows in document order.

    Shapes: lfns, by workflow, are the numbers of its files.
    """
    spliced = Spliced()
    maps = [_maps(part, numbers, spliced) for part, numbers in zip(parts, lfns, strict=True)]
    spliced.numbers.extend(array("i", [NO_PLACE]) * len(part.workflow.tasks) for part in parts)
    taken = {part.id_of(task) for part in parts for task in range(len(part.workflow.tasks))}
    _splice(parts[0], gates, maps, taken, spliced)
    for part in parts:
        for task, job in part.workflow.sub_workflows.items():
            if task not in part.inner:
                spliced.sub_workflows[spliced.numbers[part.number][task]] = job
    return spliced


def _splice(
    part: Part, gates: Gates, maps: Sequence[_Maps], taken: set[str], spliced: Spliced
) -> None:
    """Add one workflow and what is inside it; as deep as workflows are nested."""
    done = 0
    for job, inside in part.inner.items():
        _copy(part, done, job, maps[part.number], spliced)
        done = job + 1
        own = part.id_of(job)
        if inside.number in gates.before or inside.number in gates.alone:
            spliced.before[inside.number] = len(spliced.ids)
            _add_gate(part, job, own, spliced)
        _splice(inside, gates, maps, taken, spliced)
        if inside.number in gates.behind:
            spliced.behind[inside.number] = len(spliced.ids)
            _add_gate(part, job, _free(f"{own}.end", taken), spliced)
    _copy(part, done, len(part.workflow.tasks), maps[part.number], spliced)


def _free(id_: str, taken: set[str]) -> str:
    """Return an id that no task has."""
    while id_ in taken:
        id_ += "_"
    taken.add(id_)
    return id_


@dataclass(frozen=True, slots=True)
class _Maps:
    """New numbers by old ones; the last entry of `lfns` maps NO_FILE, which is -1, to itself."""

    lfns: array[int]
    transformations: range
    profiles: Sequence[int]
    hooks: Sequence[int]


def _maps(part: Part, lfns: array[int], spliced: Spliced) -> _Maps:
    workflow = part.workflow
    first = len(spliced.names)
    spliced.names += workflow.transformations
    spliced.name_scopes.extend([part.number] * len(workflow.transformations))
    return _Maps(
        array("i", [*lfns, NO_FILE]),
        range(first, len(spliced.names)),
        _appended(spliced.profile_sets, workflow.profile_sets),
        _appended(spliced.hook_sets, workflow.hook_sets),
    )


def _appended(known: list[tuple[_Item, ...]], more: Sequence[tuple[_Item, ...]]) -> list[int]:
    """Append all sets but the empty one, which all share; return their numbers."""
    numbers = [0]
    for one in more[1:]:
        numbers.append(len(known))
        known.append(one)
    return numbers


def _copy(part: Part, first: int, last: int, maps: _Maps, spliced: Spliced) -> None:
    """Add the tasks of one workflow from first to before last."""
    if first >= last:
        return
    tasks, place = part.workflow.tasks, len(spliced.ids)
    prefix = part.prefix
    spliced.numbers[part.number][first:last] = array("i", range(place, place + last - first))
    spliced.ids += [prefix + id_ for id_ in tasks.ids[first:last]]
    spliced.lines.extend(iter(tasks.lines[first:last]))  # arrays of any item size
    spliced.arguments += tasks.arguments[first:last]
    transformations, profiles, lfns = maps.transformations, maps.profiles, maps.lfns
    spliced.transformations.extend(_mapped(transformations, tasks.transformations[first:last]))
    spliced.profiles.extend(_mapped(profiles, tasks.profiles[first:last]))
    spliced.stdins.extend(_mapped(lfns, tasks.stdins[first:last]))
    spliced.stdouts.extend(_mapped(lfns, tasks.stdouts[first:last]))
    spliced.stderrs.extend(_mapped(lfns, tasks.stderrs[first:last]))
    own_hooks = tasks.hooks[first:last] if tasks.hooks is not None else [0] * (last - first)
    spliced.hooks.extend(_mapped(maps.hooks, own_hooks))
    begin, end = tasks.use_offsets[first], tasks.use_offsets[last]
    shift = len(spliced.use_lfns) - begin
    spliced.use_offsets.extend(offset + shift for offset in tasks.use_offsets[first + 1 : last + 1])
    spliced.use_lfns.extend(_mapped(lfns, tasks.use_lfns[begin:end]))
    spliced.use_flags.extend(tasks.use_flags[begin:end])


def _mapped(numbers: Sequence[int], column: Iterable[int]) -> Iterable[int]:
    return map(numbers.__getitem__, column)


def _add_gate(outer: Part, job: int, id_: str, spliced: Spliced) -> None:
    """Add a task that does nothing, where a job stood."""
    spliced.ids.append(id_)
    spliced.lines.append(outer.workflow.tasks.lines[job])
    spliced.transformations.append(_gate_number(outer.number, spliced))
    spliced.arguments.append("")
    spliced.profiles.append(0)
    for column in (spliced.stdins, spliced.stdouts, spliced.stderrs):
        column.append(NO_FILE)
    spliced.hooks.append(0)
    spliced.use_offsets.append(len(spliced.use_lfns))


def _gate_number(scope: int, spliced: Spliced) -> int:
    """Return the number of the gates' transformation in one workflow."""
    first = spliced.gate_numbers.get(scope)
    if first is None:
        first = spliced.gate_numbers[scope] = len(spliced.names)
        spliced.names.append(GATE)
        spliced.name_scopes.append(scope)
    return first
