"""Explain: what was decided about one task, and what decided it."""

from __future__ import annotations

from pegbatch.errors import InputError
from pegbatch.model.containers import TaskContainer
from pegbatch.model.explanation import Explanation, FileOrigin, ProfileValue
from pegbatch.model.file_keys import file_key
from pegbatch.model.graph import NO_TASK
from pegbatch.model.sub_workflows import ARGV, refuse_planned_in
from pegbatch.model.words import split_words
from pegbatch.model.workflow import INPUT, OUTPUT
from pegbatch.planner.clusters import NO_CLUSTER
from pegbatch.planner.locate_inputs import choose_replica, replicas_of
from pegbatch.planner.profile_layers import Layer, profile_layers, shared_layers
from pegbatch.planner.scopes import scope_of, scope_of_file, scopes_of, where_of
from pegbatch.planner.stages import Linked


def explain(linked: Linked, task_id: str) -> Explanation:
    """Return what is known of a task.

    Errors: InputError where no task has that id.
    """
    task = _find(linked, task_id)
    workflow, tasks = linked.workflow, linked.workflow.tasks
    packed = linked.arrays[linked.array_of[task]]
    bag = linked.bag_of[task]
    members = packed.order[packed.bag_offsets[bag] : packed.bag_offsets[bag + 1]]
    settings = linked.settings_table[linked.task_settings[task]]
    number = linked.clusters[task]
    transformation = tasks.transformations[task]
    scope = scopes_of(linked)[scope_of(workflow, task)]
    return Explanation(
        task=task_id,
        where=where_of(linked, task),
        transformation=str(workflow.transformations[transformation]),
        level=linked.levels[task],
        cluster="" if number == NO_CLUSTER else linked.cluster_names[number],
        array=packed.name,
        bag=bag,
        bag_tasks=tuple(tasks.ids[member] for member in members),
        array_size=packed.size,
        argv=(*_program(linked, task), *split_words(tasks.arguments[task])),
        parents=tuple(_at(linked, parent) for parent in linked.graph.parents_of(task)),
        inputs=_inputs(linked, task),
        outputs=_outputs(linked, task),
        profiles=_profiles(profile_layers(linked, scope, task, shared_layers(scope))),
        container=_container(linked.executables[transformation].container),
        vcpus=settings.resources.vcpus,
        memory_mib=settings.resources.memory_mib,
        gpus=settings.resources.gpus,
        tries=settings.tries,
        timeout_seconds=settings.timeout_seconds,
    )


def _find(linked: Linked, task_id: str) -> int:
    ids = linked.workflow.tasks.ids
    for number, known in enumerate(ids):
        if known == task_id:
            return number
    if task_id in linked.reused:
        raise InputError(
            f"task {task_id!r} is not run, since its outputs exist already",
            where=linked.workflow.source,
            hint="plan with --force to run it all the same",
        )
    refuse_planned_in(task_id, linked.workflow.scopes[1:], linked.workflow.source)
    raise InputError(
        f"there is no task {task_id!r}",
        where=linked.workflow.source,
        hint=f"ids look like {ids[0]!r}" if ids else None,
    )


def _program(linked: Linked, task: int) -> tuple[str, ...]:
    if task in linked.workflow.sub_workflows:
        return ARGV
    return (linked.executables[linked.workflow.tasks.transformations[task]].argv0,)


def _container(container: TaskContainer | None) -> str:
    return f"{container.name}, {container.image}" if container else ""


def _at(linked: Linked, task: int) -> str:
    name = linked.arrays[linked.array_of[task]].name
    return f"{linked.workflow.tasks.ids[task]} ({name}, bag {linked.bag_of[task]})"


def _inputs(linked: Linked, task: int) -> tuple[FileOrigin, ...]:
    staged = linked.executables[linked.workflow.tasks.transformations[task]].staged
    programs = [FileOrigin(use.lfn, use.url, "the program, sent along") for use in staged]
    return (*programs, *(_input(linked, lfn) for lfn in _files(linked, task, INPUT)))


def _files(linked: Linked, task: int, wanted: int) -> list[int]:
    tasks = linked.workflow.tasks
    uses = range(tasks.use_offsets[task], tasks.use_offsets[task + 1])
    return [tasks.use_lfns[use] for use in uses if tasks.use_flags[use] & wanted]


def _input(linked: Linked, lfn: int) -> FileOrigin:
    name = linked.workflow.lfns[lfn]
    producer = linked.graph.producers[lfn]
    if producer != NO_TASK:
        key = file_key(linked.workflow, lfn)
        return FileOrigin(name, key, f"made by {_at(linked, producer)}")
    use = linked.inputs.get(lfn)
    if use is None:
        return FileOrigin(name, "", "optional, and lies nowhere")
    site = scopes_of(linked)[scope_of_file(linked.workflow, lfn)].site
    replica = choose_replica(replicas_of(linked, lfn), site.name)
    if replica is None:
        return FileOrigin(name, use.url, "present, as planned without catalogs")
    return FileOrigin(name, use.url, f"{replica.pfn} at site {replica.site} ({replica.where})")


def _outputs(linked: Linked, task: int) -> tuple[FileOrigin, ...]:
    return tuple(_output(linked, task, lfn) for lfn in _files(linked, task, OUTPUT))


def _output(linked: Linked, task: int, lfn: int) -> FileOrigin:
    name = linked.workflow.lfns[lfn]
    producer = linked.graph.producers[lfn]
    if producer != task:
        return FileOrigin(name, "", f"dropped: {_at(linked, producer)} writes it too, and later")
    fate = [place.url for place in linked.places_of(lfn).destinations(name)]
    said = (
        "delivered to " + ", ".join(fate) if linked.delivered[lfn] and fate else "kept in the run"
    )
    key = file_key(linked.workflow, lfn)
    return FileOrigin(name, key, said + ("; read by others" * linked.graph.read[lfn]))


def _profiles(layers: tuple[Layer, ...]) -> tuple[ProfileValue, ...]:
    found: dict[str, list[tuple[str, str]]] = {}
    for layer in layers:
        source = f"{layer.source}, {layer.where}" if layer.where else layer.source
        for namespace, key, value in layer.profiles:
            name = f"{namespace}.{key if namespace == 'env' else key.lower()}"
            found.setdefault(name, []).insert(0, (value, source))
    return tuple(
        ProfileValue(
            name, values[0][0], values[0][1], tuple(f"{v} ({source})" for v, source in values[1:])
        )
        for name, values in sorted(found.items())
    )
