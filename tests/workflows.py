"""Small workflows for tests of the planner, written as edges and files."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pegbatch.model.catalogs import ReplicaCatalog, SiteCatalog, TransformationCatalog
from pegbatch.model.facts import Facts
from pegbatch.model.hooks import Hooks
from pegbatch.model.options import PlanOptions
from pegbatch.model.profiles import Profile, Profiles
from pegbatch.model.replica_sources import ReplicaSources
from pegbatch.model.settings import Property, Settings
from pegbatch.model.workflow import (
    CHECKPOINT,
    INPUT,
    NO_FILE,
    OPTIONAL,
    OUTPUT,
    REGISTER,
    TRANSFER,
    Edges,
    TaskTable,
    TransformationName,
    Workflow,
    WorkflowCounts,
)
from pegbatch.planner.stages import Given
from pegbatch.planner.tuning import read_tuning


@dataclass(frozen=True, kw_only=True)
class T:
    """One task of a test workflow."""

    id: str
    name: str = "t"
    arguments: str = ""
    inputs: Sequence[str] = ()
    outputs: Sequence[str] = ()
    """Delivered, as `transfer` is true by default."""
    kept: Sequence[str] = ()
    """Outputs that are not delivered."""
    optional_inputs: Sequence[str] = ()
    profiles: Mapping[str, str] | None = None
    """`namespace.key` to value."""
    stdin: str | None = None
    stdout: str | None = None
    stderr: str | None = None
    checkpoints: Mapping[str, bool] | None = None
    """LFN to whether it is delivered."""
    hooks: Hooks = ()


def make_workflow(
    tasks: Sequence[T], edges: Sequence[tuple[str, str]] = (), name: str = "test"
) -> Workflow:
    """Return a workflow; edges are (parent id, child id)."""
    lfns: dict[str, int] = {}
    transformations: dict[TransformationName, int] = {}
    profile_sets: dict[Profiles, int] = {(): 0}
    table: dict[str, array[int]] = {
        key: array("i") for key in ("transformation", "profiles", "stdin", "stdout", "stderr")
    }
    offsets, use_lfns, use_flags = array("q", [0]), array("i"), array("B")

    def number(lfn: str | None) -> int:
        return NO_FILE if lfn is None else lfns.setdefault(lfn, len(lfns))

    for task in tasks:
        transformation = TransformationName("", task.name, "")
        table["transformation"].append(
            transformations.setdefault(transformation, len(transformations))
        )
        profiles = tuple(
            Profile(*key.split(".", 1), value) for key, value in (task.profiles or {}).items()
        )
        table["profiles"].append(profile_sets.setdefault(profiles, len(profile_sets)))
        uses = [(lfn, INPUT) for lfn in task.inputs]
        uses += [(lfn, INPUT | 4) for lfn in task.optional_inputs]
        uses += [(lfn, OUTPUT | TRANSFER | REGISTER) for lfn in task.outputs]
        uses += [(lfn, OUTPUT) for lfn in task.kept]
        for lfn, delivered in (task.checkpoints or {}).items():
            uses.append((lfn, CHECKPOINT | OPTIONAL | (TRANSFER if delivered else 0)))
        for lfn, flags in uses:
            use_lfns.append(number(lfn))
            use_flags.append(flags)
        offsets.append(len(use_lfns))
        for stream in ("stdin", "stdout", "stderr"):
            table[stream].append(number(getattr(task, stream)))
    ids = [task.id for task in tasks]
    return Workflow(
        name=name,
        source="workflow.xml",
        kind="dax-xml",
        version="3.6",
        tasks=TaskTable(
            ids=ids,
            lines=array("i", range(1, len(ids) + 1)),
            transformations=table["transformation"],
            arguments=[task.arguments for task in tasks],
            profiles=table["profiles"],
            stdins=table["stdin"],
            stdouts=table["stdout"],
            stderrs=table["stderr"],
            use_offsets=offsets,
            use_lfns=use_lfns,
            use_flags=use_flags,
            hooks=array("i", range(1, len(ids) + 1)) if any(t.hooks for t in tasks) else None,
        ),
        lfns=list(lfns),
        transformations=list(transformations),
        profile_sets=list(profile_sets),
        edges=Edges(
            array("i", (ids.index(parent) for parent, _ in edges)),
            array("i", (ids.index(child) for _, child in edges)),
        ),
        hook_sets=((), *(task.hooks for task in tasks)),
        counts=WorkflowCounts(jobs=len(ids), edges=len(edges), files=len(lfns)),
    )


def uses_of(workflow: Workflow, task: int = 0) -> dict[str, int]:
    """Return the files that a task uses, by name, each with its flags."""
    tasks = workflow.tasks
    rows = range(tasks.use_offsets[task], tasks.use_offsets[task + 1])
    return {workflow.lfns[tasks.use_lfns[row]]: tasks.use_flags[row] for row in rows}


def make_settings(properties: Mapping[str, str]) -> Settings:
    """Return settings as if set with -D."""
    return Settings(
        properties={key: Property(value=value, where="-D") for key, value in properties.items()}
    )


def make_given(
    workflow: Workflow,
    properties: Mapping[str, str] | None = None,
    *,
    site_catalog: SiteCatalog | None = None,
    transformations: TransformationCatalog | None = None,
    replicas: ReplicaCatalog | None = None,
    facts: Facts | None = None,
    catalogs: bool = False,
    cluster: Sequence[str] = (),
    **options: object,
) -> Given:
    """Return what the planner starts from; without catalogs unless told otherwise."""
    settings = make_settings(properties or {})
    return Given(
        workflow=workflow,
        sites=site_catalog or SiteCatalog(source="sites.yml", sites={}),
        transformations=transformations
        or TransformationCatalog(source="transformations.yml", transformations={}),
        replicas=ReplicaSources.plain(
            workflow.replicas, replicas or ReplicaCatalog(source="replicas.yml", replicas={})
        ),
        settings=settings,
        options=PlanOptions(
            base_dir="/base",
            working_dir="/here",
            catalogs=catalogs,
            cluster=tuple(cluster),
            **options,  # type: ignore[arg-type]
        ),
        facts=facts or Facts(),
        tuning=read_tuning(settings),
    )
