"""Bag lines: one JSON line for each task (docs/formats.md, "Bag line").

Lines are put together from pieces that are encoded once per file name, transformation and
settings, because a plan may have a million of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import orjson

from pegbatch.batch.sub_workflow_lines import SubWorkflowLines
from pegbatch.model.bags import ArrayTasks, Executable, PlannedWorkflow, TaskSettings
from pegbatch.model.cluster_kinds import PARALLEL, STRICT
from pegbatch.model.file_keys import file_key
from pegbatch.model.graph import NO_TASK
from pegbatch.model.hooks import Hooks, hooks_to_json
from pegbatch.model.layout import data_key
from pegbatch.model.manifest import FileUse
from pegbatch.model.sub_workflows import ARGV
from pegbatch.model.words import split_words
from pegbatch.model.workflow import (
    CHECKPOINT,
    EXECUTABLE,
    INPUT,
    NO_FILE,
    OPTIONAL,
    OUTPUT,
    Workflow,
)

_PieceMaker = Callable[[PlannedWorkflow, int], str]


def encode(value: object) -> str:
    """Return compact JSON."""
    return orjson.dumps(value).decode()


class BagLines:
    """Writes the lines of one planned workflow."""

    def __init__(self, planned: PlannedWorkflow) -> None:
        """Prepare the pieces that tasks share."""
        self._planned = planned
        self._tasks, self._graph = planned.workflow.tasks, planned.graph
        self._names = [
            f'"name":{encode(name.name)},"transformation":{encode(str(name))},"cluster":'
            for name in planned.workflow.transformations
        ]
        self._tails = [_settings_piece(settings) for settings in planned.settings_table]
        self._staged = [_staged_piece(executable) for executable in planned.executables]
        self._inputs = _Pieces(planned, _input_piece)
        self._parents = _Pieces(planned, _parent_piece)
        self._nested = SubWorkflowLines(
            planned,
            lambda lfn, flags: self._inputs[lfn] + _INPUT_ENDS[flags],
            self._output,
        )
        self._clusters: dict[int, str] = {-1: '""'}
        self._hooked = planned.workflow.tasks.hooks is not None or any(
            executable.hooks for executable in planned.executables
        )
        self._hooks: dict[tuple[int, int], str] = {}
        self._unusual = not {PARALLEL, STRICT}.isdisjoint(planned.cluster_kinds)
        columns = (("stdin", self._tasks.stdins), ("stdout", self._tasks.stdouts))
        self._redirected = [
            (name, column)
            for name, column in (*columns, ("stderr", self._tasks.stderrs))
            if max(column, default=NO_FILE) != NO_FILE
        ]

    def lines(self, tasks: ArrayTasks) -> Iterator[list[str]]:
        """Yield the lines of each bag of an array, in order."""
        offsets = tasks.bag_offsets
        for bag in range(tasks.size):
            yield [self._line(task, bag) for task in tasks.order[offsets[bag] : offsets[bag + 1]]]

    def _line(self, task: int, bag: int) -> str:
        planned, tasks = self._planned, self._tasks
        transformation = tasks.transformations[task]
        if task in planned.workflow.sub_workflows:
            words = list(ARGV)
            inputs, outputs, after, checkpoints = self._nested_files(task)
        else:
            argv0 = planned.executables[transformation].argv0
            words = [argv0, *split_words(tasks.arguments[task])]
            inputs, outputs, after, checkpoints = self._files(task, transformation)
        hooks = self._hooks_piece(task, transformation) if self._hooked else ""
        ways = self._ways(task) if self._unusual else ""
        streams = self._streams(task) if self._redirected else ""
        return (
            f'{{"bag":{bag},"id":{encode(tasks.ids[task])},{self._names[transformation]}'
            f"{self._cluster(planned.clusters[task])}"
            f',"index":{planned.task_indices[task]},"argv":{encode(words)}'
            f',"inputs":[{inputs}],"outputs":[{outputs}],"after":[{after}]'
            f"{checkpoints}{hooks}{ways}{streams}{self._tails[planned.task_settings[task]]}}}\n"
        )

    def _files(self, task: int, transformation: int) -> tuple[str, str, str, str]:
        """Return inputs, outputs, the parents that no required file ties to it, checkpoints."""
        tasks, producers, known = self._tasks, self._graph.producers, self._planned.inputs
        inputs = self._staged[transformation].copy()
        outputs: list[str] = []
        checkpoints: list[str] = []
        first, last = tasks.use_offsets[task], tasks.use_offsets[task + 1]
        uses = zip(tasks.use_lfns[first:last], tasks.use_flags[first:last], strict=True)
        for lfn, flags in uses:
            producer = producers[lfn]
            if flags & CHECKPOINT:
                if producer == task:
                    self._save(lfn, flags, inputs, outputs, checkpoints)
            elif flags & OUTPUT:
                if producer == task:
                    outputs.append(self._output(lfn, flags))
            elif flags & INPUT and (producer != NO_TASK or lfn in known):
                inputs.append(self._inputs[lfn] + _INPUT_ENDS[flags])
        after = self._after(task, self._tied(task)) if self._graph.parents_of(task) else ""
        saved = f',"checkpoints":[{",".join(checkpoints)}]' if checkpoints else ""
        return ",".join(inputs), ",".join(outputs), after, saved

    def _output(self, lfn: int, flags: int) -> str:
        """Return a file use of the task that makes the file; there is one, so nothing is kept."""
        return _output_piece(self._planned, lfn) + _OUTPUT_ENDS[flags]

    def _nested_files(self, task: int) -> tuple[str, str, str, str]:
        """Return the same of the task of a sub-workflow; at the end what only its lines have."""
        found = self._nested.files(task)
        return ",".join(found.inputs), "", self._after(task, found.tied), found.piece

    def _save(
        self, lfn: int, flags: int, inputs: list[str], outputs: list[str], checkpoints: list[str]
    ) -> None:
        """Add a checkpoint file of the task: saved always, fetched and put where wanted."""
        checkpoints.append(self._checkpoint(lfn))
        if lfn in self._planned.inputs:
            inputs.append(self._inputs[lfn] + _INPUT_ENDS[flags])
        if self._leaves(lfn):
            outputs.append(self._output(lfn, flags))

    def _checkpoint(self, lfn: int) -> str:
        workflow = self._planned.workflow
        return encode({"lfn": workflow.lfns[lfn], "url": file_key(workflow, lfn)})

    def _leaves(self, lfn: int) -> bool:
        """Tell whether anybody but its own task wants a checkpoint file."""
        return bool(self._planned.delivered[lfn] or self._planned.graph.read[lfn])

    def _hooks_piece(self, task: int, transformation: int) -> str:
        column = self._planned.workflow.tasks.hooks
        pair = (column[task] if column is not None else 0, transformation)
        piece = self._hooks.get(pair)
        if piece is None:
            own = self._planned.workflow.hook_sets[pair[0]]
            hooks = (*own, *self._planned.executables[transformation].hooks)
            piece = self._hooks[pair] = _hooks_json(hooks)
        return piece

    def _ways(self, task: int) -> str:
        """Return how a task runs among those of its cluster, where that is not the usual way."""
        planned = self._planned
        number = planned.clusters[task]
        if number == -1:
            return ""
        kind = planned.cluster_kinds[number]
        if kind == PARALLEL:
            own = planned.settings_table[planned.task_settings[task]].side_by_side.vcpus
            whole = planned.cluster_resources[number].vcpus
            return f',"cores":{own},"bag_cores":{whole}'
        return ',"strict":true' if kind == STRICT else ""

    def _cluster(self, number: int) -> str:
        piece = self._clusters.get(number)
        if piece is None:
            piece = self._clusters[number] = encode(self._planned.cluster_names[number])
        return piece

    def _tied(self, task: int) -> Iterator[int]:
        """Yield who makes the files that a task requires."""
        tasks, producers = self._tasks, self._graph.producers
        for use in range(tasks.use_offsets[task], tasks.use_offsets[task + 1]):
            if tasks.use_flags[use] & (INPUT | OPTIONAL) == INPUT:
                yield producers[tasks.use_lfns[use]]

    def _after(self, task: int, tied: Iterable[int]) -> str:
        """Return the parents but for those whose files the task requires."""
        loose = set(self._graph.parents_of(task)).difference(tied)
        return ",".join([self._parents[parent] for parent in sorted(loose)]) if loose else ""

    def _streams(self, task: int) -> str:
        lfns = self._planned.workflow.lfns
        return "".join(
            f',"{name}":{encode(lfns[column[task]])}'
            for name, column in self._redirected
            if column[task] != NO_FILE
        )


_DATA = encode(data_key("")).removesuffix('"')
"""How the key of every file of the run begins: as JSON, a name goes on without its quote."""


def _end(flags: int) -> str:
    """Return the end of a file use: what the worker has to know of it."""
    optional = ',"optional":true' if flags & OPTIONAL else ""
    return optional + (',"executable":true}' if flags & EXECUTABLE else "}")


_INPUT_ENDS = [_end(flags) for flags in range(256)]
"""By the flags of the use."""
_OUTPUT_ENDS = [_end(flags & ~EXECUTABLE) for flags in range(256)]


class _Pieces(dict[int, str]):
    """JSON by number of the file or parent that it names, made when first asked for."""

    def __init__(self, planned: PlannedWorkflow, make: _PieceMaker) -> None:
        super().__init__()
        self._planned, self._make = planned, make

    def __missing__(self, number: int) -> str:
        piece = self[number] = self._make(self._planned, number)
        return piece


def _parent_piece(planned: PlannedWorkflow, parent: int) -> str:
    return encode(
        {
            "array": planned.arrays[planned.array_of[parent]].name,
            "bag": planned.bag_of[parent],
            "id": planned.workflow.tasks.ids[parent],
        }
    )


def _input_piece(planned: PlannedWorkflow, lfn: int) -> str:
    """Return a file use; its brace is left open, for what this task says of it."""
    use = planned.inputs.get(lfn)
    if use is None:
        return _data_piece(planned.workflow, lfn)
    return _use_piece(use)


def _data_piece(workflow: Workflow, lfn: int) -> str:
    """Return what a file of the run says of itself; its name is encoded once."""
    name = encode(workflow.lfns[lfn])
    if workflow.lfn_scopes is not None and workflow.lfn_scopes[lfn]:
        return f'{{"lfn":{name},"url":{encode(file_key(workflow, lfn))}'
    return f'{{"lfn":{name},"url":{_DATA}{name[1:]}'


def _output_piece(planned: PlannedWorkflow, lfn: int) -> str:
    name = planned.workflow.lfns[lfn]
    places = planned.places_of(lfn)
    if not (planned.delivered[lfn] and (places.remote or places.mapped)):
        return _data_piece(planned.workflow, lfn)
    url, further = output_urls(planned, lfn)
    deliver = f',"deliver":{encode(further)}' if further else ""
    return f'{{"lfn":{encode(name)},"url":{encode(url)}{deliver}'


def output_urls(planned: PlannedWorkflow, lfn: int) -> tuple[str, list[str]]:
    """Return where a task puts an output, and the further URLs that get a copy.

    Shapes: what another task reads, what goes to a local directory and what stays in the run
    lies in `data/` or `private/`; everything else goes to the output site directly.
    """
    name = planned.workflow.lfns[lfn]
    places = planned.places_of(lfn)
    remote = places.remote_urls(name) if planned.delivered[lfn] else []
    if planned.graph.read[lfn] or not remote or not places.is_handed_over(name):
        return file_key(planned.workflow, lfn), remote
    return remote[0], remote[1:]


def _use_piece(use: FileUse) -> str:
    checksum = f',"sha256":"{use.sha256}"' if use.sha256 else ""
    executable = ',"executable":true' if use.executable else ""
    others = f',"or":{encode(use.others)}' if use.others else ""
    return f'{{"lfn":{encode(use.lfn)},"url":{encode(use.url)}{others}{checksum}{executable}'


def _staged_piece(executable: Executable) -> list[str]:
    return [_use_piece(use) + "}" for use in executable.staged]


def _settings_piece(settings: TaskSettings) -> str:
    env = f',"env":{encode(dict(settings.env))}' if settings.env else ""
    tries = f',"tries":{settings.tries}' if settings.tries != 1 else ""
    limits = (
        ("runtime_seconds", settings.runtime_seconds),
        ("timeout_seconds", settings.timeout_seconds),
        ("checkpoint_seconds", settings.checkpoint_seconds),
    )
    timeout = "".join(f',"{key}":{limit}' for key, limit in limits if limit is not None)
    messages = (
        ("failure_message", settings.failure_message),
        ("success_message", settings.success_message),
    )
    said = "".join(f',"{key}":{encode(text)}' for key, text in messages if text)
    return env + tries + timeout + said


def _hooks_json(hooks: Hooks) -> str:
    return f',"hooks":{encode(hooks_to_json(hooks))}' if hooks else ""
