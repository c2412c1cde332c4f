"""Writing a submit directory: whole or not at all."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson

from pegbatch.adapters.braindump import (
    PROPERTIES_KEY,
    new_braindump,
    place_braindump,
    write_braindump,
)
from pegbatch.adapters.durable import disk_of, made_folders, sync_folder, sync_tree
from pegbatch.adapters.private_files import (
    FOLDER_MODE,
    make_private,
    open_private,
    write_private,
)
from pegbatch.adapters.properties_text import properties_text
from pegbatch.batch.manifests import (
    gzip_lines,
    manifests,
    output_lines,
    upload_lines,
    verdict_text,
)
from pegbatch.errors import OutsideError
from pegbatch.model.bags import PlannedWorkflow
from pegbatch.model.handed_down import FILE as HANDED_DOWN
from pegbatch.model.handed_down import HandedDown, handed_down_to_json
from pegbatch.model.layout import (
    OUTPUTS_FILE,
    PLAN_FILE,
    UPLOADS_FILE,
    VERDICT_FILE,
    bags_file,
    index_file,
)
from pegbatch.model.names import safe_name
from pegbatch.model.plan import plan_to_json

VOGROUP = "pegasus"
"""Pegasus's name for the folder between user and workflow."""

_RUN = re.compile(r"run(\d{4,})").fullmatch
_UNFINISHED = re.compile(r"\.planning-(\d+)(?:-[0-9a-f]+)?").fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedWith:
    """What a plan was made with, kept beside it."""

    user: str
    base_dir: Path
    workflow_file: Path
    catalogs: tuple[Path, ...]
    vogroup: str = VOGROUP
    submit_folder: str | None = None
    """The submit directory below base_dir; None: the next free run of user and workflow."""
    properties_file: Path | None = None
    """What a later command reads again for what is kept in no plan."""
    copies: Mapping[str, Path] = field(default_factory=dict)
    """By path of a catalog that is not on this machine: what was read in its place."""
    handed_down: Mapping[str, HandedDown] = field(default_factory=dict)
    """By scope: to sub-workflows that are planned in the run; empty where there are none."""

    def folder(self, workflow: str) -> Path:
        """Return the folder in which the submit directory is made."""
        if self.submit_folder is not None:
            return (self.base_dir / self.submit_folder).parent
        return self.base_dir / safe_name(self.user) / self.vogroup / safe_name(workflow)


def write_submit_directory(planned: PlannedWorkflow, origin: PlannedWith) -> Path:
    """Write a plan into the next free `run<NNNN>` and return that directory.

    Errors: OutsideError naming path and reason; then nothing is left behind.
    """
    folder = origin.folder(planned.plan.workflow)
    return publish_directory(
        folder,
        lambda draft: _write_all(planned, origin, draft, folder),
        lambda draft: _publish_draft(draft, folder, origin),
    )


def publish_directory(
    folder: Path,
    fill: Callable[[Path], None],
    publish: Callable[[Path], Path] | None = None,
) -> Path:
    """Let a submit directory be filled, and make it appear whole; return where it is then.

    Shapes: folder is made, and without publish the directory is its next free `run<NNNN>`.
    Errors: those of fill; OutsideError naming path and reason. Then nothing is left behind.
    """
    try:
        with made_folders(folder):
            _sweep(folder)
            with _unfinished(folder) as draft:
                fill(draft)
                sync_tree(draft)
                target = publish(draft) if publish else _publish(draft, folder)
            sync_folder(folder)
            return target
    except OSError as error:
        raise _translate(error, folder) from error


def _translate(error: OSError, folder: Path) -> OutsideError:
    """Say what is wrong with the place that is written to (a copy's error names its source)."""
    what = f"cannot write the submit directory: {(error.strerror or str(error)).lower()}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        room = f"make room on the disk of {disk_of(folder)}, or choose another place with --dir"
        return OutsideError(what, where=str(folder), hint=room)
    where = error.filename2 or error.filename or folder
    return OutsideError(what, where=str(where), hint="choose another place with --dir")


@contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    """Lend a folder for a plan that is not there yet; it is locked while somebody works at it."""
    draft = folder / f".planning-{os.getpid()}-{os.urandom(4).hex()}"
    draft.mkdir(mode=FOLDER_MODE)
    with _handle(draft) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove what planners that were killed have left behind.

    A process of that number may be a planner on another machine, or none at all: the lock tells.
    """
    for entry in folder.iterdir():
        match = _UNFINISHED(entry.name)
        if match and not Path(f"/proc/{match[1]}").exists():
            with suppress(OSError), _handle(entry) as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(entry, ignore_errors=True)


@contextmanager
def _handle(folder: Path) -> Iterator[int]:
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


def _publish_draft(draft: Path, folder: Path, origin: PlannedWith) -> Path:
    if origin.submit_folder is not None:
        return _publish_as(draft, origin.base_dir / origin.submit_folder)
    return _publish(draft, folder)


def _publish(draft: Path, folder: Path) -> Path:
    """Give the directory its number; another planner may take one at the same moment."""
    while True:
        target = folder / f"run{_last_run(folder) + 1:04d}"
        place_braindump(draft, target)
        try:
            draft.rename(target)
        except OSError:
            if not target.exists():
                raise
            continue
        return target


def _publish_as(draft: Path, target: Path) -> Path:
    """Give the directory the name that the user wants; one that is there already stays."""
    place_braindump(draft, target)
    try:
        return draft.rename(target)
    except OSError as error:
        if not target.exists():
            raise
        raise OutsideError(
            "there is something already",
            where=str(target),
            hint="give another --relative-submit-dir, or remove that one",
        ) from error


def _last_run(folder: Path) -> int:
    return max((int(m[1]) for entry in folder.iterdir() if (m := _RUN(entry.name))), default=0)


def _write_all(planned: PlannedWorkflow, origin: PlannedWith, draft: Path, folder: Path) -> None:
    _write_arrays(planned, draft)
    _write_pieces(draft / UPLOADS_FILE, gzip_lines(upload_lines(planned)))
    _write_pieces(draft / OUTPUTS_FILE, gzip_lines(output_lines(planned)))
    write_private(draft / VERDICT_FILE, verdict_text(planned))
    write_private(
        draft / PLAN_FILE,
        orjson.dumps(
            plan_to_json(planned.plan), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        ),
    )
    write_private(draft / "pegasus.properties", properties_text(planned.plan.properties).encode())
    write_braindump(draft, _braindump(planned, origin))
    catalogs = draft / "catalogs"
    catalogs.mkdir(mode=FOLDER_MODE)
    copies = {}
    for path in dict.fromkeys(origin.catalogs):
        copy = _free_name(catalogs / path.name)
        make_private(copy)
        shutil.copyfile(origin.copies.get(str(path), path), copy)
        copies[str(path.absolute())] = copy.name
    _write_handed_down(origin.handed_down, copies, catalogs)


def _write_handed_down(
    handed: Mapping[str, HandedDown], copies: Mapping[str, str], folder: Path
) -> None:
    """Write what sub-workflows are planned with, where there are any."""
    if handed:
        known = {scope: replace(one, copies=copies) for scope, one in handed.items()}
        text = orjson.dumps(handed_down_to_json(known), option=orjson.OPT_SORT_KEYS)
        write_private(folder / HANDED_DOWN, text)


def _free_name(path: Path) -> Path:
    """Return the path, or one with a number where two catalogs have the same name."""
    free, number = path, 1
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def _write_arrays(planned: PlannedWorkflow, draft: Path) -> None:
    (draft / "arrays").mkdir(mode=FOLDER_MODE)
    for name, members in manifests(planned):
        # Not a Path each: a plan may have 100,000 arrays.
        with (
            open_private(f"{draft}/{bags_file(name)}") as bags,
            open_private(f"{draft}/{index_file(name)}") as index,
        ):
            for member, index_lines in members:
                bags.write(member)
                index.write(index_lines)


def _write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    with open_private(path) as file:
        file.writelines(pieces)


def _braindump(planned: PlannedWorkflow, origin: PlannedWith) -> dict[str, str]:
    content = new_braindump(
        user=origin.user,
        base=origin.base_dir,
        vogroup=origin.vogroup,
        workflow_file=origin.workflow_file,
        workflow=planned.plan.workflow,
        label=planned.plan.label,
    )
    if origin.properties_file is not None:
        content[PROPERTIES_KEY] = str(origin.properties_file)
    return content
