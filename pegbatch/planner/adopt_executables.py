"""Adopt executables: what a job uses as an executable comes from the transformation catalog.

Such a use names a transformation, not a data file, and means the same as `requires` in the catalog
entry of the job's own transformation. An executable that a job of the workflow makes, or that the
catalog does not have, stays a file like any other; where that lies nowhere, planning says so.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import replace

from pegbatch.model.catalogs import Transformation, TransformationCatalog
from pegbatch.model.workflow import EXECUTABLE, OUTPUT, TransformationName, Workflow
from pegbatch.planner.stages import Given


def adopt_executables(given: Given) -> Given:
    """Turn uses of executables into requirements of transformations.

    Shapes: the uses stay where they are, without a direction; nothing changes a second time.
    Without catalogs there is nothing to adopt from: what is an input stays one.
    Source: Pegasus user guide, `uses` with executable="true"; compound transformations.
    """
    workflow = given.workflow
    flags = workflow.tasks.use_flags
    if given.scopes or not given.options.catalogs or max(flags, default=0) < EXECUTABLE:
        return given  # of sub-workflows, each has done it by itself (parts)
    adopted = array(flags.typecode, flags)
    wanted: dict[TransformationName, dict[TransformationName, None]] = {}
    known = {str(name): name for name in given.transformations.transformations}
    for use, owner, lfn in _executable_uses(workflow):
        if lfn not in known:
            continue
        adopted[use] = EXECUTABLE
        if known[lfn] != owner:
            wanted.setdefault(owner, {})[known[lfn]] = None
    return replace(
        given,
        workflow=replace(workflow, tasks=replace(workflow.tasks, use_flags=adopted)),
        transformations=_requiring(given.transformations, wanted),
    )


def _executable_uses(workflow: Workflow) -> Iterator[tuple[int, TransformationName, str]]:
    """Yield (use, transformation of its task, LFN) of executables that no task makes."""
    tasks = workflow.tasks
    made = {
        lfn for lfn, flags in zip(tasks.use_lfns, tasks.use_flags, strict=True) if flags & OUTPUT
    }
    for use, (task, lfn, flags) in enumerate(tasks.uses()):
        if flags & EXECUTABLE and lfn not in made:
            owner = workflow.transformations[tasks.transformations[task]]
            yield use, owner, workflow.lfns[lfn]


def _requiring(
    catalog: TransformationCatalog,
    wanted: dict[TransformationName, dict[TransformationName, None]],
) -> TransformationCatalog:
    entries = dict(catalog.transformations)
    for owner, names in wanted.items():
        entry = entries.get(owner)
        if entry is not None:
            entries[owner] = _with_requires(entry, tuple(names))
    return replace(catalog, transformations=entries)


def _with_requires(entry: Transformation, names: tuple[TransformationName, ...]) -> Transformation:
    return replace(entry, requires=tuple(dict.fromkeys((*entry.requires, *names))))
