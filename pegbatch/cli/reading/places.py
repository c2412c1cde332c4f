"""Where the files of a sub-workflow's planning lie: at hand now, or only when the run goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pegbatch.cli.reading.workflow import ReadWorkflow
from pegbatch.errors import InputError
from pegbatch.model.catalogs import Replica
from pegbatch.model.replica_sources import find_in
from pegbatch.model.workflow import OUTPUT, Workflow
from pegbatch.planner.urls import absolute_path, file_of, local_path


@dataclass(frozen=True, slots=True)
class Away:
    """A job makes the file, or it lies where only a container reaches it."""


AWAY = Away()
Place = Path | Away | None
"""None: nobody knows the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A workflow that has sub-workflows, in those around it."""

    read: ReadWorkflow
    files: tuple[Path, ...]
    """Its file, resolved, after those of the workflows around it, the outermost first."""
    made: frozenset[str]
    """LFNs that its tasks make."""
    outer: Frame | None = None

    @property
    def workflow(self) -> Workflow:
        """Return the workflow itself."""
        return self.read.given.workflow


def made_by(workflow: Workflow) -> frozenset[str]:
    """Return the LFNs that tasks of one workflow make."""
    tasks, lfns = workflow.tasks, workflow.lfns
    rows = zip(tasks.use_lfns, tasks.use_flags, strict=True)
    return frozenset(lfns[lfn] for lfn, flags in rows if flags & OUTPUT)


def find_place(name: str, frame: Frame) -> Place:
    """Return where a file of planning lies that a job of the workflow names.

    Shapes: by its LFN in what says where files lie, of the workflow and of those around it; else
    by its path, from the folder of the workflow's file or from the working directory.
    Errors: InputError where a catalog names a file of this machine that is not there.
    """
    if any(name in around.made for around in _outwards(frame)):
        return AWAY
    places = (_catalogued(name, around) for around in _outwards(frame))
    place = next((one for one in places if one is not None), None)
    if isinstance(place, Path):
        return place
    here = Path(frame.read.given.options.working_dir)
    for folder in (here / frame.read.request.workflow.parent, here):
        if _is_there(folder / name):
            return folder / name
    return place


def is_folder(path: Path) -> bool:
    """Tell whether there is a directory; not where its name is none, or nobody may look."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _is_there(path: Path) -> bool:
    """Tell whether there is a file; not where its name is none, or nobody may look."""
    try:
        return path.is_file()
    except OSError:
        return False


def _outwards(frame: Frame) -> Iterator[Frame]:
    around: Frame | None = frame
    while around is not None:
        yield around
        around = around.outer


def _catalogued(name: str, frame: Frame) -> Place:
    """Return where the catalogs say that a file is."""
    given = frame.read.given
    paths, missing = [], ""
    replicas = _replicas(name, frame)
    for replica in replicas:
        path = local_path(replica.pfn)
        if path is None:
            continue
        found = Path(
            absolute_path(
                path,
                naming_file=file_of(replica.where),
                working_dir=given.options.working_dir,
            )
        )
        if _is_there(found):
            return found
        if replica.site == "local":
            paths.append(found)
            missing = missing or replica.where
    if len(paths) < len(replicas):
        return AWAY
    if not paths or not frame.read.request.catalogs:
        return None
    if is_folder(paths[0]):
        raise InputError(
            f"{name}, which a sub-workflow is planned from, is a directory: {paths[0]}",
            where=missing or None,
            hint="name a file in it",
        )
    raise InputError(
        f"{name}, which a sub-workflow is planned from, is not where it should be: {paths[0]}",
        where=missing or None,
        hint="correct the path, or take the entry out where a job makes the file",
    )


def _replicas(name: str, frame: Frame) -> tuple[Replica, ...]:
    """Return the replicas of a file; a workflow that comes alone has those inside it."""
    given = frame.read.given
    inline = given.workflow.replicas
    if not frame.read.request.catalogs and inline is not None:
        return find_in(inline, name)
    return given.replicas.find(name)
