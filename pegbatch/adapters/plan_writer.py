"""Writing a submit directory: whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import yaml

from pegbatch.batch.manifests import (
    gzip_lines,
    manifests,
    output_lines,
    upload_lines,
    verdict_text,
)
from pegbatch.errors import OutsideError
from pegbatch.model.bags import PlannedWorkflow
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
_UNFINISHED = re.compile(r"\.planning-(\d+)").fullmatch


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
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        with _unfinished(folder) as draft:
            _write_all(planned, origin, draft, folder)
            if origin.submit_folder is not None:
                return _publish_as(draft, origin.base_dir / origin.submit_folder)
            return _publish(draft, folder)
    except OSError as error:
        raise OutsideError(
            f"cannot write the submit directory: {(error.strerror or str(error)).lower()}",
            where=str(error.filename or folder),
            hint="free some space or choose another place with --dir",
        ) from error


@contextmanager
def _unfinished(folder: Path) -> Iterator[Path]:
    draft = folder / f".planning-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove what planners that were killed have left behind."""
    for entry in folder.iterdir():
        match = _UNFINISHED(entry.name)
        if match and not Path(f"/proc/{match[1]}").exists():
            shutil.rmtree(entry, ignore_errors=True)


def _publish(draft: Path, folder: Path) -> Path:
    """Give the directory its number; another planner may take one at the same moment."""
    while True:
        target = folder / f"run{_last_run(folder) + 1:04d}"
        try:
            draft.rename(target)
        except OSError:
            if not target.exists():
                raise
            continue
        return target


def _publish_as(draft: Path, target: Path) -> Path:
    """Give the directory the name that the user wants; one that is there already stays."""
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
    (draft / VERDICT_FILE).write_bytes(verdict_text(planned))
    (draft / PLAN_FILE).write_bytes(
        orjson.dumps(
            plan_to_json(planned.plan), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        )
    )
    (draft / "pegasus.properties").write_text(_properties_text(planned), "utf-8")
    (draft / "braindump.yml").write_text(_braindump(planned, origin), "utf-8")
    catalogs = draft / "catalogs"
    catalogs.mkdir()
    for path in dict.fromkeys(origin.catalogs):
        shutil.copyfile(path, _free_name(catalogs / path.name))


def _free_name(path: Path) -> Path:
    """Return the path, or one with a number where two catalogs have the same name."""
    free, number = path, 1
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def _write_arrays(planned: PlannedWorkflow, draft: Path) -> None:
    (draft / "arrays").mkdir()
    for name, members in manifests(planned):
        with (
            (draft / bags_file(name)).open("wb") as bags,
            (draft / index_file(name)).open("wb") as index,
        ):
            for member, index_lines in members:
                bags.write(member)
                index.write(index_lines)


def _write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(pieces)


def _properties_text(planned: PlannedWorkflow) -> str:
    """Return the properties in force in Java's syntax, sorted, without a date."""
    return "".join(
        f"{_escaped(key)} = {_escaped(value)}\n"
        for key, value in sorted(planned.plan.properties.items())
    )


def _escaped(text: str) -> str:
    special = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "=": "\\=", ":": "\\:"}
    special |= {"#": "\\#", "!": "\\!"}
    escaped = "".join(special.get(character, character) for character in text)
    return f"\\{escaped}" if escaped.startswith(" ") else escaped


def _braindump(planned: PlannedWorkflow, origin: PlannedWith) -> str:
    content = {
        "user": origin.user,
        "base_dir": str(origin.base_dir),
        "vogroup": origin.vogroup,
        "dax": str(origin.workflow_file),
        "dax_label": planned.plan.workflow,
        "planner": "pegbatch",
    }
    return str(yaml.safe_dump(content, sort_keys=True, allow_unicode=True))
